use super::*;
use crate::score::networks::golden::relative;
use crate::score::pytorch::read_diffusers;
use std::path::{Path, PathBuf};
use tch::Device;

/// Folders made by the library itself, or none, said aloud.
fn folders() -> Vec<PathBuf> {
    let Some(list) = std::env::var_os("ANNULUS_DIFFUSERS") else {
        eprintln!("SKIPPED: ANNULUS_DIFFUSERS names no folder of networks made by the library");
        return Vec::new();
    };
    std::fs::read_dir(Path::new(&list))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_dir())
        .collect()
}

#[test]
fn networks_of_the_library_give_its_numbers() {
    for folder in folders() {
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
