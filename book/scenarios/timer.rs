//! A timer that rings and is cancelled at the same moment.

use std::time::Instant;

use explorer::{Kind, Scenario};
use primitives::sync::atomic::Ordering::Relaxed;

use crate::listings::naive_timer::NaiveTimer;
use crate::listings::tea::Tea;

const NAIVE: &str = "book/listings/naive_timer.rs";
const TEA: &str = "book/listings/tea.rs";
const CANCELLABLE_SLEEP: &str = "primitives/src/cancellable_sleep.rs";

struct Alarm {
    timer: NaiveTimer,
}

struct Kitchen {
    tea: Tea,
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let deadline = Instant::now(); // whether it has come is for the explorer to say
    vec![
        Scenario::new("naive-timer", || Alarm { timer: NaiveTimer::new() })
            .thread(|alarm| alarm.timer.ring())
            .thread(|alarm| _ = alarm.timer.cancel())
            .check(|alarm| {
                assert!(
                    !alarm.timer.did_both(),
                    "`cancel` said that it will not ring, and it rang"
                );
            })
            .shows(NAIVE, "timer")
            .broken(Kind::Assertion),
        Scenario::new("cancellable-sleep", || Kitchen { tea: Tea::new() })
            .thread(move |kitchen| kitchen.tea.serve(deadline))
            .thread(|kitchen| kitchen.tea.call_off())
            .check(|kitchen| {
                let Tea { served, called_off, .. } = &kitchen.tea;
                let (served, called_off) = (served.load(Relaxed), called_off.load(Relaxed));
                assert_ne!(served, called_off, "it is one of the two, and never both");
            })
            .shows(TEA, "tea")
            .shows(CANCELLABLE_SLEEP, "wait")
            .shows(CANCELLABLE_SLEEP, "cancel")
            .right(),
    ]
}
