//! The fingerprint of a file, for reports: SHA-256, read in pieces.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::IoError;

/// SHA-256 of a file's bytes in lower-case hexadecimal, as `sha256sum` prints it; of a folder that of
/// the lines `hash  name` of its files, in order of their names.
pub fn sha256(path: &Path) -> Result<String, IoError> {
    if path.is_dir() {
        return of_folder(path);
    }
    let mut file = File::open(path).map_err(|e| IoError::reading(path, &e))?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block) {
            Ok(0) => break,
            Ok(n) => hasher.update(&block[..n]),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(IoError::reading(path, &e)),
        }
    }
    Ok(hexadecimal(hasher))
}

fn of_folder(path: &Path) -> Result<String, IoError> {
    let entries = std::fs::read_dir(path).map_err(|e| IoError::reading(path, &e))?;
    let mut files: Vec<_> = entries.flatten().map(|e| e.path()).collect();
    files.retain(|p| p.is_file());
    files.sort();
    let mut hasher = Sha256::new();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        hasher.update(format!("{}  {name}\n", sha256(&file)?));
    }
    Ok(hexadecimal(hasher))
}

fn hexadecimal(hasher: Sha256) -> String {
    let mut text = String::with_capacity(64);
    for byte in hasher.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_value_and_names_a_missing_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, b"abc").unwrap();
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            sha256(&path).unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let error = sha256(&folder.path().join("none")).unwrap_err().to_string();
        assert!(error.contains("no such file"), "{error}");
    }
}
