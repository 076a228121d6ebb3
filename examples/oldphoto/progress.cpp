#include "progress.hpp"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

namespace oldphoto::program {

Progress::Progress(std::size_t items, double work, std::size_t done)
    : enabled_(isatty(STDERR_FILENO) != 0),
      items_(items),
      done_(done),
      work_(std::max(work, 1.0)) {}

void Progress::show(const std::string& item, double under_way) const {
    constexpr std::size_t width = 20;
    if (!enabled_) return;
    const double done = std::min(work_done_ + under_way, work_);
    const auto filled = static_cast<std::size_t>(done / work_ * width);
    const std::string bar = std::string(filled, '#') + std::string(width - filled, '-');
    hide();
    std::fprintf(stderr, "[%s] %zu/%zu  %s left  %s", bar.c_str(), done_ + 1, items_,
                 time_left(done).c_str(), item.c_str());
    std::fflush(stderr);
}

void Progress::hide() const {
    if (!enabled_) return;
    std::fputs("\r\033[K", stderr);
    std::fflush(stderr);
}

void Progress::advance(double work) {
    ++done_;
    work_done_ = std::min(work_done_ + work, work_);
}

std::string Progress::time_left(double done) const {
    if (done == 0) return "-:--";
    const double seconds = seconds_since(start_) * (work_ - done) / done;
    const auto whole = static_cast<long>(seconds + 0.5);
    char text[32];
    if (whole < 3600) {
        std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
    } else {
        std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60,
                      whole % 60);
    }
    return text;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace oldphoto::program
