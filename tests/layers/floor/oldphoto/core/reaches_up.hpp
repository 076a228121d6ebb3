#pragma once

#include <oldphoto/nn/linear.hpp>
