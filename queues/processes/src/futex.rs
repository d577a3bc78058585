//! The only door to sleeping: [futex(2)](https://man7.org/linux/man-pages/man2/futex.2.html) on
//! words that several processes share.
//!
//! `primitives` sleeps with `FUTEX_PRIVATE_FLAG`, which finds a sleeper by its address. The same
//! word has another address in each process, so here the flag is never set: the kernel then finds a
//! sleeper by the page of the file that contains the word. It looks the page up at each call, which
//! is the only extra cost.
//!
//! Killed processes make [`change_and_wake`] necessary. A store and a wake are two steps; a process
//! that is killed between them leaves a sleeper that nothing wakes. `FUTEX_WAKE_OP` does both in
//! one system call, and a SIGKILL takes effect before or after a system call.
//!
//! These calls are not those of `primitives::futex` with another flag. That door has back ends
//! beside the kernel's futex (a table of sleepers, a model, other systems), and none of them
//! reaches another process. A form for shared words in its public face would also be a way to sleep
//! past the watched one. What both have in common is one loop around one system call.

use std::io;
use std::ptr;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Woken, or the word was not the expected one, or a spurious wake-up.
    Woken,
    /// The deadline has come.
    TimedOut,
}

/// The latest end of a wait. `None` never expires.
pub(crate) type Deadline = Option<Instant>;

/// The deadline `timeout` from now. A timeout that overflows the clock never expires.
pub(crate) use primitives::park::deadline_after as after;

/// Whether the deadline has come. Reads the clock.
pub(crate) fn is_over(deadline: Deadline) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}

/// The earlier of a deadline and `slice` from now.
pub(crate) fn at_most(deadline: Deadline, slice: Duration) -> Deadline {
    let slice = Instant::now() + slice;
    Some(deadline.map_or(slice, |deadline| deadline.min(slice)))
}

/// Sleeps while `*word == expected`, until woken or until `deadline`. May return early.
pub(crate) fn wait(word: &AtomicU32, expected: u32, deadline: Deadline) -> Wait {
    let deadline = deadline.and_then(monotonic);
    let deadline = deadline.as_ref().map_or(ptr::null(), ptr::from_ref);
    loop {
        // SAFETY: the word outlives the call, `deadline` is null or points to a timespec that does,
        // and the kernel writes to neither. `FUTEX_WAIT_BITSET` takes an absolute deadline, and is
        // not restarted by the kernel.
        let result = unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAIT_BITSET,
                expected,
                deadline,
                ptr::null::<u32>(), // not used by this operation
                libc::FUTEX_BITSET_MATCH_ANY,
            )
        };
        if result == 0 {
            return Wait::Woken;
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EAGAIN) => return Wait::Woken,
            Some(libc::ETIMEDOUT) => return Wait::TimedOut,
            // A signal: the deadline is absolute, so just wait again.
            Some(libc::EINTR) => {}
            _ => unreachable!("futex wait at {word:p}: {error}"),
        }
    }
}

/// Wakes up to `most` threads, of any process, that sleep on the word. Returns how many.
pub(crate) fn wake(word: &AtomicU32, most: i32) -> usize {
    debug_assert!(most > 0, "the kernel takes 0 for 1");
    // SAFETY: the kernel takes the address as a key and does not read the word.
    let woken = unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, most) };
    usize::try_from(woken).unwrap_or(0)
}

/// Wakes all threads that sleep on the word.
pub(crate) fn wake_all(word: &AtomicU32) -> usize {
    wake(word, i32::MAX)
}

/// What [`change_and_wake`] does to the word.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// Set it to zero.
    Clear,
    /// Set it to this one bit.
    SetBit(u32),
    /// Set this one bit, and leave the others.
    OrBit(u32),
    /// Add one.
    AddOne,
}

/// Changes the word and wakes up to `most` sleepers, in one system call: a killed process has done
/// both or neither. The store is a Release. Returns how many were woken.
pub(crate) fn change_and_wake(word: &AtomicU32, change: Change, most: i32) -> usize {
    const SET: u32 = 0;
    const ADD: u32 = 1;
    const OR: u32 = 2;
    /// The argument is the number of a bit, and means that bit.
    const SHIFTED: u32 = 8;
    /// "Also wake sleepers of the second word, if its old value was this", which no lock ever
    /// holds. There is no second word. If a counter has reached this value, one more sleeper wakes
    /// spuriously.
    const NEVER: u32 = 0x800;

    debug_assert!(most > 0, "the kernel takes 0 for 1");
    let (operation, argument) = match change {
        Change::Clear => (SET, 0),
        Change::SetBit(bit) => (SET | SHIFTED, bit),
        Change::OrBit(bit) => (OR | SHIFTED, bit),
        Change::AddOne => (ADD, 1),
    };
    let encoded = operation << 28 | argument << 12 | NEVER;
    // Release: on every relevant machine the kernel's store is a Release, but nothing promises
    // that.
    std::sync::atomic::fence(std::sync::atomic::Ordering::Release);
    // SAFETY: both addresses are that of the word, which outlives the call; the kernel changes it
    // atomically.
    let woken = unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAKE_OP,
            most,
            0usize, // wake none of the second word
            word.as_ptr(),
            encoded,
        )
    };
    assert!(woken >= 0, "futex wake at {word:p}: {}", io::Error::last_os_error());
    woken as usize
}

/// The deadline on the kernel's monotonic clock, or `None`, which never expires, if it does not
/// fit.
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
            .checked_add(nanoseconds / 1_000_000_000)?,
        tv_nsec: nanoseconds % 1_000_000_000,
    })
}
