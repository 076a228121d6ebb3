#pragma once

#include <oldphoto/data/loader.hpp>
#include <oldphoto/losses/kl.hpp>
#include <oldphoto/losses/l1.hpp>
#include <oldphoto/models/tone.hpp>
#include <oldphoto/models/vae.hpp>
#include <oldphoto/nn/checkpointed.hpp>
#include <oldphoto/tensor/random.hpp>
#include <oldphoto/train/objective.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace oldphoto {

struct VaeStageOptions {
    double reconstruction = 10;  ///< weight of the mean absolute error; the paper's alpha
    double kl = 1;               ///< weight of the divergence from the unit normal distribution
    ToneOptions tone{};
    std::size_t checkpoint_every = 0;  ///< layers; see run_checkpointed()
};

/// The first stage: a VAE learns to reproduce the pictures of its domain.
///
///     h = encode(x),  y = decode(h + e),  e ~ N(0, 1)
///     loss = reconstruction * mean|y - x| + kl * mean(h^2)
///
/// where the tone is carried, networks see (x - mean) / deviation and y is given both back.
/// Source: Wan et al., "Bringing Old Photos Back to Life", CVPR 2020, equation 2 without its
/// adversarial terms; the divergence as in the published program.
template <class T = float, class B = Cpu>
class VaeStage {
public:
    VaeStage(Vae<T, B> vae, const VaeStageOptions& options)
        : vae_(std::move(vae)), options_(options) {
        options_.tone.check();
    }

    [[nodiscard]] const Vae<T, B>& vae() const noexcept { return vae_; }

    /// What each player learns, in the order of the objectives.
    [[nodiscard]] std::vector<Player<T, B>> players() const {
        return {{parameters_of<T, B>(vae_)}};
    }
    /// @param rng  draws the noise of the latent.
    [[nodiscard]] std::vector<Objective<T, B>> objectives(const Batch<T, B>& batch,
                                                          Rng& rng) const {
        const auto tone = tone_of(batch.input, options_.tone);
        const Variable<T, 4, B> x(tone.taken_off(batch.input));
        const auto h = run_checkpointed(vae_.encoder(), x, options_.checkpoint_every);
        const Variable<T, 4, B> z = h + normal<T, 4, B>(h.shape(), rng);
        const auto y = run_checkpointed(vae_.decoder(), z, options_.checkpoint_every);
        Objective<T, B> generator;
        generator.add("reconstruction", options_.reconstruction,
                      l1_loss(tone.given_to(y), batch.input));
        generator.add("kl", options_.kl, kl_unit_variance(h));
        return {generator};
    }

    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        vae_.visit_parameters(visit);
    }
    void set_training(bool training) { vae_.set_training(training); }

private:
    Vae<T, B> vae_;
    VaeStageOptions options_;
};

}  // namespace oldphoto
