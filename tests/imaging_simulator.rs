//! Degraded images: what `simulate` sums of its own against the operators of the reconstruction.

use crate::cli::done;
use crate::imaging::stack;
use annulus::io::read_volume;
use operators::imaging::{
    Blur, Kernel, NonUniformBlur, NonlinearBlur, PhaseRetrieval, SuperResolution,
};
use operators::{Array, Field, Host, LinearOperator, Operator, SliceRng, Space};

/// The simulator's own sums are what the operators of the reconstruction compute.
#[test]
fn simulator_and_operators_agree() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    done(
        at,
        &["phantom", "head", "--size", "36", "-o", "head.nii.gz"],
    );
    let truth = read_volume(&at.join("head.nii.gz")).unwrap().data;
    let v: Vec<f64> = truth
        .iter()
        .map(|hu| (f64::from(*hu) + 1000.0) / 1000.0)
        .collect();
    let v = Host::<f64>::from_reals(&(), &[1, 36, 36], Field::Real, &v);
    let space = || Space::real(&Space::image(36, 36).axes);
    let blur = |kernel: &Kernel| Blur::<Host<f64>>::new(&(), space(), kernel).unwrap();
    let shaken = Kernel::random_motion(9, 0.3, &mut SliceRng::samples(5, 0, 1)).unwrap();
    let across = [0.8, 2.0, 3.2].map(|s| blur(&Kernel::gaussian(s).unwrap()));
    let saturated = NonlinearBlur::new(blur(&Kernel::gaussian(1.5).unwrap()), 1.5).unwrap();
    let bend = 0.3_f64.to_degrees();
    let random =
        format!("forward.blur.kernel={{random-motion={{size_pixels=9, bend_deg={bend}, seed=5}}}}");
    let cases: Vec<(&str, Option<&str>, Host<f64>)> = vec![
        (
            "super-resolution-4x",
            None,
            SuperResolution::new(space(), 4)
                .unwrap()
                .forward(&v)
                .unwrap(),
        ),
        (
            "blur-motion",
            None,
            blur(&Kernel::motion(12.0, 30_f64.to_radians()).unwrap())
                .forward(&v)
                .unwrap(),
        ),
        (
            "blur-motion",
            Some(&random),
            blur(&shaken).forward(&v).unwrap(),
        ),
        (
            "blur-nonuniform",
            None,
            NonUniformBlur::across(&(), across.into())
                .unwrap()
                .forward(&v)
                .unwrap(),
        ),
        ("blur-saturated", None, saturated.apply(&v).unwrap()),
        (
            "phase-retrieval",
            None,
            PhaseRetrieval::new(space(), 2.0)
                .unwrap()
                .apply(&v)
                .unwrap(),
        ),
    ];
    for (name, more, expected) in cases {
        let protocol = format!("imaging/{name}");
        let line = [
            "simulate",
            "head.nii.gz",
            "-p",
            &protocol,
            "-o",
            "data.npy",
            "--force",
        ];
        let quiet = ["--set", "likelihood.gaussian.std=1e-9"];
        let more: Vec<&str> = more.into_iter().flat_map(|set| ["--set", set]).collect();
        done(at, &[&line[..], &quiet, &more].concat());
        let data = stack(&at.join("data.npy"));
        assert_eq!(&expected.sizes()[1..], &data.shape()[1..], "{name}");
        let apart = data
            .iter()
            .zip(expected.to_reals())
            .map(|(a, b)| (a - b).abs());
        let apart = apart.fold(0.0, f64::max);
        // The data are written in single precision.
        assert!(apart < 5e-6, "{name}: {apart:.1e}");
    }
}
