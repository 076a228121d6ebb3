#pragma once

#include <oldphoto/data/loader.hpp>
#include <oldphoto/losses/l1.hpp>
#include <oldphoto/nn/checkpointed.hpp>
#include <oldphoto/pipeline/translation.hpp>
#include <oldphoto/train/objective.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace oldphoto {

struct MappingStageOptions {
    double latent = 60;  ///< weight of the mean absolute error of the latent; the paper's lambda 1
    double image = 10;   ///< and of the decoded picture; 0 as published
    ToneOptions tone{};
    std::size_t checkpoint_every = 0;  ///< layers; see run_checkpointed()
};

/// The second stage: a mapping learns to take the latents of damaged photos to those of clean ones.
/// Both VAEs stay as they are.
///
///     z = map(encode_a(x)),  y = decode_b(z)
///     loss = latent * mean|z - encode_b(c)| + image * mean|y - c|
///
/// for a damaged photo x and the clean one c. Where the tone is carried it is that of x, for c too,
/// because that is the tone which y is given back.
/// Source: Wan et al., "Bringing Old Photos Back to Life", CVPR 2020, equation 5 without its
/// adversarial and perceptual terms.
template <class T = float, class B = Cpu>
class MappingStage {
public:
    /// @param vae_a  with an encoder
    /// @param vae_b  with both parts
    MappingStage(Vae<T, B> vae_a, Mapping<T, B> mapping, Vae<T, B> vae_b,
                 const MappingStageOptions& options)
        : vae_a_(std::move(vae_a)),
          mapping_(std::move(mapping)),
          vae_b_(std::move(vae_b)),
          options_(options) {
        options_.tone.check();
        // Also where they have just been trained: layers are shared.
        vae_a_.set_training(false);
        vae_b_.set_training(false);
    }

    [[nodiscard]] const Mapping<T, B>& mapping() const noexcept { return mapping_; }
    /// The networks as they restore photos.
    [[nodiscard]] TripletTranslation<T, B> translation() const {
        return {vae_a_, mapping_, vae_b_, options_.tone};
    }

    [[nodiscard]] std::vector<Player<T, B>> players() const {
        return {{parameters_of<T, B>(mapping_)}};
    }
    [[nodiscard]] std::vector<Objective<T, B>> objectives(const Batch<T, B>& batch,
                                                          Rng& /*rng*/) const {
        const auto tone = tone_of(batch.input, options_.tone);
        const auto damaged = latent_of(vae_a_, tone.taken_off(batch.input));
        const auto clean = latent_of(vae_b_, tone.taken_off(batch.target));
        const auto z = run_checkpointed(mapping_.model(), damaged, options_.checkpoint_every);
        Objective<T, B> generator;
        generator.add("latent", options_.latent, l1_loss(z, clean));
        if (options_.image > 0) {
            const auto y = run_checkpointed(vae_b_.decoder(), z, options_.checkpoint_every);
            generator.add("image", options_.image, l1_loss(tone.given_to(y), batch.target));
        }
        return {generator};
    }

    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        mapping_.visit_parameters(visit);
    }
    void set_training(bool training) { mapping_.set_training(training); }

private:
    /// A constant: the VAEs do not learn here.
    [[nodiscard]] static Variable<T, 4, B> latent_of(const Vae<T, B>& vae,
                                                     const Tensor<T, 4, B>& x) {
        const auto recording = Program::pause();
        return vae.encode(Variable<T, 4, B>(x)).detach();
    }

    Vae<T, B> vae_a_;
    Mapping<T, B> mapping_;
    Vae<T, B> vae_b_;
    MappingStageOptions options_;
};

}  // namespace oldphoto
