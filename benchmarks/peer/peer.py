"""peer.py CASE SIZE THREADS RUNS: the best time of a run in seconds, and the peak memory in MB; or
"none" where PyTorch has no kernels for it on this processor."""

import re
import resource
import sys
import time

import torch
import torch.nn.functional as F

import networks


def picture(count, channels, size):
    return torch.rand(count, channels, size, size) * 2 - 1


def holes(size):
    """A bar of a sixteenth of the width."""
    mask = torch.zeros(1, 1, size, size)
    mask[..., size // 2:size // 2 + size // 16] = 1
    return mask


def restoring(mapping, size):
    encode, decode = networks.encoder().eval(), networks.decoder().eval()
    mapping.eval()
    x, mask = picture(1, 3, size), holes(size)

    def run():
        with torch.inference_mode():
            decode(mapping(encode(x), mask))
    return run


def detecting(size):
    detector = networks.Detector().eval()
    x = picture(1, 1, size)

    def run():
        with torch.inference_mode():
            detector(x)
    return run


def vae_step(size):
    encode, decode = networks.encoder(), networks.decoder()
    parameters = [*encode.parameters(), *decode.parameters()]
    adam = torch.optim.Adam(parameters, 2e-4, (0.5, 0.999))
    x = picture(4, 3, size)

    def run():
        z = encode(x)
        loss = 10 * F.l1_loss(decode(z + torch.randn_like(z)), x) + (z * z).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return run


def mapping_step(size):
    encode, decode, mapping = networks.encoder(), networks.decoder(), networks.Mapping()
    for network in (encode, decode):
        network.requires_grad_(False)
    adam = torch.optim.Adam(mapping.parameters(), 2e-4, (0.5, 0.999))
    x, clean = picture(1, 3, size), picture(1, 3, size)

    def run():
        with torch.no_grad():
            old, target = encode(x), encode(clean)
        z = mapping(old)
        loss = 60 * F.l1_loss(z, target) + 10 * F.l1_loss(decode(z), clean)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return run


def convolving(kind, channels, outputs, side, stride, size):
    x = picture(1, channels, size)
    inner = (outputs, channels) if kind == "conv2d" else (channels, outputs)
    w = torch.rand(*inner, side, side) * 2 - 1
    convolve = getattr(F, kind)

    def run():
        with torch.inference_mode():
            convolve(x, w, stride=stride, padding=(side - 1) // 2)
    return run


def attending(channels, size):
    q, k, v = (picture(1, channels, size).flatten(2) for _ in range(3))

    def run():
        with torch.inference_mode():
            torch.bmm(v, torch.bmm(k.transpose(1, 2), q).softmax(1))
    return run


def kernel(case, size):
    """One kernel; its names are those of ours.cpp."""
    match = re.fullmatch(r"(conv2d|conv_transpose2d)_(\d+)x(\d+)_(\d+)_(\d+)", case)
    if match:
        return convolving(match[1], *map(int, match.groups()[1:]), size)
    return attending(int(case.removeprefix("attention_")), size)


def multiplies_bfloat16():
    """Whether PyTorch's convolutions of bfloat16 are oneDNN's and not plain loops."""
    with open("/proc/cpuinfo") as file:
        flags = set(file.read().split())
    return {"avx512bw", "avx512vl", "avx512dq"} <= flags


def in_bfloat16(run):
    def run_in_bfloat16():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            run()
    return run_in_bfloat16


CASES = {
    "quality": lambda size: restoring(networks.Mapping(), size),
    "quality_bf16": lambda size: in_bfloat16(restoring(networks.Mapping(), size)),
    "quality_bf16x3": lambda size: restoring(networks.Mapping(), size),  # what it stands in for
    "scratch": lambda size: restoring(networks.ScratchMapping(), size),
    "high_resolution": lambda size: restoring(networks.HighResolutionMapping(), size),
    "detector": detecting,
    "vae_step": vae_step,
    "mapping_step": mapping_step,
}


def main():
    case, size, threads, runs = sys.argv[1], *map(int, sys.argv[2:])
    if case == "quality_bf16" and not multiplies_bfloat16():
        print("none")
        return
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    run = CASES[case](size) if case in CASES else kernel(case, size)
    run()
    best = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{best:.4f} {peak:.0f}")


main()
