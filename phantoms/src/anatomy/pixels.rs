//! From a deformed section of soft labels to pixels.

use ndarray::{Array2, Array3};

use super::soft::{Place, Shares, SoftPlanes};
use super::sources::Sources;
use super::spot::SpotSection;
use crate::ct::Tissue;

const WHITE: u8 = Tissue::White as u8;

/// A section and where its samples come from, 2 x 2 of them a pixel.
pub(super) struct Pixels {
    pub soft: SoftPlanes,
    pub sources: Sources,
    pub spots: Vec<SpotSection>,
    pub size: (usize, usize),
}

/// The tissues of a pixel.
enum Mix<'a> {
    One(u8),
    /// Shares, and a bit for each tissue that has one.
    Several(&'a Shares, u32),
}

impl Mix<'_> {
    /// The tissues and their shares.
    fn each(&self, mut see: impl FnMut(usize, f32)) {
        match *self {
            Self::One(tissue) => see(usize::from(tissue), 1.0),
            Self::Several(shares, mut left) => {
                while left != 0 {
                    let tissue = left.trailing_zeros() as usize % shares.len();
                    see(tissue, shares[tissue]);
                    left &= left - 1;
                }
            }
        }
    }
}

/// What a section shows.
pub(super) struct Drawn {
    pub signal: Array2<f32>,
    pub lesion_share: Array2<f32>,
    pub tissue: Array2<Tissue>,
}

impl Pixels {
    /// The signal of each pixel, where a lesion adds `contrast` to white matter, the lesions and
    /// the strongest tissue.
    pub fn draw(&self, signals: &[f32; Tissue::ALL.len()], contrast: f32) -> Drawn {
        let pixels = self.size.0 * self.size.1;
        let (mut signal, mut lesion_share) =
            (Vec::with_capacity(pixels), Vec::with_capacity(pixels));
        let mut tissue = Vec::with_capacity(pixels);
        self.visit(|mix, lesion| {
            let (mut sum, mut best) = (0.0, (0, 0.0));
            mix.each(|tissue, share| {
                sum += share * signals[tissue];
                if share > best.1 {
                    best = (tissue, share);
                }
            });
            signal.push(sum + lesion * contrast);
            lesion_share.push(lesion);
            tissue.push(Tissue::ALL[best.0]);
        });
        Drawn {
            signal: self.shaped(signal),
            lesion_share: self.shaped(lesion_share),
            tissue: self.shaped(tissue),
        }
    }

    /// The share of each tissue in each pixel.
    pub fn shares(&self) -> Array3<f32> {
        let pixels = self.size.0 * self.size.1;
        let mut all = vec![0.0; Tissue::ALL.len() * pixels];
        let mut pixel = 0;
        self.visit(|mix, _| {
            mix.each(|tissue, share| all[tissue * pixels + pixel] = share);
            pixel += 1;
        });
        let shape = (Tissue::ALL.len(), self.size.0, self.size.1);
        Array3::from_shape_vec(shape, all).expect("every pixel was visited")
    }

    fn shaped<T>(&self, pixels: Vec<T>) -> Array2<T> {
        Array2::from_shape_vec(self.size, pixels).expect("every pixel was visited")
    }

    /// The tissues of each pixel, row by row, and the share of lesions in it.
    fn visit(&self, mut see: impl FnMut(Mix, f32)) {
        let (ny, nx) = self.size;
        for j in 0..ny {
            let rows = [self.sources.row(2 * j), self.sources.row(2 * j + 1)];
            for i in 0..nx {
                let [a, b] = [&rows[0][2 * i..2 * i + 2], &rows[1][2 * i..2 * i + 2]];
                let from = [a[0], a[1], b[0], b[1]];
                let places = from.map(|p| self.soft.place(p));
                let first = places[0].alone();
                if let Some(tissue) = first
                    && places[1..].iter().all(|p| p.alone() == first)
                {
                    let lesion = match tissue {
                        WHITE => self.lesion(&from, &[1.0; 4]),
                        _ => 0.0,
                    };
                    see(Mix::One(tissue), lesion);
                } else {
                    let mut shares = Shares::default();
                    let white = places.map(|place| self.add(place, &mut shares));
                    let present = places.iter().fold(0, |bits, p| bits | p.present);
                    see(Mix::Several(&shares, present), self.lesion(&from, &white));
                }
            }
        }
    }

    /// Adds a quarter of the shares at a place; gives the share of white matter.
    #[inline]
    fn add(&self, place: Place, shares: &mut Shares) -> f32 {
        match place.alone() {
            Some(tissue) => {
                shares[usize::from(tissue)] += 0.25;
                f32::from(tissue == WHITE)
            }
            None => self.soft.add(place, 0.25, WHITE, shares),
        }
    }

    /// The share of lesions in a pixel: they replace white matter.
    fn lesion(&self, from: &[[f32; 2]; 4], white: &[f32; 4]) -> f32 {
        let mut sum = 0.0;
        for spot in &self.spots {
            for (p, white) in from.iter().zip(white) {
                if *white > 0.0 {
                    sum += white * spot.share(*p);
                }
            }
        }
        0.25 * sum
    }
}
