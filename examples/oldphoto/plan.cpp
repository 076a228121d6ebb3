#include <oldphoto/image/stb.hpp>
#include <oldphoto/pipeline/model_folder.hpp>
#include <oldphoto/pipeline/restorer.hpp>

#include "budget.hpp"
#include "command.hpp"
#include "default_model.hpp"
#include <charconv>
#include <cstdio>
#include <memory>

namespace oldphoto::program {

namespace {

struct PlanArguments {
    std::string photo;
    std::string model;
    Budget budget;
};

/// "6000x4000", or the size of a photo.
Size photo_size(const std::string& photo) {
    Size size{0, 0};
    const char* end = photo.data() + photo.size();
    const auto width = std::from_chars(photo.data(), end, size.width);
    if (width.ec == std::errc() && width.ptr != end && *width.ptr == 'x') {
        const auto height = std::from_chars(width.ptr + 1, end, size.height);
        if (height.ec == std::errc() && height.ptr == end) {
            if (size.width < 1 || size.height < 1) {
                throw_option_error("plan", "a photo has at least 1x1 pixels, got " + photo);
            }
            return size;
        }
    }
    return read_image(photo).size();
}

int plan(const PlanArguments& arguments) {
    const double own = most_memory();
    const Size size = photo_size(arguments.photo);
    const std::string path = arguments.model.empty() ? default_model() : arguments.model;
    const auto restorer = Restorer<>::load(read_model(path, ModelKind::quality), path);
    const RestorePlan plan =
        restorer.plan(size, {.max_memory = arguments.budget.memory, .own_memory = own});
    std::printf("%s: %s\n", to_string(size).c_str(), plan_text(plan).c_str());
    if (plan.streams()) {
        std::printf("values of more than %s are computed band by band\n",
                    memory_text(plan.stream_above).c_str());
    }
    return 0;
}

}  // namespace

Command add_plan(CLI::App& app) {
    const auto arguments = std::make_shared<PlanArguments>();
    CLI::App* command =
        app.add_subcommand("plan", "Tell what restoring a photo without scratches will take");
    command->add_option("PHOTO", arguments->photo, "A photo, or its size: 6000x4000")->required();
    command
        ->add_option("--model", arguments->model,
                     "The weights to use in place of the default ones, as for restore")
        ->type_name("PATH");
    add_memory_limit(*command, arguments->budget);
    add_threads(*command);
    return {command, [arguments] { return plan(*arguments); }};
}

}  // namespace oldphoto::program
