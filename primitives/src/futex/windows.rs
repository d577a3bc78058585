//! The back end of Windows:
//! [`WaitOnAddress`](https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-waitonaddress).
//!
//! Windows sleeps on a word as a futex does, but a wake there does not tell whether any thread was
//! asleep, and [`wake_one`] must: a condition that wakes `n` threads stops at the first call that
//! found none, and a readers-writer lock then turns from its writers to its readers. So the
//! sleepers of a word are in the [table](super::table), and each sleeps by `WaitOnAddress` on the
//! flag of its own node. A waker rouses exactly the thread that it took off the list.
//!
//! A wake takes the flag's _address_ after the flag was set: the sleeper may have left its stack
//! frame by then. Windows takes the address as a key, and does not read it.

use std::ffi::c_void;
use std::ptr;
use std::time::{Duration, Instant};

use super::Wait;
use super::table::{ASLEEP, BUCKETS, Bucket, Node, place};
use crate::sync::atomic::AtomicU32;

static TABLE: [Bucket; BUCKETS] = [const { Bucket::new() }; BUCKETS];

/// As a timeout of `WaitOnAddress` in milliseconds: it never expires.
const INFINITE: u32 = u32::MAX;

// By name from the system's library, so that no import library is needed. On 32 bits the names that
// it exports carry no count of their arguments.
#[cfg_attr(
    target_arch = "x86",
    link(
        name = "api-ms-win-core-synch-l1-2-0",
        kind = "raw-dylib",
        import_name_type = "undecorated"
    )
)]
#[cfg_attr(
    not(target_arch = "x86"),
    link(name = "api-ms-win-core-synch-l1-2-0", kind = "raw-dylib")
)]
unsafe extern "system" {
    /// Sleeps while the `size` bytes at both addresses are the same. 0 if the time is up.
    fn WaitOnAddress(
        address: *const c_void,
        compare: *const c_void,
        size: usize,
        milliseconds: u32,
    ) -> i32;
    fn WakeByAddressSingle(address: *const c_void);
}

pub(super) fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Wait {
    let bucket = &TABLE[place(ptr::from_ref(word).addr())];
    let node = Node::new();
    // SAFETY: it is off the list before this returns, and nothing below panics.
    if !unsafe { bucket.lock().put(&node, word, expected, &mut None) } {
        return Wait::Woken;
    }
    loop {
        let milliseconds = match deadline {
            None => INFINITE,
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                up_to(left)
            }
        };
        let (flag, asleep) = (ptr::from_ref(node.flag()).cast(), ASLEEP);
        // SAFETY: both places are valid for reading 4 bytes during the call. Why it returned does
        // not matter: the flag and the clock are looked at.
        unsafe { WaitOnAddress(flag, (&raw const asleep).cast(), size_of::<u32>(), milliseconds) };
        if node.is_woken() {
            return Wait::Woken;
        }
    }
    let mut sleepers = bucket.lock();
    if node.is_woken() {
        return Wait::Woken; // at the last moment
    }
    sleepers.take_off(&node);
    Wait::TimedOut
}

/// In whole milliseconds, rounded up; a time that is too long is divided.
fn up_to(left: Duration) -> u32 {
    let milliseconds = left.as_nanos().div_ceil(1_000_000);
    u32::try_from(milliseconds).unwrap_or(INFINITE).min(INFINITE - 1)
}

pub(super) fn wake_one(word: *const AtomicU32) -> bool {
    let bucket = &TABLE[place(word.addr())];
    let mut flag = ptr::null();
    let woken = bucket.lock().wake(word.addr(), 1, u64::MAX, |it, _| flag = it);
    if woken > 0 {
        rouse(flag); // without the mutex
    }
    woken > 0
}

pub(super) fn wake_all(word: *const AtomicU32) {
    TABLE[place(word.addr())].lock().wake(word.addr(), usize::MAX, u64::MAX, |flag, _| rouse(flag));
}

/// Ends the sleep of the one thread that sleeps on this flag.
fn rouse(flag: *const AtomicU32) {
    // SAFETY: the address is a key, and is not read.
    unsafe { WakeByAddressSingle(flag.cast()) };
}

#[cfg(test)]
mod tests {
    use super::{INFINITE, up_to};
    use std::time::Duration;

    #[test]
    fn a_time_is_rounded_up_and_never_infinite() {
        assert_eq!(up_to(Duration::from_nanos(1)), 1);
        assert_eq!(up_to(Duration::from_millis(7)), 7);
        assert_eq!(up_to(Duration::new(1, 1)), 1001);
        assert_eq!(up_to(Duration::MAX), INFINITE - 1);
    }
}
