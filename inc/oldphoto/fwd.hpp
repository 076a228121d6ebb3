#pragma once

#include <cstddef>

/// Declarations alone, for headers of your own that name oldphoto's types.
namespace oldphoto {

struct Cpu;
template <class T, std::size_t R, class B>
class Tensor;
template <class T, std::size_t R, class B>
class Variable;
template <class T, class B>
class Deferred;
class Program;
class Image;
class Rng;

}  // namespace oldphoto
