//! Items of a batch side by side on the CPU: a small network does not keep several threads busy, several of it do.

use super::unet::UNet;
use rayon::prelude::*;
use std::cell::Cell;
use std::sync::{Mutex, PoisonError};
use tch::Device;

/// How the items of a batch share the threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// One by one, on all threads.
    AllForEach,
    /// Beside each other, on one thread each.
    OneEach,
}

/// Fewer items than a fourth of the threads are faster one by one.
const FEW: usize = 4;
/// Elements up to which libtorch convolves by products of matrices, whose bits depend on the number of threads: so
/// small a layer has one thread, alone and beside others. Larger ones go to oneDNN, which does not split sums
/// between threads (`ConvParams::use_mkldnn`; the bits are tested, not promised).
const SMALL: usize = 20480;

/// A local network once a thread: a tensor may be sent to another thread, not shared with it.
pub(super) struct Replicas(Vec<Mutex<UNet>>);

impl Replicas {
    /// How many a device wants: a thread each on the CPU, elsewhere one.
    pub(super) fn wanted(device: Device) -> usize {
        match device {
            Device::Cpu => rayon::current_num_threads(),
            _ => 1,
        }
    }

    /// Of networks that share their tensors, one at least.
    pub(super) fn new(networks: Vec<UNet>) -> Self {
        assert!(!networks.is_empty(), "one network at least");
        Replicas(networks.into_iter().map(Mutex::new).collect())
    }

    /// `f` of one network.
    pub(super) fn one<B>(&self, f: impl FnOnce(&UNet) -> B) -> B {
        f(&self.0[0].lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How `items` share the threads, of images whose smallest layer has so many elements.
    pub(super) fn share(&self, items: usize, smallest_layer: usize) -> Share {
        let threads = rayon::current_num_threads();
        let alone = items < 2 || items * FEW < threads;
        match self.0.len() > 1 && (smallest_layer <= SMALL || !alone) {
            true => Share::OneEach,
            false => Share::AllForEach,
        }
    }

    /// `f` of every item, in their order; it must not wait for other work of its thread, whose network it holds.
    pub(super) fn each<A: Send, B: Send>(
        &self,
        share: Share,
        items: Vec<A>,
        f: impl Fn(&UNet, A) -> B + Sync,
    ) -> Vec<B> {
        share.each(items, |item| {
            let thread = rayon::current_thread_index().unwrap_or(0);
            let network = self.0[thread % self.0.len()].lock();
            f(&network.unwrap_or_else(PoisonError::into_inner), item)
        })
    }
}

impl Share {
    /// `f` of every item, in their order.
    pub(super) fn each<A: Send, B: Send>(self, items: Vec<A>, f: impl Fn(A) -> B + Sync) -> Vec<B> {
        let one = |item| {
            take_one_thread();
            f(item)
        };
        match self {
            Share::AllForEach => items.into_iter().map(f).collect(),
            Share::OneEach => items.into_par_iter().with_max_len(1).map(one).collect(),
        }
    }
}

/// Tells libtorch that a call from this thread has no others.
fn take_one_thread() {
    thread_local! {
        static TAKEN: Cell<bool> = const { Cell::new(false) };
    }
    // It empties caches: once.
    if !TAKEN.replace(true) {
        // A thread that asks for the first time gets the number that any thread has set last.
        tch::get_num_threads();
        tch::set_num_threads(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else a convolution would take all threads for each of the items that run beside each other.
    #[test]
    fn an_item_beside_others_has_one_thread() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build();
        let threads = |_: usize| tch::get_num_threads();
        let found = pool
            .unwrap()
            .install(|| Share::OneEach.each((0..9).collect(), threads));
        assert_eq!(found, [1; 9]);
    }

    #[test]
    fn answers_come_in_the_order_of_the_items() {
        for share in [Share::AllForEach, Share::OneEach] {
            let found = share.each((0..100).collect(), |i: usize| i * i);
            assert!(found.iter().enumerate().all(|(i, v)| *v == i * i));
        }
    }
}
