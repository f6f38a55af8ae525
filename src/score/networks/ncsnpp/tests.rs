use super::*;
use crate::score::networks::golden::{Golden, formula, manifest, relative};
use tch::Device;

fn options(json: &str) -> NcsnppOptions {
    serde_json::from_str(json).unwrap()
}

#[test]
fn golden_vectors_of_ncsnpp() {
    let Some(golden) = Golden::read("ncsnpp_tiny_aapmstyle") else {
        return;
    };
    let mut source = Source::made(|_, asked| golden.weight(asked), Kind::Double, Device::Cpu);
    let net = Ncsnpp::new(&mut source, &options(&golden.options)).unwrap();
    golden.hold("ncsnpp_tiny_aapmstyle", 1e-9, |x, t| {
        net.forward(x, t).unwrap()
    });
}

#[test]
fn published_ncsnpp_manifests() {
    for (name, side) in [
        ("ncsnpp_MCG_AAPM256", 256),
        ("ncsnpp_scoreMRI_fastmri320", 320),
    ] {
        let json = format!(
            r#"{{"image_size": {side}, "num_channels": 1, "nf": 128, "ch_mult": [1, 2, 2, 2], "num_res_blocks": 4,
            "attn_resolutions": [16], "fir": true, "skip_rescale": true, "progressive_input": "residual",
            "scale_by_sigma": true, "sigma_max": 378, "num_scales": 2000}}"#
        );
        let Some(expected) = manifest(name) else {
            return;
        };
        let mut source = Source::shapes();
        Ncsnpp::new(&mut source, &options(&json)).unwrap();
        assert!(source.finish().unwrap() == expected, "{name}");
        eprintln!("{name}: {} tensors", expected.len());
    }
}

#[test]
fn every_option_runs_at_sizes_of_its_own_in_both_kinds() {
    for more in [
        r#""progressive": "output_skip", "progressive_input": "input_skip", "fir": true, "skip_rescale": true"#,
        r#""progressive": "residual", "progressive_input": "residual", "progressive_combine": "cat""#,
        r#""progressive": "residual", "fir": true, "nonlinearity": "elu""#,
        r#""progressive_input": "input_skip", "progressive_combine": "cat", "nonlinearity": "lrelu", "centered": true"#,
        r#""resblock_type": "ddpm", "embedding_type": "positional", "fir": true"#,
        r#""resblock_type": "ddpm", "embedding_type": "positional", "resamp_with_conv": false, "nonlinearity": "relu""#,
        r#""resblock_type": "ddpm", "conditional": false, "scale_by_sigma": true"#,
    ] {
        let json = format!(
            r#"{{"image_size": 16, "num_channels": 2, "nf": 16, "ch_mult": [1, 2], "num_res_blocks": 1, "attn_resolutions": [8], {more}}}"#
        );
        let run = |kind: Kind, from: i64, items: i64| {
            let net = Ncsnpp::new(
                &mut Source::made(formula, kind, Device::Cpu),
                &options(&json),
            )
            .unwrap();
            let x = Tensor::arange(3 * 120, (Kind::Double, Device::Cpu))
                .reshape([3, 2, 6, 10])
                .sin();
            let t = Tensor::from_slice(&[3.0, 0.5, 70.0]);
            net.forward(&x.narrow(0, from, items), &t.narrow(0, from, items))
                .unwrap()
        };
        let y = run(Kind::Double, 0, 3);
        assert_eq!(y.size(), [3, 2, 6, 10]);
        let error = relative(&run(Kind::Float, 0, 3), &y);
        assert!(error < 1e-4, "{more}: {error}");
        assert!(
            relative(&run(Kind::Double, 1, 1), &y.narrow(0, 1, 1)) < 1e-12,
            "{more}"
        );
    }
}

#[test]
fn wrong_options_are_refused() {
    for (more, word) in [
        (r#""progressive": "input_skip""#, "progressive"),
        (r#""fir": true, "fir_kernel": [1, -1]"#, "filter"),
        (r#""num_res_blocks": -1"#, "num_res_blocks"),
        (r#""sigma_min": 0"#, "sigma_min"),
        (r#""nf": 130"#, "groups"),
    ] {
        let json =
            r#"{"image_size": 16, "num_channels": 2, "ch_mult": [1, 2], "attn_resolutions": []}"#;
        let mut all: serde_json::Value = serde_json::from_str(json).unwrap();
        all["nf"] = 16.into();
        all["num_res_blocks"] = 1.into();
        let more: serde_json::Value = serde_json::from_str(&format!("{{{more}}}")).unwrap();
        for (k, v) in more.as_object().unwrap() {
            all[k] = v.clone();
        }
        let refused = Ncsnpp::new(&mut Source::shapes(), &options(&all.to_string()));
        let text = refused.err().expect(word).to_string();
        assert!(text.contains(word), "{text}");
    }
}
