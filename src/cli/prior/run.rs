//! `annulus prior run`.

use crate::cli::Outcome;
use crate::cli::arguments::RunPrior;
use crate::cli::threads::set_threads;
use crate::io::atomic;
use crate::io::npy::write as write_npy;
use crate::io::npy_array::{is_complex, read_array};
use crate::recon::{find_device, prior_bytes};
use crate::score::{Level, Model, Network, Published, read_prior};
use ndarray::{ArrayD, Axis};
use num_complex::{Complex32, Complex64};
use tch::{Kind, Tensor};

pub(super) fn run(a: &RunPrior) -> Outcome {
    set_threads(a.threads);
    atomic::may_write(&a.output, a.force)?;
    let device = find_device(a.device.parse()?)?;
    let array = read_array(&a.input)?;
    let (card, tensors) = read_prior(&a.prior, &prior_bytes(&a.prior)?)?;
    let complex = is_complex(&a.input)?;
    if complex && card.channels != 2 {
        let (path, n) = (a.input.display(), card.channels);
        return Err(format!(
            "{path}: complex, but the prior has images of {n} channel(s): give a real array"
        )
        .into());
    }
    let x =
        items(&array, complex, card.channels).map_err(|e| format!("{}: {e}", a.input.display()))?;
    let count = x.size()[0] as usize;
    let y = match &card.network {
        Network::Published(network) => {
            let kind = network.kind(&tensors).map_err(|e| e.to_string())?;
            let network = Published::new(network, tensors, kind, device)?;
            let levels = levels(a, count, &network)?;
            let class = match a.class.is_empty() {
                true => network.convention().class.map(|c| vec![c; count]),
                false => Some(spread("--class", &a.class, count)?),
            };
            published(&network, &x, &levels, class.as_deref(), a)?
        }
        Network::Local(_) if !a.class.is_empty() => {
            return Err("--class: this network knows no classes".into());
        }
        Network::Local(_) => {
            let sigmas = local_levels(a, count)?;
            let model = Model::new(&a.prior, card, tensors, device)?;
            let call = |(item, sigma): (usize, &f64)| {
                model.call(&x.narrow(0, item as i64, 1), *sigma, a.raw)
            };
            let outputs: Result<Vec<Tensor>, _> = sigmas.iter().enumerate().map(call).collect();
            Tensor::cat(&outputs?, 0)
        }
    };
    write(a, &y, array.shape(), complex)?;
    Ok(format!("written to {}\n", a.output.display()))
}

/// The array as `[items, channels, rows, columns]` in double precision.
fn items(array: &ArrayD<Complex64>, complex: bool, channels: usize) -> Result<Tensor, String> {
    let mut array = array.view();
    let axes = if complex { 3 } else { 4 };
    while array.ndim() < axes {
        array = array.insert_axis(Axis(0));
    }
    let shape: Vec<i64> = array.shape().iter().map(|n| *n as i64).collect();
    let fits = array.ndim() == axes && (complex || shape[1] == channels as i64);
    if !fits || shape.contains(&0) {
        return Err(format!(
            "the prior takes arrays of shape (items, {channels}, rows, columns){}, got {:?}",
            if channels == 2 {
                " or complex ones (items, rows, columns)"
            } else {
                ""
            },
            array.shape()
        ));
    }
    let re: Vec<f64> = array.iter().map(|z| z.re).collect();
    let re = Tensor::from_slice(&re).view(&shape[..]);
    if !complex {
        return Ok(re);
    }
    let im: Vec<f64> = array.iter().map(|z| z.im).collect();
    Ok(Tensor::stack(
        &[re, Tensor::from_slice(&im).view(&shape[..])],
        1,
    ))
}

/// One value an item, from one for all or one for each.
fn spread<T: Copy>(flag: &str, values: &[T], count: usize) -> Result<Vec<T>, String> {
    match values.len() {
        1 => Ok(vec![values[0]; count]),
        n if n == count => Ok(values.to_vec()),
        n => Err(format!(
            "{flag}: expected one value, or one for each of {count} items, got {n}"
        )),
    }
}

