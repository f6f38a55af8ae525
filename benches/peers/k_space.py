#!/usr/bin/env python3
"""Analytic multi-coil k-space of the Shepp-Logan head beside BART's `phantom -k`: see README.md."""

import argparse
import json
import pathlib
import re
import resource
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def build():
    """The path of our example, built."""
    command = ["cargo", "build", "--release", "-p", "annulus-phantoms", "--example", "k_space_speed",
               "--message-format=json"]
    out = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    built = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return next(b["executable"] for b in built if b.get("executable"))


def timed(command, folder):
    """Wall and processor seconds of a command, and what it says."""
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    said = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stderr
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - wall
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, processor, said


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    ours, theirs, processor = [], [], []
    example = build()
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(args.runs):
            said = timed([example, str(args.size)], folder)[2]
            ours.append(float(re.search(r"^shepp-logan: ([\d.]+) s", said, re.MULTILINE).group(1)))
            wall, cpu, _ = timed(["bart", "phantom", "-k", "-s8", f"-x{args.size}", "k"], folder)
            theirs.append(wall)
            processor.append(cpu)
    median = statistics.median
    print(f"8 coils, {args.size} x {args.size}, median of {args.runs}")
    print(f"  annulus  {median(ours):.3f} s wall")
    print(f"  bart     {median(theirs):.3f} s wall, {median(processor):.3f} s of processors")
    print(f"  ratio of wall times {median(theirs) / median(ours):.0f}")


if __name__ == "__main__":
    main()
