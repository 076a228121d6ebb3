#include <oldphoto/backend/cpu/kernel_table.hpp>
#include <oldphoto/core/error.hpp>

#include <catch2/catch.hpp>

#include "../../support/instruction_sets.hpp"
#include <string>

using namespace oldphoto;

TEST_CASE("instruction sets have the names that the environment gives them", "[backend]") {
    CHECK(to_string(InstructionSet::portable) == "portable");
    CHECK(to_string(InstructionSet::avx2) == "avx2");
    CHECK(to_string(InstructionSet::avx512) == "avx512");
    CHECK(to_string(InstructionSet::amx) == "amx");
    CHECK(instruction_set_named("portable") == InstructionSet::portable);
    CHECK(instruction_set_named(to_string(best_instruction_set())) == best_instruction_set());
}

TEST_CASE("a set that is none or that the processor lacks is refused, and the one before stays",
          "[backend]") {
    const InstructionSet before = instruction_set();
    const std::string rule = "instruction set: this processor goes up to \"" +
                             std::string(to_string(best_instruction_set())) + "\", got ";
    CHECK_THROWS_MATCHES(instruction_set_named("AVX2"), OptionError,
                         Catch::Matchers::Message(rule + "\"AVX2\""));
    CHECK_THROWS_AS(instruction_set_named(""), OptionError);
    if (best_instruction_set() < InstructionSet::avx512) {
        CHECK_THROWS_MATCHES(set_instruction_set(InstructionSet::avx512), OptionError,
                             Catch::Matchers::Message(rule + "\"avx512\""));
    }
    CHECK(instruction_set() == before);
}

TEST_CASE("each instruction set has kernels of its own", "[backend]") {
    const cpu::KernelTable* last = nullptr;
    test::for_each_instruction_set([&] {
        const cpu::KernelTable* table = &cpu::kernels();
#if !defined(__AVX2__)  // else the kernels of the flags serve several sets
        CHECK(table != last);
#endif
        CHECK(table->gemm.tile_columns >= 8);
        CHECK(table->winograd_2x3.frequencies() == 16);
        CHECK(table->winograd_4x3.frequencies() == 36);
        CHECK(table->winograd_4x2.frequencies() == 25);
        last = table;
    });
}
