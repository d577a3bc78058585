//! What the detector finds, and what it says.
#![cfg(feature = "deadlock-detection")]

#[path = "deadlock/cycles.rs"]
mod cycles;
