#pragma once

/// The whole library: every header but the opt-in ones, which need an extra library: io/npz.hpp
/// (libzip) and backend/cuda/ (thrust). Those named here bring the others in.
#include <oldphoto/autograd/draw.hpp>
#include <oldphoto/backend/naive.hpp>
#include <oldphoto/fwd.hpp>
#include <oldphoto/image/filter.hpp>
#include <oldphoto/image/hole.hpp>
#include <oldphoto/image/morphology.hpp>
#include <oldphoto/image/noise.hpp>
#include <oldphoto/image/quantise.hpp>
#include <oldphoto/image/resample.hpp>
#include <oldphoto/image/size_rules.hpp>
#include <oldphoto/image/stb.hpp>
#include <oldphoto/image/tensor.hpp>
#include <oldphoto/io/npy.hpp>
#include <oldphoto/io/tensor.hpp>
#include <oldphoto/metrics/psnr.hpp>
#include <oldphoto/metrics/ssim.hpp>
#include <oldphoto/nn/dropout.hpp>
#include <oldphoto/nn/linear.hpp>
#include <oldphoto/nn/pool.hpp>
#include <oldphoto/nn/resample.hpp>
#include <oldphoto/ops/fold.hpp>
#include <oldphoto/ops/matmul.hpp>
#include <oldphoto/ops/normalize.hpp>
#include <oldphoto/ops/reduce.hpp>
#include <oldphoto/ops/shape.hpp>
#include <oldphoto/ops/softmax.hpp>
#include <oldphoto/pipeline/restorer.hpp>
#include <oldphoto/tensor/matmul.hpp>
#include <oldphoto/testing/gradcheck.hpp>
#include <oldphoto/version.hpp>
