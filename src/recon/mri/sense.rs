//! One slice of an MRI scan: maps, operator, data, on a backend.

use super::super::blind::Nuisance;
use super::super::held_out::{HeldOut, LeftOut};
use super::super::study::{Classical, Slice};
use super::super::{Plan, ReconError};
use super::blind::Blind;
use super::grid::{image, upload};
use super::hold::left_out;
use super::model::{Model, espirit, maps};
use super::{Grid, Noise, Prepared};
use crate::classical::{SenseTvParams, cg_sense, sense_tv, zero_filled};
use crate::guidance::Measurement;
use crate::protocol::{self, Method};
use crate::score::Channels;
use ndarray::{Array2, Array3, Axis};
use num_complex::Complex32;
use operators::check::adjoint_gap;
use operators::likelihood::Gaussian;
use operators::{Error, Field, LinearOperator, SliceRng};

/// λ and iterations of the CG-SENSE image that sets the scale, starts samplers and stands beside
/// them in the report.
const REFERENCE: (f64, usize) = (0.01, 30);

/// One slice of a scan.
pub(super) struct Sense<'a, T> {
    prepared: Prepared,
    grid: Grid,
    /// Units of the data over their deviation.
    noise_scale: f64,
    model: Option<Model<T>>,
    unknown: Option<&'a protocol::Nuisance>,
    blank: T,
    sizes: [usize; 2],
    /// One unit of the prior, in units of the whitened data.
    unit: f64,
    slice: usize,
}

impl<'a, T: Channels> Sense<'a, T> {
    /// ESPIRiT maps from all lines, `A = M F C`, and `y = √averages k`; neither for zero-filling.
    pub(super) fn new(
        plan: &'a Plan,
        device: &T::Device,
        prepared: Prepared,
        grid: &Grid,
        noise: &Noise,
        unit: f64,
        slice: usize,
    ) -> Result<Self, ReconError> {
        let (_, rows, columns) = prepared.k_space.dim();
        let zeros = vec![0.0; 2 * rows * columns];
        let blank = T::from_reals(device, &[1, rows, columns], Field::Complex, &zeros);
        let model = match plan.method {
            Method::ZeroFilled(_) => None,
            _ => {
                let maps = maps(plan, &prepared, slice)?;
                let sigma = noise.sigma / unit;
                let made = Model::new(device, &prepared, maps, unit, sigma);
                Some(made.map_err(ReconError::at(slice))?)
            }
        };
        Ok(Sense {
            prepared,
            grid: grid.clone(),
            noise_scale: noise.scale,
            model,
            unknown: plan.protocol.nuisance.as_ref(),
            blank,
            sizes: [rows, columns],
            unit,
            slice,
        })
    }

    /// The slice without a fifth of its samples; the sensitivities are those of all of them.
    ///
    /// Panics for zero-filling, as [`Sense::model`].
    pub(super) fn held_out(self, plan: &Plan) -> Result<Option<HeldOut<'a, T>>, ReconError> {
        let calibration = espirit(plan).calibration;
        let measured = self.prepared.averages.mapv(|a| a > 0.0);
        let Some(held) = left_out(&measured, calibration, plan.options.seed) else {
            return Ok(None);
        };
        let (device, whole) = (self.blank.device(), self.model());
        let values: Vec<f64> = held.iter().map(|h| f64::from(u8::from(*h))).collect();
        let support = T::from_reals(&device, &whole.mask.sizes(), Field::Real, &values);
        let part = Gaussian::new(whole.y.clone(), whole.sigma, support);
        let likelihood = part.map_err(ReconError::at(self.slice))?;
        let prepared = self.prepared.without(&held);
        let (maps, sigma) = (whole.maps.clone(), whole.sigma);
        let rest = Model::new(&device, &prepared, maps, self.unit, sigma);
        let rest = rest.map_err(ReconError::at(self.slice))?;
        let whole = self.model.expect("asked for above");
        Ok(Some(HeldOut {
            left_out: LeftOut {
                operator: whole.a,
                likelihood,
            },
            slice: Box::new(Sense {
                prepared,
                model: Some(rest),
                ..self
            }),
        }))
    }

    /// Panics for zero-filling, which needs no model.
    fn model(&self) -> &Model<T> {
        self.model.as_ref().expect("made for every method but one")
    }

    fn cg_sense(&self, lambda: f64, iterations: usize) -> Result<T, ReconError> {
        let m = self.model();
        let solved = cg_sense(&m.a, &m.y, lambda, iterations);
        Ok(solved.map_err(ReconError::at(self.slice))?.0)
    }

    fn tv(
        &self,
        method: &protocol::Tv,
        tick: &mut dyn FnMut() -> bool,
    ) -> Result<Classical<T>, ReconError> {
        let m = self.model();
        let params = SenseTvParams {
            lambda: method.weight * m.sigma,
            curvature: m.curvature(),
            iterations: method.iterations,
            ..SenseTvParams::default()
        };
        let made = sense_tv(&m.a, &m.y, &self.reference()?, &params, tick);
        let (x, trace) = made.map_err(|error| match error {
            Error::Interrupted => ReconError::Interrupted { slice: self.slice },
            other => ReconError::at(self.slice)(other),
        })?;
        Ok(Classical {
            image: self.images(&x).swap_remove(0),
            x: Some(x),
            steps: trace.iterations()[0],
        })
    }

    /// The magnitudes of the CG-SENSE image, in units of the whitened data.
    pub(super) fn reference_magnitudes(&self) -> Result<Vec<f32>, ReconError> {
        let x = self.reference()?.scaled(self.unit);
        let images = self.visible(&x);
        let magnitudes = images.iter().flat_map(|i| i.iter().map(|z| z.norm()));
        Ok(magnitudes.collect())
    }

    /// Images on the encoded grid; zero where no coil sees anything, since nothing was measured
    /// there and a sampler would show its prior.
    fn visible(&self, x: &T) -> Vec<Array2<Complex32>> {
        let [rows, columns] = self.sizes;
        let elements: Vec<Complex32> = x
            .to_reals()
            .chunks_exact(2)
            .map(|p| Complex32::new(p[0] as f32, p[1] as f32))
            .collect();
        let seen = self
            .model()
            .maps
            .map_axis(Axis(0), |s| s.iter().any(|s| s.norm_sqr() > 0.0));
        let visible = |elements: &[Complex32]| {
            let mut image = image(elements, rows, columns);
            image.zip_mut_with(&seen, |z, seen| *z *= f32::from(u8::from(*seen)));
            image
        };
        elements.chunks(rows * columns).map(visible).collect()
    }

    fn zero_filled(&self, lines: protocol::Lines) -> Array2<Complex32> {
        let lines = match lines {
            protocol::Lines::Imaging => &self.prepared.imaging,
            protocol::Lines::All => self.prepared.measured(),
        };
        let scale = self.noise_scale as f32;
        let image = zero_filled(lines).mapv(|v| Complex32::new(v * scale, 0.0));
        self.grid.crop(&image)
    }
}

