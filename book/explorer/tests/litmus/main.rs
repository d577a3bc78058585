//! What the explorer lets a load see, against what loom lets it see: the same programs, compiled
//! twice.

#![expect(
    clippy::duplicate_mod,
    reason = "one program, compiled once against each of two runtimes"
)]

use watchdog as _;

mod on_loom;
mod on_the_explorer;

use std::collections::{BTreeMap, BTreeSet};

/// What each program can find.
type Outcomes = BTreeMap<&'static str, BTreeSet<[u32; 4]>>;

#[test]
fn loads_see_what_loom_lets_them_see() {
    let (ours, looms) = (on_the_explorer::outcomes(true), on_loom::outcomes());
    assert_eq!(ours.len(), looms.len());
    for (name, ours) in &ours {
        assert_eq!(*ours, looms[name], "{name}: the explorer's outcomes, and loom's");
    }
}

// ANCHOR: famous
#[test]
fn the_famous_outcomes_are_there_or_not() {
    let weak = on_the_explorer::outcomes(true);
    let can = |name: &str, outcome: [u32; 4]| weak[name].contains(&outcome);
    assert!(can("store buffering", [0, 0, 0, 0]));
    assert!(can("store buffering, release and acquire", [0, 0, 0, 0]));
    assert!(!can("store buffering, SeqCst fences", [0, 0, 0, 0]));
    assert!(can("message passing", [1, 0, 0, 0]));
    assert!(!can("message passing, release and acquire", [1, 0, 0, 0]));
    assert!(!can("message passing, fences", [1, 0, 0, 0]));
    assert!(!can("load buffering", [1, 1, 0, 0]), "left out, as the page says");
    assert!(can("independent reads, release and acquire", [1, 0, 1, 0]));
    assert!(!can("independent reads, SeqCst fences", [1, 0, 1, 0]));
    assert!(!can("coherence", [2, 1, 0, 0]));
    assert!(!can("causality, release and acquire", [1, 1, 0, 0]));
    assert!(!can("release sequence", [1, 2, 0, 0]));
}
// ANCHOR_END: famous

#[test]
fn without_weak_memory_every_load_sees_the_newest_value() {
    let strong = on_the_explorer::outcomes(false);
    for name in ["store buffering", "store buffering, AcqRel fences"] {
        assert!(!strong[name].contains(&[0, 0, 0, 0]), "{name}");
    }
    assert!(!strong["message passing"].contains(&[1, 0, 0, 0]));
    assert!(!strong["independent reads, release and acquire"].contains(&[1, 0, 1, 0]));
}
