#pragma once

/// The whole library: every header but the opt-in ones, which need an extra library: io/npz.hpp,
/// io/pytorch.hpp, io/weights_file.hpp and pipeline/model_folder.hpp (libzip), backend/cuda/
/// (thrust). Those named here bring the others in.

// What runs once a number.
#include <oldphoto/backend/naive.hpp>
#include <oldphoto/core/config.hpp>
#include <oldphoto/degrade/blur.hpp>
#include <oldphoto/degrade/grain.hpp>
#include <oldphoto/degrade/low_resolution.hpp>
#include <oldphoto/degrade/noise.hpp>
#include <oldphoto/fwd.hpp>
#include <oldphoto/image/filter.hpp>
#include <oldphoto/image/hole.hpp>
#include <oldphoto/image/morphology.hpp>
#include <oldphoto/image/noise.hpp>
#include <oldphoto/image/quantise.hpp>
#include <oldphoto/image/resample.hpp>
#include <oldphoto/image/size_rules.hpp>
#include <oldphoto/image/tensor.hpp>
#include <oldphoto/metrics/psnr.hpp>
#include <oldphoto/metrics/ssim.hpp>
#include <oldphoto/tensor/matmul.hpp>
#include <oldphoto/version.hpp>

// Standard headers of what comes below, so that they are compiled as the program wants them.
#include <bit>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <climits>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <stop_token>
#include <system_error>
#include <tuple>

// What runs once a photo, a layer or a file.
OLDPHOTO_COLD_BEGIN
#include <oldphoto/autograd/checkpoint.hpp>
#include <oldphoto/autograd/draw.hpp>
#include <oldphoto/data/datasets.hpp>
#include <oldphoto/data/loader.hpp>
#include <oldphoto/degrade/pipeline.hpp>
#include <oldphoto/image/stb.hpp>
#include <oldphoto/io/npy.hpp>
#include <oldphoto/io/tensor.hpp>
#include <oldphoto/losses/adversarial.hpp>
#include <oldphoto/losses/bce.hpp>
#include <oldphoto/losses/kl.hpp>
#include <oldphoto/losses/l1.hpp>
#include <oldphoto/losses/mse.hpp>
#include <oldphoto/models/latent_discriminator.hpp>
#include <oldphoto/nn/checkpointed.hpp>
#include <oldphoto/nn/dropout.hpp>
#include <oldphoto/nn/linear.hpp>
#include <oldphoto/nn/nonlocal.hpp>
#include <oldphoto/nn/partial_nonlocal.hpp>
#include <oldphoto/nn/pool.hpp>
#include <oldphoto/nn/resample.hpp>
#include <oldphoto/ops/fold.hpp>
#include <oldphoto/ops/matmul.hpp>
#include <oldphoto/ops/normalize.hpp>
#include <oldphoto/ops/reduce.hpp>
#include <oldphoto/ops/shape.hpp>
#include <oldphoto/ops/softmax.hpp>
#include <oldphoto/optim/adam.hpp>
#include <oldphoto/optim/clip.hpp>
#include <oldphoto/optim/ema.hpp>
#include <oldphoto/optim/schedule.hpp>
#include <oldphoto/optim/sgd.hpp>
#include <oldphoto/pipeline/model_file.hpp>
#include <oldphoto/pipeline/official_networks.hpp>
#include <oldphoto/pipeline/official_programs.hpp>
#include <oldphoto/testing/gradcheck.hpp>
#include <oldphoto/train/csv_log.hpp>
#include <oldphoto/train/mapping_stage.hpp>
#include <oldphoto/train/trainer.hpp>
#include <oldphoto/train/vae_stage.hpp>
#include <oldphoto/train/validation.hpp>
OLDPHOTO_COLD_END
