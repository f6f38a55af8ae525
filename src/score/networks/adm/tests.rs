use super::*;
use crate::score::networks::golden::{Golden, formula, manifest, relative};
use tch::Device;

fn options(json: &str) -> AdmOptions {
    serde_json::from_str(json).unwrap()
}

fn build(json: &str, kind: Kind) -> Adm {
    let mut source = Source::made(formula, kind, Device::Cpu);
    Adm::new(&mut source, &options(json)).unwrap()
}

#[test]
fn golden_vectors_of_adm() {
    let Some(golden) = Golden::read("adm_tiny") else {
        return;
    };
    let mut source = Source::made(|_, asked| golden.weight(asked), Kind::Double, Device::Cpu);
    let net = Adm::new(&mut source, &options(&golden.options)).unwrap();
    golden.hold("adm_tiny", 1e-6, |x, t| net.forward(x, t, None).unwrap());
}

#[test]
fn published_adm_manifests() {
    let common = r#""num_head_channels": 64, "use_scale_shift_norm": true, "resblock_updown": true, "learn_sigma": true"#;
    for (name, own) in [
        (
            "adm_ffhq256_dps",
            r#""image_size": 256, "model_channels": 128, "in_channels": 3, "num_res_blocks": 1, "attention_resolutions": "16""#,
        ),
        (
            "adm_imagenet256_uncond",
            r#""image_size": 256, "num_channels": 256, "in_channels": 3, "num_res_blocks": 2, "attention_resolutions": "32,16,8""#,
        ),
        (
            "adm_dds_AAPM256",
            r#""image_size": 256, "model_channels": 256, "in_channels": 1, "num_res_blocks": 1, "attention_resolutions": "16""#,
        ),
        (
            "adm_dds_fastmri320_complex",
            r#""image_size": 320, "model_channels": 256, "in_channels": 2, "num_res_blocks": 1, "attention_resolutions": "16""#,
        ),
    ] {
        let Some(expected) = manifest(name) else {
            return;
        };
        let mut source = Source::shapes();
        Adm::new(&mut source, &options(&format!("{{{common}, {own}}}"))).unwrap();
        assert!(source.finish().unwrap() == expected, "{name}");
        eprintln!("{name}: {} tensors", expected.len());
    }
}

const SMALL: &str = r#""image_size": 16, "model_channels": 32, "in_channels": 1, "out_channels": 1, "num_res_blocks": 1,
    "channel_mult": [1, 2], "attention_ds": [2], "num_heads": 2"#;

/// How the pixels lie in memory is a matter of speed alone.
#[test]
fn both_layouts_of_an_image_give_the_same() {
    let net = build(&format!("{{{SMALL}}}"), Kind::Double);
    let x = Tensor::arange(256, (Kind::Double, Device::Cpu))
        .sin()
        .view([1, 1, 16, 16]);
    let x = x.repeat([2, 1, 1, 1]);
    let last = x.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]);
    let t = Tensor::from_slice(&[3.0, 400.0]);
    let [one, other] = [&x, &last].map(|x| net.forward(x, &t, None).unwrap());
    assert!(relative(&one, &other) < 1e-12);
}

#[test]
fn every_option_runs_at_sizes_of_its_own_in_both_kinds() {
    for more in [
        r#""resblock_updown": true, "num_classes": 3"#,
        r#""use_scale_shift_norm": true, "use_new_attention_order": true"#,
        r#""conv_resample": false, "num_heads_upsample": 4"#,
    ] {
        let json = format!("{{{SMALL}, {more}}}");
        let (single, double) = (build(&json, Kind::Float), build(&json, Kind::Double));
        let x = Tensor::arange(3 * 6 * 10, (Kind::Double, Device::Cpu))
            .reshape([3, 1, 6, 10])
            .sin();
        let t = Tensor::from_slice(&[0.0, 37.5, 999.0]);
        let class = more
            .contains("classes")
            .then(|| Tensor::from_slice(&[0i64, 2, 1]));
        let y = double.forward(&x, &t, class.as_ref()).unwrap();
        assert_eq!(y.kind(), Kind::Double);
        let error = relative(&single.forward(&x, &t, class.as_ref()).unwrap(), &y);
        assert!(error < 1e-5, "{more}: {error}");
        // An item's result does not depend on the others.
        let alone = double.forward(
            &x.narrow(0, 1, 1),
            &t.narrow(0, 1, 1),
            class.map(|c| c.narrow(0, 1, 1)).as_ref(),
        );
        assert!(relative(&alone.unwrap(), &y.narrow(0, 1, 1)) < 1e-12);
    }
}

#[test]
fn the_two_orders_of_attention_differ() {
    let run = |new: bool| {
        let net = build(
            &format!("{{{SMALL}, \"use_new_attention_order\": {new}}}"),
            Kind::Double,
        );
        let x = Tensor::arange(64, (Kind::Double, Device::Cpu))
            .reshape([1, 1, 8, 8])
            .cos();
        net.forward(&x, &Tensor::from_slice(&[5.0]), None).unwrap()
    };
    assert!(relative(&run(true), &run(false)) > 1e-6);
}

#[test]
fn wrong_options_and_inputs_are_refused() {
    for (more, word) in [
        (r#""model_channels": 33"#, "groups"),
        (r#""num_head_channels": 24"#, "heads"),
        (r#""num_res_blocks": 0"#, "num_res_blocks"),
        (
            r#""attention_ds": null, "attention_resolutions": [8]"#,
            "attention_ds",
        ),
        (r#""channel_mult": "", "image_size": 48"#, "channel_mult"),
    ] {
        let mut all: serde_json::Value = serde_json::from_str(&format!("{{{SMALL}}}")).unwrap();
        let more: serde_json::Value = serde_json::from_str(&format!("{{{more}}}")).unwrap();
        for (k, v) in more.as_object().unwrap() {
            all[k] = v.clone();
        }
        let refused = Adm::new(&mut Source::shapes(), &options(&all.to_string()));
        let text = refused.err().expect(word).to_string();
        assert!(text.contains(word), "{text}");
    }
    let net = build(&format!("{{{SMALL}}}"), Kind::Float);
    let x = |s: &[i64]| Tensor::zeros(s, (Kind::Float, Device::Cpu));
    for (size, levels) in [([1, 1, 7, 8], 1), ([1, 2, 8, 8], 1), ([1, 1, 8, 8], 2)] {
        assert!(net.forward(&x(&size), &x(&[levels]), None).is_err());
    }
    assert!(
        net.forward(&x(&[1, 1, 8, 8]), &x(&[1]), Some(&x(&[1])))
            .is_err()
    );
}

#[test]
fn networks_of_the_original_give_its_numbers() {
    let Some(folder) = std::env::var_os("ANNULUS_ADM") else {
        eprintln!("SKIPPED: ANNULUS_ADM names no folder of vectors");
        return;
    };
    for name in ["golden", "new_order", "plain", "no_conv", "updown_plain"] {
        let golden = Golden::read_from(std::path::Path::new(&folder), name);
        let mut source = Source::made(|_, asked| golden.weight(asked), Kind::Double, Device::Cpu);
        let net = Adm::new(&mut source, &options(&golden.options)).unwrap();
        assert_eq!(source.finish().unwrap().len(), golden.names());
        golden.hold(name, 1e-6, |x, t| {
            net.forward(x, t, golden.class().as_ref()).unwrap()
        });
    }
}
