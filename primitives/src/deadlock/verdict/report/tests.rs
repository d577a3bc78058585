//! The wording of a report, so that a change is noticed.

use super::{Report, Sketch, Verdict};
use crate::deadlock::graph::wait_for::{Graph, Known, Wait};
use crate::deadlock::memory::List;
use crate::deadlock::state::{Held, Kind, Label, Need, Wanted};
use std::panic::Location;

/// Ann holds a lock that bob wants, and bob holds another that ann wants. Every place in it is
/// `HERE`.
fn knot() -> Report {
    let here = Location::caller();
    let labels = [Label::new(Kind::Lock, "a"), Label::new(Kind::Lock, "b \"2\"")];
    let mut graph = Graph::new();
    for (me, name) in [(1_u64, "ann"), (2, "bob")] {
        graph.alive.insert(me, Known { name: name.into(), system: None });
        let (mine, other) = (me as usize - 1, 2 - me as usize);
        let wait = Wait::new(Wanted::Resource(labels[other]), Need::Owner(3 - me), here);
        graph.enter(
            me,
            wait.holding(List::from([Held { id: me, label: labels[mine], since: here }])),
        );
    }
    Sketch::of(&graph, Verdict::Cycle, &[2, 1]).write()
}

/// As a reader sees it, wherever this file is.
fn shown(text: &str) -> String {
    let here = knot().threads()[0].holds()[0].since().to_string();
    text.replace(&here, "HERE")
}

#[test]
fn a_report_reads_so() {
    assert_eq!(
        shown(&knot().to_string()),
        "\
deadlock: 2 threads wait for each other, and will never wake up

  thread 'bob'
    holds lock \"b \"2\"\", taken at HERE
    wants lock \"a\", at HERE, from 'ann'

  thread 'ann'
    holds lock \"a\", taken at HERE
    wants lock \"b \"2\"\", at HERE, from 'bob'

  Take what one thread needs together in the same order everywhere, or back off: see `lock_checked`."
    );
}

#[test]
fn a_report_is_drawn_so() {
    assert_eq!(
        shown(&knot().to_mermaid()),
        "\
flowchart LR
    t2[\"bob\"]
    t1[\"ann\"]
    r0([\"lock #quot;b #quot;2#quot;#quot;\"])
    r1([\"lock #quot;a#quot;\"])
    r0 -->|\"held since HERE\"| t2
    t2 -->|\"wants at HERE\"| r1
    r1 -->|\"held since HERE\"| t1
    t1 -->|\"wants at HERE\"| r0
"
    );
}

#[test]
fn a_report_is_json_so() {
    assert_eq!(
        shown(&knot().to_json()),
        concat!(
            r#"{"verdict":"cycle","threads":["#,
            r#"{"id":2,"name":"bob","ended":false,"#,
            r#""holds":[{"what":"lock \"b \"2\"\"","name":"b \"2\"","since":"HERE"}],"#,
            r#""wants":{"what":"lock \"a\"","name":"a","at":"HERE","from":[1]}},"#,
            r#"{"id":1,"name":"ann","ended":false,"#,
            r#""holds":[{"what":"lock \"a\"","name":"a","since":"HERE"}],"#,
            r#""wants":{"what":"lock \"b \"2\"\"","name":"b \"2\"","at":"HERE","from":[2]}}]}"#,
        )
    );
}
