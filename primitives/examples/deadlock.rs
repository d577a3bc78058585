//! A program that finds its own deadlock.
//!
//! Run it: `cargo run -p locksmith-primitives --example deadlock --features deadlock-detection`
//!
//! Two threads move money between two accounts, each in its own direction, and each takes the lock
//! of the giver first. With both locks taken, each would wait for the other without end. The one
//! that would close the circle gets a report in place of the lock; it lets go of what it has, waits
//! until the other is done, and tries again.

use std::thread;

use primitives::{Barrier, Lock};

static ANNS: Lock<i64> = Lock::named("ann's account", 100);
static BOBS: Lock<i64> = Lock::named("bob's account", 100);

/// Moves 10, and says how often a deadlock was in the way.
fn transfer(from: &Lock<i64>, to: &Lock<i64>, both_have_one: &Barrier) -> usize {
    let mut reports = 0;
    loop {
        let mut giver = from.lock();
        if reports == 0 {
            both_have_one.wait().expect("no thread breaks it"); // so that it goes wrong each time
        }
        match to.lock_checked() {
            Ok(mut taker) => {
                *giver -= 10;
                *taker += 10;
                return reports;
            }
            Err(report) => {
                println!("{report}");
                reports += 1;
            }
        }
        drop(giver); // this is what breaks the circle
        drop(to.lock()); // the other has it; when it lets go, it is done
    }
}

fn main() {
    let both_have_one = Barrier::new(2);
    let reports = thread::scope(|s| {
        let one = s.spawn(|| transfer(&ANNS, &BOBS, &both_have_one));
        let other = s.spawn(|| transfer(&BOBS, &ANNS, &both_have_one));
        one.join().expect("no panic") + other.join().expect("no panic")
    });
    assert!(reports > 0, "both had one lock, and wanted the other");
    assert_eq!((*ANNS.lock(), *BOBS.lock()), (100, 100));
    println!("both transfers were made, and no thread hangs");
}
