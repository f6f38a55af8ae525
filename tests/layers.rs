//! The layers: who may use whom, read from the text of every source file; and the size of files.

use std::fmt;
use std::path::{Path, PathBuf};

/// Every module at the top of `src/`, and what it may use. `operators` and `phantoms` are crates.
const TABLE: &[(&str, &[&str])] = &[
    ("calibration", &[]),
    ("classical", &["operators"]),
    ("cli", EVERYTHING),
    ("engine", &["cli"]),
    ("guidance", &["operators", "score"]),
    ("interrupt", &[]),
    ("io", &[]),
    ("lib", &[]),
    ("main", &["cli"]),
    ("metrics", &[]),
    ("plot", &[]),
    ("progress", &[]),
    ("protocol", &[]),
    (
        "recon",
        &[
            "classical",
            "guidance",
            "io",
            "metrics",
            "operators",
            "plot",
            "progress",
            "protocol",
            "score",
        ],
    ),
    // io: weight files are written atomically.
    ("score", &["io", "operators"]),
    ("simulate", &["io", "phantoms", "progress", "protocol"]),
    (
        "train",
        &["io", "operators", "phantoms", "progress", "score"],
    ),
    // It examines all of them; only the command line uses it.
    (
        "validate",
        &[
            "calibration",
            "classical",
            "guidance",
            "io",
            "metrics",
            "operators",
            "phantoms",
            "plot",
            "progress",
            "protocol",
            "recon",
            "score",
            "simulate",
            "train",
        ],
    ),
    ("operators", &[]),
    ("phantoms", &[]),
];
const EVERYTHING: &[&str] = &["*"];

/// Files may have this many lines, tests included.
const LINES: usize = 400;

/// A module that names another.
#[derive(Debug, PartialEq)]
struct Edge {
    file: String,
    line: usize,
    from: String,
    to: String,
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Edge {
            file,
            line,
            from,
            to,
        } = self;
        write!(f, "{file}:{line}: {from} -> {to}")
    }
}

impl Edge {
    fn allowed(&self) -> bool {
        let row = TABLE.iter().find(|(module, _)| *module == self.from);
        row.is_some_and(|(_, may)| *may == EVERYTHING || may.contains(&self.to.as_str()))
    }
}

/// The module at the top of its crate, and how deep below it a file lies: `src/io/mrd/open.rs` is
/// `("io", 2)`; a file of the crates below is `("operators", _)` or `("phantoms", _)`.
fn place(file: &str) -> (&str, usize) {
    let parts: Vec<&str> = file.split('/').collect();
    match parts[0] {
        "src" => (parts[1].trim_end_matches(".rs"), parts.len() - 2),
        owner => (owner, parts.len()),
    }
}

/// Every edge of a file to another module of ours, by its text without comments.
fn edges(file: &str, text: &str) -> Vec<Edge> {
    let (from, depth) = place(file);
    let code: String = text.lines().map(|l| without_comment(l) + "\n").collect();
    let mut found = Vec::new();
    let mut add = |at: usize, to: &str| {
        if to != from {
            found.push(Edge {
                file: file.to_owned(),
                line: 1 + code[..at].matches('\n').count(),
                from: from.to_owned(),
                to: to.to_owned(),
            });
        }
    };
    for (at, word) in words(&code) {
        let rest = &code[at + word.len()..];
        let before = code[..at].trim_end();
        let inner = before.ends_with("::");
        let path = rest.trim_start().strip_prefix("::");
        let imported = before.ends_with("use") || before.ends_with("extern crate");
        match word {
            "operators" | "phantoms" if !inner && (path.is_some() || imported) => add(at, word),
            "annulus_operators" if !inner => add(at, "operators"),
            "annulus_phantoms" if !inner => add(at, "phantoms"),
            // `crate` is the crate's own root; only in `src/` are the modules layers.
            "crate" | "annulus" if !inner && file.starts_with("src/") => {
                path.map(heads)
                    .unwrap_or_default()
                    .iter()
                    .for_each(|to| add(at, to));
            }
            "annulus" if !inner && path.is_some() => add(at, word),
            "super" if !inner && file.starts_with("src/") => {
                let (up, tail) = climb(path);
                let known = |to: &&String| TABLE.iter().any(|(m, _)| m == to);
                if up > depth {
                    heads(tail).iter().filter(known).for_each(|to| add(at, to));
                }
            }
            _ => {}
        }
    }
    found
}

/// A line up to its comment.
fn without_comment(line: &str) -> String {
    line.split("//").next().unwrap_or_default().to_owned()
}

/// Identifiers with their places.
fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.split(move |c| !part(c))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - code.as_ptr() as usize, word))
}

/// How many `super` a path begins with, the first one not counted in `rest`, and what follows.
fn climb(mut path: Option<&str>) -> (usize, &str) {
    let mut up = 1;
    loop {
        let Some(rest) = path else { return (up, "") };
        match rest.trim_start().strip_prefix("super") {
            Some(tail) if tail.trim_start().starts_with("::") => {
                up += 1;
                path = tail.trim_start().strip_prefix("::");
            }
            _ => return (up, rest),
        }
    }
}

