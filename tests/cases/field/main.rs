//! Lessons of the field: bug reports of other systems, reproduced here.
//!
//! Each case has a name, what happened elsewhere, and what happens here, which is the test. The
//! book's page of the same title lists them (`book/src/field.md`). A new case belongs here if it
//! came from outside, and beside the code if we found it ourselves.

use watchdog as _;

mod destructors;
#[cfg(feature = "deadlock-detection")]
mod detector;
// Nothing is promised of a fork on the portable back end.
#[cfg(all(target_os = "linux", not(feature = "portable")))]
mod forks;
// ThreadSanitizer keeps a signal back while its thread is in the kernel.
#[cfg(all(
    target_os = "linux",
    not(any(feature = "portable", feature = "deadlock-detection", tsan))
))]
mod handlers;
mod memory;
mod pools;
#[cfg(target_os = "linux")]
mod sandbox;
mod threads;

/// Counts allocations of certain sizes, for the cases about memory.
#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;
