#!/usr/bin/env python3
"""Makes docs/pictures/blind.png and the numbers of docs/blind.md, by the commands that a user runs.

    python3 docs/make_blind.py target/release/annulus FOLDER

Each scan is reconstructed knowing what is true, believing what is wrong, and blind. The picture is of the kernel: above
truth, data, the mean that believes the wrong kernel, the blind mean and its deviation; below the true kernel, the
one believed, the blind mean and deviation. HU from -200 to 600, the deviation from 0 to 200.
"""
import json
import pathlib
import struct
import subprocess
import sys

from drawing import png, read

SIZE, GAP = 160, 4
SETS = {
    "kernel": {
        "protocol": "imaging/blur-motion",
        "source": "head",
        "file": "kernel.npy",
        "scan": ["image.matrix=[96, 96]", "image.pixel_mm=2.2"],
        "truth": ["forward.blur.kernel.motion.length_pixels=7"],
        "wrong": [],
        "blind": ["nuisance.kernel={size_pixels=13, weight_std=0.05}", "method.bridge.rounds=3"],
    },
    "centre": {
        "protocol": "ct/head-sparse60",
        "source": "head",
        "file": "centre.h5",
        "scan": [
            "image.matrix=[96, 96]",
            "image.pixel_mm=2.4",
            "acquisition.fan.bins=184",
            "acquisition.fan.pitch_mm=5.1432",
            "acquisition.fan.offset_mm=1.1",
        ],
        "truth": [],
        "wrong": [],
        "blind": ["nuisance.centre.std_columns=2", "method.bridge.rounds=4"],
    },
    "sensitivities": {
        "protocol": "mri/brain-cartesian-r4",
        "source": "brain",
        "file": "coils.h5",
        "scan": [
            "acquisition.cartesian.matrix=[96, 96]",
            "acquisition.cartesian.slices=1",
            "acquisition.cartesian.calibration_lines=12",
            "acquisition.cartesian.snr=60",
            "acquisition.cartesian.coil_maps=loops",
            "method.bridge.levels=20",
            "prior.texture=0",
        ],
        "truth": ["sensitivities.espirit.calibration=12"],
        "wrong": ["sensitivities.espirit={calibration=6, kernel=3}"],
        "blind": [
            "nuisance.sensitivities={order=6, relative_std=0.3}",
            "method.bridge.rounds=3",
            "method.bridge.cg_iterations=20",
        ],
    },
}


def sets(arguments):
    return [word for argument in arguments for word in ("--set", argument)]


def moved(path, by):
    """The file with another column of the axis: the one number of that value in it."""
    data = path.read_bytes()
    column = 91.5 - 1.1 / 5.1432
    says = struct.pack("<d", column)
    assert data.count(says) == 1, "the column is not found"
    other = path.with_name("moved-" + path.name)
    other.write_bytes(data.replace(says, struct.pack("<d", column + by)))
    return other.name


