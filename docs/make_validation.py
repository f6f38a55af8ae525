#!/usr/bin/env python3
"""Makes docs/validation.md and its pictures from a report of `annulus validate`; checks that were run again take the place of
their first run, and the page says which.

    annulus validate -o evidence
    annulus validate --check guidance.oracle -o again
    python3 docs/make_validation.py evidence [again ...]
"""
import base64
import html
import json
import pathlib
import re
import sys

HEAD = """# Validation

`annulus validate -o DIR` examines the whole toolkit against digital phantoms and closed-form posteriors on your own machine and writes
`report.html` (one self-contained page), `report.json` and `gates.toml`. Exit code 1 says that a gate was not passed. `--quick` takes minutes,
`--suite mri|ct|guidance|io` a part of it, `--check NAME` one check; an interrupted run goes on with `--resume`.

A gate is a number, its limit, and why the limit is what it is. What is examined is a value: the tests hand in a toolkit with one of ten deliberate
faults (`tests/validate/faults.rs`) and see the gate that names the fault close (`cargo test --test suite validate`).

This page is made from a real run by `python3 docs/make_validation.py DIR [AGAIN ...]`.
"""


def number(value):
    if value is None:
        return "none"
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4g}"
    return f"{value:.1e}"


def limit(gate):
    kind, value = next(iter(gate["limit"].items()))
    if kind == "between":
        return f"{number(value[0])} to {number(value[1])}"
    return ("at most " if kind == "at_most" else "at least ") + number(value)


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def pictures(page):
    """Pictures of each check, as bytes with their titles."""
    found = {}
    for part in page.split("<h2 id=")[1:]:
        check = re.match(r'"([^"]+)"', part).group(1)
        pattern = r'<img src="data:image/png;base64,([^"]+)" alt="([^"]*)"'
        found[check] = [(base64.b64decode(b), html.unescape(t)) for b, t in re.findall(pattern, part)]
    return found


# phantoms and closed forms that any toolkit of the field should reproduce, and where ours does
HELD = [
    ("Fourier transforms of shapes against quadrature", "1e-12 of the area", "`cargo test -p annulus-phantoms --lib shape`"),
    ("F(0) = area, Hermitian symmetry, Fourier slice theorem, every phantom", "1e-6", "`cargo test -p annulus-phantoms --lib laws`"),
    ("adjoint of every operator", "1e-12 double, 1e-6 single precision", "`mri.laws`, `ct.laws`, `cargo test -p annulus-operators`"),
    ("IFFT of the analytic Toft head against area averages", "0.078, 0.060, 0.043 within 5 %", "`mri.grid`"),
    ("projector against line integrals averaged over the bin", "0.016, 0.008, 0.004", "`ct.projector`"),
    ("FBP of the FORBILD head: plateau, lesions of 2.5 HU", "0.05 %, seen", "`ct.forbild`"),
    ("k-space of coils against a grid 8 times as fine", "1e-3", "`mri.coils`"),
    ("HU of the Catphan 504 at 70 keV", "slope within 0.5 %, 3 HU", "`ct.hu`"),
    ("effective attenuation of water at 120 kV, 0 to 30 cm", ".2256 to .2053 per cm within 1 %", "`cargo test -p annulus-phantoms --lib spectrum`, curve in `ct.hu`"),
    ("variance of the log of counts", "1/N within 2 %", "`ct.counts`"),
    ("posterior of one Gaussian number", "mean 1e-3, variance 5 %", "`guidance.scalar`"),
    ("mixture of 25 modes: distance over the prior's own", "0.35", "`guidance.mixture`"),
    ("simulation-based calibration, 500 x 99", "p > 1e-3", "`guidance.ranks` without `--quick`"),
    ("T2 of the NIST array", "1 % per vial", "`mri.t2`"),
    ("metrics against scikit-image and BART", "1e-6", "`cargo test --test suite metrics`"),
]


def curves(page, docs):
    """Curves of each check, as files beside the pictures; the page's own drawings, with a size of their own."""
    found = {}
    for part in page.split("<h2 id=")[1:]:
        check = re.match(r'"([^"]+)"', part).group(1)
        drawings = re.findall(r"<figure>(<svg.*?</svg>)<figcaption>(.*?)</figcaption>", part, re.S)
        for n, (drawing, title) in enumerate(drawings):
            # A page may leave quotes out, a file may not.
            quoted = lambda tag: re.sub(r"""=([^"'\s>]+?)(?=\s|/?>)""", r'="\1"', tag.group(0))
            drawing = re.sub(r"<[^>]*>", quoted, drawing)
            drawing = drawing.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="11"', 1)
            name = f"validation-{check.replace('.', '-')}-{n + 1}.svg"
            (docs / "pictures" / name).write_text(drawing + "\n")
            found.setdefault(check, []).append((name, html.unescape(title)))
    return found


