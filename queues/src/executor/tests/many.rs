//! `map` and `as_completed`.

use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use super::{Gate, busy};
use crate::{Executor, Shutdown, TaskError, as_completed};

#[test]
fn map_gives_results_in_the_order_of_the_items() {
    let executor = Executor::new(3);
    let results = executor.map(0..200, |n| n * 2).map(Result::unwrap);
    assert!(results.eq((0..200).map(|n| n * 2)));
    assert_eq!(executor.map(iter::empty::<()>(), |()| ()).count(), 0);
}

#[test]
fn map_takes_nothing_before_it_is_asked_and_never_more_than_may_be_in_flight() {
    let executor = Executor::new(1);
    let taken = AtomicUsize::new(0);
    let items = (0..100).inspect(|_| _ = taken.fetch_add(1, SeqCst));
    let mut map = executor.map(items, |n| n).in_flight(3);
    assert_eq!(taken.load(SeqCst), 0);
    for asked in 1..=10 {
        assert_eq!(map.next().unwrap().unwrap(), asked - 1);
        assert!(taken.load(SeqCst) <= asked + 2, "three in flight, one of which was given");
    }
}

#[test]
fn map_says_how_many_are_to_come() {
    let executor = Executor::new(1);
    assert_eq!(executor.map(iter::empty::<()>(), |()| ()).size_hint(), (0, Some(0)));
    let mut map = executor.map(0..3, |n| n).in_flight(2);
    // The shutdown may come after any item: then the refused item is the last.
    assert_eq!(map.size_hint(), (1, Some(3)), "none was taken yet");
    map.submit();
    assert_eq!(map.size_hint(), (3, Some(3)), "two in flight, and one to come");
    assert_eq!(map.by_ref().take(2).count(), 2);
    assert_eq!(map.size_hint(), (1, Some(1)), "the last is in flight");
    assert_eq!(map.by_ref().count(), 1);
    assert_eq!(map.size_hint(), (0, Some(0)));

    let mut map = executor.map(0.., |n| n).in_flight(2);
    assert_eq!(map.next().unwrap().unwrap(), 0);
    executor.shutdown(Shutdown::DETACH);
    assert_eq!(map.next().unwrap().unwrap(), 1);
    assert!(map.next().unwrap().is_err());
    assert_eq!(map.size_hint(), (0, Some(0)), "nothing comes after the one that was refused");
}

#[test]
fn a_panic_in_map_is_the_result_of_its_item_and_of_no_other() {
    let executor = Executor::new(2);
    let odd = |n: u32| assert!(n != 2, "on purpose");
    let results: Vec<_> = executor.map(0..4, odd).map(|result| result.is_ok()).collect();
    assert_eq!(results, [true, true, false, true]);
}

#[test]
fn dropping_a_map_cancels_what_has_not_begun() {
    let (executor, gate, _running) = busy();
    let ran = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ran);
    let mut map = executor.map(0..10, move |_| count.fetch_add(1, SeqCst)).in_flight(4);
    map.submit();
    drop(map);
    drop(gate);
    drop(executor); // runs all that is left
    assert_eq!(ran.load(SeqCst), 0);
}

#[test]
fn a_shutdown_ends_a_map_with_one_cancelled_item() {
    let executor = Executor::new(1);
    let mut map = executor.map(0.., |n| n).in_flight(2);
    assert_eq!(map.next().unwrap().unwrap(), 0);
    executor.shutdown(Shutdown::DETACH);
    assert_eq!(map.next().unwrap().unwrap(), 1, "it was submitted before");
    assert!(matches!(map.next(), Some(Err(TaskError::Cancelled))));
    assert!(map.next().is_none() && map.next().is_none());
}

#[test]
#[should_panic(expected = "with 0 items in flight nothing would ever run")]
fn a_map_with_nothing_in_flight_is_refused() {
    let executor = Executor::new(1);
    let _ = executor.map([1], |n| n).in_flight(0);
}

#[test]
fn tasks_come_as_they_end_with_their_places() {
    let executor = Executor::new(3);
    let gates: Vec<_> = (0..3).map(|_| Gate(Arc::new(primitives::Event::new()))).collect();
    let tasks: Vec<_> = gates
        .iter()
        .map(|gate| {
            let gate = Arc::clone(&gate.0);
            executor.submit(move || gate.wait())
        })
        .collect();
    let mut ended = as_completed(tasks);
    for place in [2, 0, 1] {
        gates[place].0.set();
        let (ended, task) = ended.next().unwrap();
        assert!(ended == place && task.is_done());
    }
    assert!(ended.next().is_none());
}

#[test]
fn cancelled_and_panicked_tasks_come_too() {
    let (executor, gate, running) = busy();
    let failed = executor.submit(|| panic!("on purpose"));
    let cancelled = executor.submit(|| "never");
    assert!(cancelled.cancel());
    let mut ended = as_completed([running, failed, cancelled]);
    assert_eq!(ended.len(), 3);
    assert!(matches!(ended.next(), Some((2, task)) if task.is_cancelled()));
    drop(gate);
    let (place, running) = ended.next().unwrap();
    assert_eq!((place, running.result().unwrap()), (0, "it was running"));
    let (place, failed) = ended.next().unwrap();
    assert!(place == 1 && matches!(failed.result(), Err(TaskError::Panicked(_))));
}

#[test]
fn on_its_only_worker_map_and_as_completed_and_scope_run_what_they_wait_for() {
    let executor = Arc::new(Executor::new(1));
    let inside = Arc::clone(&executor);
    let sum = executor.submit(move || {
        let mapped: i32 = inside.map(1..=10, |n| n).map(Result::unwrap).sum();
        let tasks = (1..=10).map(|n| inside.submit(move || n));
        let completed: i32 = as_completed(tasks).map(|(_, task)| task.result().unwrap()).sum();
        let borrowed = AtomicUsize::new(0);
        inside.scope(|s| {
            for _ in 0..10 {
                s.submit(|| borrowed.fetch_add(1, SeqCst));
            }
        });
        (mapped, completed, borrowed.into_inner())
    });
    assert_eq!(sum.result().unwrap(), (55, 55, 10));
}
