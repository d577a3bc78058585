//! The back end of macOS and its kin: `os_sync_wait_on_address`, of the system's header
//! `<os/os_sync_wait_on_address.h>`.
//!
//! The calls are public since macOS 14.4 and iOS 17.4. (`__ulock_wait`, which is older, is private:
//! a shop refuses a program that names it.) A program that named them in its import table would not
//! start on an older system. So they are looked up at the first sleep or wake; where they are
//! missing, [`portable`] does the work, for all words and to the end of the process.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::io;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::{Wait, portable};
use crate::sync::atomic::{AtomicU32, Ordering::Relaxed};
use crate::sync::thread;

/// The size of a word, which each call wants.
const SIZE: usize = size_of::<u32>();

/// No other process shares the words.
const PRIVATE: u32 = 0;

/// The clock of [`Instant`], on which a timeout counts nanoseconds.
const MACH_ABSOLUTE_TIME: u32 = 32;

/// A longer time is divided: the system's limit is not documented, and it refuses what is beyond.
const LONGEST: Duration = Duration::from_secs(60);

/// A handle of `dlsym`: whichever library of the program has it.
const RTLD_DEFAULT: *mut c_void = std::ptr::without_provenance_mut(-2_isize as usize);

const EINTR: i32 = 4;
const ETIMEDOUT: i32 = 60;

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// `os_sync_wait_on_address(address, value, size, flags)`
type WaitOn = unsafe extern "C" fn(*mut c_void, u64, usize, u32) -> c_int;
/// `os_sync_wait_on_address_with_timeout(address, value, size, flags, clock, nanoseconds)`
type WaitOnFor = unsafe extern "C" fn(*mut c_void, u64, usize, u32, u32, u64) -> c_int;
/// `os_sync_wake_by_address_any(address, size, flags)`, and `…_all`
type WakeBy = unsafe extern "C" fn(*mut c_void, usize, u32) -> c_int;

/// The system's calls.
struct Calls {
    wait: WaitOn,
    wait_for: WaitOnFor,
    wake_any: WakeBy,
    wake_all: WakeBy,
}

impl Calls {
    /// `None` on a system without them. It stays the same to the end of the process.
    fn get() -> Option<&'static Self> {
        static CALLS: OnceLock<Option<Calls>> = OnceLock::new();
        CALLS.get_or_init(Self::look_up).as_ref()
    }

    fn look_up() -> Option<Self> {
        // SAFETY: the header declares them with these types.
        unsafe {
            Some(Self {
                wait: std::mem::transmute::<*mut c_void, WaitOn>(find(c"os_sync_wait_on_address")?),
                wait_for: std::mem::transmute::<*mut c_void, WaitOnFor>(find(
                    c"os_sync_wait_on_address_with_timeout",
                )?),
                wake_any: std::mem::transmute::<*mut c_void, WakeBy>(find(
                    c"os_sync_wake_by_address_any",
                )?),
                wake_all: std::mem::transmute::<*mut c_void, WakeBy>(find(
                    c"os_sync_wake_by_address_all",
                )?),
            })
        }
    }
}

/// The address of a function of this name, if the system has one.
fn find(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: the handle is a constant of the system, and the name ends with a zero.
    let found = unsafe { dlsym(RTLD_DEFAULT, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

pub(super) fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Wait {
    let Some(calls) = Calls::get() else { return portable::wait(word, expected, deadline) };
    let address = word.as_ptr().cast();
    let value = u64::from(expected);
    loop {
        let result = match deadline {
            // SAFETY: the word outlives the call, which reads 4 bytes of it.
            None => unsafe { (calls.wait)(address, value, SIZE, PRIVATE) },
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    // Relaxed: a look; the caller orders what it reads.
                    let changed = word.load(Relaxed) != expected;
                    return if changed { Wait::Woken } else { Wait::TimedOut };
                }
                let (clock, time) = (MACH_ABSOLUTE_TIME, left.min(LONGEST).as_nanos() as u64);
                // SAFETY: as above.
                unsafe { (calls.wait_for)(address, value, SIZE, PRIVATE, clock, time) }
            }
        };
        if result >= 0 {
            return Wait::Woken; // or the word was another one
        }
        match io::Error::last_os_error().raw_os_error() {
            // The deadline is looked at again: a timeout is counted from each call.
            Some(EINTR | ETIMEDOUT) => {}
            // Nothing that it should say: a wake-up, so that the caller looks at its word.
            _ => {
                thread::yield_now();
                if deadline.is_none_or(|deadline| Instant::now() < deadline) {
                    return Wait::Woken;
                }
            }
        }
    }
}

pub(super) fn wake_one(word: *const AtomicU32) -> bool {
    let Some(calls) = Calls::get() else { return portable::wake_one(word) };
    // SAFETY: the address is a key, and is not read. The result is -1 where no thread slept there.
    unsafe { (calls.wake_any)(word.cast_mut().cast(), SIZE, PRIVATE) == 0 }
}

pub(super) fn wake_all(word: *const AtomicU32) {
    let Some(calls) = Calls::get() else { return portable::wake_all(word) };
    // SAFETY: as above.
    unsafe { (calls.wake_all)(word.cast_mut().cast(), SIZE, PRIVATE) };
}
