#!/usr/bin/env bash
# run.sh OURS [CASE...]: our networks and the same ones in PyTorch (Debian: python3-torch with
# libopenblas0-openmp), in turns, with equal threads. Of each the best time and the largest memory.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
ours=$1
shift
rounds=3
runs=2

# "name | case size threads"
cases=(
    'quality 256 fp32 1 thread | quality 256 1'
    'quality 512 fp32 1 thread | quality 512 1'
    'quality 1024 fp32 2 threads | quality 1024 2'
    'scratch 256 fp32 1 thread | scratch 256 1'
    'scratch 512 fp32 1 thread | scratch 512 1'
    'high resolution 256 fp32 1 thread | high_resolution 256 1'
    'detector 256 fp32 1 thread | detector 256 1'
    'vae step 128 fp32 1 thread | vae_step 128 1'
    'mapping step 256 fp32 1 thread | mapping_step 256 1'
)

# better "SECONDS MB" "SECONDS MB": the smaller time and the larger memory.
better() {
    awk -v a="$1" -v b="$2" 'BEGIN {
        split(a, x); split(b, y)
        print (x[1] < y[1] ? x[1] : y[1]), (x[2] > y[2] ? x[2] : y[2])
    }'
}

for entry in "${cases[@]}"; do
    name=${entry% | *}
    read -ra arguments <<<"${entry#* | }"
    [[ $# -eq 0 || " $* " == *" ${arguments[0]} "* ]] || continue
    us='1e9 0'
    peer='1e9 0'
    for ((round = 0; round < rounds; ++round)); do
        us=$(better "$us" "$("$ours" "${arguments[@]}" "$runs")")
        peer=$(better "$peer" "$(OMP_NUM_THREADS=${arguments[2]} /usr/bin/python3 \
            "$here/peer.py" "${arguments[@]}" "$runs")")
    done
    awk -v name="$name" -v a="$us" -v b="$peer" 'BEGIN {
        split(a, x); split(b, y)
        printf "%s: ratio %.2f (ours %.2f s, PyTorch %.2f s, %d MB, %d MB)\n",
               name, y[1] / x[1], x[1], y[1], x[2], y[2]
    }'
done
