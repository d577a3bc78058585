//! A deadlock of two threads, and the report of it that the book shows.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use primitives::deadlock::{Report, set_hook};
use primitives::{Lock, threads};

use crate::run::assert_snapshot;

// ANCHOR: knot
static ANNS: Lock<i64> = Lock::named("ann's account", 100);
static BOBS: Lock<i64> = Lock::named("bob's account", 100);

fn transfer(from: &Lock<i64>, to: &Lock<i64>, meet: impl FnOnce()) -> Result<(), Box<Report>> {
    let mut from = from.lock();
    meet(); // so that it goes wrong each time, and not once a year
    let mut to = to.lock_checked()?;
    *from -= 1;
    *to += 1;
    Ok(())
}
// ANCHOR_END: knot

#[test]
fn the_report_in_the_book_is_the_one_that_is_printed() {
    set_hook(|_| ()); // locks in both orders: that is meant
    // The last to lock gets the report, which begins with him. This repeats until that is Bob.
    let report = (0..10_000).find_map(|_| knot().filter(|report| report.starts_with(BOB_TOLD)));
    assert_snapshot("knot.txt", &(report.expect("Bob is last, now and then") + "\n"));
}

/// How the report begins if it was Bob who was told.
const BOB_TOLD: &str =
    "deadlock: 2 threads wait for each other, and will never wake up\n\n  thread 'bob'";

/// Ann pays Bob, and Bob pays Ann; the report that one of them gets.
fn knot() -> Option<String> {
    let (ann_has_one, bob_has_one) = (AtomicBool::new(false), AtomicBool::new(false));
    // Relaxed: the locks make the order.
    let meet = |mine: &AtomicBool, other: &AtomicBool| {
        mine.store(true, Relaxed);
        while !other.load(Relaxed) {
            threads::yield_now();
        }
    };
    threads::scope(|s| {
        let named = |name: &str| threads::Builder::new().name(name);
        let pay = || transfer(&ANNS, &BOBS, || meet(&ann_has_one, &bob_has_one));
        let ann = named("ann").spawn_scoped(s, pay).unwrap();
        let pay = || transfer(&BOBS, &ANNS, || meet(&bob_has_one, &ann_has_one));
        let bob = named("bob").spawn_scoped(s, pay).unwrap();
        let told = [ann.join().unwrap(), bob.join().unwrap()];
        told.into_iter().find_map(Result::err).map(|report| report.to_string())
    })
}
