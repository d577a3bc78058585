//! One thread writes a letter and raises a flag; another one waits for the flag and reads the
//! letter.
//!
//! Mend the orderings.
//!
//! The judge says now: data race

use model::{Group, Scenario};
use primitives::sync::atomic::{AtomicBool, Ordering::Relaxed};
use primitives::sync::cell::UnsafeCell;
use primitives::sync::thread;

struct Post {
    letter: UnsafeCell<u32>,
    arrived: AtomicBool,
}

// SAFETY: the letter is written before the flag is raised, and read after.
unsafe impl Sync for Post {}

impl Post {
    fn send(&self, letter: u32) {
        // SAFETY: the flag is not raised yet, so only this thread touches it.
        self.letter.with_mut(|place| unsafe { *place = letter });
        // TODO: mend this.
        self.arrived.store(true, Relaxed); // Relaxed: pairs with nothing.
    }

    fn receive(&self) -> u32 {
        // Relaxed: pairs with nothing.
        while !self.arrived.load(Relaxed) {
            thread::yield_now();
        }
        // SAFETY: the flag is raised, so the sender has done with it.
        self.letter.with(|place| unsafe { *place })
    }
}

// The judge. Leave it as it is.

pub(crate) fn judge() -> Group {
    Group::new("message").scenario(
        Scenario::new("one-letter", "A letter is sent and received.", || Post {
            letter: UnsafeCell::new(0),
            arrived: AtomicBool::new(false),
        })
        .role("sends", |post| post.send(42))
        .role("receives", |post| assert_eq!(post.receive(), 42)),
    )
}

fn main() -> std::process::ExitCode {
    model::runner::main(&[judge()])
}
