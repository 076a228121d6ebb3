#!/usr/bin/env bash
# names.sh COMPILER INCLUDE_DIR: OLDPHOTO_TIER is another name for each of these sets of flags, and
# the same for flags that allow no other instructions.
set -euo pipefail

name_of() {
    echo OLDPHOTO_TIER |
        "$compiler" -std=c++20 -I "$includes" -include oldphoto/core/config.hpp "$@" -E -P -x c++ - |
        tail -n 1
}

compiler=$1
includes=$2
if [[ $("$compiler" -dumpmachine) != x86_64* ]]; then
    echo "not a compiler for x86-64: names of its instruction sets skipped"
    exit 77
fi

different=(
    -march=x86-64 -msse3 -mssse3 -msse4.1 -msse4.2 -mavx '-mavx -mfma' '-mavx -mf16c' -mavx2
    '-mavx2 -mfma' '-mavx2 -mfma -mbmi' '-mavx2 -mfma -mbmi2' '-mavx2 -mfma -mlzcnt'
    -march=x86-64-v3 -mavx512f '-mavx512f -mavx512vl' '-mavx512f -mavx512dq' -march=x86-64-v4
    -ffast-math -ffinite-math-only -fno-math-errno '-march=x86-64-v3 -ffast-math'
)
declare -A flags_of
for flags in "${different[@]}"; do
    read -ra list <<<"$flags"
    name=$(name_of "${list[@]}")
    if [[ ! $name =~ ^built_[01]+_[01]+$ ]]; then
        echo "$flags: no name but '$name'"
        exit 1
    fi
    if [[ -n ${flags_of[$name]-} ]]; then
        echo "$flags has the name of ${flags_of[$name]}: $name"
        exit 1
    fi
    flags_of[$name]=$flags
done

if [[ $(name_of -O0) != "$(name_of -O3 -mtune=generic -g)" ]]; then
    echo "optimisation changes the name"
    exit 1
fi
echo "${#different[@]} sets of flags have as many names"
