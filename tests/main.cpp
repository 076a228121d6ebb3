// Catch2's own main, compiled once for every test program.
#include <catch2/catch.hpp>
