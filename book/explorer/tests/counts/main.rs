//! How many interleavings there are: by the merged graph, one by one, and by Shuttle's exhaustive search.

#![expect(
    clippy::duplicate_mod,
    reason = "one program, compiled once against each of two runtimes"
)]

mod on_shuttle;
mod on_the_explorer;

use explorer::search::{count_one_by_one, explore};

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
    assert_eq!(graph.kinds(), [explorer::Kind::LostWakeUp].into());
}

#[test]
fn the_same_scenario_gives_the_same_file_every_time() {
    for scenario in on_the_explorer::scenarios() {
        let [first, second] =
            [0, 0].map(|variant| explore(&scenario, variant).json(&[], |place| place.line.into()));
        assert_eq!(first, second, "{}", scenario.name);
    }
}
