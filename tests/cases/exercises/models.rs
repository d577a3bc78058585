//! The book's exercises (`book/exercises`): each fails as given, for the reason that it states, and
//! each of our solutions holds. They are compiled into this program, so that all of them run in
//! seconds.

use model::report::Verdict;
use model::{Group, Options};

#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/05_tools/barrier.rs"]
mod solution_barrier;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/06_queues/bounded_queue.rs"]
mod solution_bounded_queue;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/05_tools/condition.rs"]
mod solution_condition;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/04_sleeping/forgets_the_others.rs"]
mod solution_forgets_the_others;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/01_counting/high_score.rs"]
mod solution_high_score;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/06_queues/if_for_while.rs"]
mod solution_if_for_while;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/05_tools/latch.rs"]
mod solution_latch;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/04_sleeping/look_then_sleep.rs"]
mod solution_look_then_sleep;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/02_spin_locks/look_then_take.rs"]
mod solution_look_then_take;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/03_orderings/made_once.rs"]
mod solution_made_once;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/03_orderings/message.rs"]
mod solution_message;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/06_queues/one_condition.rs"]
mod solution_one_condition;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/05_tools/semaphore.rs"]
mod solution_semaphore;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/04_sleeping/sleeps_without_a_note.rs"]
mod solution_sleeps_without_a_note;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/03_orderings/three_hands.rs"]
mod solution_three_hands;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/02_spin_locks/ticket_lock.rs"]
mod solution_ticket_lock;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/04_sleeping/trusts_the_wake_up.rs"]
mod solution_trusts_the_wake_up;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/03_orderings/two_flags.rs"]
mod solution_two_flags;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/01_counting/two_increments.rs"]
mod solution_two_increments;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/02_spin_locks/unlock_too_weak.rs"]
mod solution_unlock_too_weak;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/04_sleeping/wakes_too_early.rs"]
mod solution_wakes_too_early;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/solutions/02_spin_locks/weakest_spin_lock.rs"]
mod solution_weakest_spin_lock;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/05_tools/barrier.rs"]
mod starter_barrier;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/06_queues/bounded_queue.rs"]
mod starter_bounded_queue;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/05_tools/condition.rs"]
mod starter_condition;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/04_sleeping/forgets_the_others.rs"]
mod starter_forgets_the_others;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/01_counting/high_score.rs"]
mod starter_high_score;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/06_queues/if_for_while.rs"]
mod starter_if_for_while;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/05_tools/latch.rs"]
mod starter_latch;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/04_sleeping/look_then_sleep.rs"]
mod starter_look_then_sleep;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/02_spin_locks/look_then_take.rs"]
mod starter_look_then_take;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/03_orderings/made_once.rs"]
mod starter_made_once;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/03_orderings/message.rs"]
mod starter_message;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/06_queues/one_condition.rs"]
mod starter_one_condition;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/05_tools/semaphore.rs"]
mod starter_semaphore;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/04_sleeping/sleeps_without_a_note.rs"]
mod starter_sleeps_without_a_note;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/03_orderings/three_hands.rs"]
mod starter_three_hands;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/02_spin_locks/ticket_lock.rs"]
mod starter_ticket_lock;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/04_sleeping/trusts_the_wake_up.rs"]
mod starter_trusts_the_wake_up;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/03_orderings/two_flags.rs"]
mod starter_two_flags;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/01_counting/two_increments.rs"]
mod starter_two_increments;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/02_spin_locks/unlock_too_weak.rs"]
mod starter_unlock_too_weak;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/04_sleeping/wakes_too_early.rs"]
mod starter_wakes_too_early;
#[expect(dead_code, reason = "its `main` is for the reader")]
#[path = "../../../book/exercises/exercises/02_spin_locks/weakest_spin_lock.rs"]
mod starter_weakest_spin_lock;

/// How an exercise says that it fails.
const STATED: &str = "//! The judge says now: ";

