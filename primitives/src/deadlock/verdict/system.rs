//! What the system knows of threads that the detector has never heard of.
//!
//! "Everybody sleeps" is a sentence about all threads of the process, also those that foreign code has
//! started and that use no primitive. Linux lists them in `/proc/self/task`. Elsewhere nobody is asked,
//! and the sentence is never spoken.

use crate::deadlock::graph::wait_for::Graph;

/// How many threads the process has, if that can be known.
#[cfg(all(target_os = "linux", not(model)))]
pub(crate) fn threads(_: &Graph) -> Option<usize> {
    std::fs::read_dir("/proc/self/task").ok().map(Iterator::count)
}

/// The calling thread's number there.
#[cfg(all(target_os = "linux", not(model)))]
pub(crate) fn my_number() -> Option<u32> {
    // SAFETY: takes nothing and touches nothing.
    u32::try_from(unsafe { libc::syscall(libc::SYS_gettid) }).ok()
}

/// Whether a thread whose thread-locals are destroyed has really gone. It takes the system a moment; a
/// thread that is still there after some of them is not given up for dead.
#[cfg(all(target_os = "linux", not(model)))]
pub(crate) fn is_gone(number: Option<u32>) -> bool {
    use crate::sync::thread;
    use std::path::Path;
    use std::time::Duration;

    let Some(number) = number else { return false };
    let folder = format!("/proc/self/task/{number}");
    for _ in 0..50 {
        if !Path::new(&folder).exists() {
            return true;
        }
        thread::sleep(Duration::from_micros(100));
    }
    false
}

#[cfg(all(not(target_os = "linux"), not(model)))]
pub(crate) fn threads(_: &Graph) -> Option<usize> {
    None
}

#[cfg(all(not(target_os = "linux"), not(model)))]
pub(crate) fn my_number() -> Option<u32> {
    None
}

/// Its thread-locals are destroyed, and that must do.
#[cfg(all(not(target_os = "linux"), not(model)))]
pub(crate) fn is_gone(_: Option<u32>) -> bool {
    true
}

/// In a model: those that the scenario has named.
#[cfg(model)]
pub(crate) fn threads(graph: &Graph) -> Option<usize> {
    Some(graph.alive.len())
}

#[cfg(model)]
pub(crate) fn is_gone(_: Option<u32>) -> bool {
    true
}
