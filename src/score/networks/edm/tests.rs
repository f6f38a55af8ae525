use super::*;
use crate::score::networks::golden::{Golden, formula, manifest, relative};
use tch::Device;

fn options(json: &str) -> EdmOptions {
    serde_json::from_str(json).unwrap()
}

#[test]
fn golden_vectors_of_edm() {
    let Some(golden) = Golden::read("edm_dhariwal_tiny") else {
        return;
    };
    let mut source = Source::made(|_, asked| golden.weight(asked), Kind::Double, Device::Cpu);
    let net = Edm::new(&mut source, &options(&golden.options)).unwrap();
    golden.hold("edm_dhariwal_tiny", 1e-5, |x, t| {
        net.denoise(x, t, None).unwrap()
    });
}

#[test]
fn published_edm_manifest() {
    let json = r#"{"family": "EDMPrecond(DhariwalUNet)", "img_resolution": 320, "img_channels": 2, "model_channels": 128,
        "channel_mult": [1, 1, 1, 2, 2], "attn_resolutions": [16], "num_blocks": 1}"#;
    let Some(expected) = manifest("edm_inversebench_mri_knee320") else {
        return;
    };
    let mut source = Source::shapes();
    Edm::new(&mut source, &options(json)).unwrap();
    assert!(source.finish().unwrap() == expected);
}

#[test]
fn every_option_runs_at_sizes_of_its_own_in_both_kinds() {
    for more in [
        r#""family": "EDMPrecond(DhariwalUNet)", "label_dim": 3, "augment_dim": 9"#,
        r#""family": "VPPrecond(SongUNet)""#,
        r#""family": "VEPrecond(SongUNet)", "embedding_type": "fourier", "encoder_type": "residual", "resample_filter": [1, 3, 3, 1],
            "channel_mult_noise": 2"#,
        r#""family": "EDMPrecond", "model_type": "SongUNet", "encoder_type": "skip", "decoder_type": "skip", "label_dim": 3"#,
        r#""family": "iDDPMPrecond(DhariwalUNet)""#,
    ] {
        let json = format!(
            r#"{{"img_resolution": 16, "img_channels": 2, "model_channels": 32, "channel_mult": [1, 2], "num_blocks": 1, "attn_resolutions": [8], {more}}}"#
        );
        let run = |kind: Kind, from: i64, items: i64| {
            let net = Edm::new(
                &mut Source::made(formula, kind, Device::Cpu),
                &options(&json),
            )
            .unwrap();
            let x = Tensor::arange(3 * 120, (Kind::Double, Device::Cpu))
                .reshape([3, 2, 6, 10])
                .sin();
            let t = Tensor::from_slice(&[3.0, 0.5, 70.0]);
            let class = more
                .contains("label")
                .then(|| Tensor::from_slice(&[2i64, 0, 1]).narrow(0, from, items));
            net.denoise(
                &x.narrow(0, from, items),
                &t.narrow(0, from, items),
                class.as_ref(),
            )
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
        (r#""resample_filter": [1, 2, 1]"#, "resample_filter"),
        (r#""sigma_data": 0"#, "sigma_data"),
        (r#""decoder_type": "residual""#, "decoder_type"),
        (r#""out_channels": 1"#, "channels"),
        (r#""model_channels": 130"#, "groups"),
    ] {
        let json = format!(r#"{{"img_resolution": 16, "img_channels": 2, {more}}}"#);
        let refused = Edm::new(&mut Source::shapes(), &options(&json));
        let text = refused.err().expect(word).to_string();
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn networks_of_another_implementation_give_its_numbers() {
    let Some(folder) = std::env::var_os("ANNULUS_EDM") else {
        eprintln!("SKIPPED: ANNULUS_EDM names no folder of vectors");
        return;
    };
    for name in ["ddpmpp", "skips", "ncsnpp", "dhariwal"] {
        let golden = Golden::read_from(std::path::Path::new(&folder), name);
        let mut source = Source::made(|_, asked| golden.weight(asked), Kind::Double, Device::Cpu);
        let net = Edm::new(&mut source, &options(&golden.options)).unwrap();
        assert_eq!(source.finish().unwrap().len(), golden.names());
        golden.hold(name, 1e-5, |x, t| {
            net.network(x, t, golden.class().as_ref()).unwrap()
        });
    }
}
