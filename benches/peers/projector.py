"""The projector beside ASTRA's CPU code and scikit-image: see README.md."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]


def build():
    """The path of our example, built."""
    command = ["cargo", "build", "--release", "-p", "annulus-operators", "--example", "ct_projector",
               "--message-format=json"]
    out = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    built = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return next(b["executable"] for b in built if b.get("executable"))


def measured(work):
    """What it gives, wall and processor seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - wall, time.process_time() - processor


def astra_tasks(args, image, sinogram):
    import astra

    angles = np.linspace(0, np.pi, args.views, endpoint=False)
    volume = astra.create_vol_geom(args.size, args.size)
    scan = astra.create_proj_geom("parallel", 1.0, args.bins, angles)
    projector = astra.create_projector("linear", scan, volume)
    x = astra.data2d.create("-vol", volume, image)
    y = astra.data2d.create("-sino", scan, sinogram)
    back, image, into_y = (astra.data2d.create(*of) for of in [("-vol", volume), ("-vol", volume), ("-sino", scan)])

    def task(name, names, into):
        config = astra.astra_dict(name)
        config["ProjectorId"] = projector
        config.update(names)
        algorithm = astra.algorithm.create(config)

        def run():
            astra.algorithm.run(algorithm)
            return astra.data2d.get_shared(into)

        return run

    return {
        "forward": task("FP", {"ProjectionDataId": into_y, "VolumeDataId": x}, into_y),
        "adjoint": task("BP", {"ProjectionDataId": y, "ReconstructionDataId": back}, back),
        "fbp": task("FBP", {"ProjectionDataId": y, "ReconstructionDataId": image, "FilterType": "ram-lak"}, image),
    }


def skimage_tasks(args, image, sinogram):
    from skimage.transform import iradon, radon

    degrees = np.linspace(0, 180, args.views, endpoint=False)
    # Its detector is as wide as the image: the disc inside it.
    own = radon(image, degrees, circle=True)
    return {
        "forward": lambda: radon(image, degrees, circle=True),
        "adjoint": lambda: iradon(own, degrees, filter_name=None, circle=True),
        "fbp": lambda: iradon(own, degrees, filter_name="ramp", circle=True),
    }


def ours(example, args, threads, folder):
    command = [example, args.size, args.views, args.bins, threads, args.inner, "parallel", folder]
    out = subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--views", type=int, default=720)
    parser.add_argument("--bins", type=int, default=736)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--inner", type=int, default=3, help="repetitions of ours in a round")
    args = parser.parse_args()
    example = build()
    folder = tempfile.mkdtemp()
    ours(example, args, 1, folder)
    load = lambda name, shape: np.fromfile(os.path.join(folder, name), dtype=np.float32).reshape(shape)
    image = load("image.f32", (args.size, args.size))
    sinogram = load("forward.f32", (args.views, args.bins))
    tasks = {"ASTRA linear": astra_tasks(args, image, sinogram), "scikit-image": skimage_tasks(args, image, sinogram)}
    times, results = {}, {}
    for _ in range(args.rounds):
        for program, of in tasks.items():
            for what, work in of.items():
                results[program, what], *seconds = measured(work)
                times.setdefault((program, 1, what), []).append(seconds)
        for threads in (1, 2):
            for line in ours(example, args, threads, folder):
                what = line["what"] if line["items"] == 1 else f"{line['what']}, {line['items']} images"
                times.setdefault(("annulus", threads, what), []).append([line["wall_s"], line["processor_s"]])
    middle = {key: [statistics.median(s) for s in zip(*of)] for key, of in times.items()}
    print(f"{args.size} x {args.size}, {args.views} views, {args.bins} bins, medians of {args.rounds} rounds")
    print(f"{'':20}{'threads':>8}  {'':20}{'wall s':>9}{'cpu s':>9}{'wall/ASTRA':>12}{'cpu/ASTRA':>12}")
    for (program, threads, what), (wall, cpu) in middle.items():
        peer = middle.get(("ASTRA linear", 1, what.split(",")[0]))
        items = int(what.split()[1]) if "," in what else 1
        ratios = f"{wall / items / peer[0]:12.3f}{cpu / items / peer[1]:12.3f}"
        print(f"{program:20}{threads:8}  {what:20}{wall:9.4f}{cpu:9.4f}{ratios}")
    for what, shape in (("forward", sinogram.shape), ("adjoint", image.shape), ("fbp", image.shape)):
        mine, peer = load(f"{what}.f32", shape), results["ASTRA linear", what]
        apart = np.linalg.norm(mine - peer) / np.linalg.norm(peer)
        print(f"{what}: relative distance to ASTRA {apart:.1e}")


if __name__ == "__main__":
    main()
