//! The graph without threads: numbers that wait for numbers.

use super::{Finding, Graph, Known, NOBODY, Need, Wait, Wanted};
use crate::deadlock::Kind;
use crate::sync::atomic::{AtomicU32, AtomicU64};
use std::panic::Location;

fn wait(need: Need) -> Wait {
    Wait::new(Wanted::Nameless(Kind::Lock), need, Location::caller())
}

fn owned_by(owner: &AtomicU64) -> Wait {
    wait(Need::Owner(owner))
}

fn alive(graph: &mut Graph, threads: impl IntoIterator<Item = u64>) {
    for thread in threads {
        let known = Known { name: format!("thread {thread}").into(), system: None };
        graph.alive.insert(thread, known);
    }
}

#[test]
fn a_ring_of_any_length_is_found_by_the_one_that_closes_it_and_by_no_other() {
    for n in 1..=6_u64 {
        let owners: Vec<_> = (1..=n).map(AtomicU64::new).collect();
        let mut graph = Graph::new();
        for me in 1..n {
            // Each wants what the next one has; the last one runs.
            assert_eq!(graph.enter(me, owned_by(&owners[me as usize])), None);
        }
        let Some(Finding::Cycle(threads)) = graph.enter(n, owned_by(&owners[0])) else {
            panic!("{n} threads wait for each other")
        };
        assert_eq!(threads[0], n, "the one that noticed comes first");
        assert_eq!(threads.len(), n as usize);
    }
}

#[test]
fn a_lock_whose_owner_has_not_said_so_yet_is_no_evidence() {
    let (mine, nobodys) = (AtomicU64::new(1), AtomicU64::new(NOBODY));
    let mut graph = Graph::new();
    assert_eq!(graph.enter(2, owned_by(&mine)), None);
    assert_eq!(graph.enter(1, owned_by(&nobodys)), None);
}

#[test]
fn who_waits_for_threads_in_a_cycle_is_stuck_but_not_in_it() {
    let (a, b) = (AtomicU64::new(1), AtomicU64::new(2));
    let mut graph = Graph::new();
    assert_eq!(graph.enter(1, owned_by(&b)), None);
    assert!(matches!(graph.enter(2, owned_by(&a)), Some(Finding::Cycle(_))));
    assert_eq!(graph.enter(3, owned_by(&a)), Some(Finding::Gone(vec![3, 1, 2])));
}

#[test]
fn to_wait_for_a_thread_that_is_over_is_no_wait() {
    let mine = AtomicU64::new(1);
    let mut graph = Graph::new();
    assert_eq!(graph.enter(1, wait(Need::End(2))), None);
    alive(&mut graph, [2]);
    assert!(matches!(graph.enter(2, owned_by(&mine)), Some(Finding::Cycle(_))));
}

#[test]
fn what_anyone_could_bring_about_is_in_no_cycle() {
    let mine = AtomicU64::new(1);
    let word = AtomicU32::new(0);
    let mut graph = Graph::new();
    assert_eq!(graph.enter(2, owned_by(&mine)), None);
    assert_eq!(graph.enter(1, wait(Need::Anyone).on(&word, 0)), None);
}

#[test]
fn everybody_sleeps_only_if_nobody_was_woken() {
    let word = AtomicU32::new(0);
    let mut graph = Graph::new();
    alive(&mut graph, [1, 2]);
    graph.enter(1, wait(Need::Anyone).on(&word, 0));
    assert_eq!(graph.all_sleep(), Err(vec![]), "2 runs");
    graph.enter(2, wait(Need::End(1)));
    assert_eq!(graph.all_sleep(), Ok(()));
    word.store(1, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(graph.all_sleep(), Err(vec![&raw const word]), "1 may have been woken");
}
