//! The graph without threads: numbers that wait for numbers.

use super::{Finding, Graph, Known, Wait};
use crate::deadlock::memory::{List, Text};
use crate::deadlock::state::{Door, Held, Kind, Label, Need, Permits, ResourceId, Wanted};
use crate::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::panic::Location;

fn wait(need: Need) -> Wait {
    Wait::new(Wanted::Nameless(Kind::Lock), need, Location::caller())
}

/// Holds `mine` and wants `other`.
fn wants(mine: &[ResourceId], other: ResourceId) -> Wait {
    wait(Need::Owner(other)).holding(held(mine))
}

fn held(resources: &[ResourceId]) -> List<Held> {
    let label = Label::new(Kind::Lock, "");
    resources.iter().map(|&id| Held { id, label, since: Location::caller() }).collect()
}

fn alive(graph: &mut Graph, threads: impl IntoIterator<Item = u64>) {
    for thread in threads {
        graph.alive.insert(thread, known(thread));
    }
}

fn known(thread: u64) -> Known {
    Known { name: Text::format(format_args!("thread {thread}")), system: None }
}

#[test]
fn a_ring_of_any_length_is_found_by_the_one_that_closes_it_and_by_no_other() {
    for n in 1..=6_u64 {
        let mut graph = Graph::new();
        for me in 1..n {
            // Each wants what the next one holds; the last one runs.
            assert_eq!(graph.enter(me, wants(&[me], me + 1)), None);
        }
        let Some(Finding::Cycle(threads)) = graph.enter(n, wants(&[n], 1)) else {
            panic!("{n} threads wait for each other")
        };
        assert_eq!(threads[0], n, "the one that noticed comes first");
        assert_eq!(threads.len(), n as usize);
    }
}

#[test]
fn a_lock_that_no_sleeper_has_is_no_evidence() {
    let mut graph = Graph::new();
    assert_eq!(graph.enter(2, wants(&[7], 1)), None);
    assert_eq!(graph.enter(1, wants(&[8], 9)), None);
}

/// The program's panic hook may run, and sleep, while std's scope ends.
#[test]
fn a_thread_that_enters_twice_is_there_once() {
    let mut graph = Graph::new();
    assert_eq!(graph.enter(1, wants(&[1], 2)), None);
    assert_eq!(graph.enter(1, wants(&[1], 3)), None);
    assert!(graph.leave(1).is_some());
    assert!(graph.leave(1).is_none());
    assert_eq!(graph.enter(2, wants(&[2], 1)), None, "who has 1 runs");
    assert!(!graph.holders.contains_key(1));
}

#[test]
fn what_a_thread_held_when_it_left_is_not_in_its_hands_any_more() {
    let mut graph = Graph::new();
    assert_eq!(graph.enter(1, wants(&[1, 3], 2)), None);
    assert!(graph.leave(1).is_some_and(|wait| wait.held.len() == 2));
    assert_eq!(graph.enter(2, wants(&[2], 1)), None);
    assert_eq!(graph.enter(1, wants(&[3], 2)), None, "1 was released before");
    assert_eq!(graph.leave(9).map(|_| ()), None);
}

#[test]
fn who_waits_for_threads_in_a_cycle_is_stuck_but_not_in_it() {
    let mut graph = Graph::new();
    assert_eq!(graph.enter(1, wants(&[1], 2)), None);
    assert!(matches!(graph.enter(2, wants(&[2], 1)), Some(Finding::Cycle(_))));
    assert_eq!(graph.enter(3, wants(&[], 1)), Some(Finding::Gone(List::from([3, 1, 2]))));
}

#[test]
fn to_wait_for_a_thread_that_is_over_is_no_wait() {
    let join = || wait(Need::End(2)).holding(held(&[1]));
    let mut graph = Graph::new();
    assert_eq!(graph.enter(1, join()), None);
    graph.leave(1);
    alive(&mut graph, [2]);
    assert_eq!(graph.enter(1, join()), None);
    assert!(matches!(graph.enter(2, wants(&[], 1)), Some(Finding::Cycle(_))));
}

#[test]
fn what_the_dead_held_is_waited_for_in_vain_until_a_late_destructor_releases_it() {
    let mut graph = Graph::new();
    graph.bury(1, known(1), held(&[4, 5]));
    assert_eq!(graph.enter(2, wants(&[], 5)), Some(Finding::Gone(List::from([2, 1]))));
    graph.leave(2);
    assert!(graph.lets_go(1, 5) && !graph.lets_go(1, 5));
    assert_eq!(graph.enter(2, wants(&[], 5)), None);
    assert!(graph.is_gone(1));
    assert!(graph.lets_go(1, 4));
    assert!(!graph.is_gone(1), "nothing is left in its hands");
}

