//! Signal of the tissues of the head in the usual contrasts.

/// The weighting of an MR image of the brain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contrast {
    /// Spoiled gradient echo, TR 15 ms, TE 4 ms, 25 degrees: white brighter than grey, dark CSF.
    #[default]
    T1,
    /// Fast spin echo, TR 4 s, TE 100 ms: bright CSF, dark white matter.
    T2,
    /// Fast spin echo, TR 2.5 s, TE 20 ms: nearly the density of protons.
    Pd,
}

/// Number of tissues.
pub(crate) const TISSUES: usize = 6;

/// What a region of the brain phantom is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tissue {
    Scalp,
    Csf,
    Grey,
    White,
    Lesion,
    Vessel,
}

/// Proton density, T1 and T2 in ms.
struct Relaxation(f64, f64, f64);

/// 1.5 T (BrainWeb's values for CSF, grey, white and lesions; scalp and marrow as fat with half of
/// the volume bone and skin).
fn relaxation(tissue: Tissue) -> Relaxation {
    match tissue {
        Tissue::Scalp => Relaxation(0.55, 400.0, 65.0),
        Tissue::Csf => Relaxation(1.0, 2569.0, 329.0),
        Tissue::Grey => Relaxation(0.86, 833.0, 83.0),
        Tissue::White => Relaxation(0.77, 500.0, 70.0),
        Tissue::Lesion => Relaxation(0.76, 752.0, 237.0),
        Tissue::Vessel => Relaxation(1.0, 1441.0, 290.0),
    }
}

/// Signals in the order of [`Tissue`], scaled so that white matter is 1 in T1 and CSF is 1 in T2
/// and PD.
///
/// Flowing blood is 1.25 in T1 (inflow) and 0.05 in the spin echoes (flow void).
pub(crate) fn signals(contrast: Contrast) -> [f64; TISSUES] {
    let all = [
        Tissue::Scalp,
        Tissue::Csf,
        Tissue::Grey,
        Tissue::White,
        Tissue::Lesion,
        Tissue::Vessel,
    ];
    let (reference, blood) = match contrast {
        Contrast::T1 => (Tissue::White, 1.25),
        Contrast::T2 | Contrast::Pd => (Tissue::Csf, 0.05),
    };
    let unit = signal(contrast, &relaxation(reference));
    let mut signals = all.map(|tissue| signal(contrast, &relaxation(tissue)) / unit);
    signals[Tissue::Vessel as usize] = blood;
    signals
}

fn signal(contrast: Contrast, &Relaxation(density, t1, t2): &Relaxation) -> f64 {
    // rho (1 - 2 exp(-(TR - TE/2)/T1) + exp(-TR/T1)) exp(-TE/T2)
    let spin_echo = |tr: f64, te: f64| {
        density * (1.0 - 2.0 * (-(tr - te / 2.0) / t1).exp() + (-tr / t1).exp()) * (-te / t2).exp()
    };
    // rho sin(a) (1 - E1) / (1 - E1 cos(a)) exp(-TE/T2), with T2 for T2*
    let spoiled = |tr: f64, te: f64, angle: f64| {
        let e1 = (-tr / t1).exp();
        density * angle.sin() * (1.0 - e1) / (1.0 - e1 * angle.cos()) * (-te / t2).exp()
    };
    match contrast {
        Contrast::T1 => spoiled(15.0, 4.0, 25f64.to_radians()),
        Contrast::T2 => spin_echo(4000.0, 100.0),
        Contrast::Pd => spin_echo(2500.0, 20.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_tissues_is_that_of_the_clinic() {
        let of = |contrast| {
            let s = signals(contrast);
            (
                s[Tissue::Csf as usize],
                s[Tissue::Grey as usize],
                s[Tissue::White as usize],
            )
        };
        let (csf, grey, white) = of(Contrast::T1);
        assert!(csf < 0.5 * grey && grey < 0.85 * white && white == 1.0);
        let (csf, grey, white) = of(Contrast::T2);
        assert!(csf == 1.0 && csf > grey && grey > white);
        let (_, grey, white) = of(Contrast::Pd);
        assert!(grey > white);
    }
}
