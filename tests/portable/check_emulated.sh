#!/usr/bin/env bash
# check_emulated.sh PROGRAM MODEL: the program runs on processors with and without AVX, as qemu
# imitates them, and computes what it does here.
set -euo pipefail

program=$1
model=$2
# Sets of instructions round differently; pictures are in [-1, 1], gradients smaller.
tolerance=1e-5

if ! command -v qemu-x86_64 >/dev/null; then
    echo "no qemu-x86_64 (Debian: qemu-user): running on other processors skipped"
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

OLDPHOTO_INSTRUCTION_SET=portable "$program" "$model" >"$folder/here"

# check PROCESSOR SET...: the processor takes one of these sets, named in $taken.
check() {
    local processor=$1
    shift
    qemu-x86_64 -cpu "$processor" "$program" "$model" >"$folder/there"
    taken=$(head -n 1 "$folder/there")
    if [[ " $* " != *" $taken "* ]]; then
        echo "$processor: kernels of $taken, expected: $*"
        exit 1
    fi
    paste "$folder/here" "$folder/there" |
        awk -v what="$processor, $taken" -v tolerance="$tolerance" '
            NR > 1 {
                difference = $1 > $2 ? $1 - $2 : $2 - $1
                if (difference > largest) largest = difference
                if (NF != 2) wrong = 1
            }
            END {
                printf "%s: %d numbers, off by at most %.1e\n", what, NR - 1, largest
                exit wrong || NR < 2 || !(largest < tolerance)
            }'
}

check qemu64 portable   # SSE3
check Nehalem portable  # SSE4.2
check max portable avx2 avx512
if [[ $taken == portable ]]; then
    echo "this qemu knows no AVX2"
fi

refusal='instruction set: this processor goes up to "portable", got "avx2"'
if message=$(OLDPHOTO_INSTRUCTION_SET=avx2 qemu-x86_64 -cpu Nehalem "$program" "$model" 2>&1) ||
    [[ $message != *"$refusal" ]]; then
    echo "Nehalem was not refused the kernels of avx2: $message"
    exit 1
fi
