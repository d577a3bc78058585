//! A program that finds its own deadlock.
//!
//! Run it: `cargo run -p locksmith-queues --example stuck_pipeline --features deadlock-detection`
//!
//! A pipeline asks for an answer over one queue and gets it over another. Both sides begin by
//! waiting for the other, so every thread of the program sleeps, and nothing can wake any of them.
//! That is no circle of owners (any thread might put something in), so no thread panics: the hook
//! gets a report that names both queues and who waits where. Here the hook shuts the queues down,
//! which is what a program can do about it.

use std::sync::LazyLock;

use primitives::deadlock::{self, Verdict};
use primitives::{Event, threads};
use queues::Queue;

static QUESTIONS: LazyLock<Queue<u32>> = LazyLock::new(|| Queue::bounded(1).named("questions"));
static ANSWERS: LazyLock<Queue<u32>> = LazyLock::new(|| Queue::bounded(1).named("answers"));
static REPORTED: Event = Event::new();

fn main() {
    deadlock::set_hook(|report| {
        println!("{report}");
        assert_eq!(report.verdict(), Verdict::Stuck);
        REPORTED.set();
        QUESTIONS.shutdown();
        ANSWERS.shutdown();
    });
    let answerer = threads::spawn(|| {
        QUESTIONS.iter().for_each(|question| {
            ANSWERS.put(question * question).expect("a thread waits for it");
        })
    });
    // The mistake: the answer is awaited before the question is asked.
    let answer = ANSWERS.get();
    assert!(answer.is_err() && REPORTED.is_set(), "the hook has shut it down");
    answerer.join().expect("no panic");
    println!("every thread slept; the hook was told, and shut the queues down");
}
