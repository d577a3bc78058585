//! What the system knows of threads that the detector has never heard of.
//!
//! A report that every thread sleeps must be true of all threads of the process, also of those that
//! foreign code has started and that use no primitive. Linux lists them in `/proc/self/task`. On
//! other systems the detector never makes that report.
//!
//! To ask takes some microseconds, more where the system is busy. So the detector asks with its
//! lock released.

/// Whether these, by the system's numbers, are all threads that the process has.
///
/// Which, and not how many: a child of a `fork` has other threads than its parent had, and may have
/// as many.
#[cfg(all(target_os = "linux", not(model)))]
pub(crate) fn are_all_threads(numbers: &[Option<u32>]) -> bool {
    let Ok(folder) = std::fs::read_dir("/proc/self/task") else { return false };
    let mut listed = 0;
    for thread in folder {
        let number = thread.ok().and_then(|thread| thread.file_name().to_str()?.parse().ok());
        if number.is_none() || !numbers.contains(&number) {
            return false;
        }
        listed += 1;
    }
    listed == numbers.len()
}

/// The calling thread's number there.
#[cfg(all(target_os = "linux", not(model)))]
pub(crate) fn my_number() -> Option<u32> {
    // SAFETY: takes nothing and touches nothing.
    u32::try_from(unsafe { libc::syscall(libc::SYS_gettid) }).ok()
}

/// Whether a thread whose thread-locals are destroyed has really gone, by one look. It takes the
/// system a moment, and a destructor may take any time; a thread that is still there is not given
/// up for dead.
#[cfg(all(target_os = "linux", not(model)))]
pub(crate) fn is_gone(number: Option<u32>) -> bool {
    let Some(number) = number else { return false };
    !std::path::Path::new(&format!("/proc/self/task/{number}")).exists()
}

#[cfg(all(not(target_os = "linux"), not(model)))]
pub(crate) fn are_all_threads(_: &[Option<u32>]) -> bool {
    false
}

#[cfg(all(not(target_os = "linux"), not(model)))]
pub(crate) fn my_number() -> Option<u32> {
    None
}

/// Its thread-locals are destroyed, and that must suffice.
#[cfg(all(not(target_os = "linux"), not(model)))]
pub(crate) fn is_gone(_: Option<u32>) -> bool {
    true
}

/// In a model no other system is there to be asked.
#[cfg(model)]
pub(crate) fn are_all_threads(_: &[Option<u32>]) -> bool {
    false
}

#[cfg(model)]
pub(crate) fn is_gone(_: Option<u32>) -> bool {
    true
}
