"""Forward and vector-Jacobian product of a converted ADM network beside the original in eager PyTorch 2.11.

    pip install --target DIR torch==2.11.0 numpy
    pip install --target DIR --no-deps guided-diffusion-sdk==1.0.0          (MIT: the published U-Net)
    PYTHONPATH=DIR python3 benches/peers/networks.py [--rounds 3] [small] [ffhq]

Makes random weights, saves them with torch.save, converts them with `annulus prior convert`, and runs the original and
examples/network_step.rs (release; CARGO_TARGET_DIR is respected) turn by turn, each in a process of its own, two threads
each. Prints medians, their ratio, peak memory and how far the outputs lie apart.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

THREADS = 2
CASES = {
    "small": (
        128,
        dict(image_size=128, in_channels=2, model_channels=64, out_channels=2, num_res_blocks=1, channel_mult=[1, 2, 2],
             attention_ds=[4], num_head_channels=64, use_scale_shift_norm=True, resblock_updown=True),
    ),
    "ffhq": (
        256,
        dict(image_size=256, in_channels=3, model_channels=128, out_channels=6, num_res_blocks=1,
             channel_mult=[1, 1, 2, 2, 4, 4], attention_ds=[16], num_head_channels=64, use_scale_shift_norm=True,
             resblock_updown=True),
    ),
}


def original(case):
    import torch
    from guided_diffusion.unet import UNetModel

    torch.set_num_threads(THREADS)
    options = dict(CASES[case][1])
    options["attention_resolutions"] = tuple(options.pop("attention_ds"))
    torch.manual_seed(1)
    net = UNetModel(**options).eval()
    for p in net.parameters():
        p.data = torch.randn_like(p) * 0.03
        p.requires_grad_(False)
    return net


def image(case):
    import torch

    side, options = CASES[case]
    channels = options["in_channels"]
    x = (torch.arange(channels * side * side, dtype=torch.float32) * 0.05).sin() * 0.8
    return x.reshape(1, channels, side, side)


def loop(case, rounds, output):
    """The child: times the original, prints what network_step prints."""
    import time

    import numpy
    import torch

    net, seconds = original(case), []
    for _ in range(rounds):
        x = image(case).requires_grad_(True)
        began = time.perf_counter()
        y = net(x, torch.tensor([500]))
        torch.autograd.grad((y * y.detach()).sum(), x)
        seconds.append(time.perf_counter() - began)
    numpy.save(output, y.detach().numpy())
    peak = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")][0]
    print(json.dumps({"seconds": seconds, "peak_mib": float(peak) / 1024}))


def save(case, path):
    import torch

    torch.save(original(case).state_dict(), path)


def child(line):
    done = subprocess.run(line, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1]) if done.stdout.strip() else None


def compare(case, rounds, folder, target):
    import numpy

    me, at = [sys.executable, __file__], lambda name: os.path.join(folder, name)
    child([*me, "--save", at("net.pt"), case])
    with open(at("net.json"), "w") as f:
        json.dump({"family": "guided-diffusion UNetModel", **CASES[case][1]}, f)
    prior = at("net.safetensors")
    subprocess.run([os.path.join(target, "annulus"), "prior", "convert", at("net.pt"), "--config", at("net.json"), "-o", prior,
                    "--force"], check=True, capture_output=True)
    ours = [os.path.join(target, "examples/network_step"), prior, str(CASES[case][0]), "2", at("ours.npy")]
    theirs = [*me, "--loop", at("theirs.npy"), "--rounds", "2", case]
    times, peaks = {"annulus": [], "PyTorch": []}, {}
    for _ in range(rounds):
        for name, line in (("annulus", ours), ("PyTorch", theirs)):
            seen = child(line)
            times[name].append(min(seen["seconds"]))
            peaks[name] = seen["peak_mib"]
    a, b = numpy.load(at("ours.npy")), numpy.load(at("theirs.npy"))
    middle = {name: statistics.median(t) for name, t in times.items()}
    print(f"{case}: annulus {middle['annulus']:.3f} s, PyTorch {middle['PyTorch']:.3f} s, ratio "
          f"{middle['annulus'] / middle['PyTorch']:.3f}; peak {peaks['annulus']:.0f} / {peaks['PyTorch']:.0f} MiB; outputs apart "
          f"{abs(a - b).max() / abs(b).max():.1e} of their maximum; {THREADS} threads, {rounds} turns", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", nargs="*", default=["small", "ffhq"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--loop")
    parser.add_argument("--save")
    a = parser.parse_args()
    if a.loop:
        return loop(a.cases[0], a.rounds, a.loop)
    if a.save:
        return save(a.cases[0], a.save)
    subprocess.run(["cargo", "build", "--release", "--bins", "--example", "network_step"], check=True)
    target = os.path.join(os.environ.get("CARGO_TARGET_DIR", "target"), "release")
    with tempfile.TemporaryDirectory() as folder:
        for case in a.cases:
            compare(case, a.rounds, folder, target)


main()
