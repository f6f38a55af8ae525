//! Whether a prior denoises given images, and if not, which mistake of its use explains it.

use super::{Betas, Convention, Diffusion, Label, Prediction};
use super::{Model, Published};
use operators::{Error, Field, Host, Result, SliceRng, Vector};
use tch::{Kind, Tensor};

/// The denoising error of one way to use a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What would be done differently.
    pub change: String,
    /// Geometric mean over levels of `E‖D(x + σ n) - x‖² / (m σ²)`.
    pub error: f64,
}

/// A denoiser of `[1, C, Y, X]`.
type Denoise<'a> = Box<dyn Fn(&Tensor, f64) -> Result<Tensor> + 'a>;

/// Images at which alternatives are measured, and the levels.
const FEW: usize = 4;

/// `E‖D(x + σ n) - x‖² / (m σ²)` at each level.
pub fn relative_errors(model: &Model, images: &[Tensor], sigmas: &[f64]) -> Result<Vec<f64>> {
    let denoise = |x: &Tensor, sigma: f64| model.call(x, sigma, false);
    errors(&denoise, images, sigmas)
}

fn errors(
    denoise: &dyn Fn(&Tensor, f64) -> Result<Tensor>,
    images: &[Tensor],
    sigmas: &[f64],
) -> Result<Vec<f64>> {
    let at = |(level, &sigma): (usize, &f64)| {
        let (mut sum, mut reals) = (0.0, 0.0);
        for (item, image) in images.iter().enumerate() {
            let noise = noise(image, item, level) * sigma;
            let error = denoise(&(image + noise), sigma)?.to_device(tch::Device::Cpu) - image;
            sum += error.square().sum(Kind::Double).double_value(&[]);
            reals += image.numel() as f64;
        }
        Ok(sum / (reals * sigma * sigma))
    };
    sigmas.iter().enumerate().map(at).collect()
}

/// Unit noise of its own for every image and level.
fn noise(image: &Tensor, item: usize, level: usize) -> Tensor {
    let blank = Host::<f32>::zeros(&[1, 1, image.numel()], Field::Real);
    let mut rng = SliceRng::new(0x6469_6167, [(item as u32, level as u32)]);
    let noise = blank.normal_like(&mut rng);
    Tensor::from_slice(noise.reals()).view_as(image)
}

/// Other ways to use the network and their errors, the best first; the first entry of the pair is the
/// error of the way that the card states.
pub fn alternatives(
    model: &Model,
    images: &[Tensor],
    sigmas: &[f64],
) -> Result<(f64, Vec<Finding>)> {
    let images = &images[..images.len().min(FEW)];
    let stated = mean(&relative_errors(model, images, sigmas)?);
    let mut findings = Vec::new();
    let mut other: Vec<(String, Denoise<'_>)> = scaled(model);
    if model.card.channels > 1 {
        let reversed =
            move |x: &Tensor, sigma| Ok(model.call(&x.flip([1]), sigma, false)?.flip([1]));
        other.push((
            "the channels in reverse order".into(),
            Box::new(reversed) as Denoise<'_>,
        ));
    }
    if let Some(network) = model.published() {
        other.extend(conventions(network));
    }
    for (change, denoise) in other {
        let error = mean(&errors(&*denoise, images, sigmas)?);
        findings.push(Finding { change, error });
    }
    findings.sort_by(|a, b| a.error.total_cmp(&b.error));
    Ok((stated, findings))
}

/// The geometric mean; infinite where an error is no number.
fn mean(errors: &[f64]) -> f64 {
    // `f64::max` would take the bound for a NaN.
    if errors.iter().any(|e| !e.is_finite()) {
        return f64::INFINITY;
    }
    let logs: f64 = errors.iter().map(|e| e.max(1e-12).ln()).sum();
    (logs / errors.len().max(1) as f64).exp()
}

/// Images brighter or darker than the normalisation makes them.
fn scaled(model: &Model) -> Vec<(String, Denoise<'_>)> {
    let factors = [0.1, 0.25, 4.0, 10.0];
    factors
        .into_iter()
        .map(|f| {
            let denoise =
                move |x: &Tensor, sigma: f64| Ok(model.call(&(x * f), sigma * f, false)? / f);
            (
                format!("images {f} times as bright (another normalisation)"),
                Box::new(denoise) as Denoise<'_>,
            )
        })
        .collect()
}

/// The network under other ranges, predictions and noise labels.
fn conventions(network: &Published) -> Vec<(String, Denoise<'_>)> {
    let stated = network.convention();
    let mut other: Vec<(String, Convention)> = Vec::new();
    for range in [[-1.0, 1.0], [0.0, 1.0], [0.0, 255.0], [-0.5, 0.5]] {
        let change = Convention {
            range,
            ..stated.clone()
        };
        other.push((format!("--range {},{}", range[0], range[1]), change));
    }
    for (name, predicts) in [
        ("noise", Prediction::Noise),
        ("score", Prediction::Score),
        ("velocity", Prediction::Velocity),
        ("image", Prediction::Image),
    ] {
        let change = Convention {
            predicts,
            ..stated.clone()
        };
        other.push((format!("--predicts {name}"), change));
    }
    other.extend(diffusions(&stated.diffusion).into_iter().map(|(name, d)| {
        let change = Convention {
            diffusion: d,
            ..stated.clone()
        };
        (name, change)
    }));
    other.retain(|(_, c)| c != stated && c.problem().is_none());
    let denoiser = |(name, convention): (String, Convention)| {
        let denoise = move |x: &Tensor, sigma: f64| {
            let denoised = tch::no_grad(|| network.denoise_as(&convention, x, sigma));
            Ok(denoised.map_err(|e| Error::Torch(e.to_string()))?.0)
        };
        (name, Box::new(denoise) as Denoise<'_>)
    };
    other.into_iter().map(denoiser).collect()
}

/// Other noise that the network may have been trained on.
fn diffusions(stated: &Diffusion) -> Vec<(String, Diffusion)> {
    match stated {
        Diffusion::Preserving {
            steps, label_scale, ..
        } => {
            let (steps, label_scale) = (*steps, *label_scale);
            let scale = 1000.0 / steps as f64;
            [
                ("linear", Betas::Linear([1e-4 * scale, 0.02 * scale])),
                ("cosine", Betas::Cosine),
                ("scaled_linear", Betas::ScaledLinear([0.00085, 0.012])),
            ]
            .into_iter()
            .map(|(name, betas)| {
                let diffusion = Diffusion::Preserving {
                    betas,
                    steps,
                    label_scale,
                };
                (format!("a noise schedule `{name}`"), diffusion)
            })
            .collect()
        }
        Diffusion::Exploding { sigma, .. } => {
            [("σ", Label::Sigma), ("ln σ / 4", Label::QuarterLog)]
                .into_iter()
                .map(|(name, label)| {
                    let diffusion = Diffusion::Exploding {
                        label,
                        sigma: *sigma,
                    };
                    (format!("noise levels told as {name}"), diffusion)
                })
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_no_good_denoiser() {
        assert_eq!(mean(&[0.5, f64::NAN]), f64::INFINITY);
        assert!((mean(&[0.25, 1.0]) - 0.5).abs() < 1e-15);
    }
}
