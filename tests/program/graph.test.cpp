#include "program.hpp"

using namespace oldphoto::test;

TEST_CASE("graph prints the steps of a network", "[program][graph]") {
    const auto outcome =
        run_program("graph vae_encoder --size 32x16 --options ngf=4,mc=6,start_r=2");
    CHECK(outcome.status == 0);
    const auto lines = outcome.lines();
    // Header; pad; conv, norm and relu three times; two residual blocks of 8 steps; totals.
    REQUIRE(lines.size() == 1 + 1 + 3 * 3 + 2 * 8 + 1);
    CHECK(lines[0].starts_with("step  op"));
    CHECK(lines[1].find("(1, 3, 22, 38)") != std::string::npos);
    CHECK(lines[2].find("(4, 3, 7, 7) (4)  (1, 4, 16, 32)") != std::string::npos);
    CHECK(lines[26].find("add") != std::string::npos);
    CHECK(lines.back().starts_with("26 steps, "));
}

TEST_CASE("graph writes SVG and text files", "[program][graph]") {
    const TemporaryFolder folder;
    const std::string command = "graph mapping_quality --options base=4,mc=8,n_blocks=1 -o ";
    CHECK(run_program(command + folder / "g.svg").out.empty());
    CHECK(read_text(folder / "g.svg").starts_with("<svg "));
    CHECK(read_text(folder / "g.svg").find(">mapping_quality</text>") != std::string::npos);
    CHECK(run_program(command + folder / "g.txt").status == 0);
    CHECK(read_text(folder / "g.txt").starts_with("step  op"));
}

TEST_CASE("graph knows every network", "[program][graph]") {
    CHECK(run_program("graph vae --options ngf=4,mc=4").status == 0);
    CHECK(run_program("graph vae_decoder --options ngf=4,mc=4,output=linear").status == 0);
    const auto unknown = run_program("graph vea");
    CHECK(unknown.status != 0);
    CHECK(unknown.err.find("vea not in {vae_encoder,vae_decoder,vae,mapping_quality}") !=
          std::string::npos);
}

TEST_CASE("graph says what it cannot draw", "[program][graph]") {
    CHECK(run_program("graph vae --options width=4").err ==
          "oldphoto: options: 'width' is not an option of vae here; known: ngf, mc, n_downsample, "
          "k, start_r, spatio_size, feat_dim, norm, output\n");
    CHECK(run_program("graph vae --options ngf=x").err ==
          "oldphoto: ngf: expected a whole number\n");
    CHECK(run_program("graph vae --size 64").err ==
          "oldphoto: size: expected WxH of at most 16384 pixels a side, got '64'\n");
    CHECK(run_program("graph vae -o g.png").err ==
          "oldphoto: g.png: is the name of neither an .svg nor a .txt file\n");
}
