//! What happens when real processes are killed: each test starts this program again, and kills some
//! of its processes.

#![allow(
    clippy::module_inception,
    reason = "the names of the registered functions hold a module's path"
)]

use proptest as _;
use watchdog as _;

mod chaos;
mod harness;
mod life;
mod pool;
mod scarce;

use std::process::Command;
use std::thread;
use std::time::Duration;

/// Set for a run of this program that shows what happens without `init`.
const MODE: &str = "LOCKSMITH_TEST_MODE";

fn main() {
    match std::env::var(MODE).as_deref() {
        // A child that does something else before it calls `init`, and never reaches it.
        Ok("late") if std::env::var_os("LOCKSMITH_PROCESS").is_some() => return,
        Ok("late") => {
            processes::init();
            return life::show_how_it_ends();
        }
        Ok("never") => return life::show_how_it_ends(),
        _ => {}
    }
    processes::init();
    harness::run(&[life::TESTS, pool::TESTS, scarce::TESTS, chaos::TESTS]);
}

/// Runs this program in a special mode. Returns its output.
fn in_mode(mode: &str) -> String {
    let this = std::env::current_exe().expect("it has a name");
    let output = Command::new(this).env(MODE, mode).output().expect("it runs");
    String::from_utf8(output.stdout).expect("it prints text")
}

/// How many processes are killed in all; the environment variable `LOCKSMITH_KILLS` sets it.
fn kills() -> usize {
    match std::env::var("LOCKSMITH_KILLS") {
        Ok(kills) => kills.parse().expect("LOCKSMITH_KILLS is a whole number"),
        Err(_) => 1000,
    }
}

/// The moments of the kills, the same in each run. (The machine makes them differ.)
struct Random(u64);

impl Random {
    fn new() -> Self {
        Self(88_172_645_463_325_252)
    }

    /// Up to 2 ms: a killed process has just begun, or is at work.
    fn pause(&mut self) {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        thread::sleep(Duration::from_micros(self.0 % 2000));
    }
}
