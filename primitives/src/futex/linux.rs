//! The futex back end: [futex(2)](https://man7.org/linux/man-pages/man2/futex.2.html).
//!
//! `FUTEX_WAIT_BITSET` rather than `FUTEX_WAIT`, because only it takes an absolute deadline; the
//! `PRIVATE` flag everywhere, because no other process shares these words and the kernel then need
//! not look for them. It uses libc's `syscall`, which takes an address: a safe wrapper needs a
//! reference, and at a wake the memory may be gone.

use std::io;
use std::ptr;
use std::time::Instant;

#[cfg(not(target_arch = "riscv32"))]
use libc::SYS_futex;
// This processor came after the year 2038 had been thought of: its times always have 64 bits.
#[cfg(target_arch = "riscv32")]
use libc::SYS_futex_time64 as SYS_futex;

use super::Wait;
use crate::sync::atomic::AtomicU32;
use crate::sync::thread;

/// `FUTEX_BITSET_MATCH_ANY`: each wake is meant. (libc does not name it on Android.)
const ANY_OF_THE_BITS: u32 = u32::MAX;

// ANCHOR: wait
pub(super) fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Wait {
    let kernels = deadline.and_then(monotonic);
    let kernels = kernels.as_ref().map_or(ptr::null(), ptr::from_ref);
    loop {
        // SAFETY: the word outlives the call, `kernels` is null or points to a timespec that does,
        // and the kernel writes to neither.
        let result = unsafe {
            libc::syscall(
                SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG,
                expected,
                kernels,
                ptr::null::<u32>(), // not used by this operation
                ANY_OF_THE_BITS,
            )
        };
        if result == 0 {
            return Wait::Woken;
        }
        match Answer::of(io::Error::last_os_error().raw_os_error()) {
            Answer::Changed => return Wait::Woken,
            Answer::TimedOut => return Wait::TimedOut,
            // The deadline is absolute, so simply wait on.
            Answer::Interrupted => {}
            Answer::Refused => return without_the_kernel(deadline),
        }
    }
}

/// What the kernel says where it does not say "woken".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// The word was not the expected one.
    Changed,
    TimedOut,
    /// By a signal.
    Interrupted,
    /// Nothing that a futex should say: a sandbox forbids the call, or the kernel does not know it.
    Refused,
}

impl Answer {
    fn of(error: Option<i32>) -> Self {
        match error {
            Some(libc::EAGAIN) => Self::Changed,
            Some(libc::ETIMEDOUT) => Self::TimedOut,
            Some(libc::EINTR) => Self::Interrupted,
            _ => Self::Refused,
        }
    }
}
// ANCHOR_END: wait

/// A sleep that the kernel refuses counts as a wake-up: the caller looks at its word, and tries
/// again. So the program is slow and right, where a panic would leave a lock in the middle of its
/// work. The deadline is kept all the same.
#[cold]
fn without_the_kernel(deadline: Option<Instant>) -> Wait {
    thread::yield_now();
    if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
        return Wait::TimedOut;
    }
    Wait::Woken
}

// ANCHOR: wake
pub(super) fn wake_one(word: *const AtomicU32) -> bool {
    wake(word, 1) > 0
}

pub(super) fn wake_all(word: *const AtomicU32) {
    wake(word, i32::MAX);
}

fn wake(word: *const AtomicU32, most: i32) -> libc::c_long {
    // SAFETY: the kernel takes the address as a key and never reads it. A failure is possible only
    // for an address that was unmapped since, where no thread can sleep; it is -1, which is not
    // counted.
    unsafe { libc::syscall(SYS_futex, word, libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, most) }
}
// ANCHOR_END: wake

/// The deadline on the kernel's monotonic clock; `None`, which never expires, if it does not fit.
///
/// An [`Instant`] does not show its value, so this uses the distance from now. The clock is read
/// after `Instant::now`, so that the result can only be late (by nanoseconds), never early.
fn monotonic(deadline: Instant) -> Option<libc::timespec> {
    let left = deadline.saturating_duration_since(Instant::now());
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a valid place to write a timespec to.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    assert_eq!(result, 0, "this system has no monotonic clock");
    let nanoseconds = now.tv_nsec + libc::c_long::from(left.subsec_nanos().cast_signed());
    Some(libc::timespec {
        tv_sec: now
            .tv_sec
            .checked_add(left.as_secs().try_into().ok()?)?
            .checked_add(libc::time_t::from(nanoseconds >= 1_000_000_000))?,
        tv_nsec: nanoseconds % 1_000_000_000, // less than two seconds, so a second at most is carried
    })
}

#[cfg(test)]
mod tests {
    use super::{Answer, without_the_kernel};
    use crate::futex::Wait;
    use std::time::{Duration, Instant};

    #[test]
    fn an_error_that_no_futex_should_give_is_a_wake_up_and_no_panic() {
        assert_eq!(Answer::of(Some(libc::EAGAIN)), Answer::Changed);
        assert_eq!(Answer::of(Some(libc::ETIMEDOUT)), Answer::TimedOut);
        assert_eq!(Answer::of(Some(libc::EINTR)), Answer::Interrupted);
        for error in [libc::EPERM, libc::ENOSYS, libc::EINVAL, libc::EFAULT, libc::ENOMEM, 12_345] {
            assert_eq!(Answer::of(Some(error)), Answer::Refused, "error {error}");
        }
        assert_eq!(Answer::of(None), Answer::Refused);
    }

    #[test]
    fn where_the_kernel_refuses_a_deadline_is_kept() {
        let now = Instant::now();
        assert_eq!(without_the_kernel(None), Wait::Woken);
        assert_eq!(without_the_kernel(now.checked_add(Duration::from_secs(3600))), Wait::Woken);
        assert_eq!(without_the_kernel(Some(now)), Wait::TimedOut);
    }
}
