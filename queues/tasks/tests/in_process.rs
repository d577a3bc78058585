//! The suite without any server.

mod same;

use watchdog as _;

use tasks::{App, InProcess};

fn in_process(test: fn(&App)) {
    test(&App::new(InProcess::new()));
}

suite!(in_process);
