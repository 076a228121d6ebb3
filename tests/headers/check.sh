#!/usr/bin/env bash
# check.sh COMPILER [FLAG...] -- HEADER...: compiles each header as the only line of a file, two at
# a time, and names those that do not compile alone.
set -euo pipefail

command=()
while [[ $1 != -- ]]; do
    command+=("$1")
    shift
done
shift

compile_alone() {
    local header=$1
    shift
    if ! echo "#include <$header>" | "$@" -x c++ -fsyntax-only -; then
        echo "$header does not compile alone"
        return 1
    fi
}
export -f compile_alone

printf '%s\0' "$@" |
    xargs -0 -P 2 -I '{}' bash -c 'compile_alone "$@"' _ '{}' \
        "${command[@]}" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
