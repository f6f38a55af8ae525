#!/usr/bin/env python3
"""Errors in HU of the reconstructions that `run` left in a folder, against raw.truth.nii.gz.

    benches/head-ct/score.py FOLDER ... [--all]

brain   the largest 4-connected part of the pixels whose 3 x 3 neighbours are all within 0..80 HU in the truth
spread  sqrt(mean of std^2, times (n + 1) / n for n samples) over the RMSE: 1 where the error bars are honest

Of FBP and TV each column shows its best setting, the one that the truth picks; --all shows every setting.
"""
import json, sys
from pathlib import Path

import nibabel
import numpy as np


def image(path):
    """[y, x] in HU, of a volume of one slice."""
    volume = np.asarray(nibabel.load(path).dataobj, dtype=float)
    assert volume.shape[2:] in ((), (1,)), f"{path}: one slice"
    return volume.reshape(volume.shape[:2]).T


def brain(truth):
    """The mask of the largest 4-connected part of soft tissue."""
    padded = np.pad(truth, 1, constant_values=-1000)
    near = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    left = (near.min((2, 3)) >= 0) & (near.max((2, 3)) <= 80)
    best = np.zeros_like(left)
    while left.sum() > best.sum():
        part = np.zeros_like(left)
        todo = [tuple(np.argwhere(left)[0])]
        while todo:
            y, x = todo.pop()
            if 0 <= y < left.shape[0] and 0 <= x < left.shape[1] and left[y, x]:
                left[y, x], part[y, x] = False, True
                todo += [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        if part.sum() > best.sum():
            best = part
    return best


def score(result, truth, mask):
    """Brain and overall RMSE, spread over error of both, misfit, seconds."""
    report = json.loads((result / "report.json").read_text())
    error = (image(result / "mean.nii.gz") - truth) ** 2
    rmse = {"brain": error[mask].mean() ** 0.5, "all": error.mean() ** 0.5}
    spread = {}
    if (result / "std.nii.gz").exists():
        n = report["protocol"]["method"][report["method"]].get("samples", 8)
        variance = image(result / "std.nii.gz") ** 2 * (n + 1) / n
        spread = {"brain": variance[mask].mean() ** 0.5 / rmse["brain"], "all": variance.mean() ** 0.5 / rmse["all"]}
    part = report["slices"][0]
    return {"rmse": rmse, "spread": spread, "misfit": part.get("misfit"), "seconds": part["seconds"]}


def line(name, s):
    number = lambda v, form: "-" if v is None else format(v, form)
    print(f"{name:<22}{s['rmse']['brain']:8.2f}{s['rmse']['all']:8.2f}"
          f"{number(s['spread'].get('brain'), '.2f'):>9}{number(s['spread'].get('all'), '.2f'):>7}"
          f"{number(s['misfit'], '.3f'):>8}{s['seconds']:7.1f}  {s.get('note', '')}", flush=True)


def table(folder, every):
    truth = image(folder / "raw.truth.nii.gz")
    mask = brain(truth)
    results = {r.parent.name: score(r.parent, truth, mask) for r in sorted(folder.glob("*/report.json"))}
    print(f"\n{folder.parent.name} {folder.name}: {mask.sum()} pixels of brain; a constant scores {truth[mask].std():.2f} there")
    print(f"{'RMSE in HU':<22}{'brain':>8}{'all':>8}{'spread':>9}{'all':>7}{'misfit':>8}{'s':>7}")
    for family in ("fbp", "tv"):
        swept = {k: v for k, v in results.items() if k.startswith(family + "_")}
        for name in swept if every else ():
            line(name, swept[name])
        if swept:
            best = {c: min(swept, key=lambda k: swept[k]["rmse"][c]) for c in ("brain", "all")}
            line(family + ", best", {
                "rmse": {c: swept[k]["rmse"][c] for c, k in best.items()}, "spread": {},
                "misfit": swept[best["all"]]["misfit"], "seconds": swept[best["all"]]["seconds"],
                "note": "; ".join(f"{c}: {k.split('_', 1)[1].replace('_', ' ')}" for c, k in best.items())})
    for name, s in results.items():
        if not name.startswith(("fbp_", "tv_")):
            line(name, s)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        if argument != "--all":
            table(Path(argument), "--all" in sys.argv)
