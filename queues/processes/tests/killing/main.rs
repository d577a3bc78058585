//! What happens when real processes are killed: each test starts this program again, and ends some of it.

use watchdog as _;

mod harness;
mod life;

use std::process::Command;

/// Set for a run of this program that shows what happens without `init`.
const MODE: &str = "LOCKSMITH_TEST_MODE";

fn main() {
    match std::env::var(MODE).as_deref() {
        // A child that does something else before it calls `init`, and never comes to it.
        Ok("late") if std::env::var_os("LOCKSMITH_PROCESS").is_some() => return,
        Ok("late") => {
            processes::init();
            return life::show_how_it_ends();
        }
        Ok("never") => return life::show_how_it_ends(),
        _ => {}
    }
    processes::init();
    harness::run(&[life::TESTS]);
}

/// Runs this program in a mode of its own; what it prints.
fn in_mode(mode: &str) -> String {
    let this = std::env::current_exe().expect("it has a name");
    let output = Command::new(this).env(MODE, mode).output().expect("it runs");
    String::from_utf8(output.stdout).expect("it prints text")
}
