//! Every refusal, by its key.

use crate::protocol::{Protocol, ProtocolError};

const BRAIN: &str = include_str!("../../../protocols/mri/brain-cartesian-r4.toml");

/// The keys that the check refuses once these arguments are set.
fn refused(arguments: &[&str]) -> Vec<String> {
    refused_by("mri/brain-cartesian-r4", arguments)
}

fn refused_by(name: &str, arguments: &[&str]) -> Vec<String> {
    let mut protocol = Protocol::find(name).unwrap();
    match protocol.set_all(arguments) {
        Ok(()) => Vec::new(),
        Err(ProtocolError::Invalid(problems)) => problems.into_iter().map(|p| p.key).collect(),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn each_impossible_value_is_refused_by_its_key() {
    for argument in [
        "acquisition.cartesian.matrix=[0, 192]",
        "acquisition.cartesian.fov_mm=[220, -1]",
        "acquisition.cartesian.slices=0",
        "acquisition.cartesian.slice_thickness_mm=nan",
        "acquisition.cartesian.coils=0",
        "acquisition.cartesian.acceleration=0.5",
        "acquisition.cartesian.acceleration=9",
        "acquisition.cartesian.acceleration=inf",
        "acquisition.cartesian.calibration_lines=193",
        "acquisition.cartesian.snr=0",
        "acquisition.cartesian.readout_oversampling=0",
        "acquisition.cartesian.noise_correlation=1",
        "preparation.noise_std=0",
        "sensitivities.espirit.calibration=5",
        "sensitivities.espirit.kernel=1",
        "sensitivities.espirit.threshold=1",
        "sensitivities.espirit.crop=-0.1",
        "prior.model=",
        "prior.texture=-0.1",
        "method.cg-sense.lambda=-0.1",
        "method.cg-sense.iterations=0",
        "method.tv.weight=-0.1",
        "method.tv.iterations=0",
        "method.dps.zeta=-1",
        "method.dps.clip=0",
        "method.dps.clip=1",
        "method.dps.steps=1",
        "method.dps.samples=0",
        "method.dps.sigma_max=inf",
        "method.dps.cg_iterations=0",
        "method.dps.guard=0",
        "method.bridge.levels=1",
        "method.bridge.samples=0",
        "method.bridge.guard=0",
        "method.bridge.start_sigma=11",
        "method.bridge.sigma_max=0",
        "method.bridge.cg_iterations=0",
        "method.dps.start_sigma=5",
        "method.dds.levels=1",
        "method.dds.samples=0",
        "method.dds.eta=1.1",
        "method.dds.gamma=0",
        "method.dds.cg_iterations=0",
        "method.dds.start_sigma=0",
        "method.dds.sigma_max=nan",
        "method.unconditional.levels=1",
        "method.unconditional.samples=0",
        "run=unconditional",
        "run=grappa",
    ] {
        let key = argument.split('=').next().unwrap();
        assert_eq!(refused(&[argument]), [key], "{argument}");
    }
}

#[test]
fn each_impossible_value_of_a_ct_protocol_is_refused_by_its_key() {
    for argument in [
        "acquisition.fan.source_mm=0",
        "acquisition.fan.source_mm=nan",
        "acquisition.fan.detector_mm=594",
        "acquisition.fan.views=0",
        "acquisition.fan.first_angle_deg=inf",
        "acquisition.fan.arc_deg=-360",
        "acquisition.fan.bins=0",
        "acquisition.fan.pitch_mm=0",
        "acquisition.fan.pitch_mm=10",
        "acquisition.fan.offset_mm=500",
        "acquisition.fan.centre_column=-1",
        "acquisition.fan.centre_column=368",
        "acquisition.fan.photons=0",
        "acquisition.fan.background=-1",
        "acquisition.fan.electronic_noise=-1",
        "acquisition.fan.slices=0",
        "acquisition.fan.slice_thickness_mm=0",
        "acquisition.fan.energy_kev=70000",
        "acquisition.fan.flats=0",
        "image.matrix=[0, 192]",
        "image.pixel_mm=0",
        "image.pixel_mm=5",
        "image.centre_mm=[0, nan]",
        "preparation.find_centre=true",
        "preparation.views=[9, 8]",
        "preparation.every_nth_view=0",
        "preparation.gain=0",
        "preparation.photons=-1",
        "preparation.whiten=false",
        "preparation.repetition=1",
        "likelihood.pwls.edge_error=-1",
        "likelihood.pwls.floor=-1",
        "likelihood={poisson={edge_error=-1}}",
        "likelihood={gaussian={std=0}}",
        "method.mcg.snr=-1",
        "method.fbp.cutoff=0",
        "method.fbp.cutoff=1.1",
        "method.sirt.iterations=0",
        "method.sirt.relaxation=2",
        "method.cgls.iterations=0",
        "method.pwls-tv.lambda=-1",
        "method.pwls-tv.iterations=0",
        "method.mltr.iterations=0",
        "method.mcg.zeta=-1",
        "method.mcg.lambda=[1, 2]",
        "method.mcg.steps=1",
        "method.mcg.samples=0",
        "method.mcg.start_sigma=5",
        "method.mcg.sigma_max=0",
        "method.mcg.cg_iterations=0",
        "run=sirt",
    ] {
        let (key, value) = argument.split_once('=').unwrap();
        let found = refused_by("ct/head-sparse60", &[argument]);
        let inner = value.trim_matches(['{', '}']).replace("={", ".");
        let expected = match inner.split_once('=') {
            Some((rest, _)) => format!("{key}.{rest}"),
            None => key.to_string(),
        };
        assert_eq!(found, [expected], "{argument}");
    }
}

#[test]
fn each_impossible_operator_is_refused_by_its_key() {
    for (name, argument) in [
        ("inpainting-random92", "forward.inpainting.keep=0"),
        ("inpainting-random92", "forward.inpainting.keep=1"),
        ("inpainting-random92", "forward.inpainting.box=[0, 3]"),
        ("inpainting-box", "forward.zero=nan"),
        ("inpainting-box", "forward.unit=0"),
        ("super-resolution-4x", "forward.super-resolution.factor=1"),
        ("super-resolution-4x", "likelihood.gaussian.std=0"),
        ("super-resolution-4x", "method.tikhonov.lambda=0"),
        ("super-resolution-4x", "method.tikhonov.iterations=0"),
        (
            "blur-gaussian",
            "forward.blur.kernel.gaussian.sigma_pixels=0",
        ),
        (
            "blur-motion",
            "forward.blur.kernel.motion.length_pixels=201",
        ),
        ("blur-motion", "forward.blur.kernel.motion.angle_deg=inf"),
        (
            "blur-nonuniform",
            "forward.nonuniform-blur.sigmas_pixels=[1.0]",
        ),
        (
            "blur-nonuniform",
            "forward.nonuniform-blur.sigmas_pixels=[1.0, -1.0]",
        ),
        ("blur-saturated", "forward.nonlinear-blur.saturation=0"),
        (
            "phase-retrieval",
            "forward.phase-retrieval.oversampling=0.9",
        ),
        ("phase-retrieval", "preparation.every_nth_view=2"),
    ] {
        let (key, _) = argument.split_once('=').unwrap();
        assert_eq!(refused_by(&format!("imaging/{name}"), &[argument]), [key]);
    }
    let shaken = "forward.blur.kernel={random-motion={size_pixels=20, bend_deg=3}}";
    let key = "forward.blur.kernel.random-motion.size_pixels";
    assert_eq!(refused_by("imaging/blur-motion", &[shaken]), [key]);
    for (noise, key) in [
        ("{emission={gain=0}}", "likelihood.emission.gain"),
        ("{rician={std=-1}}", "likelihood.rician.std"),
        ("{gaussian={}}", "likelihood.gaussian.std"),
        ("{pwls={}}", "likelihood.pwls"),
    ] {
        let argument = format!("likelihood={noise}");
        assert_eq!(refused_by("imaging/blur-motion", &[&argument]), [key]);
    }
    let rician = "likelihood={rician={std=1}}";
    let key = "likelihood.rician";
    assert_eq!(refused_by("imaging/inpainting-box", &[rician]), [key]);
}

#[test]
fn an_image_has_one_operator_and_a_noise() {
    let two = "forward.super-resolution.factor=2";
    assert_eq!(refused_by("imaging/blur-motion", &[two]), ["forward"]);
    let text = "title = \"t\"\nmodality = \"imaging\"\nrun = \"tikhonov\"\n[method.tikhonov]\n";
    let said = |more: &str| {
        let text = format!("{text}{more}");
        Protocol::parse(&text, "x.toml").unwrap_err().to_string()
    };
    assert!(said("").contains("needs its operator: one of [forward.inpainting]"));
    assert!(said("[forward]\n").contains("exactly one table of: inpainting, "));
    let noise = said("[forward.super-resolution]\nfactor = 2\n");
    assert!(noise.contains("add [likelihood.gaussian] std"), "{noise}");
    let kind = said("[forward.blurr]\n");
    assert!(
        kind.contains("`blurr` in [forward]; did you mean `blur`?"),
        "{kind}"
    );
    let script = said("[forward.script]\nfile = \"\"\n[likelihood.gaussian]\nstd = 1\n");
    assert!(script.contains("`forward.script.file`"), "{script}");
    let neither = said("[forward.inpainting]\n[likelihood.gaussian]\nstd = 1\n");
    assert!(neither.contains("needs `keep`"), "{neither}");
    // One of the pair takes the place of the other.
    assert!(
        refused_by(
            "imaging/inpainting-random92",
            &["forward.inpainting.box=[3, 4]"]
        )
        .is_empty()
    );
}

/// The scan of another kind in the place of the head's.
#[test]
fn a_parallel_scan_is_checked_under_its_own_name() {
    for (key, value) in [("pitch_mm", "-1"), ("offset_mm", "129"), ("photons", "nan")] {
        let key = format!("acquisition.parallel.{key}");
        let found = refused_by("ct/parallel", &[&format!("{key}={value}")]);
        assert_eq!(found, [key]);
    }
    assert!(refused_by("ct/parallel", &["preparation.find_centre=true"]).is_empty());
}

#[test]
fn a_modality_has_its_own_tables_methods_and_keys() {
    let (mri, ct) = ("mri/brain-cartesian-r4", "ct/head-sparse60");
    for (name, argument, key) in [
        (mri, "image={matrix=[8, 8], pixel_mm=1}", "image"),
        (mri, "likelihood.gaussian={}", "likelihood.gaussian"),
        (mri, "forward.super-resolution.factor=2", "forward"),
        (ct, "forward.phase-retrieval.oversampling=2", "forward"),
        (mri, "method.mcg.steps=9", "method.mcg.weight"),
        (mri, "method.mcg={zeta=1}", "method.mcg.form"),
        (ct, "method.mcg.form=\"projection\"", "method.mcg.form"),
        (mri, "method.fbp={}", "method.fbp"),
        (
            mri,
            "preparation.every_nth_view=2",
            "preparation.every_nth_view",
        ),
        (mri, "preparation.views=[0, 1]", "preparation.views"),
        (ct, "sensitivities.espirit={}", "sensitivities.espirit"),
        (ct, "method.zero-filled={}", "method.zero-filled"),
        (ct, "preparation.noise_std=1", "preparation.noise_std"),
        (ct, "prior.texture=\"held-out\"", "prior.texture"),
    ] {
        assert_eq!(refused_by(name, &[argument]), [key], "{argument}");
    }
    for argument in [
        "method.dds.levels=9",
        "method.unconditional.samples=2",
        "method.dps={zeta=1, clip=1}",
    ] {
        assert!(refused_by(mri, &[argument]).is_empty(), "{argument}");
        assert!(refused_by(ct, &[argument]).is_empty(), "{argument}");
    }
    let mut protocol = Protocol::find(mri).unwrap();
    let said = protocol.set("run=fbp").unwrap_err().to_string();
    let expected =
        "--set run=fbp: `run`: method `fbp` is not for `modality` = \"mri\" (its methods";
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn a_ct_problem_has_its_line_and_column() {
    let text = include_str!("../../../protocols/ct/head-sparse60.toml");
    for (good, bad) in [
        ("pitch_mm = 2.5716", "  pitch_mm = -2.5716"),
        ("floor = 0.001", "floor = -0.001"),
        ("draw = \"network\"", "pullback = false\ndraw = \"network\""),
    ] {
        let text = text.replace(good, bad);
        let said = Protocol::parse(&text, "x.toml").unwrap_err().to_string();
        let (key, _) = bad
            .trim_start()
            .rsplit('\n')
            .next()
            .unwrap()
            .split_once(' ')
            .unwrap();
        let start = |line: &str| line.trim_start().starts_with(&format!("{key} "));
        let line = text.lines().position(start).unwrap();
        let column = text.lines().nth(line).unwrap().find(key).unwrap() + 1;
        let place = format!("x.toml:{}:{column}: ", line + 1);
        assert!(said.starts_with(&place), "{place} not in {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn keys_that_exclude_each_other() {
    let full = "acquisition.cartesian.pattern=full";
    assert_eq!(refused(&[full]), ["acquisition.cartesian.acceleration"]);
    assert!(refused(&[full, "acquisition.cartesian.acceleration=1"]).is_empty());
    let both = ["method.dps.weight=sigma", "method.dps.zeta=1"];
    assert_eq!(refused(&both), ["method.dps.zeta"]);
    let of_mri = [
        "run",
        "prior.texture",
        "acquisition.cartesian",
        "sensitivities.espirit",
        "method.cg-sense",
    ];
    assert_eq!(refused(&["modality=ct", "run=cg-sense"]), of_mri);
    // The Jacobian is what is drawn with and what is gone through.
    let jacobian = "method.bridge.covariance=jacobian";
    for (other, key) in [
        ("method.bridge.draw=network", "method.bridge.draw"),
        ("method.bridge.pullback=false", "method.bridge.pullback"),
        ("method.bridge.rounds=3", "method.bridge.rounds"),
    ] {
        assert_eq!(refused(&[jacobian, other]), [key], "{other}");
        assert!(refused(&[other]).is_empty(), "{other}");
    }
}

#[test]
fn a_sampler_needs_a_prior() {
    let text = "title = \"t\"\nmodality = \"mri\"\nrun = \"dps\"\n[method.dps]\n";
    let said = Protocol::parse(text, "x.toml").unwrap_err().to_string();
    assert!(
        said.starts_with("x.toml:3:1: `run` = \"dps\" needs"),
        "{said}"
    );
}

#[test]
fn all_problems_come_at_once_each_with_its_line() {
    let text = BRAIN
        .replace("acceleration = 4.0", "acceleration = 0.5")
        .replace("levels = 40", "levels = 1")
        .replace("run = \"bridge\"", "run = \"cg-sense\"")
        .replace(
            "[method.cg-sense]\nlambda = 0.01\niterations = 30\n",
            "[method.zero-filled]\n",
        );
    let said = Protocol::parse(&text, "x.toml").unwrap_err().to_string();
    assert_eq!(said.lines().count(), 3, "{said}");
    for (line, start) in said.lines().zip(["run = ", "acceleration = ", "levels = "]) {
        let at = text
            .lines()
            .position(|line| line.starts_with(start))
            .unwrap()
            + 1;
        assert!(line.starts_with(&format!("x.toml:{at}:1: ")), "{line}");
    }
    assert!(said.contains("[method.cg-sense] is not there (there is: zero-filled, dps, bridge)"));
}
