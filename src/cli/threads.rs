//! How many threads a heavy verb uses.

/// Threads of the operators and of the network.
pub(super) fn set_threads(threads: Option<usize>) -> usize {
    let there = std::thread::available_parallelism().map_or(1, |n| n.get());
    let threads = threads.unwrap_or(there).max(1);
    // Only the first call in a process can set the pool; there is only one.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global();
    tch::set_num_threads(threads as i32);
    // libtorch reads the number that was set last when a thread asks for the first time: this one asks now, before
    // others are given theirs.
    tch::get_num_threads();
    threads
}
