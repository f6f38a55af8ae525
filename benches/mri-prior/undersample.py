#!/usr/bin/env python3
"""One point in four of a fully sampled k-space: an npy file for `annulus recon`, and what it left out.

    benches/mri-prior/undersample.py FULL MASK OUT [--seed N] [--strip COLUMNS]

FULL   an MRD file without readout oversampling (`annulus simulate` with pattern = "full"), head-sagittal-1ch.mat or knee-1ch.mat
MASK   1d: lines at random around 24 in the centre; 2d: Poisson disc, sparser outwards, around a square of 24
--strip  of lines: the middle columns of the image alone, a smaller problem of the same difficulty
OUT    folder: raw.npy (coil, y, x), full.npy, info.json with the noise deviation of a real component

The noise comes from the noise scan; of the real scans, whose reference is as noisy as the data, from the outermost
5 % of the fully sampled k-space. The knee is cropped to half of its resolution: outside of that there is noise alone.
"""
import argparse, json
from pathlib import Path

import numpy as np

CENTRE = 24
ACCELERATION = 4


def of_mrd(path):
    """(coil, y, x) and the noise deviation, from the lines and the noise scan of one slice."""
    import re

    import h5py

    with h5py.File(path) as file:
        header = file["dataset/xml"][0].decode()
        records = file["dataset/data"][:]
    number = lambda tag: float(re.search(rf"<{tag}>([^<]+)</{tag}>", header)[1])
    is_noise = lambda flags: int(flags) >> 18 & 1
    lines, noise, dwell_us = {}, None, {}
    for head, _, data in records:
        k = np.asarray(data, np.float32).view(np.complex64).reshape(head["active_channels"], -1)
        dwell_us[bool(is_noise(head["flags"]))] = float(head["sample_time_us"])
        if is_noise(head["flags"]):
            noise = k
        else:
            lines[int(head["idx"]["kspace_encode_step_1"])] = k
    k = np.stack([lines[y] for y in sorted(lines)], 1)
    assert k.shape[1] == k.shape[2] == len(lines), f"{path}: expected every line, without readout oversampling, got {k.shape}"
    bandwidth = dwell_us[False] / dwell_us[True] * number("relativeReceiverNoiseBandwidth")
    return k, np.sqrt((abs(noise) ** 2).mean() / 2 / bandwidth)


def of_scan(path):
    """(1, y, x) with its centre in the middle and the noise deviation, of a real scan."""
    import scipy.io

    file = scipy.io.loadmat(path)
    if "kdata" in file:
        k = file["kdata"].astype(np.complex64)
    else:
        k = np.roll(file["data"].astype(np.complex64), (1, 1), (0, 1))
    radius = np.hypot(*np.meshgrid(*[np.abs(np.linspace(-1, 1, n, endpoint=False)) for n in k.shape], indexing="ij"))
    outermost = radius >= np.quantile(radius, 0.95)
    sigma = np.sqrt(np.median(abs(k[outermost]) ** 2) / (2 * np.log(2)))
    if "kdata" in file:
        (y, x), (rows, columns) = np.array(k.shape) // 4, np.array(k.shape) // 2
        k = k[y : y + rows, x : x + columns]
    scale = 1 / abs(np.fft.ifft2(k, norm="ortho")).max()
    return (k * scale)[None], sigma * scale


def lines(shape, rng):
    rows, columns = shape
    taken = np.abs(np.arange(rows) - rows // 2 + 0.5) < CENTRE / 2
    free = np.flatnonzero(~taken)
    taken[rng.permutation(free)[: rows // ACCELERATION - taken.sum()]] = True
    return np.repeat(taken[:, None], columns, 1)


def poisson_disc(shape, rng):
    """Points no nearer to each other than a distance that grows outwards; the growth is found so that their number fits."""
    order = rng.permutation(shape[0] * shape[1])
    y, x = np.unravel_index(order, shape)
    out = np.hypot((y - shape[0] // 2) / (shape[0] / 2), (x - shape[1] // 2) / (shape[1] / 2))

    def points(scale):
        taken = np.zeros(shape, bool)
        inner = [slice(n // 2 - CENTRE // 2, n // 2 + CENTRE // 2) for n in shape]
        taken[inner[0], inner[1]] = True
        near = scale * (0.6 + out)
        for j, i, r in zip(y, x, near):
            reach = int(r)
            if taken[j, i]:
                continue
            rows = slice(max(j - reach, 0), j + reach + 1)
            columns = slice(max(i - reach, 0), i + reach + 1)
            b, a = np.nonzero(taken[rows, columns])
            if not len(b) or ((b + rows.start - j) ** 2 + (a + columns.start - i) ** 2).min() >= r * r:
                taken[j, i] = True
        return taken

    low, high = 0.5, 8.0
    for _ in range(12):
        scale = np.sqrt(low * high)
        taken = points(scale)
        if abs(taken.mean() * ACCELERATION - 1) < 0.005:
            break
        dense = taken.mean() * ACCELERATION > 1
        low, high = (scale, high) if dense else (low, scale)
    return taken


def strip(k, columns):
    """k-space of the middle columns: the readout is fully sampled, so that they do not know of the others."""
    along = dict(axis=-1, norm="ortho")
    x = np.fft.fftshift(np.fft.ifft(np.fft.ifftshift(k, -1), **along), -1)
    first = k.shape[-1] // 2 - columns // 2
    x = x[..., first : first + columns]
    return np.fft.fftshift(np.fft.fft(np.fft.ifftshift(x, -1), **along), -1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("full", type=Path)
    parser.add_argument("mask", choices=["1d", "2d"])
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--strip", type=int)
    a = parser.parse_args()
    if a.strip and a.mask != "1d":
        parser.error("--strip: only with 1d, whose columns are fully sampled")
    k, sigma = (of_scan if a.full.suffix == ".mat" else of_mrd)(a.full)
    draw = lines if a.mask == "1d" else poisson_disc
    if a.strip:
        k = strip(k, a.strip)
    taken = draw(k.shape[1:], np.random.default_rng(a.seed))
    a.out.mkdir(parents=True, exist_ok=True)
    save = lambda name, k: np.save(a.out / name, np.ascontiguousarray(k, np.complex64))
    save("full.npy", k)
    save("raw.npy", np.where(taken, k, 0))
    info = {"noise_std": float(sigma), "acceleration": taken.size / int(taken.sum()), "shape": k.shape[1:]}
    (a.out / "info.json").write_text(json.dumps(info))
