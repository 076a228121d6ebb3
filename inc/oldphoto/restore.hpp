#pragma once

/// The whole library: everything but the headers that need an extra library, which are io/npz.hpp
/// (libzip) and backend/cuda/ (thrust).
#include <oldphoto/autograd/expression.hpp>
#include <oldphoto/fwd.hpp>
#include <oldphoto/image/stb.hpp>
#include <oldphoto/pipeline/restorer.hpp>
#include <oldphoto/version.hpp>
