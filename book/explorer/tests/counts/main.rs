//! How many interleavings there are: by the merged graph, one by one, and by Shuttle's exhaustive
//! search.

#![expect(
    clippy::duplicate_mod,
    reason = "one program, compiled once against each of two runtimes"
)]

use watchdog as _;

mod on_shuttle;
mod on_the_explorer;

use explorer::search::{count_one_by_one, explore};
use explorer::sync::atomic::{AtomicU32, Ordering::Relaxed};
use explorer::{Kind, Scenario, futex};

// ANCHOR: shuttle
#[test]
fn shuttle_finds_as_many_interleavings() {
    let shuttles = on_shuttle::counts();
    let scenarios = on_the_explorer::scenarios();
    assert_eq!(shuttles.len(), scenarios.len());
    for scenario in scenarios {
        let (name, graph) = (scenario.name, explore(&scenario, 0));
        println!("{name}: {} interleavings in {} states", graph.interleavings(), graph.nodes.len());
        assert_eq!(graph.interleavings(), shuttles[name], "{name}: the explorer's, and Shuttle's");
    }
}
// ANCHOR_END: shuttle

#[test]
fn merging_equal_states_loses_no_interleaving() {
    for scenario in on_the_explorer::scenarios() {
        let merged = explore(&scenario, 0).interleavings();
        assert_eq!(merged, count_one_by_one(&scenario, 0), "{}", scenario.name);
    }
}

#[test]
fn the_missed_call_is_found_and_named() {
    let mut scenarios = on_the_explorer::scenarios().into_iter();
    let missed = scenarios.find(|scenario| scenario.name == "a call that can be missed");
    let graph = explore(&missed.unwrap(), 0);
    assert_eq!(graph.kinds(), [Kind::LostWakeUp].into());
}

#[test]
fn the_same_scenario_gives_the_same_file_every_time() {
    for scenario in on_the_explorer::scenarios() {
        let [first, second] =
            [0, 0].map(|variant| explore(&scenario, variant).json(&[], |place| place.line.into()));
        assert_eq!(first, second, "{}", scenario.name);
    }
}

/// One opens a door and shuts it; two wait before it, and look again when they are called.
#[test]
fn a_map_can_begin_when_threads_sleep_already() {
    let scenario = |asleep| {
        let wait = |door: &AtomicU32| {
            while door.load(Relaxed) == 0 {
                futex::wait(door, 0, false);
            }
        };
        Scenario::new("a door", || AtomicU32::new(0))
            .asleep(asleep)
            .threads(2, wait)
            .thread(|door| {
                door.store(1, Relaxed);
                futex::wake_all(door);
                door.store(0, Relaxed);
            })
            .broken(Kind::LostWakeUp)
    };
    let [all, shorter] = [scenario(0), scenario(2)].map(|scenario| {
        let graph = explore(&scenario, 0);
        assert_eq!(graph.interleavings(), count_one_by_one(&scenario, 0));
        assert!(graph.kinds().contains(&Kind::LostWakeUp), "called, and it was of no use");
        graph
    });
    assert!(all.asleep.is_empty());
    assert_eq!(shorter.asleep, [(0, 0), (1, 0)], "thread and word");
    assert!(shorter.nodes.len() < all.nodes.len());
}
