#include "default_model.hpp"

#include <oldphoto/core/error.hpp>

#include <filesystem>

namespace oldphoto::program {

namespace fs = std::filesystem;

std::string default_model() {
    constexpr const char* name = "compact.safetensors";
    std::error_code ignored;
    const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    // Where it was built; then beside a program that was copied, or whose repository was moved.
    const fs::path folders[] = {OLDPHOTO_MODELS_DIR, program / "models",
                                program / "../../../examples/models"};
    std::string tried;
    for (const fs::path& folder : folders) {
        const fs::path model = (folder / name).lexically_normal();
        if (fs::exists(model, ignored)) return model;
        tried += (tried.empty() ? "" : ", ") + model.string();
    }
    throw_io_error(name,
                   "the default model is missing; name another with --model (tried " + tried + ")");
}

}  // namespace oldphoto::program
