//! Locks that threads take in both orders.

use primitives::{Lock, threads as thread};

use super::{PANICS, REPORTS, keep_reports};

fn told_of(name: &str) -> usize {
    REPORTS.lock().unwrap().iter().filter(|report| report.contains(name)).count()
}

/// In a thread of its own: what one alone does is in no thread's way.
fn nest(a: &Lock<()>, b: &Lock<()>) {
    keep_reports();
    thread::scope(|s| {
        s.spawn(|| {
            let _a = a.lock();
            let _b = b.lock();
        });
    });
}

#[test]
fn both_orders_are_told_once_though_nobody_ever_waited() {
    let (a, b) = (Lock::named("inverted a", ()), Lock::named("inverted b", ()));
    for _ in 0..3 {
        nest(&a, &b);
        nest(&b, &a);
    }
    assert_eq!(told_of("inverted a"), 1);
}

#[test]
fn a_ring_of_three_orders_is_told() {
    let [a, b, c] = [const { Lock::named("ring of three", ()) }; 3];
    nest(&a, &b);
    nest(&b, &c);
    assert_eq!(told_of("ring of three"), 0);
    nest(&c, &a);
    assert_eq!(told_of("ring of three"), 1);
}

#[test]
fn both_orders_under_one_and_the_same_lock_are_none() {
    let [gate, a, b] = [const { Lock::named("kept apart", ()) }; 3];
    keep_reports();
    for (first, second) in [(&a, &b), (&b, &a)] {
        thread::scope(|s| {
            s.spawn(|| {
                let _gate = gate.lock();
                let _first = first.lock();
                let _second = second.lock();
            });
        });
    }
    assert_eq!(told_of("kept apart"), 0);
}

#[test]
fn a_try_may_come_in_any_order() {
    let (a, b) = (Lock::named("tried", ()), Lock::named("tried", ()));
    nest(&a, &b);
    let _b = b.lock();
    assert!(a.try_lock().is_some());
    assert_eq!(told_of("tried"), 0);
}

#[test]
fn a_lock_that_comes_to_lie_where_another_was_has_no_past() {
    let a = Lock::named("fixed", ());
    for turn in 0..10 {
        let b = Box::new(Lock::named("passing", ()));
        if turn % 2 == 0 { nest(&a, &b) } else { nest(&b, &a) }
    }
    assert_eq!(told_of("passing"), 0);
}

#[test]
fn a_hook_that_panics_takes_no_lock_away() {
    let (a, b) = (Lock::named(PANICS, ()), Lock::named(PANICS, ()));
    nest(&a, &b);
    let _b = b.lock();
    let _a = a.lock(); // the other order: it is told, and the hook panics
    assert_eq!(told_of(PANICS), 1);
    assert!(a.is_locked() && b.is_locked());
}
