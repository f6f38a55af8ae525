#!/usr/bin/env python3
"""A contact sheet of what `run` left in folders, a row each, in the brain window (0..80 HU).

    benches/head-ct/sheet.py SHEET.png FOLDER ... [--method NAME]

truth | FBP | TV, both at the setting that is best in the brain | mean | one sample | standard deviation (0..40 HU)
"""
import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from score import brain, image, score


def row(folder, method, scale=2):
    truth = image(folder / "raw.truth.nii.gz")
    mask = brain(truth)
    pick = lambda family: min(folder.glob(f"{family}_*"), key=lambda r: score(r, truth, mask)["rmse"]["brain"])
    grey = lambda path, top: np.clip(image(path) / top * 255, 0, 255)
    tiles = [np.clip(truth / 80 * 255, 0, 255)]
    tiles += [grey(pick(f) / "mean.nii.gz", 80) for f in ("fbp", "tv")]
    tiles += [grey(folder / method / f"{name}.nii.gz", top) for name, top in (("mean", 80), ("sample-001", 80), ("std", 40))]
    return np.kron(np.hstack(tiles), np.ones((scale, scale)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheet")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--method", default="bridge")
    a = parser.parse_args()
    Image.fromarray(np.vstack([row(f, a.method) for f in a.folders]).astype(np.uint8)).save(a.sheet)
