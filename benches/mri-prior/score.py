#!/usr/bin/env python3
"""The table of what `run` left in a folder.

    benches/mri-prior/score.py OUT [--all]

A simulated case is scored by the PSNR of the magnitude (peak: the largest of the truth), a real one by
    uSNR = 10 log10((sum_U |k_ref|^2 - n) / (sum_U |k - k_ref|^2 - n)),   n = 2 sigma^2 |U|
over the frequencies U that were not sampled: the noise of the reference removed, 0 dB for zero-filling.

mean    the result's own mean
spread  sqrt(mean variance of the samples, times (n + 1) / n for n of them) over the root mean square error of their mean:
        of magnitudes where there is a truth, over U with the reference's noise removed from the error where there is not
of many what the mean would score without the variance of so few samples: its square error less their variance over n
gain    dB over the better of TV and wavelets, each at the setting that the truth picks; --all shows every setting
"""
import json, sys
from pathlib import Path

import h5py
import nibabel
import numpy as np


def complex_of(array):
    return array["r"] + 1j * array["i"] if array.dtype.names else array


class Truth:
    """A magnitude without noise."""

    measure = "PSNR"

    def __init__(self, path):
        self.image = np.asarray(nibabel.load(path).dataobj, dtype=float).reshape(nibabel.load(path).shape[:2]).T

    def seen(self, x):
        """The middle columns, where the image is a strip."""
        first = self.image.shape[1] // 2 - x.shape[1] // 2
        return self.image[:, first : first + x.shape[1]]

    def score(self, x):
        return 20 * np.log10(self.seen(x).max() / self.error(x))

    def error(self, x):
        return ((abs(x) - self.seen(x)) ** 2).mean() ** 0.5

    def spread(self, samples):
        return abs(samples).var(0, ddof=1).mean() ** 0.5


class Reference:
    """A fully sampled k-space, as noisy as the data, of one coil."""

    measure = "uSNR"

    def __init__(self, data):
        self.k = np.load(data / "full.npy")[0].astype(complex)
        self.left_out = np.load(data / "raw.npy")[0] == 0
        sigma = json.loads((data / "info.json").read_text())["noise_std"]
        self.noise = 2 * sigma**2 * self.left_out.sum()

    def unsampled(self, x):
        return np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(x, (-2, -1)), norm="ortho"), (-2, -1))[..., self.left_out]

    def error(self, x):
        """The root of the summed square error; as in noise, it may be less than nothing."""
        return max((abs(self.unsampled(x) - self.k[self.left_out]) ** 2).sum() - self.noise, 0) ** 0.5

    def score(self, x):
        return 20 * np.log10((np.sum(abs(self.k[self.left_out]) ** 2) - self.noise) ** 0.5 / self.error(x))

    def spread(self, samples):
        return self.unsampled(samples).var(0, ddof=1).sum() ** 0.5


def score(result, truth):
    """dB, spread over error, misfit of a result: a folder, or an npy file of an image."""
    if result.suffix == ".npy":
        return {"db": truth.score(np.load(result)[0])}
    report = json.loads((result / "report.json").read_text())
    x = np.load(result / "mean.npy")[0]
    found = {"db": truth.score(x), "misfit": report["slices"][0].get("misfit")}
    if report["method"] == "zero-filled" and isinstance(truth, Reference):
        found["db"] = 0.0
    with h5py.File(result / "result.h5") as file:
        samples = complex_of(file["samples"][:, 0]) if "samples" in file else []
    if (n := len(samples)) > 1:
        # Of the samples: with a texture beside the prior mean.npy is the mean of conditional means.
        own = samples.mean(0)
        spread, error = truth.spread(samples), truth.error(own)
        found["spread"] = (1 + 1 / n) ** 0.5 * spread / error
        found["of_many"] = truth.score(own) - 10 * np.log10(1 - spread**2 / n / error**2)
    return found


def results(data, truth):
    found = {r.parent.name: score(r.parent, truth) for r in sorted(data.glob("*/report.json"))}
    return found | {r.stem: score(r, truth) for r in sorted(data.glob("wavelet_*.npy"))}


def row(data, every):
    full = data.parent / "full.truth.nii.gz"
    truth = Truth(full) if full.exists() else Reference(data)
    found = results(data, truth)
    swept = lambda family: {k: v for k, v in found.items() if k.startswith(family + "_")}
    cells, classical = [f"{found['zero-filled']['db']:.1f}"], []
    for family in ("cg", "tv", "wavelet"):
        settings = swept(family)
        if every:
            for name in sorted(settings, key=lambda k: float(k.split("_")[1])):
                misfit = settings[name].get("misfit")
                print(f"  {data.parent.name} {data.name} {name:<16}{settings[name]['db']:7.2f}", "" if misfit is None else f"misfit {misfit:.2f}")
        if not settings:
            cells.append("-")
            continue
        best = max(settings, key=lambda k: settings[k]["db"])
        cells.append(f"{settings[best]['db']:.2f} ({best.split('_')[1]})")
        if family != "cg":
            classical.append(settings[best]["db"])
    lines = []
    for name, s in found.items():
        if "spread" not in s:
            continue
        gain = f"{s['db'] - max(classical):+.2f}" if classical else "-"
        lines.append(" | ".join([f"| {data.parent.name} | {data.name}", truth.measure, *cells, name, f"{s['db']:.2f}", f"{s['of_many']:.2f}", gain,
                                 f"{s['spread']:.2f}", f"{s['misfit']:.2f} |"]))
    return lines


if __name__ == "__main__":
    out, every = Path(sys.argv[1]), "--all" in sys.argv
    table = [line for data in sorted(out.glob("*/[12]d")) if (data / "zero-filled" / "report.json").exists() for line in row(data, every)]
    print("| case | mask | dB of | zero-filled | CG-SENSE (λ) | TV (weight) | wavelet (λ) | sampler | mean | of many | gain | spread / error | misfit |")
    print("|" + "---|" * 13)
    print("\n".join(table))
