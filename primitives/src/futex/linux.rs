//! The futex back end: [futex(2)](https://man7.org/linux/man-pages/man2/futex.2.html).
//!
//! `FUTEX_WAIT_BITSET` rather than `FUTEX_WAIT`, because only it takes an absolute deadline; the
//! `PRIVATE` flag everywhere, because no other process shares these words and the kernel then need not
//! look for them. Through libc's `syscall`, which takes an address: a safe wrapper wants a reference,
//! and at a wake there may be nothing left to refer to.

use std::io;
use std::ptr;
use std::time::Instant;

use super::Wait;
use crate::sync::atomic::AtomicU32;

// ANCHOR: wait
pub(super) fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Wait {
    let deadline = deadline.and_then(monotonic);
    let deadline = deadline.as_ref().map_or(ptr::null(), ptr::from_ref);
    loop {
        // SAFETY: the word outlives the call, `deadline` is null or points to a timespec that does,
        // and the kernel writes to neither.
        let result = unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG,
                expected,
                deadline,
                ptr::null::<u32>(), // not used by this operation
                libc::FUTEX_BITSET_MATCH_ANY,
            )
        };
        if result == 0 {
            return Wait::Woken;
        }
        match io::Error::last_os_error() {
            // The word was not the expected one.
            error if error.raw_os_error() == Some(libc::EAGAIN) => return Wait::Woken,
            error if error.raw_os_error() == Some(libc::ETIMEDOUT) => return Wait::TimedOut,
            // A signal: the deadline is absolute, so simply wait on.
            error if error.raw_os_error() == Some(libc::EINTR) => {}
            error => unreachable!("futex wait at {word:p}: {error}"),
        }
    }
}
// ANCHOR_END: wait

// ANCHOR: wake
pub(super) fn wake_one(word: *const AtomicU32) -> bool {
    wake(word, 1) > 0
}

pub(super) fn wake_all(word: *const AtomicU32) {
    wake(word, i32::MAX);
}

fn wake(word: *const AtomicU32, most: i32) -> libc::c_long {
    // SAFETY: the kernel takes the address as a key and never reads it. A failure is possible only for
    // an address that was unmapped since, where nobody can sleep; it is -1, which nobody counts.
    unsafe {
        libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, most)
    }
}
// ANCHOR_END: wake

/// The deadline on the kernel's monotonic clock; `None`, for ever, where it does not fit.
///
/// An [`Instant`] does not show its value, so go by the distance from now. The clock is read after
/// `Instant::now`, so that the result can only be late (by nanoseconds), never early.
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
            .checked_add(nanoseconds / 1_000_000_000)?,
        tv_nsec: nanoseconds % 1_000_000_000,
    })
}
