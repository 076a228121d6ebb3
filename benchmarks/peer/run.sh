#!/usr/bin/env bash
# run.sh OURS [CASE...]: our networks and the same ones in PyTorch (Debian: python3-torch with
# libopenblas0-openmp), in turns, with equal threads. Of each the best time and the largest memory.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
ours=$1
shift
rounds=3
runs=2

# "name | case size threads [instruction set that both are held to]"
cases=(
    'quality 256 fp32 1 thread | quality 256 1'
    'quality 256 avx2 1 thread | quality 256 1 avx2'
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
    measured=("${arguments[@]:0:3}" "$runs")
    held_us=()
    held_peer=("OMP_NUM_THREADS=${arguments[2]}")
    if [[ ${#arguments[@]} -eq 4 ]]; then
        held_us=("OLDPHOTO_INSTRUCTION_SET=${arguments[3]}")
        held_peer+=("ONEDNN_MAX_CPU_ISA=${arguments[3]^^}" "ATEN_CPU_CAPABILITY=${arguments[3]}")
    fi
    us='1e9 0'
    peer='1e9 0'
    for ((round = 0; round < rounds; ++round)); do
        us=$(better "$us" "$(env "${held_us[@]}" "$ours" "${measured[@]}")")
        peer=$(better "$peer" "$(env "${held_peer[@]}" /usr/bin/python3 "$here/peer.py" "${measured[@]}")")
    done
    awk -v name="$name" -v a="$us" -v b="$peer" 'BEGIN {
        split(a, x); split(b, y)
        printf "%s: ratio %.2f (ours %.2f s, PyTorch %.2f s, %d MB, %d MB)\n",
               name, y[1] / x[1], x[1], y[1], x[2], y[2]
    }'
done
