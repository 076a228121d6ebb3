#!/usr/bin/env bash
# run.sh OURS [CASE...]: our networks and kernels and the same ones in PyTorch (Debian: python3-torch
# with libopenblas0-openmp), in turns, with equal threads. Of each the best time and the largest
# memory. A CASE chooses those that begin with it: quality, conv2d, vae_step ...
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
    'quality 256 bf16x3 1 thread | quality_bf16x3 256 1'
    'quality 256 bf16 1 thread | quality_bf16 256 1'
    'scratch 256 fp32 1 thread | scratch 256 1'
    'scratch 512 fp32 1 thread | scratch 512 1'
    'high resolution 256 fp32 1 thread | high_resolution 256 1'
    'detector 256 fp32 1 thread | detector 256 1'
    'vae step 128 fp32 1 thread | vae_step 128 1'
    'mapping step 256 fp32 1 thread | mapping_step 256 1'
    'conv2d 3 to 64, 7x7, at 256 | conv2d_3x64_7_1 256 1'
    'conv2d 64 to 3, 7x7, at 256 | conv2d_64x3_7_1 256 1'
    'conv2d 64 to 64, 4x4 two apart, at 256 | conv2d_64x64_4_2 256 1'
    'conv_transpose2d 64 to 64, 4x4 two apart, at 128 | conv_transpose2d_64x64_4_2 128 1'
    'conv2d 64 to 64, 3x3, at 128 | conv2d_64x64_3_1 128 1'
    'conv2d 64 to 128, 3x3, at 64 | conv2d_64x128_3_1 64 1'
    'conv2d 128 to 256, 3x3, at 64 | conv2d_128x256_3_1 64 1'
    'conv2d 256 to 512, 3x3, at 64 | conv2d_256x512_3_1 64 1'
    'conv2d 512 to 512, 3x3, at 64 | conv2d_512x512_3_1 64 1'
    'conv2d 512 to 256, 3x3, at 64 | conv2d_512x256_3_1 64 1'
    'conv2d 512 to 512, 1x1, at 64 | conv2d_512x512_1_1 64 1'
    'conv2d 1024 to 1024, 3x3, at 16 | conv2d_1024x1024_3_1 16 1'
    'attention of 512 channels at 64 | attention_512 64 1'
)

# better "SECONDS MB" "SECONDS MB": the smaller time and the larger memory, or the second if it is
# "none".
better() {
    [[ $2 != none ]] || { echo none; return; }
    awk -v a="$1" -v b="$2" 'BEGIN {
        split(a, x); split(b, y)
        print (x[1] < y[1] ? x[1] : y[1]), (x[2] > y[2] ? x[2] : y[2])
    }'
}

# chosen CASE WORD...: whether a word begins the case; without words every case is chosen.
chosen() {
    local name=$1 word
    shift
    [[ $# -gt 0 ]] || return 0
    for word in "$@"; do
        [[ $name != "$word"* ]] || return 0
    done
    return 1
}

for entry in "${cases[@]}"; do
    name=${entry% | *}
    read -ra arguments <<<"${entry#* | }"
    chosen "${arguments[0]}" "$@" || continue
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
        if (b == "none") {
            printf "%s: no kernels in PyTorch for this processor (ours %.3g s, %d MB)\n",
                   name, x[1], x[2]
            exit
        }
        printf "%s: ratio %.2f (ours %.3g s, PyTorch %.3g s, %d MB, %d MB)\n",
               name, y[1] / x[1], x[1], y[1], x[2], y[2]
    }'
done
