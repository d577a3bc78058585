//! Coroutines that block the thread which polls them.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use primitives::deadlock::{Report, Verdict};
use primitives::{BoundedSemaphore, Event, Lock, Semaphore, block_on, threads};

use super::{REPORTS, keep_reports};

/// Polls both in turn, until both are over.
async fn both<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|cx| {
        if first.is_none()
            && let Poll::Ready(output) = one.as_mut().poll(cx)
        {
            first = Some(output);
        }
        if second.is_none()
            && let Poll::Ready(output) = other.as_mut().poll(cx)
        {
            second = Some(output);
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            unfinished => {
                (first, second) = unfinished;
                Poll::Pending
            }
        }
    })
    .await
}

/// The thread waits for itself, in a poll that was begun in this file.
fn assert_blocks_its_own_thread(report: &Report, wants: &str) {
    assert_eq!(report.verdict(), Verdict::Cycle);
    let [thread] = report.threads() else { panic!("{report}") };
    assert_eq!(thread.wants().map(|wants| wants.name()), Some(wants), "{report}");
    let polled_at = thread.polled_at().expect("it is in a poll");
    assert!(polled_at.file().ends_with("coroutines.rs"), "{report}");
    let text = report.to_string();
    assert!(text.contains(&format!("\n    in a coroutine, polled at {polled_at}\n")), "{text}");
    assert!(text.ends_with("and release a lock before the next `await`."), "{text}");
    assert!(report.to_json().contains(&format!("\"polled_at\":\"{polled_at}\"")));
}

#[test]
fn a_coroutine_that_wants_a_lock_of_another_on_its_thread_is_told() {
    let (menu, told) = (Lock::named("menu", ()), Event::new());
    let keeps = async {
        let _menu = menu.lock(); // the mistake: it is held over an `await`
        told.wait_async().await;
    };
    let wants = async {
        let report = menu.lock_checked().map(drop).unwrap_err();
        told.set();
        report
    };
    let ((), report) = block_on(both(keeps, wants));
    assert_blocks_its_own_thread(&report, "menu");
}

#[test]
fn a_coroutine_that_blocks_for_the_permits_of_its_thread_is_told() {
    let tables = Semaphore::named("tables", 2).thread_bound();
    let told = Event::new();
    let sits = || async {
        let _table = tables.acquire_async().await;
        told.wait_async().await;
    };
    let wants = async {
        let report = tables.acquire_checked().map(drop).unwrap_err();
        told.set();
        report
    };
    let (_, report) = block_on(both(both(sits(), sits()), wants));
    assert_blocks_its_own_thread(&report, "tables");
    let sitting = report.threads()[0].holds();
    assert_eq!(sitting.iter().map(|held| held.name()).collect::<Vec<_>>(), ["tables"; 2]);
    assert_eq!(tables.available(), 2);

    // The bounded one has the same calls. And permits that were taken in one line are one line.
    let tables = BoundedSemaphore::named("few tables", 2).thread_bound();
    let report = block_on(async {
        let mut sitting = Vec::new();
        for _ in 0..2 {
            sitting.push(tables.acquire_async().await);
        }
        tables.acquire_checked().map(drop).unwrap_err()
    });
    assert_blocks_its_own_thread(&report, "few tables");
    let text = report.to_string();
    assert!(text.contains("holds semaphore \"few tables\" 2 times, taken at"), "{text}");
}

#[test]
fn without_being_asked_the_coroutine_panics_and_the_permits_go_back() {
    let tables = Semaphore::named("panicking tables", 1).thread_bound();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        block_on(both(
            async {
                let _table = tables.acquire_async().await;
                std::future::pending::<()>().await;
            },
            async { drop(tables.acquire()) },
        ));
    }));
    let message = panic.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("in a coroutine, polled at"), "{message}");
    assert_eq!(tables.available(), 1);
}

#[test]
fn a_coroutine_that_another_thread_helps_is_not_told() {
    keep_reports();
    // Any thread may release one of these.
    let loose = Semaphore::named("not told: loose", 1);
    // Its permit is in the hands of another thread.
    let lent = Semaphore::named("not told: lent", 1).thread_bound();
    let lock = Lock::named("not told: lock", ());
    let (taken, wants) = (Event::new(), Event::new());
    threads::scope(|s| {
        s.spawn(|| {
            let _held = (lent.acquire(), lock.lock());
            taken.set();
            wants.wait();
            loose.release(1);
        });
        block_on(async {
            taken.wait_async().await;
            let _mine = loose.acquire_async().await;
            wants.set();
            // It blocks its thread three times. That is bad, and it ends.
            drop(loose.acquire());
            drop(lent.acquire());
            drop(lock.lock());
        });
    });
    let reports = REPORTS.lock().unwrap();
    assert!(!reports.iter().any(|report| report.contains("not told: ")), "{reports:?}");
}

#[test]
fn outside_of_a_poll_nothing_is_said_of_coroutines() {
    let lock = Lock::named("plain", ());
    let _guard = lock.lock();
    block_on(async {});
    let report = lock.lock_checked().map(drop).unwrap_err();
    assert_eq!(report.threads()[0].polled_at(), None);
    assert!(report.to_string().ends_with("or use an `RLock`."), "{report}");
    assert!(!report.to_json().contains("polled_at"));

    // After an inner poll, one that panicked too, the thread is in the outer poll again.
    let (lines, report) = block_on(async {
        let _ = catch_unwind(|| block_on(async { panic!("on purpose") }));
        (line!() - 1, lock.lock_checked().map(drop).unwrap_err())
    });
    let polled_at = report.threads()[0].polled_at().expect("it is in a poll");
    assert!(polled_at.line() < lines, "the outer one: {report}");
}
