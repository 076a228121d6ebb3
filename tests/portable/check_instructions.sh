#!/usr/bin/env bash
# check_instructions.sh PROGRAM: only functions of the namespaces avx2 and avx512 have instructions
# of these sets, and both have some; the latter alone have those of AMX.
set -euo pipefail

if ! command -v objdump >/dev/null; then
    echo "no objdump: reading the program's instructions skipped"
    exit 77
fi

# The namespace is looked for in the function's own name, not in its arguments.
objdump --disassemble --demangle --no-show-raw-insn "$1" | awk '
    /^[0-9a-f]+ <.*>:$/ {
        name = $0
        sub(/^[0-9a-f]+ </, "", name)
        sub(/>:$/, "", name)
        own = name
        gsub(/__vector\([0-9]+\)/, "vector", own)
        while (gsub(/<[^<>]*>/, "", own)) {}
        sub(/\(.*/, "", own)
        kernels = own ~ /::avx2::/ ? "avx2" : own ~ /::avx512::/ ? "avx512" : ""
        next
    }
    $2 ~ /^v/ || /%[tyz]mm/ {
        if (kernels == "avx512" || (kernels == "avx2" && !/%tmm/)) {
            ++count[/%tmm/ ? "tiles" : kernels]
        } else if (name != last_wrong) {
            print "in " name "\n" $0
            last_wrong = name
            wrong = 1
        }
    }
    END {
        printf "AVX instructions: %d in avx2, %d in avx512, and %d of AMX\n",
            count["avx2"], count["avx512"], count["tiles"]
        exit wrong || count["avx2"] == 0 || count["avx512"] == 0 || count["tiles"] == 0
    }'
