"""Times a step of DPS written plainly in PyTorch 2.11 beside ours: the same network, sizes and threads.

    PYTHONPATH=<folder with torch 2.11, numpy, safetensors> python3 benches/peers/dps_loop.py

Builds and runs examples/dps_step.rs (release; CARGO_TARGET_DIR is respected), turn by turn with the loop here. Prints
medians in milliseconds a step, and ratios.
"""
import json
import math
import statistics
import subprocess
import tempfile
import time

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import safe_open

PRIOR = "protocols/priors/brain-local.safetensors"
THREADS = 2
ROUNDS, STEPS = 15, 4


class Network:
    """The U-Net of the shipped prior, from its file."""

    def __init__(self, path):
        with safe_open(path, "pt") as f:
            self.w = {k: f.get_tensor(k).float() for k in f.keys()}
            network = json.loads(f.metadata()["annulus.card"])["network"]
        if network.get("bounded") or network.get("compand"):
            raise SystemExit(f"{path}: this loop has neither bounded blocks nor a companded input")
        self.blocks, self.sigma_data = network["blocks"], network["sigma_data"]
        self.coarsest = len(network["channels"]) - 1

    def block(self, name, x, e):
        w = self.w
        scale = (e @ w[f"{name}.film.weight"].T + 1)[..., None, None]
        h = F.conv2d(x, w[f"{name}.first.weight"], padding=1) * scale
        return x + F.conv2d(F.silu(h), w[f"{name}.second.weight"], padding=1)

    def run(self, x, c):
        w = self.w
        frequencies = torch.arange(8.0) * 0.5 + 0.5
        angles = c[:, None] * 4 * frequencies
        e = F.silu(torch.cat([angles.cos(), angles.sin()], -1) @ w["embed.first.weight"].T + w["embed.first.bias"])
        e = F.silu(e @ w["embed.second.weight"].T + w["embed.second.bias"])
        x = F.conv2d(x, w["input.weight"], padding=1)
        skips = []
        for i in range(self.coarsest):
            for b in range(self.blocks[i]):
                x = self.block(f"level{i}.down{b}", x, e)
            skips.append(x)
            x = F.conv2d(x, w[f"level{i}.shrink.weight"], stride=2)
        for b in range(self.blocks[self.coarsest]):
            x = self.block(f"level{self.coarsest}.middle{b}", x, e)
        for i in reversed(range(self.coarsest)):
            x = F.conv_transpose2d(x, w[f"level{i}.grow.weight"], stride=2) + skips[i]
            for b in range(self.blocks[i]):
                x = self.block(f"level{i}.up{b}", x, e)
        return F.conv2d(x, w["output.weight"], padding=1)

    def denoise(self, x, sigma):
        """EDM's preconditioning (Karras 2022, table 1)."""
        d2, s2 = self.sigma_data ** 2, sigma ** 2
        f = self.run(x / math.sqrt(s2 + d2), torch.tensor([math.log(sigma) / 4]))
        return x * d2 / (s2 + d2) + f * sigma * self.sigma_data / math.sqrt(s2 + d2)


def loop(network, x, y, mask, levels, zeta=0.5):
    """DPS as published, for x = x0 + sigma n."""
    for sigma, after in zip(levels, levels[1:]):
        x = x.detach().requires_grad_(True)
        x0 = network.denoise(x, sigma)
        k = torch.fft.fftshift(torch.fft.fft2(torch.fft.ifftshift(torch.complex(x0[0, 0], x0[0, 1])), norm="ortho"))
        norm = torch.linalg.vector_norm((y - k) * mask)
        gradient, = torch.autograd.grad(norm, x)
        c = (after / sigma) ** 2
        with torch.no_grad():
            x = (1 - c) * x0 + c * x + after * math.sqrt(1 - c) * torch.randn_like(x)
            x = x - zeta * math.sqrt((1 + sigma ** 2) * (1 + after ** 2)) * gradient
    return x


def theirs(network, size):
    torch.manual_seed(1)
    mask = torch.zeros(size, size)
    mask[:, ::4] = 1
    y = torch.complex(torch.randn(size, size), torch.randn(size, size)) * mask * 0.1
    x = torch.randn(1, 2, size, size) * 0.5
    levels = [0.5 * 0.6 ** i for i in range(STEPS)] + [0.0]
    times = []
    for round_ in range(ROUNDS + 2):
        began = time.perf_counter()
        loop(network, x, y, mask, levels)
        if round_ >= 2:
            times.append((time.perf_counter() - began) / STEPS)
    return statistics.median(times)


def difference(network, size, command):
    """The largest difference between one step of theirs and of ours from 0.5 to 0, over the deviation of the image."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(command + [str(size), "--one-step", folder], check=True)
        start, y, step = (np.load(f"{folder}/{name}.npy").reshape(size, size) for name in ("start", "y", "step"))
    mask = torch.zeros(size, size)
    mask[:, ::4] = 1
    x = torch.from_numpy(np.stack([start.real, start.imag])[None])
    plain = loop(network, x, torch.from_numpy(y), mask, [0.5, 0.0])[0].numpy()
    return np.abs(plain[0] + 1j * plain[1] - step).max() / step.std()


def main():
    torch.set_num_threads(THREADS)
    network = Network(PRIOR)
    command = ["cargo", "run", "-q", "--release", "--example", "dps_step", "--", PRIOR]
    subprocess.run(["cargo", "build", "-q", "--release", "--example", "dps_step"], check=True)
    print(f"PyTorch {torch.__version__}, {THREADS} threads; milliseconds a step, medians of {ROUNDS} rounds of {STEPS}")
    for size in (128, 256):
        print(f"{size} x {size}: one step of both differs by {difference(network, size, command):.1e} of the image's deviation")
        plain = [theirs(network, size)]
        ours = json.loads(subprocess.run(command + [str(size)], check=True, capture_output=True, text=True).stdout)
        plain.append(theirs(network, size))
        plain = statistics.mean(plain)
        print(
            f"{size} x {size}: PyTorch {1e3 * plain:.1f}; ours {1e3 * ours['dps_zeta_s']:.1f} "
            f"(ratio {ours['dps_zeta_s'] / plain:.2f}); network alone {1e3 * ours['network_s']:.1f} "
            f"(step over network {ours['zeta_over_network']:.3f}); weight = sigma {1e3 * ours['dps_sigma_s']:.1f} "
            f"({ours['sigma_over_network']:.3f})"
        )


if __name__ == "__main__":
    main()