macro_rules! exercises {
    ($($name:ident $folder:literal $starter:ident $solution:ident;)+) => {
        pub(crate) fn group() -> Group {
            Group::new("exercises")
                $(
                    .test(concat!(stringify!($name), "-as-it-stands"), || {
                        let text = include_str!(concat!(
                            "../../../book/exercises/exercises/", $folder, "/", stringify!($name), ".rs"
                        ));
                        fails(&$starter::judge(), text);
                    })
                    .test(concat!(stringify!($name), "-mended"), || holds(&$solution::judge()))
                )+
                .test("all-are-here", || all_are_here(&[$(concat!($folder, "/", stringify!($name))),+]))
        }
    };
}

exercises! {
    two_increments "01_counting" starter_two_increments solution_two_increments;
    high_score "01_counting" starter_high_score solution_high_score;
    look_then_take "02_spin_locks" starter_look_then_take solution_look_then_take;
    unlock_too_weak "02_spin_locks" starter_unlock_too_weak solution_unlock_too_weak;
    ticket_lock "02_spin_locks" starter_ticket_lock solution_ticket_lock;
    weakest_spin_lock "02_spin_locks" starter_weakest_spin_lock solution_weakest_spin_lock;
    message "03_orderings" starter_message solution_message;
    three_hands "03_orderings" starter_three_hands solution_three_hands;
    two_flags "03_orderings" starter_two_flags solution_two_flags;
    made_once "03_orderings" starter_made_once solution_made_once;
    look_then_sleep "04_sleeping" starter_look_then_sleep solution_look_then_sleep;
    wakes_too_early "04_sleeping" starter_wakes_too_early solution_wakes_too_early;
    sleeps_without_a_note "04_sleeping" starter_sleeps_without_a_note solution_sleeps_without_a_note;
    forgets_the_others "04_sleeping" starter_forgets_the_others solution_forgets_the_others;
    trusts_the_wake_up "04_sleeping" starter_trusts_the_wake_up solution_trusts_the_wake_up;
    semaphore "05_tools" starter_semaphore solution_semaphore;
    latch "05_tools" starter_latch solution_latch;
    condition "05_tools" starter_condition solution_condition;
    barrier "05_tools" starter_barrier solution_barrier;
    if_for_while "06_queues" starter_if_for_while solution_if_for_while;
    one_condition "06_queues" starter_one_condition solution_one_condition;
    bounded_queue "06_queues" starter_bounded_queue solution_bounded_queue;
}

/// The starter fails, for the reason that its text states.
fn fails(judge: &Group, text: &str) {
    let stated = text.lines().find_map(|line| line.strip_prefix(STATED)).expect("it states why");
    let outcomes = judge.outcomes(&Options { no_trace: true, ..Options::default() });
    let bad = outcomes.iter().find(|outcome| !outcome.is_good()).expect("it fails");
    let found = match &bad.verdict {
        Verdict::Fails(counterexample) => counterexample.kind.text(),
        Verdict::Missed { .. } => "stronger than needed",
        other => panic!("{}: {other:?}", bad.scenario),
    };
    assert_eq!(found, stated, "{}", bad.scenario);
}

/// The solution is right in every execution.
fn holds(judge: &Group) {
    for outcome in judge.outcomes(&Options::default()) {
        // A run that fails as expected stops there.
        let is_whole = outcome.complete || matches!(outcome.verdict, Verdict::FailsAsItMust(_));
        assert!(outcome.is_good() && is_whole, "{}: {:?}", outcome.scenario, outcome.verdict);
    }
}

/// This checks exactly what the reader gets.
fn all_are_here(names: &[&str]) {
    let list = include_str!("../../../book/exercises/info.toml");
    let value = |line: &str, key: &str| {
        let value = line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')?;
        Some(value.to_owned())
    };
    let given = Vec::from_iter(list.lines().filter_map(|line| value(line, "name")));
    let folders = Vec::from_iter(list.lines().filter_map(|line| value(line, "dir")));
    let given =
        Vec::from_iter(folders.iter().zip(&given).map(|(folder, name)| format!("{folder}/{name}")));
    assert_eq!(given, names);
}
