//! Runs the real binary, as a person would, and looks at what comes out.

use watchdog as _;

mod command_line;
mod every_demo;
mod knot;
mod of_processes;
mod of_tasks;
#[cfg(target_os = "linux")]
mod of_workers;
mod producer_consumer;
mod run;
#[cfg(target_os = "linux")]
mod terminal;