fn levels(a: &RunPrior, count: usize, network: &Published) -> Result<Vec<Level>, String> {
    let diffusion = &network.convention().diffusion;
    if !a.sigma.is_empty() {
        let sigmas = spread("--sigma", &a.sigma, count)?;
        return Ok(sigmas.iter().map(|s| diffusion.at_sigma(*s)).collect());
    }
    let steps = spread("--time-step", &a.time_step, count)?;
    let level = |t: &usize| {
        diffusion.at_step(*t).ok_or_else(|| {
            let [least, most] = diffusion.sigma_range();
            format!(
                "--time-step {t}: the network has no such step; give --sigma from {least:.4} to {most:.4}{}",
                match diffusion.steps() {
                    Some(n) => format!(", or a step from 0 to {}", n - 1),
                    None => String::new(),
                }
            )
        })
    };
    steps.iter().map(level).collect()
}

fn local_levels(a: &RunPrior, count: usize) -> Result<Vec<f64>, String> {
    match a.sigma.is_empty() {
        true => Err("--time-step: this network knows no steps; give --sigma".into()),
        false => spread("--sigma", &a.sigma, count),
    }
}

/// What was asked of the network; the state of `--sigma` is scaled to the network's own.
fn published(
    network: &Published,
    x: &Tensor,
    levels: &[Level],
    class: Option<&[i64]>,
    a: &RunPrior,
) -> Result<Tensor, Box<dyn std::error::Error>> {
    let signals: Vec<f64> = levels.iter().map(|l| l.signal).collect();
    let state = match a.sigma.is_empty() {
        true => x.shallow_clone(),
        false => x * Tensor::from_slice(&signals).view([-1, 1, 1, 1]),
    };
    let parts = network.convention().parts;
    let (state, levels, class) = match parts {
        false => (state, levels.to_vec(), class.map(<[i64]>::to_vec)),
        true => (
            state.flatten(0, 1).unsqueeze(1),
            levels.iter().flat_map(|l| [*l, *l]).collect(),
            class.map(|c| c.iter().flat_map(|c| [*c, *c]).collect()),
        ),
    };
    let y = tch::no_grad(|| match a.raw {
        true => network.raw(&state, &levels, class.as_deref()),
        false => network.denoise_padded(&state, &levels, class.as_deref()),
    })?;
    Ok(match parts {
        true => y.reshape([-1, 2 * y.size()[1], y.size()[2], y.size()[3]]),
        false => y,
    })
}

/// In the shape of the input; f64 where the network is.
fn write(
    a: &RunPrior,
    y: &Tensor,
    shape: &[usize],
    complex: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let double = y.kind() == Kind::Double;
    let y = y.to_device(tch::Device::Cpu).to_kind(Kind::Double);
    if complex && y.size()[1] == 2 {
        let pairs = Vec::<f64>::try_from(y.permute([0, 2, 3, 1]).contiguous().view([-1]))?;
        let values = pairs.chunks_exact(2).map(|p| Complex64::new(p[0], p[1]));
        let array = ArrayD::from_shape_vec(shape, values.collect())?;
        match double {
            true => write_npy(&a.output, &array, a.force)?,
            false => write_npy(&a.output, &array.mapv(single), a.force)?,
        }
        return Ok(());
    }
    // A network with a variance gives more channels than it sees.
    let mut out: Vec<usize> = y.size().iter().map(|n| *n as usize).collect();
    while out.len() > shape.len().max(2) && out[0] == 1 {
        out.remove(0);
    }
    let values = Vec::<f64>::try_from(y.contiguous().view([-1]))?;
    let array = ArrayD::from_shape_vec(out, values)?;
    match double {
        true => write_npy(&a.output, &array, a.force)?,
        false => write_npy(&a.output, &array.mapv(|v| v as f32), a.force)?,
    }
    Ok(())
}

fn single(z: Complex64) -> Complex32 {
    Complex32::new(z.re as f32, z.im as f32)
}
