//! The model runtime: the base of `primitives` in a model.
//!
//! Under `--cfg model` (the alias `cargo model` sets it) the switch in `primitives::sync` and
//! `primitives::park` points here. The atomics, cells, threads and sleeps of this crate look like
//! the real ones, and run on [loom](https://docs.rs/loom). Loom executes a scenario again and again
//! until it has tried the interleavings of its threads and, for each load, the older values that
//! the memory model allows. This crate adds what loom lacks:
//!
//! | module       | idea                                                                              |
//! | ------------ | --------------------------------------------------------------------------------- |
//! | [`sync`]     | atomics and cells that know their own `file:line:column` and keep a record         |
//! | [`futex`]    | sleeping and waking by address, with lost wake-ups reported by name                |
//! | [`clock`]    | the present, which moves only when a wait comes to its deadline                   |
//! | `world`      | the state of an execution that all of these look into, and its parts               |
//! | `coins`      | a yes or no that loom explores both ways: timeouts, spurious wake-ups, deaths      |
//! | `death`      | a thread that is killed before one of its operations                               |
//! | [`thread`]   | threads whose state (running, asleep, waiting for another) is known                |
//! | `mutant`     | a weaker ordering or a forgotten wake at one place, without recompiling            |
//! | [`scenario`] | a small program as a set of roles, and what it must reach                          |
//! | `explore`    | runs a scenario with the main thread in each role in turn, finds and records a failure |
//! | [`interleave`] | a second scheduler, which prunes nothing: one interleaving, or every one           |
//! | [`coverage`] | how much of what that one reaches loom reaches                                     |
//! | `report`     | the failing execution as a table, a sentence, a command                            |
//! | [`runner`]   | `cargo model`: all scenarios on all cores                                          |
//!
//! Without the cfg, the crate has what the programs that run the models share: `build`, which
//! builds them, and [`changed`], for `--changed`.

#[cfg(test)]
use watchdog as _;

#[cfg(not(model))]
pub mod build;
pub mod changed;

#[cfg(model)]
pub mod clock;
#[cfg(model)]
mod coins;
#[cfg(model)]
pub mod coverage;
#[cfg(model)]
mod death;
#[cfg(model)]
mod explore;
#[cfg(model)]
pub mod futex;
#[cfg(model)]
pub mod interleave;
#[cfg(model)]
mod kind;
#[cfg(model)]
mod options;
#[cfg(model)]
mod panicked;
#[cfg(model)]
pub mod report;
#[cfg(model)]
pub mod runner;
#[cfg(model)]
pub mod scenario;
#[cfg(model)]
pub mod spin;
#[cfg(model)]
mod stacks;
#[cfg(model)]
pub mod sync;
#[cfg(model)]
pub mod thread;
#[cfg(model)]
mod world;

/// Thread-locals and statics of the model: each execution begins with new ones.
#[cfg(model)]
pub use loom::{lazy_static, thread_local};

#[cfg(model)]
pub use coins::chance;
#[cfg(model)]
pub use death::{may_die, system_call};
#[cfg(model)]
pub use explore::explore;
#[cfg(model)]
pub use options::Options;
#[cfg(model)]
pub use scenario::{Draft, Group, Scenario};
#[cfg(model)]
pub use world::reach::{Reach, reached};
#[cfg(model)]
pub use world::{PartOf, model_failed, mutant, part_of, site};
