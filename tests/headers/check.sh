#!/usr/bin/env bash
# check.sh INCLUDE_DIR COMPILER [FLAG...] -- HEADER...: compiles each header with nothing before it
# but what it includes itself.
#
# A file for each header would take three times as long, most of it for what they all include. But
# a header sees no more than when it stands alone if each header above it is one that it includes:
# those share a file.
set -euo pipefail

include_dir=$1
shift

# share_files HEADER...: prints a line for each file; every header includes those to its left.
share_files() {
    (cd -- "$include_dir" && awk '
        FNR == 1 { depth = 0 }
        /^#if/ { ++depth }
        /^#endif/ { --depth }
        depth == 0 && /^#include <oldphoto\// {
            direct[FILENAME] = direct[FILENAME] " " substr($2, 2, length($2) - 2)
        }

        # Fills all[header], what it includes however far down, and count[header].
        function follow(header,    names, i, below, j) {
            if (header in count) return
            count[header] = 0
            split(direct[header], names)
            for (i in names) {
                follow(names[i])
                split(names[i] " " all[names[i]], below)
                for (j in below) {
                    if ((header, below[j]) in known) continue
                    known[header, below[j]]
                    all[header] = all[header] " " below[j]
                    ++count[header]
                }
            }
        }

        # The one of `names` that has no file yet and includes most; "" where all have one.
        function largest(names,    i, found) {
            found = ""
            for (i in names) {
                if (!(names[i] in waiting)) continue
                if (found == "" || count[names[i]] > count[found]) found = names[i]
            }
            return found
        }

        END {
            for (i = 1; i < ARGC; ++i) {
                headers[i] = ARGV[i]
                waiting[ARGV[i]]
                follow(ARGV[i])
            }
            while ((header = largest(headers)) != "") {
                line = ""
                while (header != "") {
                    line = header (line == "" ? "" : " " line)
                    delete waiting[header]
                    split(all[header], below)
                    header = largest(below)
                }
                print line
            }
        }' "$@")
}

# compile_together COMPILER [FLAG...] -- HEADER...
compile_together() {
    local command=()
    while [[ $1 != -- ]]; do
        command+=("$1")
        shift
    done
    shift
    if ! printf '#include <%s>\n' "$@" | "${command[@]}" -x c++ -fsyntax-only -; then
        echo "one of these does not compile alone: $*"
        return 1
    fi
}
export -f compile_together

command=()
while [[ $1 != -- ]]; do
    command+=("$1")
    shift
done
shift
share_files "$@" |
    xargs -L 1 -P 2 bash -c 'compile_together "$@"' _ \
        "${command[@]}" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror --
