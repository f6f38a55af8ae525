//! `annulus apply`.

use super::{Outcome, arguments::Apply};
use crate::io::{IoError, npy, npy_array};
use crate::protocol::{Acquisition, Modality, Protocol};
use crate::recon::{Way, apply_ct, apply_mri};
use crate::simulate::lines;
use ndarray::{Array2, ArrayD};
use num_complex::Complex64;
use std::path::Path;

pub(super) fn run(a: &Apply) -> Outcome {
    let mut protocol = Protocol::find(&a.protocol)?;
    protocol.set_all(&a.set)?;
    let way = if a.forward {
        Way::Forward
    } else {
        Way::Adjoint
    };
    let shape = match protocol.modality {
        Modality::Ct => {
            let out = apply_ct(&protocol, &read_real(&a.input)?, way)?;
            npy::write(&a.output, &out, a.force)?;
            out.shape().to_vec()
        }
        _ => {
            let maps = a
                .sensitivities
                .as_deref()
                .map(npy_array::read_array)
                .transpose()?;
            let mask = mask(&protocol, a)?;
            let input = npy_array::read_array(&a.input)?;
            let out = apply_mri(&input, maps.as_ref(), mask.as_ref(), way)?;
            npy::write(&a.output, &out, a.force)?;
            out.shape().to_vec()
        }
    };
    Ok(format!("{shape:?} written to {}\n", a.output.display()))
}

/// Real numbers; complex ones have no place in CT.
fn read_real(path: &Path) -> Result<ArrayD<f64>, IoError> {
    let array: ArrayD<Complex64> = npy_array::read_array(path)?;
    if array.iter().all(|z| z.im == 0.0) {
        return Ok(array.mapv(|z| z.re));
    }
    Err(IoError::new(
        path,
        "real numbers for CT",
        "complex ones",
        "save the real part",
    ))
}

/// Where k-space is sampled: a file, or the lines that `simulate` would take with this seed.
fn mask(protocol: &Protocol, a: &Apply) -> Result<Option<Array2<f64>>, Box<dyn std::error::Error>> {
    if let Some(path) = &a.mask {
        let array = read_real(path)?;
        let shape = array.shape().to_vec();
        return match array.into_dimensionality() {
            Ok(mask) => Ok(Some(mask)),
            Err(_) => {
                Err(format!("--mask: expected (row, column), got the shape {shape:?}").into())
            }
        };
    }
    let Some(Acquisition::Cartesian(c)) = &protocol.acquisition else {
        return Ok(None);
    };
    let taken = lines(c, a.seed)
        .map_err(|e| format!("{e}; or give the points of both directions with --mask FILE"))?;
    let columns = c.matrix[0];
    let at = |(y, _): (usize, usize)| f64::from(u8::from(taken[y]));
    Ok(Some(Array2::from_shape_fn((taken.len(), columns), at)))
}
