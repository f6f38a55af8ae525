#!/usr/bin/env python3
"""Least squares with an l1 norm of wavelets by BART's `pics`, with the sensitivities of a result of annulus.

    benches/mri-prior/wavelet.py RAW.npy RESULT.h5 LAMBDA OUT.npy      LAMBDA in BART's own scale
"""
import subprocess, sys, tempfile
from pathlib import Path

import h5py
import numpy as np


def write(path, array):
    """(coil, y, x) as the cfl file (x, y, 1, coil)."""
    coils, rows, columns = array.shape
    path.with_suffix(".hdr").write_text(f"# Dimensions\n{columns} {rows} 1 {coils}\n")
    array.astype(np.complex64).tofile(path.with_suffix(".cfl"))


def in_phase(x, maps, k):
    """x with the global phase of the data: BART's own differs where a side is not a multiple of 4."""
    axes = (-2, -1)
    seen = np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(maps * x, axes), norm="ortho"), axes)
    turn = np.vdot(seen[k != 0], k[k != 0])
    return x * (turn / abs(turn))


def main(raw, result, weight, out):
    k = np.load(raw)
    with h5py.File(result) as file:
        maps = file["sensitivities"][0]
    maps = maps["r"] + 1j * maps["i"] if maps.dtype.names else maps
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write(folder / "k", k)
        write(folder / "s", maps)
        names = [str(folder / name) for name in ("k", "s", "x")]
        subprocess.run(["bart", "pics", "-S", "-i", "200", "-R", f"W:3:0:{weight}", *names], check=True, stdout=subprocess.DEVNULL)
        x = np.fromfile(folder / "x.cfl", np.complex64).reshape(k.shape[1:])
    np.save(out, in_phase(x, maps, k)[None])


if __name__ == "__main__":
    main(*sys.argv[1:])
