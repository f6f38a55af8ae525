//! Items of a batch side by side on the CPU: a small network does not keep several threads busy, several of it do.

use super::unet::UNet;
use rayon::prelude::*;
use std::cell::Cell;
use std::sync::{Mutex, PoisonError};
use tch::Device;

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

    /// Whether there are several.
    pub(super) fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    /// `f` of every item, in their order; it must not wait for other work of its thread, whose network it holds.
    pub(super) fn each<A: Send, B: Send>(
        &self,
        items: Vec<A>,
        f: impl Fn(&UNet, A) -> B + Sync,
    ) -> Vec<B> {
        side_by_side(self.are_several(), items, |item| {
            let thread = rayon::current_thread_index().unwrap_or(0);
            let network = self.0[thread % self.0.len()].lock();
            f(&network.unwrap_or_else(PoisonError::into_inner), item)
        })
    }
}

/// `f` of every item, in their order: `several` at a time, with their share of the threads each, or one by one with
/// all of them.
pub(super) fn side_by_side<A: Send, B: Send>(
    several: bool,
    items: Vec<A>,
    f: impl Fn(A) -> B + Sync,
) -> Vec<B> {
    if !several || items.len() < 2 {
        return items.into_iter().map(f).collect();
    }
    let threads = (rayon::current_num_threads() / items.len()).max(1);
    let one = |item| {
        give_threads(threads);
        f(item)
    };
    items.into_par_iter().with_max_len(1).map(one).collect()
}

/// Tells libtorch how many threads a call from this one may use.
fn give_threads(threads: usize) {
    thread_local! {
        static GIVEN: Cell<usize> = const { Cell::new(0) };
    }
    // It empties caches: only where something changes.
    if GIVEN.replace(threads) != threads {
        tch::set_num_threads(threads as i32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_the_order_of_the_items() {
        for several in [false, true] {
            let found = side_by_side(several, (0..100).collect(), |i: usize| i * i);
            assert!(found.iter().enumerate().all(|(i, v)| *v == i * i));
        }
    }
}
