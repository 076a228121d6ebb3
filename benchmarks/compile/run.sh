#!/usr/bin/env bash
# What it costs to compile and link a program that uses oldphoto: the best of three runs.
# CXX and CXXFLAGS choose another compiler and other flags.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
compiler=${CXX:-g++}
read -ra flags <<<"${CXXFLAGS:--O2}"
read -ra eigen <<<"$(pkg-config --cflags eigen3)"
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT

"$compiler" -std=c++20 -O1 "$here/measure.cpp" -o "$scratch/measure"

printf '%s -std=c++20 %s\n' "$("$compiler" --version | head -n 1)" "${flags[*]}"
printf '%-14s %8s %8s %8s\n' program 'wall s' 'cpu s' 'peak MB'
for program in include_only ten_lines; do
    for _ in 1 2 3; do
        "$scratch/measure" "$compiler" -std=c++20 "${flags[@]}" -I "$here/../../include" \
            "${eigen[@]}" "$here/$program.cpp" -pthread -o "$scratch/$program"
    done | sort -n | head -n 1 | {
        read -r wall cpu peak
        printf '%-14s %8s %8s %8s\n' "$program" "$wall" "$cpu" "$peak"
    }
done
