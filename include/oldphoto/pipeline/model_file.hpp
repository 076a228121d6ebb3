#pragma once

#include <oldphoto/models/mapping_high_resolution.hpp>
#include <oldphoto/models/mapping_scratch.hpp>
#include <oldphoto/pipeline/infer_options.hpp>

#include <cstddef>
#include <string>

/// Writing networks with the options that their shapes do not tell: the counterpart of
/// infer_options.hpp, infer_networks.hpp and load_translation().
namespace oldphoto {

namespace detail {

inline std::string stored_norm(NormKind norm) {
    // Affine and batch norms show in the state.
    return norm == NormKind::none ? "none" : "instance";
}

inline std::string stored_text(const VaeOptions& o) {
    FlatObject object;
    object.insert("norm", stored_norm(o.norm));
    object.insert("output", std::string(o.tanh_output ? "tanh" : "linear"));
    return format_flat_object(object);
}
inline FlatObject stored_object(const MappingOptions& o) {
    FlatObject object;
    object.insert("norm", stored_norm(o.norm));
    object.insert("dilation", static_cast<double>(o.dilation));
    return object;
}
inline std::string stored_text(const MappingOptions& o) {
    return format_flat_object(stored_object(o));
}
inline std::string stored_text(const ScratchMappingOptions& o) {
    FlatObject object = stored_object(o.mapping);
    object.insert("temperature", o.attention.temperature);
    object.insert("cosine", o.attention.cosine ? 1.0 : 0.0);
    object.insert("renormalize", o.attention.renormalize ? 1.0 : 0.0);
    object.insert("use_self", o.attention.use_self ? 1.0 : 0.0);
    return format_flat_object(object);
}
inline std::string stored_text(const HighResolutionMappingOptions& o) {
    FlatObject object = stored_object(o.mapping);
    for (std::size_t k = 0; k < o.patches.size(); ++k) {
        object.insert("patch_" + std::to_string(k + 1), static_cast<double>(o.patches[k]));
    }
    object.insert("hole_share", o.hole_share);
    return format_flat_object(object);
}
inline std::string stored_text(const ToneOptions& o) {
    FlatObject object;
    object.insert("kind", std::string(o.kind == ToneKind::carried ? "carried" : "free"));
    object.insert("eps", o.eps);
    return format_flat_object(object);
}

}  // namespace detail

/// A VAE with the tone that its pictures carried in training.
template <class T = float, class B = Cpu>
struct TrainedVae {
    Vae<T, B> vae;
    ToneOptions tone;
};

/// Writes a VAE: "encoder.*", "decoder.*", its options and its tone.
/// @throws IoError when the file cannot be written; nothing is half-written.
template <class T, class B>
void save_vae(const std::string& path, const Vae<T, B>& vae, const ToneOptions& tone) {
    NamedArrays arrays;
    save_state<T, B>(vae, arrays, "");
    Metadata metadata;
    metadata.insert("format", "oldphoto");
    metadata.insert("vae", detail::stored_text(vae.options()));
    metadata.insert("tone", detail::stored_text(tone));
    write_safetensors(path, arrays, metadata);
}

/// @throws IoError when the file cannot be read, WeightsError when it is not of a VAE
template <class T = float, class B = Cpu>
[[nodiscard]] TrainedVae<T, B> load_vae(const std::string& path) {
    const Safetensors file = read_safetensors(path);
    const auto options =
        infer_vae_options(file.tensors, detail::stored_options(file, path, "vae"), path);
    TrainedVae<T, B> loaded{Vae<T, B>(options, Init::zeros()),
                            infer_tone(detail::stored_options(file, path, "tone"), path)};
    load_state<T, B>(loaded.vae, file.tensors, path);
    return loaded;
}

/// Writes what restoring photos needs, as load_translation() reads it: the encoder of VAE A, the
/// mapping, the decoder of VAE B, their options and the tone.
/// @throws IoError when the file cannot be written; nothing is half-written.
/// @tparam Map  one of those that load_translation() loads
template <class T, class B, class Map>
void save_translation(const std::string& path,
                      const TripletTranslation<T, B, Vae<T, B>, Map>& translation) {
    NamedArrays a;
    NamedArrays b;
    save_state<T, B>(translation.vae_a(), a, "");
    save_state<T, B>(translation.vae_b(), b, "");
    NamedArrays arrays;
    for (const auto& [name, array] : with_prefix(a, "encoder.", "vae_a.encoder.")) {
        arrays.insert(name, array);
    }
    save_state<T, B>(translation.mapping(), arrays, "mapping.");
    for (const auto& [name, array] : with_prefix(b, "decoder.", "vae_b.decoder.")) {
        arrays.insert(name, array);
    }
    Metadata metadata;
    metadata.insert("format", "oldphoto");
    metadata.insert("vae_a", detail::stored_text(translation.vae_a().options()));
    metadata.insert("mapping", detail::stored_text(translation.mapping().options()));
    metadata.insert("vae_b", detail::stored_text(translation.vae_b().options()));
    metadata.insert("tone", detail::stored_text(translation.tone()));
    write_safetensors(path, arrays, metadata);
}

}  // namespace oldphoto