impl<T: Channels> Slice<T> for Sense<'_, T> {
    fn measurement(&self) -> Measurement<'_, T> {
        let m = self.model();
        Measurement {
            normal: Some(&m.normal),
            ..Measurement::new(&m.a, &m.likelihood)
        }
    }

    fn nuisance(&self) -> Result<Option<Box<dyn Nuisance<T> + '_>>, ReconError> {
        let (Some(protocol::Nuisance::Sensitivities(table)), Some(m)) = (self.unknown, &self.model)
        else {
            return Ok(None);
        };
        let (coils, rows, columns) = m.maps.dim();
        let sizes = [coils, rows, columns];
        let maps: T = upload(&self.blank.device(), &sizes, m.maps.iter().copied());
        let made = Blind::new(&maps, m.mask.clone(), table);
        Ok(Some(Box::new(made.map_err(ReconError::at(self.slice))?)))
    }

    /// σ of one measurement, or less of the frequency that averages hold best.
    fn noise_floor(&self) -> f64 {
        let m = self.model();
        m.sigma
            .min(m.normal.largest().max(f64::MIN_POSITIVE).powf(-0.5))
    }

    fn blank(&self) -> T {
        self.blank.clone()
    }

    fn reference(&self) -> Result<T, ReconError> {
        self.cg_sense(REFERENCE.0, REFERENCE.1)
    }

    fn classical(
        &self,
        method: &Method,
        tick: &mut dyn FnMut() -> bool,
    ) -> Result<Classical<T>, ReconError> {
        if let Method::Tv(m) = method {
            return self.tv(m, tick);
        }
        tick();
        match method {
            Method::ZeroFilled(m) => Ok(Classical {
                image: self.zero_filled(m.lines),
                x: None,
                steps: 0,
            }),
            Method::CgSense(m) => {
                let x = self.cg_sense(m.lambda, m.iterations)?;
                Ok(Classical {
                    image: self.images(&x).swap_remove(0),
                    x: Some(x),
                    steps: m.iterations,
                })
            }
            other => Err(ReconError::Request(format!(
                "method `{}` does not reconstruct MRI; `annulus protocol list` shows those that do",
                other.name()
            ))),
        }
    }

    fn images(&self, x: &T) -> Vec<Array2<Complex32>> {
        let factor = (self.unit * self.noise_scale) as f32;
        let whole = self.visible(x);
        let one = |image: &Array2<Complex32>| self.grid.crop(&image.mapv(|z| z * factor));
        whole.iter().map(one).collect()
    }

    fn beside(&self) -> Result<Vec<(&'static str, Array2<Complex32>)>, ReconError> {
        let mut found = vec![("zero-filled", self.zero_filled(protocol::Lines::All))];
        if self.model.is_some() {
            found.push(("cg-sense", self.images(&self.reference()?).swap_remove(0)));
        }
        Ok(found)
    }

    fn adjoint_gap(&self, seed: u64) -> Result<f64, ReconError> {
        let m = self.model();
        let mut rng = SliceRng::samples(seed ^ 0x4144_4a4f_494e_5421, 0, 1);
        let x = self.blank.normal_like(&mut rng);
        let y = m.y.normal_like(&mut rng);
        let found = adjoint_gap(&m.a as &dyn LinearOperator<T>, &x, &y);
        Ok(found.map_err(ReconError::at(self.slice))?.gap)
    }

    fn sensitivities(&self) -> Option<Array3<Complex32>> {
        let maps = &self.model.as_ref()?.maps;
        let crop = |m: ndarray::ArrayView2<Complex32>| self.grid.crop(&m.to_owned());
        super::super::kept::stack(&maps.outer_iter().map(crop).collect::<Vec<_>>())
    }
}