# what must be the same of runs that make one page
ALIKE = ["version", "extent", "seed", "threads", "machine", "device"]


def merged(folders):
    """The report of the first folder with the findings of the later ones in their places, and their page; the checks that were replaced."""
    reports = [json.loads((folder / "report.json").read_text()) for folder in folders]
    pages = [(folder / "report.html").read_text() for folder in folders]
    report, page, again = reports[0], pages[0], []
    for folder, other, more in zip(folders[1:], reports[1:], pages[1:]):
        for key in ALIKE:
            if other[key] != report[key]:
                sys.exit(f"{folder}: `{key}` is {other[key]}, of {folders[0]} {report[key]}: run it alike")
        found = {f["id"]: f for f in other["findings"]}
        known = [f["id"] for f in report["findings"]]
        again += [name for name in found if name in known and name not in again]
        report["findings"] = [found.get(f["id"], f) for f in report["findings"]]
        report["findings"] += [f for name, f in found.items() if name not in known]
        report["seconds"] = sum(f["seconds"] for f in report["findings"])
        first, *parts = page.split("<h2 id=")
        parts = [part for part in parts if re.match(r'"([^"]+)"', part).group(1) not in found]
        page = "<h2 id=".join([first, *parts, *more.split("<h2 id=")[1:]])
    return report, page, again


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folders, docs = [pathlib.Path(folder) for folder in sys.argv[1:]], pathlib.Path(__file__).parent
    report, page, again = merged(folders)
    for old in (docs / "pictures").glob("validation-*"):
        old.unlink()
    shown, drawn = pictures(page), curves(page, docs)
    gates = [gate for finding in report["findings"] for gate in finding["gates"]]
    closed = [gate for gate in gates if not gate["passed"]]
    text = HEAD + "\n## The run\n\n"
    text += f"annulus {report['version']}, {report['extent']} run, seed {report['seed']}, {report['threads']} threads, "
    text += f"{report['seconds']:.0f} s; {report['machine']}; reconstructions on {report['device']}. "
    text += f"{len(gates) - len(closed)} of {len(gates)} gates passed."
    if again:
        text += f" Run again, by themselves and later: {', '.join(f'`{name}`' for name in again)}."
    text += "\n\n"
    if closed:
        text += "Not passed:\n\n" + "".join(
            f"- `{g['id']}`: {g['what']}: {number(g['value'])}, expected {limit(g)}\n" for g in closed
        )
        text += "\n"
    rows = [
        [f"`{f['id']}`", f["title"], f"{sum(g['passed'] for g in f['gates'])} of {len(f['gates'])}", f"{f['seconds']:.1f}"]
        for f in report["findings"]
    ]
    text += table(["check", "", "gates", "s"], rows)
    notes = [f"- `{f['id']}`: {note}\n" for f in report["findings"] for note in f["notes"]]
    if notes:
        text += "\nWorth knowing:\n\n" + "".join(notes)
    text += "\n## What the field asks, and where it is held\n\n"
    text += table(["claim", "to", "where"], [list(row) for row in HELD])
    for finding in report["findings"]:
        text += f"\n## `{finding['id']}`\n\n{finding['title']}.\n\n"
        for n, (picture, title) in enumerate(shown.get(finding["id"], [])):
            name = f"validation-{finding['id'].replace('.', '-')}-{n + 1}.png"
            (docs / "pictures" / name).write_bytes(picture)
            text += f"![{title}](pictures/{name})\n\n{title}.\n\n"
        # Three in a row, as small as the numbers beside them are short.
        text += " ".join(f'<img src="pictures/{name}" alt="{title}" width="30%">' for name, title in drawn.get(finding["id"], []))
        text += "\n\n" if finding["id"] in drawn else ""
        for found in finding["tables"]:
            text += f"{found['title']}:\n\n" + table(found["header"], found["rows"]) + "\n"
        rows = [
            [f"`{g['id']}`", g["what"], number(g["value"]), limit(g), "yes" if g["passed"] else "**no**", g["why"]]
            for g in finding["gates"]
        ]
        text += table(["gate", "measured", "", "expected", "passed", "why"], rows)
    (docs / "validation.md").write_text(text)


if __name__ == "__main__":
    main()
