//! The chapter on the semaphore.

use explorer::scenario::{Builder, Expected::Broken};
use explorer::{Kind, Scenario};
use primitives::Semaphore;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::listings::forgotten_permit::Permits;
use crate::listings::hatch;

const FILE: &str = "primitives/src/semaphore.rs";

struct Naive {
    semaphore: Permits,
}

struct Real {
    semaphore: Semaphore,
}

struct Restaurant {
    hatch: hatch::Hatch,
}

fn with_semaphore<S: 'static>(scenario: Builder<S>) -> Builder<S> {
    scenario.shows(FILE, "take").shows(FILE, "acquire-slow").shows(FILE, "add")
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let naive = "book/listings/forgotten_permit.rs";
    let listing = "book/listings/hatch.rs";
    let take = (FILE, "compare_exchange_weak(word, word - PERMIT, Acquire, Relaxed)");
    let take_late = (FILE, "compare_exchange_weak(word, left, Acquire, Relaxed)");
    let add = (FILE, "compare_exchange_weak(word, more, Release, Relaxed)");
    let two_permits = Scenario::new("two-permits", || Real { semaphore: Semaphore::new(0) })
        .asleep(2)
        // ANCHOR: two-permits
        .threads(2, |real| real.semaphore.acquire().forget())
        .thread(|real| {
            real.semaphore.release(1);
            real.semaphore.release(1);
        })
        // ANCHOR_END: two-permits
        .shows("book/scenarios/semaphore.rs", "two-permits");
    let hatch = Scenario::new("hatch", || Restaurant { hatch: hatch::Hatch::new() })
        .thread(|restaurant| assert_eq!(restaurant.hatch.take(), 7, "an empty plate"))
        .thread(|restaurant| restaurant.hatch.serve(7))
        .weak()
        .shows(listing, "hatch");
    vec![
        Scenario::new("forgotten-permit", || Naive { semaphore: Permits::none() })
            .asleep(2)
            // ANCHOR: forgotten-permit
            .threads(2, |naive| naive.semaphore.acquire())
            .thread(|naive| {
                naive.semaphore.release();
                naive.semaphore.release();
            })
            // ANCHOR_END: forgotten-permit
            .shows("book/scenarios/semaphore.rs", "forgotten-permit")
            .shows(naive, "semaphore")
            .broken(Kind::LostWakeUp),
        with_semaphore(two_permits).right(),
        with_semaphore(hatch)
            .toggle(take, (Acquire, Relaxed), Broken(Kind::Assertion))
            .toggle(take_late, (Acquire, Relaxed), Broken(Kind::Assertion))
            .toggle(add, (Release, Relaxed), Broken(Kind::Assertion))
            .right(),
    ]
}
