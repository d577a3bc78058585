//! What the field has taught: bug reports of other systems, done again here.
//!
//! Each case has a name, what happened to whom, and what happens here: that is the test. The book's page of the same
//! title tells them in order (`book/src/field.md`). A new case belongs here if it came from outside, and beside the code
//! if we found it ourselves.

use watchdog as _;

mod memory;
mod pools;
mod threads;

/// Counts what is allocated in certain sizes, for the cases about memory.
#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;
