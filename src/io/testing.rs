//! What the tests of this module share.

use std::path::{Path, PathBuf};
use std::process::Command;

use num_complex::Complex32;

use super::IoError;

/// A file of the shared data, or nothing, said aloud.
pub(super) fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("ANNULUS_SHARED").map(PathBuf::from);
    let root = root.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let path = root.join(name);
    if !path.exists() {
        eprintln!("skipped: no {}", path.display());
        return None;
    }
    Some(path)
}

/// Reproducible numbers in [-1, 1), from a linear congruential generator.
pub(super) fn random(count: usize) -> Vec<Complex32> {
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| Complex32::new(next(), next())).collect()
}

/// The message of what must fail.
pub(super) fn message<T>(result: Result<T, IoError>) -> String {
    match result {
        Ok(_) => panic!("this must fail"),
        Err(error) => {
            let text = error.to_string();
            assert!(!text.contains('\n'), "{text}");
            text
        }
    }
}

/// Runs a Python script; nothing, said aloud, if Python or a module is missing.
pub(super) fn python(modules: &[&str], script: &str, arguments: &[&Path]) -> Option<String> {
    let imports = modules
        .iter()
        .map(|m| format!("import {m}\n"))
        .collect::<String>();
    let has_modules = Command::new("python3").args(["-c", &imports]).output();
    if !has_modules.is_ok_and(|out| out.status.success()) {
        eprintln!("skipped: no python3 with {modules:?}");
        return None;
    }
    let out = Command::new("python3")
        .args(["-c", &format!("import sys\n{imports}{script}")])
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    Some(String::from_utf8_lossy(&out.stdout).trim().to_owned())
}