#[test]
fn what_the_dead_held_is_forgotten_when_it_is_destroyed() {
    let mut graph = Graph::new();
    graph.bury(1, known(1), held(&[4, 5]));
    graph.bury(2, known(2), held(&[4]));
    graph.forget(4);
    assert_eq!((graph.is_gone(1), graph.is_gone(2)), (true, false));
    graph.forget(5);
    assert_eq!((graph.ended.len(), graph.holders.len()), (0, 0));
}

#[test]
fn any_one_holder_of_a_permit_can_help() {
    let mut permits = Permits::new(2);
    permits.bind();
    let permit = || wait(Need::Holder(1, &raw const permits)).holding(held(&[2]));
    let mut graph = Graph::new();
    assert_eq!(graph.enter(1, wants(&[1], 2)), None);
    assert_eq!(graph.enter(3, permit()), None, "the other permit is with one that runs");
    graph.leave(3);
    assert_eq!(graph.enter(2, wants(&[1], 2)), None);
    assert_eq!(graph.enter(3, permit()), Some(Finding::Cycle(List::from([3, 1, 2]))));
    assert!(permits.contradict() && !permits.contradict());
    graph.leave(3);
    assert_eq!(graph.enter(3, permit()), None, "permits wander, as it turned out");
}

#[test]
fn what_anyone_could_bring_about_is_in_no_cycle() {
    let word = AtomicU32::new(0);
    let mut graph = Graph::new();
    assert_eq!(graph.enter(2, wants(&[], 1)), None);
    assert_eq!(graph.enter(1, wait(Need::Anyone).holding(held(&[1])).on(&word, 0)), None);
}

#[test]
fn everybody_sleeps_only_if_nobody_was_woken() {
    let word = AtomicU32::new(0);
    let mut graph = Graph::new();
    alive(&mut graph, [1, 2]);
    graph.enter(1, wait(Need::Anyone).on(&word, 0));
    assert_eq!(graph.all_sleep(), Err(List::new()), "2 runs");
    graph.enter(2, wait(Need::End(1)));
    assert_eq!(graph.all_sleep(), Ok(()));
    word.store(1, Relaxed); // one thread: nothing to order
    assert_eq!(graph.all_sleep(), Err(List::from([&raw const word])), "1 may have been woken");
}

#[test]
fn a_thread_that_left_and_came_back_has_changed_the_graph() {
    let mut graph = Graph::new();
    assert_eq!(graph.enter(1, wants(&[1], 2)), None);
    let before = graph.changes;
    assert!(graph.leave(1).is_some());
    assert_ne!(graph.changes, before);
    assert_eq!(graph.enter(1, wants(&[1], 2)), None);
    assert_ne!(
        graph.changes, before,
        "a detector that looked before does not take it for the same"
    );
}

/// Holds `mine` and wants to write under `other`.
fn writes(mine: &[ResourceId], other: ResourceId) -> Wait {
    wait(Need::Holders(other)).holding(held(mine))
}

/// Holds `mine` and wants to read under 1.
fn reads(mine: &[ResourceId], word: &AtomicU32) -> Wait {
    let door = |word| [Door::Open, Door::Writing, Door::KeptForAWriter][word as usize];
    wait(Need::Writer(1, door)).holding(held(mine)).on(word, 0)
}

#[test]
fn a_writer_needs_all_readers() {
    let mut graph = Graph::new();
    assert_eq!(graph.enter(1, wants(&[1], 2)), None, "reads under 1; 2 is with one that runs");
    assert_eq!(graph.enter(2, wants(&[1], 3)), None, "reads under 1, too");
    assert_eq!(graph.enter(3, writes(&[], 1)), None, "both may leave");
    graph.leave(3);
    // One of the two is enough to keep it out.
    assert_eq!(graph.enter(3, writes(&[2], 1)), Some(Finding::Cycle(List::from([3, 1]))));
    graph.leave(3);
    assert_eq!(graph.enter(1, writes(&[1], 1)), Some(Finding::Cycle(List::from([1]))), "itself");
}

#[test]
fn a_reader_needs_the_writer_that_is_inside_or_one_that_waits() {
    let word = AtomicU32::new(2); // one thread, here and below: nothing to order
    let mut graph = Graph::new();
    assert_eq!(graph.enter(1, reads(&[1], &word)), None, "a writer may give up");
    graph.leave(1);
    assert_eq!(graph.enter(2, writes(&[], 1)), None);
    let behind = Finding::Cycle(List::from([1, 2]));
    assert_eq!(graph.enter(1, reads(&[1], &word)), Some(behind), "it waits behind 2 for itself");
    graph.leave(1);
    word.store(0, Relaxed);
    assert_eq!(graph.enter(1, reads(&[1], &word)), None, "it will see that the door is open");
    graph.leave(1);
    graph.leave(2);
    word.store(1, Relaxed);
    assert_eq!(graph.enter(1, reads(&[2], &word)), None, "the writer inside runs");
    assert_eq!(graph.enter(2, wants(&[1], 2)), Some(Finding::Cycle(List::from([2, 1]))));
}