/// The first names of what follows `crate::`: one, or those of a group in braces.
fn heads(path: &str) -> Vec<String> {
    let path = path.trim_start();
    let name = |item: &str| -> String {
        let end = item.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        item[..end.unwrap_or(item.len())].to_owned()
    };
    let Some(group) = path.strip_prefix('{') else {
        return vec![name(path)];
    };
    let (mut open, mut start, mut items) = (1, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 || (open == 1 && c == ',') {
            items.push(name(group[start..at].trim()));
            start = at + 1;
        }
        if open == 0 {
            break;
        }
    }
    items.retain(|item| !item.is_empty());
    items
}

/// Every source file of the three crates: its path from the root, and its text.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = ["src", "operators/src", "phantoms/src"]
        .map(|f| root.join(f))
        .into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.push((name.to_owned(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 50, "only {} sources were found", found.len());
    found
}

#[test]
fn every_edge_is_in_the_table() {
    let sources = sources();
    let all = || sources.iter().flat_map(|(file, text)| edges(file, text));
    let bad: Vec<String> = all()
        .filter(|e| !e.allowed())
        .map(|e| e.to_string())
        .collect();
    assert!(
        bad.is_empty(),
        "edges outside the table:\n{}",
        bad.join("\n")
    );
    // Blind eyes see no bad edge either.
    for (from, to) in [
        ("recon", "guidance"),
        ("guidance", "score"),
        ("simulate", "phantoms"),
    ] {
        assert!(
            all().any(|e| e.from == from && e.to == to),
            "{from} -> {to}"
        );
    }
}

#[test]
fn every_module_is_in_the_table() {
    for (file, _) in sources() {
        let (module, _) = place(&file);
        assert!(
            TABLE.iter().any(|(m, _)| *m == module),
            "{file}: module `{module}` has no row in the table of layers"
        );
    }
}

#[test]
fn the_crates_below_depend_on_nothing_of_ours() {
    for name in ["operators", "phantoms"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(name)
            .join("Cargo.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(own_dependencies(&text), [""; 0], "{}", path.display());
    }
    let sister =
        "[lib]\nname = \"operators\"\n[dependencies]\nphantoms = { path = \"../phantoms\" }\n";
    assert_eq!(own_dependencies(sister).len(), 1, "the ruler is blind");
}

/// Lines of a manifest, outside `[package]` and `[lib]`, that name a crate of ours or a folder.
fn own_dependencies(manifest: &str) -> Vec<&str> {
    let mut section = "";
    let mut found = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        }
        let ours = ["annulus", "operators", "phantoms", "path"];
        if !["[package]", "[lib]"].contains(&section) && ours.iter().any(|o| line.contains(o)) {
            found.push(line);
        }
    }
    found
}

/// The ruler: edges that must be seen, each with its line, and text that is no edge.
#[test]
fn a_forbidden_edge_is_found() {
    let seen = |file: &str, text: &str| -> Vec<String> {
        let bad = edges(file, text).into_iter().filter(|e| !e.allowed());
        bad.map(|e| e.to_string()).collect()
    };
    let one = |file: &str, text: &str, expected: &str| {
        assert_eq!(seen(file, text), [format!("{file}:{expected}")], "{text}");
    };
    one(
        "src/protocol/set.rs",
        "//! A\nuse crate::io::IoError;",
        "2: protocol -> io",
    );
    one(
        "src/simulate/scan.rs",
        "fn f() {\n operators::mri::sense();\n}",
        "2: simulate -> operators",
    );
    one(
        "src/simulate.rs",
        "use crate::{\n  io::{atomic, raw},\n  recon,\n};",
        "1: simulate -> recon",
    );
    one(
        "src/recon/run.rs",
        "use phantoms::raster;",
        "1: recon -> phantoms",
    );
    one("src/recon.rs", "use phantoms as p;", "1: recon -> phantoms");
    one(
        "src/io/mrd.rs",
        "use super::super::score::Card;",
        "1: io -> score",
    );
    one("src/metrics.rs", "use super::io;", "1: metrics -> io");
    one(
        "src/guidance.rs",
        "use crate::unheard::Of;",
        "1: guidance -> unheard",
    );
    one(
        "src/engine.rs",
        "fn main() { annulus::recon::run() }",
        "1: engine -> recon",
    );
    one(
        "operators/src/check.rs",
        "use phantoms::disc;",
        "1: operators -> phantoms",
    );
    one(
        "phantoms/src/fft.rs",
        "use annulus_operators::Host;",
        "1: phantoms -> operators",
    );
    one(
        "operators/src/rng.rs",
        "use annulus::io;",
        "1: operators -> annulus",
    );

    for (file, text) in [
        (
            "src/protocol.rs",
            "// use crate::io;\n/// See [`crate::io`].\nmod io_names;",
        ),
        (
            "src/guidance/dps.rs",
            "use super::Step;\nuse crate::score::{Denoiser, Want};",
        ),
        (
            "src/io/mrd/open.rs",
            "use super::super::atomic;\nuse crate::io::raw;",
        ),
        (
            "operators/src/chain.rs",
            "use crate::linear::LinearOperator;\nuse super::io;",
        ),
        ("src/classical/cg_sense.rs", "use operators::solve;"),
        ("src/cli/recon.rs", "use crate::{io::atomic, recon, train};"),
    ] {
        assert_eq!(seen(file, text), [""; 0], "{text}");
    }
}

#[test]
fn a_file_is_one_idea() {
    let sources = sources();
    let long = |text: &str| text.lines().count() > LINES;
    let told: Vec<String> = sources
        .iter()
        .filter(|(_, text)| long(text))
        .map(|(file, text)| format!("{file}: {} lines, more than {LINES}", text.lines().count()))
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}
