//! How many cores the program may use.

/// How many cores this process may use at once, at least 1.
///
/// std answers for the calling _thread_. In a program that pins each thread to its own core, each
/// of them would learn that there is one core. If the process may use more cores than the calling
/// thread, the process's number counts.
#[must_use]
pub fn available() -> usize {
    #[cfg(target_os = "linux")]
    if let (Some(process), Some(thread)) = (linux::cores_of_process(), linux::cores_of_thread())
        && thread < process
    {
        return process;
    }
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// On which core the calling thread runs; out of date at once. 0 where the system does not say.
#[must_use]
#[inline]
pub(super) fn current() -> usize {
    // Miri does not say.
    #[cfg(all(target_os = "linux", not(miri)))]
    // SAFETY: no memory is involved.
    if let Ok(core) = usize::try_from(unsafe { libc::sched_getcpu() }) {
        return core;
    }
    0
}

#[cfg(target_os = "linux")]
mod linux {
    use std::mem;

    /// This is the set of the first thread: the others inherited it, or were pinned later.
    pub(super) fn cores_of_process() -> Option<usize> {
        // SAFETY: no arguments, and it cannot fail.
        cores_of(unsafe { libc::getpid() })
    }

    pub(super) fn cores_of_thread() -> Option<usize> {
        cores_of(0) // the calling one
    }

    /// `None` on a machine with more cores than the set can hold.
    fn cores_of(thread: libc::pid_t) -> Option<usize> {
        // SAFETY: a set of bits, of which all zero is the empty one.
        let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
        // SAFETY: the set is valid for writing and as long as we say.
        let failed = unsafe { libc::sched_getaffinity(thread, size_of_val(&set), &raw mut set) };
        // SAFETY: the set is initialized.
        (failed == 0).then(|| unsafe { libc::CPU_COUNT(&set) } as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::available;

    #[test]
    fn there_is_a_core() {
        assert!(available() >= 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pinned_thread_does_not_take_the_process_for_pinned() {
        let cores = available();
        std::thread::spawn(move || {
            // SAFETY: a set of bits, of which all zero is the empty one.
            let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
            // SAFETY: the set is valid, for reading and for writing, and as long as we say.
            unsafe {
                libc::sched_getaffinity(0, size_of_val(&set), &raw mut set);
                let core =
                    (0..libc::CPU_SETSIZE as usize).find(|core| libc::CPU_ISSET(*core, &set));
                libc::CPU_ZERO(&mut set);
                libc::CPU_SET(core.expect("this thread runs somewhere"), &mut set);
                libc::sched_setaffinity(0, size_of_val(&set), &raw const set);
            }
            assert_eq!(available(), cores);
        })
        .join()
        .unwrap();
    }
}
