#pragma once

#include <oldphoto/backend/cpu/instruction_set.hpp>

#include <catch2/catch.hpp>

namespace oldphoto::test {

/// Calls check() with every instruction set that this processor has, and puts back the one before.
template <class Check>
void for_each_instruction_set(const Check& check) {
    struct Scope {
        InstructionSet before = instruction_set();
        ~Scope() { set_instruction_set(before); }
    } scope;
    for (int k = 0; k <= static_cast<int>(best_instruction_set()); ++k) {
        set_instruction_set(static_cast<InstructionSet>(k));
        INFO("instruction set " << to_string(instruction_set()));
        check();
    }
}

}  // namespace oldphoto::test
