//! The corner cases, each named after what it shows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use super::WaitGroup;

#[test]
fn a_group_of_one_waits_for_nothing() {
    WaitGroup::new().wait();
}

#[test]
fn a_thread_that_panics_is_not_waited_for_without_end() {
    let group = WaitGroup::new();
    let member = group.clone();
    let thread = thread::spawn(move || {
        let _member = member;
        panic!("the member is dropped all the same");
    });
    group.wait();
    assert!(thread.join().is_err());
}

#[test]
fn several_may_wait_at_once() {
    let group = WaitGroup::new();
    thread::scope(|s| {
        for _ in 0..3 {
            let group = group.clone();
            s.spawn(move || group.wait());
        }
        drop(group);
    });
}

#[test]
fn a_wait_that_gives_up_counts_again() {
    let group = WaitGroup::new();
    let member = group.clone();
    let group = group.wait_timeout(Duration::from_millis(2)).unwrap_err();
    assert_eq!(format!("{group:?}"), "WaitGroup { members: 2 }");
    let member = member.wait_deadline(Instant::now()).unwrap_err();
    drop(member);
    assert!(group.wait_timeout(Duration::ZERO).is_ok());
}

#[test]
fn a_closure_that_panics_drops_its_member() {
    let group = WaitGroup::new();
    let member = group.clone();
    let work = AssertUnwindSafe(move || {
        let _member = &member;
        panic!("in the middle");
    });
    assert!(catch_unwind(work).is_err());
    group.wait();
}
