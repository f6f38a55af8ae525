use super::*;
use crate::score::networks::golden::relative;
use crate::score::pytorch::read_diffusers;
use std::path::{Path, PathBuf};
use std::process::Command;
use tch::Device;

/// Folders that the library itself makes now, or none, said aloud.
fn folders(into: &Path) -> Vec<PathBuf> {
    let python = |arguments: &[&str]| Command::new("python3").args(arguments).output();
    match python(&["-c", "import diffusers, numpy, torch"]) {
        Ok(found) if found.status.success() => {}
        Ok(_) => {
            eprintln!(
                "SKIPPED: Python has no diffusers: pip install diffusers torch numpy safetensors"
            );
            return Vec::new();
        }
        Err(e) => {
            eprintln!("SKIPPED: no python3: {e}");
            return Vec::new();
        }
    }
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/score/networks/diffusers/make_diffusers.py"
    );
    let made = python(&[script, &into.to_string_lossy()]).unwrap();
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{said}");
    let entries = std::fs::read_dir(into).unwrap();
    let folders: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    assert_eq!(folders.len(), 5);
    folders
}

#[test]
fn networks_of_the_library_give_its_numbers() {
    let temporary = tempfile::tempdir().unwrap();
    for folder in folders(temporary.path()) {
        let (config, tensors) = read_diffusers(&folder).unwrap();
        let options = serde_json::from_str(&config).unwrap();
        let mut source = Source::loaded(tensors, Kind::Double, Device::Cpu);
        let net = Diffusers::new(&mut source, &options).unwrap();
        source.finish().unwrap();
        let arrays: std::collections::HashMap<String, Tensor> =
            Tensor::read_npz(folder.join("golden.npz"))
                .unwrap()
                .into_iter()
                .collect();
        let x = arrays["x"].set_requires_grad(true);
        let out = net.forward(&x, &arrays["t"], arrays.get("class")).unwrap();
        out.square().sum(Kind::Double).backward();
        let errors = [
            relative(&out, &arrays["out"]),
            relative(&x.grad(), &arrays["grad"]),
        ];
        eprintln!(
            "{}: relative error of the output {:.2e}, of the gradient {:.2e}",
            folder.display(),
            errors[0],
            errors[1]
        );
        assert!(errors.iter().all(|e| *e < 1e-5), "{errors:?}");
    }
}

#[test]
fn blocks_that_are_not_known_are_refused_by_name() {
    let json = r#"{"block_out_channels": [32], "down_block_types": ["SkipDownBlock2D"], "up_block_types": ["UpBlock2D"]}"#;
    let refused = Diffusers::new(&mut Source::shapes(), &serde_json::from_str(json).unwrap());
    assert!(
        refused
            .err()
            .unwrap()
            .to_string()
            .contains("SkipDownBlock2D")
    );
}
