//! Lessons of the field: bug reports of other systems, reproduced here.
//!
//! Each case has a name, what happened elsewhere, and what happens here, which is the test. The
//! book's page of the same title lists them (`book/src/field.md`). A new case belongs here if it
//! came from outside, and beside the code if we found it ourselves.

use watchdog as _;

mod memory;
mod pools;
mod threads;

/// Counts allocations of certain sizes, for the cases about memory.
#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;
