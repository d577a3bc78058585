//! The chapter on the event.

use explorer::scenario::Expected::Broken;
use explorer::{Kind, Scenario};
use primitives::Event;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::listings::answer::Question;
use crate::listings::gate::Gate;

const FILE: &str = "primitives/src/event.rs";

struct Race {
    gate: Gate,
}

struct RightRace {
    event: Event,
}

struct Exam {
    question: Question,
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let listing = "book/listings/answer.rs";
    let set = (FILE, "compare_exchange_weak(word, set, Release, Relaxed)");
    let wait = (FILE, "let word = self.word.load(Acquire)");
    let wait_late = (FILE, "compare_exchange(clear, asleep, Relaxed, Acquire)");
    vec![
        Scenario::new("gate", || Race { gate: Gate::new() })
            .asleep(1)
            // ANCHOR: gate
            .thread(|race| race.gate.wait())
            .thread(|race| {
                race.gate.set();
                race.gate.clear();
            })
            // ANCHOR_END: gate
            .shows("book/scenarios/event.rs", "gate")
            .shows("book/listings/gate.rs", "gate")
            .broken(Kind::LostWakeUp),
        Scenario::new("pulse", || RightRace { event: Event::new() })
            .asleep(1)
            // ANCHOR: pulse
            .thread(|race| race.event.wait())
            .thread(|race| {
                race.event.set();
                race.event.clear();
            })
            // ANCHOR_END: pulse
            .shows("book/scenarios/event.rs", "pulse")
            .shows(FILE, "set")
            .shows(FILE, "clear")
            .shows(FILE, "wait")
            .shows(FILE, "wait-slow")
            .right(),
        Scenario::new("answer", || Exam { question: Question::new() })
            .thread(|exam| assert_eq!(exam.question.ask(), 42, "an old answer"))
            .thread(|exam| exam.question.reply(42))
            .weak()
            .shows(listing, "question")
            .shows(FILE, "set")
            .shows(FILE, "wait")
            .shows(FILE, "wait-slow")
            .toggle(set, (Release, Relaxed), Broken(Kind::Assertion))
            .toggle(wait, (Acquire, Relaxed), Broken(Kind::Assertion))
            .toggle(wait_late, (Acquire, Relaxed), Broken(Kind::Assertion))
            .right(),
    ]
}
