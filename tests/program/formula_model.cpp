#include "support/download.hpp"
#include <cstdio>
#include <exception>

// formula_model FOLDER

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: formula_model FOLDER\n", stderr);
        return 1;
    }
    try {
        oldphoto::test::write_download(argv[1], {});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "formula_model: %s\n", error.what());
        return 1;
    }
}
