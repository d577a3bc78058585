//! A latch: threads wait until a count has come down to 0. Then all of them go on. Here one is left
//! behind.
//!
//! Mend `count_down`.

use model::{Group, Scenario};
use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Release};

struct Latch {
    left: AtomicU32,
}

impl Latch {
    fn new(left: u32) -> Self {
        Self { left: AtomicU32::new(left) }
    }

    /// One less. The last one opens the latch.
    fn count_down(&self) {
        // Release: pairs with the Acquire in `wait`.
        if self.left.fetch_sub(1, Release) == 1 {
            park::wake_all(&raw const self.left);
        }
    }

    /// Sleeps until the latch is open.
    fn wait(&self) {
        loop {
            let left = self.left.load(Acquire); // Acquire: pairs with the Releases in `count_down`.
            if left == 0 {
                return;
            }
            park::wait(&self.left, left, None);
        }
    }
}

// The judge. Leave it as it is.

pub(crate) fn judge() -> Group {
    Group::new("latch").scenario(
        Scenario::new("two-wait", "Two threads wait, one counts down.", || Latch::new(1))
            .roles(2, "waits", Latch::wait)
            .role("counts down", Latch::count_down),
    )
}

fn main() -> std::process::ExitCode {
    model::runner::main(&[judge()])
}