def grey(rows, low, high):
    level = lambda v: max(0, min(255, round(255 * (v - low) / (high - low))))
    high_, wide = len(rows), len(rows[0])
    return [
        [level(rows[y * high_ // SIZE][x * wide // SIZE]) for x in range(SIZE)] for y in range(SIZE)
    ]


def squares(nuisance, key):
    side = nuisance["shape"][1]
    values = nuisance[key]
    rows = [values[i : i + side] for i in range(0, len(values), side)]
    return grey(rows, 0.0, max(values))


def point_spread(rows, side):
    """The data of a bright pixel, around it."""
    middle = len(rows) // 2 - side // 2
    return [row[middle : middle + side] for row in rows[middle : middle + side]]


def main():
    program, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    chosen = sys.argv[3:] or list(SETS)

    def run(*line):
        done = subprocess.run([program, *line], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    print("| unknown | | error | misfit | spread / error | found | seconds |")
    print("|---|---|---|---|---|---|---|")
    for name in chosen:
        s = SETS[name]
        stem = s["file"].split(".")[0]
        simulate = ["simulate", s["source"], "-p", s["protocol"], "--seed", "1"]
        run(*simulate, "-o", s["file"], "--force", *sets(s["scan"] + s["truth"]))
        wrong = moved(folder / s["file"], 2.0) if name == "centre" else s["file"]
        for case, file, more in [
            ("true", s["file"], s["truth"]),
            ("wrong", wrong, s["wrong"]),
            ("blind", wrong, s["wrong"] + s["blind"]),
        ]:
            out = f"{stem}-{case}"
            if not (folder / out / "report.json").exists():
                run("recon", file, "-p", s["protocol"], "--truth", f"{stem}.truth.nii.gz", "-o", out,
                    "--samples", "2" if name == "sensitivities" else "4", "--format", "npy", *sets(s["scan"] + more))
            report = json.loads((folder / out / "report.json").read_text())
            one = report["slices"][0]
            hu = report.get("hu")
            error = f"{hu[0][1]['rmse_hu']:.0f} HU" if hu else f"{report['metrics']['psnr']:.1f} dB"
            spread = f"{hu[0][1]['spread_over_error']:.2f}" if hu else "-"
            found = "-"
            if case == "blind":
                n = one["nuisance"]
                found = " ".join(f"{v:.3f}" for v in n["mean"][:8]) if len(n["mean"]) < 9 else ""
                found += f" ± {n['rms_std']:.4f}"
            print(f"| {name} | {case} | {error} | {one['misfit']:.2f} | {spread} | {found} | {one['seconds']:.0f} |",
                  flush=True)
    if "kernel" in chosen:
        picture(folder, run)


def picture(folder, run):
    s = SETS["kernel"]
    whole = ["simulate", "head", "-p", s["protocol"], "--seed", "1", "--force", *sets(s["scan"])]
    # A kernel narrower than a pixel leaves the truth, as npy.
    run(*whole, "-o", "whole.npy", "--set", "forward.blur.kernel={gaussian={sigma_pixels=0.05}}",
        "--set", "likelihood.gaussian.std=1e-6")
    hu = lambda path: [[1000.0 * v - 1000.0 for v in row] for row in read(path)]
    nuisance = json.loads((folder / "kernel-blind/report.json").read_text())["slices"][0]["nuisance"]
    window = (-200.0, 600.0)
    above = [
        grey(hu(folder / "whole.npy"), *window),
        grey(hu(folder / "kernel.npy"), *window),
        grey(read(folder / "kernel-wrong/mean.npy"), *window),
        grey(read(folder / "kernel-blind/mean.npy"), *window),
        grey(read(folder / "kernel-blind/std.npy"), 0.0, 200.0),
    ]
    side = nuisance["shape"][1]
    # The kernels that a pixel of light shows.
    point = [[0.0] * 96 for _ in range(96)]
    point[48][48] = 1.0
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (96, 96), }"
    header += " " * (63 - (len(header) + 10) % 64) + "\n"
    body = b"".join(struct.pack("<96f", *row) for row in point)
    (folder / "point.npy").write_bytes(
        b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + body
    )
    shown = []
    for case in ("truth", "wrong"):
        run("simulate", "point.npy", "-p", s["protocol"], "-o", "spread.npy", "--force", "--set", "forward.zero=0",
            "--set", "forward.unit=1", "--set", "likelihood.gaussian.std=1e-6", *sets(s["scan"] + s[case]))
        rows = point_spread(read(folder / "spread.npy"), side)
        shown.append(grey(rows, 0.0, max(map(max, rows))))
    below = [*shown, squares(nuisance, "mean"), squares(nuisance, "std")]
    below.append([[255] * SIZE for _ in range(SIZE)])
    sheet = []
    for place in (above, below):
        for row in range(SIZE):
            line = []
            for tile in place:
                line += tile[row] + [255] * GAP
            sheet.append(line[:-GAP])
        sheet += [[255] * len(sheet[0])] * GAP
    png(pathlib.Path(__file__).parent / "pictures" / "blind.png", sheet[:-GAP])


main()
