use super::super::card::{NetworkCard, TrainingCard};
use super::super::unet::Fresh;
use super::*;
use operators::array::Torch;
use operators::{Array, Field, Host, SliceRng, Vector};
use rand::SeedableRng;

pub(crate) fn small(image_channels: usize) -> Model {
    small_of(image_channels, false)
}

fn small_of(image_channels: usize, bounded: bool) -> Model {
    let network = NetworkCard {
        channels: vec![6, 8],
        blocks: vec![1, 1],
        sigma_data: 0.3,
        compand: (image_channels == 1).then_some(0.06),
        bounded,
        parameters: 0,
    };
    let rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let mut fresh = Fresh {
        device: Device::Cpu,
        rng,
        made: Vec::new(),
    };
    UNet::new(&mut fresh, &network, image_channels);
    let training = TrainingCard {
        steps: 0,
        images: 0,
        seed: 0,
        seconds: 0.0,
        extended_at: Vec::new(),
        validation: None,
        version: String::new(),
    };
    let card = Card {
        name: "small".into(),
        training_set: String::new(),
        intended_use: String::new(),
        channels: image_channels,
        normalisation: String::new(),
        unit_hu: None,
        quantile: 0.995,
        quantile_value: 1.0,
        data_range: [0.0, 1.0],
        sigma_range: [0.003, 4.0],
        network: Network::Local(network),
        training: Some(training),
        levels: Vec::new(),
        weights_sha256: String::new(),
    };
    Model::new("small", card, fresh.made, Device::Cpu).unwrap()
}

fn random(batch: u32, rows: usize, columns: usize, seed: u64) -> Host<f32> {
    random_of(Field::Complex, batch, rows, columns, seed)
}

fn random_of(field: Field, batch: u32, rows: usize, columns: usize, seed: u64) -> Host<f32> {
    let like = Host::zeros(&[batch as usize, rows, columns], field);
    like.normal_like(&mut SliceRng::samples(seed, 0, batch))
}

/// Finite differences of D along v, against Jᴴ.
#[test]
fn the_pullback_is_the_transposed_jacobian() {
    for (channels, field) in [(2, Field::Complex), (1, Field::Real)] {
        for bounded in [false, true] {
            let model = small_of(channels, bounded);
            jacobian(&model, |seed| random_of(field, 2, 9, 14, seed));
        }
    }
}

/// The card says which network the weights are of.
#[test]
fn bounded_blocks_are_another_network() {
    let x = random(1, 16, 12, 1);
    let [plain, bounded] = [false, true].map(|b| small_of(2, b).denoise(&x, 0.1).unwrap());
    assert!(plain.minus(&bounded).norm()[0] > 1e-3 * plain.norm()[0]);
}

#[test]
fn an_image_of_another_kind_is_refused() {
    let x = random_of(Field::Real, 1, 8, 8, 1);
    let error = small(2).denoise(&x, 0.2).unwrap_err().to_string();
    assert!(error.contains("expected a complex image"), "{error}");
}

/// The network is asked at the noise that texture and state have together.
#[test]
fn texture_is_noise_to_the_network() {
    let x = random(1, 16, 12, 1);
    let plain = small(2).denoise(&x, 0.5).unwrap();
    let textured = small(2).textured(0.3);
    let mut expected = plain.scaled(0.64);
    expected.axpy(&[0.36], &x);
    let d = textured.denoise(&x, 0.4).unwrap();
    assert!(d.minus(&expected).norm()[0] < 1e-5 * d.norm()[0]);
    jacobian(&textured, |seed| random(1, 16, 12, seed));
}

fn jacobian(model: &Model, random: impl Fn(u64) -> Host<f32>) {
    let (x, u, v) = (random(1), random(2), random(3));
    let estimate = model.estimate(&x, 0.2, Want::Pullback).unwrap();
    let right = u.dot(&estimate.pull(&v).unwrap());
    let h = 1e-2;
    let moved = |h: f64| {
        let mut y = x.clone();
        y.axpy(&[h], &u);
        model.denoise(&y, 0.2).unwrap()
    };
    let mut slope = moved(h).minus(&moved(-h));
    slope.scale(&[0.5 / h]);
    for (l, r) in slope.dot(&v).iter().zip(&right) {
        assert!((l - r).abs() < 2e-3 * r.abs().max(1.0), "{l} {r}");
    }
}

/// On one thread beside others, on three alone where the image is large enough to be shared.
#[test]
fn an_item_has_the_same_bits_alone_and_in_a_batch() {
    tch::get_num_threads();
    tch::set_num_threads(3);
    assert_eq!(tch::get_num_threads(), 3);
    let model = small(2);
    let of = |x: &Host<f32>, v: &Host<f32>| {
        let estimate = model.estimate(x, 0.5, Want::Pullback).unwrap();
        (estimate.pull(v).unwrap(), estimate.x0)
    };
    for (rows, columns) in [(16, 12), (56, 72), (104, 116)] {
        let (x, v) = (random(5, rows, columns, 4), random(5, rows, columns, 5));
        let (pulled, x0) = of(&x, &v);
        for i in 0..5 {
            let item = |x: &Host<f32>| x.items(i, i + 1);
            assert_eq!(of(&item(&x), &item(&v)), (item(&pulled), item(&x0)));
        }
    }
    let share = |rows| {
        model.share(&Tensor::zeros(
            [1, 2, rows, 100],
            (Kind::Float, Device::Cpu),
        ))
    };
    if rayon::current_num_threads() > 1 {
        assert_eq!(
            [share(100), share(104)],
            [Share::OneEach, Share::AllForEach]
        );
    }
}

#[test]
fn the_backends_agree() {
    let model = small(2);
    let x = random(2, 9, 14, 1);
    let t = Torch::from_reals(
        &(Device::Cpu, Kind::Float),
        &x.sizes(),
        Field::Complex,
        &x.to_reals(),
    );
    let host = model.denoise(&x, 0.2).unwrap().to_reals();
    let torch = model.denoise(&t, 0.2).unwrap().to_reals();
    assert!(host.iter().zip(&torch).all(|(a, b)| (a - b).abs() < 1e-5));
}
