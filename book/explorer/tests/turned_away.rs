//! A thread that may read old values looks, believes one, wants to sleep and is turned away: it has
//! to get out of that loop, because the kernel has told it that the word is another one.

use watchdog as _;

use explorer::futex;
use explorer::scenario::Scenario;
use explorer::search::explore;
use explorer::sync::atomic::AtomicU32;
use explorer::sync::atomic::Ordering::Relaxed;

struct Shared {
    word: AtomicU32,
}

#[test]
fn a_thread_that_is_turned_away_reads_the_newest_value() {
    let scenario = Scenario::new("turned-away", || Shared { word: AtomicU32::new(0) })
        .thread(|shared| {
            while shared.word.load(Relaxed) == 0 {
                futex::wait(&shared.word, 0, false);
            }
        })
        .thread(|shared| {
            shared.word.store(1, Relaxed);
            futex::wake_one(&raw const shared.word);
        })
        .weak()
        .right();
    let graph = explore(&scenario, 0);
    assert!(graph.kinds().is_empty(), "it always gets out");
    let turned_away = |text: &str| text.ends_with("no: it is 1");
    let edges = || graph.nodes.iter().flat_map(|node| &node.edges);
    assert!(edges().any(|edge| turned_away(&edge.text)), "it is turned away");
    for edge in edges().filter(|edge| turned_away(&edge.text)) {
        for next in graph.nodes[edge.to].edges.iter().filter(|next| next.thread == edge.thread) {
            assert_eq!(next.text, "load → 1");
        }
    }
}
