#!/usr/bin/env bash
# What it costs to compile a program that uses oldphoto, the best of three runs each, and beside it what
# small networks of other libraries cost on the same machine (Debian: libtorch-dev, libdlib-dev).
# CXX and CXXFLAGS choose another compiler and other flags.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
compiler=${CXX:-g++}
read -ra flags <<<"${CXXFLAGS:--O2}"
torch=${TORCH_INCLUDE_DIR:-/usr/include}
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT

"$compiler" -std=c++20 -O1 "$here/measure.cpp" -o "$scratch/measure"

# best_of RUNS PROGRAM FLAG...: "wall cpu peak" of the run with the least processor time.
best_of() {
    local runs=$1 program=$2
    shift 2
    for ((i = 0; i < runs; ++i)); do
        "$scratch/measure" "$compiler" -std=c++20 "${flags[@]}" "$@" -c "$here/$program.cpp" \
            -o "$scratch/$program.o"
    done | sort -n -k 2 | head -n 1
}

printf '%s -std=c++20 %s\n' "$("$compiler" --version | head -n 1)" "${flags[*]}"
printf '%-14s %8s %8s %8s\n' program 'wall s' 'cpu s' 'peak MB'
for program in include_only ten_lines; do
    ours=$(best_of 3 "$program" -I "$here/../../include")
    read -r wall cpu peak <<<"$ours"
    printf '%-14s %8s %8s %8s\n' "$program" "$wall" "$cpu" "$peak"
done
ours=$cpu

# peer NAME HEADER FLAG...: a row, and the ratio of ten_lines to it.
peer() {
    local name=$1 header=$2
    shift 2
    if [[ ! -e $header ]]; then
        printf '%-14s not measured: there is no %s\n' "$name" "$header"
        return
    fi
    read -r wall cpu peak <<<"$(best_of 3 "peer_$name" "$@")"
    printf '%-14s %8s %8s %8s   ten_lines takes %.2f of it\n' "$name" "$wall" "$cpu" "$peak" \
        "$(awk "BEGIN { print $ours / $cpu }")"
}
# /usr/include is searched anyway; naming it would hide the C headers from the C++ ones.
peer libtorch "$torch/torch/csrc/api/include/torch/torch.h" \
    ${TORCH_INCLUDE_DIR:+-isystem "$torch"} -isystem "$torch/torch/csrc/api/include"
peer dlib /usr/include/dlib/dnn.h
