//! A pixel or a measurement: real or complex, in single or double precision.

use num_complex::{Complex32, Complex64};

/// What metrics are computed of; arithmetic is in double precision.
pub trait Value: Copy + Send + Sync {
    /// Real numbers in one: 1 or 2.
    const REALS: usize;

    /// The same number as complex, in double precision.
    fn complex(self) -> Complex64;
}

impl Value for f32 {
    const REALS: usize = 1;

    fn complex(self) -> Complex64 {
        Complex64::new(self.into(), 0.0)
    }
}

impl Value for f64 {
    const REALS: usize = 1;

    fn complex(self) -> Complex64 {
        Complex64::new(self, 0.0)
    }
}

impl Value for Complex32 {
    const REALS: usize = 2;

    fn complex(self) -> Complex64 {
        Complex64::new(self.re.into(), self.im.into())
    }
}

impl Value for Complex64 {
    const REALS: usize = 2;

    fn complex(self) -> Complex64 {
        self
    }
}
