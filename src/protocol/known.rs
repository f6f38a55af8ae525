//! The names of methods: those of this build, and those that a name may mean elsewhere.

use super::Modality;
use super::nearest::nearest;

/// A method of this build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownMethod {
    /// Its name in protocols and for `--method`.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// The data that it reconstructs.
    pub modalities: &'static [Modality],
}

const MRI: &[Modality] = &[Modality::Mri];
const CT: &[Modality] = &[Modality::Ct];
const IMAGING: &[Modality] = &[Modality::Imaging];
/// Not line integrals: their singular values spread too far for steps of the noise level's length.
const NOT_CT: &[Modality] = &[Modality::Mri, Modality::Imaging];
const ANY: &[Modality] = &[Modality::Mri, Modality::Ct, Modality::Imaging];

const fn method(
    name: &'static str,
    modalities: &'static [Modality],
    what: &'static str,
) -> KnownMethod {
    KnownMethod {
        name,
        what,
        modalities,
    }
}

/// The methods of this build, in the order of the fields of `Methods`.
const METHODS: &[KnownMethod] = &[
    method("zero-filled", MRI, "the adjoint, coils combined"),
    method("cg-sense", MRI, "least squares by conjugate gradients"),
    method("tv", MRI, "least squares with total variation"),
    method("fbp", CT, "filtered back-projection"),
    method("sirt", CT, "simultaneous iterative reconstruction"),
    method(
        "cgls",
        CT,
        "least squares of line integrals by conjugate gradients",
    ),
    method("pwls-tv", CT, "weighted least squares with total variation"),
    method("mltr", CT, "maximum likelihood of the photon counts"),
    method(
        "tikhonov",
        IMAGING,
        "least squares of a degraded image, smooth",
    ),
    method(
        "dps",
        ANY,
        "posterior samples, each step along the misfit's gradient",
    ),
    method(
        "bridge",
        ANY,
        "posterior samples, x0 drawn at each noise level",
    ),
    method(
        "mcg",
        ANY,
        "posterior samples, the step of dps and one back to the data",
    ),
    method(
        "dds",
        ANY,
        "posterior samples, conjugate gradients between the steps",
    ),
    method(
        "projection",
        ANY,
        "samples, the state projected onto noised data",
    ),
    method(
        "ilvr",
        ANY,
        "samples, each state takes the measured part of the data",
    ),
    method(
        "pigdm",
        ANY,
        "samples, the gradient under a white covariance",
    ),
    method("ddnm", ANY, "samples, the measured part of x0 replaced"),
    method(
        "ddrm",
        IMAGING,
        "samples, a diffusion in the singular vectors of the measurement",
    ),
    method(
        "diffpir",
        ANY,
        "samples, a proximal step on the data at each level",
    ),
    method("daps", ANY, "samples, levels that forget each other"),
    method(
        "pnp-dm",
        ANY,
        "samples, Gibbs steps between the image and the data",
    ),
    method("csgm", NOT_CT, "samples, Langevin steps with the data"),
    method("red-diff", ANY, "a likely image, by descent"),
    method(
        "smc",
        ANY,
        "samples, particles that are exact as they grow in number",
    ),
    method("unconditional", ANY, "samples of the prior alone"),
];

/// Names that the command line's contract knows and this build lacks.
const ELSEWHERE: &[&str] = &["gridding", "grappa", "l1-wavelet"];

/// The methods of this build.
pub fn methods() -> &'static [KnownMethod] {
    METHODS
}

/// The names of [`methods`].
pub(super) fn names() -> Vec<&'static str> {
    METHODS.iter().map(|known| known.name).collect()
}

/// Whether a method reconstructs such data.
pub(super) fn fits(name: &str, modality: Modality) -> bool {
    let known = METHODS.iter().find(|known| known.name == name);
    known.is_some_and(|known| known.modalities.contains(&modality))
}

/// Why `name` is refused: `method `grappa` is not in this build; it has: …`.
pub(super) fn refusal(name: &str) -> String {
    let names = names();
    let list = names.join(", ");
    if ELSEWHERE.contains(&name) {
        return format!("method `{name}` is not in this build (it has: {list})");
    }
    let hint = nearest(name, &names)
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    format!("no method is named `{name}`{hint} (methods: {list})")
}

/// Why a method of this build is refused for a modality that it does not fit.
pub(super) fn unfit(name: &str, modality: Modality) -> String {
    let fitting = METHODS
        .iter()
        .filter(|known| known.modalities.contains(&modality));
    let list: Vec<&str> = fitting.map(|known| known.name).collect();
    let (modality, list) = (modality.name(), list.join(", "));
    format!("method `{name}` is not for `modality` = \"{modality}\" (its methods: {list})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_say_what_there_is() {
        assert!(
            refusal("grappa")
                .starts_with("method `grappa` is not in this build (it has: zero-filled,")
        );
        let typo = refusal("brigde");
        assert!(typo.contains("did you mean `bridge`? (methods: zero-filled, cg-sense"));
        assert!(refusal("cgsense").contains("did you mean `cg-sense`?"));
        assert!(!refusal("qqqqqq").contains("did you mean"));
    }

    #[test]
    fn a_method_knows_its_modality() {
        assert!(fits("dds", Modality::Mri) && fits("dds", Modality::Ct));
        assert!(!fits("fbp", Modality::Mri) && !fits("cg-sense", Modality::Ct));
        assert_eq!(
            unfit("cg-sense", Modality::Ct),
            "method `cg-sense` is not for `modality` = \"ct\" (its methods: fbp, sirt, cgls, \
             pwls-tv, mltr, dps, bridge, mcg, dds, projection, ilvr, pigdm, ddnm, diffpir, daps, \
             pnp-dm, red-diff, smc, unconditional)"
        );
    }
}
