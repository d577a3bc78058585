//! A value that is made by the first thread that needs it. The fast path looks at a flag alone, and
//! a thread may see the flag and not the value.
//!
//! Mend the fast path.
//!
//! The judge says now: data race

use model::{Group, Scenario};
use primitives::Lock;
use primitives::sync::atomic::AtomicBool;
use primitives::sync::atomic::Ordering::{Relaxed, Release};
use primitives::sync::cell::UnsafeCell;

struct Once {
    made: AtomicBool,
    making: Lock<()>,
    value: UnsafeCell<u32>,
}

// SAFETY: the value is written once, under the lock, before the flag is raised; it is read after.
unsafe impl Sync for Once {}

impl Once {
    fn get(&self, make: impl FnOnce() -> u32) -> u32 {
        // TODO: mend this.
        // Relaxed: a look at the flag, no more.
        if !self.made.load(Relaxed) {
            let _making = self.making.lock();
            // Relaxed: the lock makes the order.
            if !self.made.load(Relaxed) {
                // SAFETY: the flag is not raised, and the lock is held.
                self.value.with_mut(|place| unsafe { *place = make() });
                self.made.store(true, Release); // Release: pairs with the first load.
            }
        }
        // SAFETY: the flag is raised.
        self.value.with(|place| unsafe { *place })
    }
}

// The judge. Leave it as it is.

pub(crate) fn judge() -> Group {
    Group::new("made_once").scenario(
        Scenario::new("two-need-it", "Two threads need the value.", || Once {
            made: AtomicBool::new(false),
            making: Lock::new(()),
            value: UnsafeCell::new(0),
        })
        .roles(2, "needs it", |once| assert_eq!(once.get(|| 7), 7)),
    )
}

fn main() -> std::process::ExitCode {
    model::runner::main(&[judge()])
}
