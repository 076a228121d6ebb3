#pragma once

#include <catch2/catch.hpp>

#include "support/files.hpp"
#include "support/shared.hpp"
#include <sstream>
#include <string>

// The card of the model that comes along, and what the program prints about it.

namespace oldphoto::test {

struct NamedScore {
    std::string name;
    double psnr = 0;
    double ssim = 0;
};

/// "restored    25.64  0.7212", a line of a table that the program prints.
inline NamedScore score_in(const std::string& line) {
    std::istringstream words(line);
    std::string all;
    std::string psnr;
    std::string ssim;
    for (std::string word; words >> word;) {
        if (!psnr.empty()) all += (all.empty() ? "" : " ") + psnr;
        psnr = ssim;
        ssim = word;
    }
    return {all, std::stod(psnr), std::stod(ssim)};
}

/// The row "| name | PSNR | SSIM |" of the card.
inline NamedScore score_on_card(const std::string& name) {
    const std::string card = read_text(fixture_path("../../examples/models/compact.md"));
    const std::string start = "\n| " + name + " | ";
    const std::size_t row = card.find(start);
    INFO(name << " is not on the card");
    REQUIRE(row != std::string::npos);
    std::istringstream numbers(card.substr(row + start.size()));
    NamedScore score{name};
    char bar = 0;
    numbers >> score.psnr >> bar >> score.ssim;
    return score;
}

/// Equal but for the last digit, which other processors' rounding may move.
inline void check_as_on_card(const NamedScore& printed, const std::string& name) {
    const auto expected = score_on_card(name);
    CAPTURE(name);
    CHECK(printed.psnr == Approx(expected.psnr).epsilon(0).margin(0.0101));
    CHECK(printed.ssim == Approx(expected.ssim).epsilon(0).margin(0.00011));
}

}  // namespace oldphoto::test
