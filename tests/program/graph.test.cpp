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
    const std::vector<std::string> networks{
        "vae --options ngf=4,mc=4",
        "vae_encoder --options ngf=4,mc=4",
        "vae_decoder --options ngf=4,mc=4,output=linear",
        "mapping_quality --options base=4,mc=8,n_blocks=1",
        "mapping_scratch --options base=4,mc=8,n_blocks=1,global_blocks=1,cosine=1",
        "mapping_high_resolution --options base=4,mc=8,n_blocks=1,path=training",
        "mapping_high_resolution --options base=4,mc=8,n_blocks=1,patch_1=4,hole_share=0.5",
        "partial_nonlocal --options channels=8,inner_channels=4,temperature=0.5",
        "detector --options wf=2,depth=2",
        "patch_discriminator --options ndf=4,num_D=3,spectral_norm=1",
        "latent_discriminator --options input_nc=8,ndf=4",
        "vgg19 --options width=2",
        "face_generator --options size=64,ngf=2,hidden=4",
        "face_generator --options size=64,ngf=2,hidden=4,labels=3"};
    for (const auto& network : networks) {
        INFO(network);
        const auto outcome = run_program("graph " + network);
        CHECK(outcome.err.empty());
        REQUIRE(outcome.status == 0);
        CHECK(outcome.lines().front().starts_with("step  op"));
        CHECK(outcome.lines().size() > 10);
    }
    const auto unknown = run_program("graph vea");
    CHECK(unknown.status != 0);
    CHECK(unknown.err.find("vea not in {vae_encoder,vae_decoder,vae,mapping_quality,") !=
          std::string::npos);
}

TEST_CASE("graph says what it cannot draw", "[program][graph]") {
    CHECK(run_program("graph vae --options width=4").err ==
          "oldphoto: options: 'width' is not an option of vae here; known: ngf, mc, n_downsample, "
          "k, start_r, spatio_size, feat_dim, norm, output\n");
    CHECK(run_program("graph vae --options ngf=x").err ==
          "oldphoto: ngf: expected a whole number\n");
    CHECK(run_program("graph vae --options norm=layer").err ==
          "oldphoto: norm: expected one of instance, affine_instance, batch, none\n");
    CHECK(run_program("graph partial_nonlocal --options cosine=2").err ==
          "oldphoto: cosine: expected 0 or 1\n");
    CHECK(run_program("graph partial_nonlocal --options temperature=hot").err ==
          "oldphoto: temperature: expected a number\n");
    CHECK(run_program("graph mapping_high_resolution --options path=both").err ==
          "oldphoto: path: expected one of inference, training\n");
    CHECK(run_program("graph detector --options wf=16").err == "oldphoto: wf: expected 0 to 15\n");
    CHECK(run_program("graph vae --size 64").err ==
          "oldphoto: size: expected WxH of at most 16384 pixels a side, got '64'\n");
    CHECK(run_program("graph vae -o g.png").err ==
          "oldphoto: g.png: is the name of neither an .svg nor a .txt file\n");
}
