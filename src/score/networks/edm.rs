//! The networks of EDM behind their preconditioning: the denoised image `D(x, σ)`.
//!
//! `D = c_skip x + c_out F(c_in x, c_noise)` with the U-Net `F` of Song et al. ("SongUNet") or of Dhariwal
//! and Nichol ("DhariwalUNet"). Source: Karras et al. 2022, table 1; names as in its checkpoints.

mod blocks;
mod dhariwal;
mod embedding;
mod options;
mod preconditioning;
mod song;

pub use options::{EdmOptions, Path, Unet};
pub use preconditioning::Preconditioning;

use super::{NetworkError, Source, check_class, check_input};
use dhariwal::Dhariwal;
use preconditioning::Coefficients;
use song::Song;
use tch::{Kind, Tensor};

enum Net {
    Dhariwal(Dhariwal),
    Song(Song),
}

/// The denoiser `D(x, σ)`.
pub struct Edm {
    options: EdmOptions,
    coefficients: Coefficients,
    net: Net,
    kind: Kind,
}

impl Edm {
    /// Builds the network of `options` with tensors from `source`.
    pub fn new(source: &mut Source, options: &EdmOptions) -> Result<Self, NetworkError> {
        options.check()?;
        let coefficients = Coefficients::new(source, options);
        let (net, kind) = match options.unet() {
            Unet::Dhariwal => {
                let net = Dhariwal::new(source, options)?;
                let kind = net.kind();
                (Net::Dhariwal(net), kind)
            }
            Unet::Song => {
                let net = Song::new(source, options)?;
                let kind = net.kind();
                (Net::Song(net), kind)
            }
        };
        Ok(Edm {
            options: options.clone(),
            coefficients,
            net,
            kind,
        })
    }

    /// Multiple that both sides of an image must have.
    pub fn cell(&self) -> i64 {
        1 << (self.options.levels() - 1)
    }

    /// `D`: `[B, C, Y, X]` and `[B]` to `[B, C, Y, X]`; without a class, a network with classes is
    /// unconditional.
    pub fn denoise(
        &self,
        x: &Tensor,
        sigma: &Tensor,
        class: Option<&Tensor>,
    ) -> Result<Tensor, NetworkError> {
        let c = self.coefficients.at(sigma);
        let by_item = |c: &Tensor| c.to_kind(self.kind).reshape([-1, 1, 1, 1]);
        let x = x.to_kind(self.kind);
        check_input(&x, sigma, self.options.inputs(), self.cell())?;
        let f = self.network(&(&x * by_item(&c.input)), &c.noise, class)?;
        let channels = self.options.images();
        // A learned variance, where there is one, is the second half.
        Ok(by_item(&c.skip) * x + by_item(&c.output) * f.narrow(1, 0, channels))
    }

    /// `F(x, c)`: the network itself.
    pub fn network(
        &self,
        x: &Tensor,
        c: &Tensor,
        class: Option<&Tensor>,
    ) -> Result<Tensor, NetworkError> {
        check_input(x, c, self.options.inputs(), self.cell())?;
        if class.is_some() {
            check_class(class, x.size()[0], self.options.label_dim)?;
        }
        Ok(match &self.net {
            Net::Dhariwal(net) => net.forward(&x.to_kind(self.kind), c, class),
            Net::Song(net) => net.forward(&x.to_kind(self.kind), c, class),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
