//! Atomics and cells: the names of [`std::sync::atomic`] and a cell that lends its contents to a
//! closure.

pub mod atomic;
pub mod cell;
