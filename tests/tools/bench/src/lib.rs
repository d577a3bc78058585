//! The paired harness: our code and its peers in the same run.
//!
//! A shared machine is sometimes busy and sometimes idle, and a warm one is slower. So contestants
//! that are measured one after the other are, in effect, measured on different machines. Here they
//! take turns, and are compared turn by turn.
//!
//! ```text
//! cases/*/bench.rs    rows: what is done, ours, its peers, the floor, the goals
//!        │
//!     program         `cargo results`: a process for each bench
//!        │  hold
//!        ▼
//!     contest         rounds in a random order; dirty ones are discarded
//!        │  run       a body on one thread, or on several that begin together, pinned
//!        │  system    cores, processor time, time without a core
//!        ▼
//!     measured        medians of ratios with their intervals; verdicts on the goals ──▶ results.json
//!        │  statistics
//!        ▼
//!     table, plot     results.md, *.svg
//! ```
//!
//! `cargo results` runs all and writes down what the book shows; `cargo results lock --row NAME`
//! runs some rows and prints them.

#[cfg(test)]
use watchdog as _;

mod bench;
pub mod contest;
pub mod crowd;
mod drawn;
pub mod floors;
mod hold;
pub mod load;
pub mod machine;
pub mod measured;
pub mod plot;
mod program;
pub mod results;
pub mod row;
pub mod run;
pub mod sample;
pub mod statistics;
pub mod system;
pub mod table;
pub mod text;

pub use self::bench::{Bench, Named};
pub use self::drawn::drawn;
pub use self::load::Load;
pub use self::program::program;
pub use self::row::{Goal, Row};
pub use self::run::Run;
pub use self::sample::Sample;
