//! Ends a test program that hangs, and says where each of its threads is.
//!
//! A bug in a lock shows as a thread that never returns. The harness then waits for it, and the
//! developer sees a program that does not end. So each test program has `use watchdog as _;` in its
//! root, and after [`LIMIT`] (`LOCKSMITH_TEST_LIMIT=SECONDS` chooses another) it ends with status
//! [`STATUS`]:
//!
//! ```text
//! deps/stress-1f0b hangs: it has not ended after 300 s. Its threads:
//!
//! thread 7121 `lock::stress::e`, in the test lock::stress::each_adds
//!     primitives/src/futex/linux.rs:18     primitives::futex::backend::wait
//!     primitives/src/lock.rs:214           primitives::lock::RawLock::acquire_slow
//!     tests/cases/lock/stress.rs:31        lock::stress::each_adds
//! ```
//!
//! How it works, on Linux: a constructor that the linker runs before `main` sets the alarm of the
//! process. That needs no thread, so a test can still count the threads that there are, or let all
//! of them fall asleep. The alarm's handler signals one thread after the other, and the handler of
//! that signal records the calls of its thread. Elsewhere, and in Miri, the crate does nothing:
//! libtest itself names tests that run for more than a minute.

mod ends;
#[cfg(all(target_os = "linux", not(miri)))]
mod linux;

pub use ends::{LIMIT, STATUS};
#[cfg(all(target_os = "linux", not(miri)))]
pub use linux::end;

/// Reports that the threads' places are unknown, and ends the program.
#[cfg(any(not(target_os = "linux"), miri))]
pub fn end(what: &str) -> ! {
    eprintln!("\n{what}");
    std::process::exit(STATUS)
}
