#!/usr/bin/env python3
"""Makes the pictures docs/pictures/imaging*.png and the numbers of docs/imaging.md, by the commands that a user runs.

    python3 docs/make_imaging.py target/release/annulus FOLDER             # imaging.png
    PYTHONPATH=<folder with torch 2.11> python3 docs/make_imaging.py target/release/annulus FOLDER script

A column a protocol of protocols/imaging/: the truth, the data, the classical image, the posterior mean, its
standard deviation. HU from -200 to 600; the deviation from 0 to 200; the data of each model in the same window
where they are an image, the logarithm of the magnitudes of phase retrieval. `script`, a network of PyTorch's, has a picture of its
own.
"""
import json
import math
import pathlib
import struct
import subprocess
import sys

from drawing import png, read

MODELS = [
    "inpainting-random92",
    "inpainting-box",
    "super-resolution-4x",
    "blur-gaussian",
    "blur-motion",
    "blur-nonuniform",
    "blur-saturated",
    "phase-retrieval",
]
SIZE, GAP = 160, 4
WINDOW, SPREAD = (-200.0, 600.0), (0.0, 200.0)


def fitted(rows):
    """Nearest neighbours on SIZE x SIZE pixels."""
    high, wide = len(rows), len(rows[0])
    return [[rows[y * high // SIZE][x * wide // SIZE] for x in range(SIZE)] for y in range(SIZE)]


def grey(rows, window):
    low, high = window
    level = lambda v: 0 if math.isnan(v) else max(0, min(255, round(255 * (v - low) / (high - low))))
    return [[level(v) for v in row] for row in fitted(rows)]


def seen(model, rows):
    if model == "phase-retrieval":
        return grey([[math.log10(max(v, 1e-3)) for v in row] for row in rows], (-3.0, 1.0))
    return grey([[1000.0 * v - 1000.0 for v in row] for row in rows], WINDOW)


def through_a_network(folder, truth, data):
    """`operator.pt`, and what it gives of a truth, with noise of 0.01: the simulator runs no network."""
    import torch

    class Dim(torch.nn.Module):
        # The operator of docs/imaging.md: coarse pixels, a detector that saturates.
        def forward(self, v):
            seen = torch.nn.functional.avg_pool2d(v, 2)
            return 1.5 * torch.tanh(seen / 1.5)

    torch.manual_seed(1)
    v = torch.tensor(read(truth))[None, None]
    module = torch.jit.trace(Dim(), v)
    module.save(str(folder / "operator.pt"))
    y = module(v)[0, 0]
    y = y + 0.01 * torch.randn(y.shape)
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': (1, {y.shape[0]}, {y.shape[1]})}}".ljust(117) + "\n"
    body = struct.pack(f"<{y.numel()}f", *y.flatten().tolist())
    data.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + body)


def main():
    program, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    run = lambda *line: subprocess.run([program, *line], cwd=folder, check=True, capture_output=True)
    columns = []
    print("| protocol | direct | classical | mean | spread / error | misfit |")
    print("|---|---|---|---|---|---|")
    models = sys.argv[3:] or MODELS
    for model in models:
        protocol, data, out = f"imaging/{model}", f"{model}.npy", folder / model
        # A kernel narrower than a pixel leaves the truth, as npy.
        whole, script = f"{model}-truth.npy", model == "script"
        run("simulate", "head", "-p", "imaging/blur-gaussian" if script else protocol, "-o", whole, "--force",
            "--set", "forward={blur={kernel={gaussian={sigma_pixels=0.05}}}}",
            "--set", "likelihood.gaussian.std=1e-6")
        if not (out / "report.json").exists():
            if script:
                through_a_network(folder, folder / whole, folder / data)
            else:
                run("simulate", "head", "-p", protocol, "-o", data)
            recon = ["recon", data, "-p", protocol, "--truth", f"{model}-truth.truth.nii.gz"]
            # Of the companions that magnitudes have this seed finds the one that is the truth.
            recon += ["--seed", "2"] if model == "phase-retrieval" else []
            recon += ["--set", f"forward.script.matrix=[{SIZE},{SIZE}]"] if script else []
            run(*recon, "--format", "npy,png", "-o", model)
            run(*recon, "--method", "tikhonov", "--format", "npy", "-o", f"{model}-classical")
        report = json.loads((out / "report.json").read_text())
        rows = {name: row for name, row in report["hu"]}
        direct = rows.get("pseudo-inverse") or rows.get("adjoint")
        classical = rows.get("tikhonov") or rows["hio"]
        number = lambda row: f"{row['rmse_hu']:.0f} HU" if row else "-"
        own = rows["bridge"]
        print(
            f"| `{model}` | {number(direct)} | {number(classical)} | {number(own)} | "
            f"{own['spread_over_error']:.2f} | {report['slices'][0]['misfit']:.2f} |"
        )
        truth = [[1000.0 * v - 1000.0 for v in row] for row in read(folder / whole)]
        columns.append([
            grey(truth, WINDOW),
            seen(model, read(folder / data)),
            grey(read(folder / f"{model}-classical" / "mean.npy"), WINDOW),
            grey(read(out / "mean.npy"), WINDOW),
            grey(read(out / "std.npy"), SPREAD),
        ])
    sheet = []
    for place in range(5):
        for row in range(SIZE):
            line = []
            for column in columns:
                line += column[place][row] + [255] * GAP
            sheet.append(line[:-GAP])
        sheet += [[255] * len(sheet[0])] * GAP
    name = "-".join(["imaging", *sys.argv[3:]]) + ".png"
    png(pathlib.Path(__file__).parent / "pictures" / name, sheet[:-GAP])


main()
