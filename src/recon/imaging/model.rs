//! The operator of a protocol, on a backend.

use crate::protocol::{Degradation, Kernel};
use operators::imaging::{
    self, Blur, Mask, NonUniformBlur, NonlinearBlur, PhaseRetrieval, Script, Spectral,
    SuperResolution,
};
use operators::{Array, Axis, Error, LinearOperator, Result, SliceRng, Space};
use std::path::Path;
use std::rc::Rc;
use tch::Device;

/// An operator, by what else it can do.
pub(super) enum Model<T> {
    /// Diagonal between two bases: it has a pseudo-inverse.
    Spectral(Rc<dyn Spectral<T>>),
    /// Linear.
    Linear(Box<dyn LinearOperator<T>>),
    /// A detector that saturates.
    Saturated(NonlinearBlur<T>),
    /// Magnitudes.
    Magnitudes(PhaseRetrieval),
    /// A network of the user's.
    Network(Script),
}

/// Frequencies that a kernel damps below this count as lost to its pseudo-inverse.
const CUTOFF: f64 = 0.05;

impl<T: Array> Model<T> {
    /// The operator on images `[rows, columns]`; `support` is 1 where the data are, of the sizes of
    /// the data.
    ///
    /// Errors: those of the operator's own, a network that gives data of another size.
    pub(super) fn new(
        one: Degradation<'_>,
        (device, network): (&T::Device, Device),
        [rows, columns]: [usize; 2],
        support: &T,
    ) -> Result<Self> {
        let space = || Space::real(&[(Axis::Y, rows), (Axis::X, columns)]);
        Ok(match one {
            Degradation::Inpainting(_) => {
                Model::Spectral(Rc::new(Mask::new(support.clone(), space())?))
            }
            Degradation::SuperResolution(table) => {
                Model::Spectral(Rc::new(SuperResolution::new(space(), table.factor)?))
            }
            Degradation::Blur(table) => {
                let blur = Blur::new(device, space(), &kernel(&table.kernel)?)?;
                Model::Spectral(Rc::new(blur.with_cutoff(CUTOFF)?))
            }
            Degradation::NonuniformBlur(table) => {
                let one = |sigma: &f64| Blur::gaussian(device, space(), *sigma);
                let blurs: Result<Vec<_>> = table.sigmas_pixels.iter().map(one).collect();
                Model::Linear(Box::new(NonUniformBlur::across(device, blurs?)?))
            }
            Degradation::NonlinearBlur(table) => {
                let blur = Blur::new(device, space(), &kernel(&table.kernel)?)?;
                Model::Saturated(NonlinearBlur::new(blur, table.saturation)?)
            }
            Degradation::PhaseRetrieval(table) => {
                Model::Magnitudes(PhaseRetrieval::new(space(), table.oversampling)?)
            }
            Degradation::Script(table) => {
                let script = Script::load(Path::new(&table.file), network, rows, columns)?;
                let (gives, data) = (script.range().sizes(), support.sizes());
                if gives[..] != data[1..] {
                    return Err(Error::Space {
                        operator: table.file.clone(),
                        expected: format!("data of {} x {}", data[1], data[2]),
                        got: format!(
                            "{} x {} of an image of {rows} x {columns}; `forward.script.matrix` \
                             says which size the image has",
                            gives[0], gives[1]
                        ),
                    });
                }
                Model::Network(script)
            }
        })
    }
}

/// The kernel of a protocol.
///
/// Errors: those of the kernel's own.
pub(super) fn kernel(kernel: &Kernel) -> Result<imaging::Kernel> {
    match kernel {
        Kernel::Gaussian(table) => imaging::Kernel::gaussian(table.sigma_pixels),
        Kernel::Motion(table) => {
            imaging::Kernel::motion(table.length_pixels, table.angle_deg.to_radians())
        }
        Kernel::RandomMotion(table) => {
            let mut rng = SliceRng::samples(table.seed, 0, 1);
            imaging::Kernel::random_motion(table.size_pixels, table.bend_deg.to_radians(), &mut rng)
        }
    }
}

/// Pixels of an image at most: 16384 x 16384.
const MOST_PIXELS: usize = 1 << 28;

/// Rows and columns of the image whose data have these rows and columns.
///
/// Errors, as words: data that no image has, an image that is too large.
pub(super) fn image_size(
    one: Degradation<'_>,
    data: [usize; 2],
) -> std::result::Result<[usize; 2], String> {
    let [rows, columns] = size(one, data)?;
    match rows.checked_mul(columns) {
        Some(pixels) if pixels <= MOST_PIXELS => Ok([rows, columns]),
        _ => Err(format!(
            "[forward.{}] makes an image of {rows} x {columns} of them: expected at most {MOST_PIXELS} \
             pixels",
            one.name()
        )),
    }
}

fn size(
    one: Degradation<'_>,
    [rows, columns]: [usize; 2],
) -> std::result::Result<[usize; 2], String> {
    match one {
        Degradation::SuperResolution(table) => {
            Ok([rows, columns].map(|n| n.saturating_mul(table.factor)))
        }
        Degradation::PhaseRetrieval(table) => {
            let r = table.oversampling;
            let image = [rows, columns].map(|n| (n as f64 / r + 1e-9) as usize);
            let data = image.map(|n| (r * n as f64).ceil() as usize);
            match data == [rows, columns] && image.iter().all(|n| *n > 0) {
                true => Ok(image),
                false => Err(format!(
                    "{rows} x {columns} magnitudes: no image has them with \
                     forward.phase-retrieval.oversampling = {r}; expected the oversampling that \
                     they were taken with"
                )),
            }
        }
        Degradation::Script(table) => Ok(match table.matrix {
            Some([columns, rows]) => [rows, columns],
            None => [rows, columns],
        }),
        Degradation::Inpainting(_)
        | Degradation::Blur(_)
        | Degradation::NonuniformBlur(_)
        | Degradation::NonlinearBlur(_) => Ok([rows, columns]),
    }
}
