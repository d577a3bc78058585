//! The corner cases, each named after what it shows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
// The tests' own flags and counters are std's, because they are not part of what is explored. They
// are SeqCst throughout: the tests do not examine which store each load pairs with.
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use super::{JoinError, StartError, Timer};
use crate::threads::{self, current};
use crate::{Event, Lock};

const SHORT: Duration = Duration::from_millis(5);
const FAR: Duration = Duration::from_secs(3600);

/// A timer, and a channel that says when it fired and closes when its function is dropped.
fn timer(interval: Duration) -> (Timer, mpsc::Receiver<Instant>) {
    let (send, fired) = mpsc::channel();
    (Timer::new(interval, move || send.send(Instant::now()).unwrap()), fired)
}

#[test]
fn it_fires_once_after_the_interval_and_never_before() {
    let (timer, fired) = timer(SHORT);
    let start = Instant::now();
    timer.start().unwrap();
    assert!(fired.recv().unwrap() >= start + SHORT);
    timer.join().unwrap();
    assert!(timer.is_finished());
    assert_eq!(fired.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn the_interval_counts_from_start_and_not_from_new() {
    let (timer, fired) = timer(SHORT);
    assert_eq!(fired.recv_timeout(2 * SHORT), Err(RecvTimeoutError::Timeout), "not started");
    let start = Instant::now();
    timer.start().unwrap();
    assert!(fired.recv().unwrap() >= start + SHORT);
}

#[test]
fn an_interval_of_zero_fires_at_once() {
    let (timer, fired) = timer(Duration::ZERO);
    timer.start().unwrap();
    timer.join().unwrap();
    fired.try_recv().expect("joined, so it has fired");
}

#[test]
fn one_too_long_for_the_clock_never_fires_and_can_be_cancelled() {
    let (timer, fired) = timer(Duration::MAX);
    timer.start().unwrap();
    assert!(!timer.is_finished());
    assert!(timer.cancel());
    timer.join().unwrap();
    assert_eq!(fired.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn cancel_drops_the_function_at_once_and_the_thread_ends_at_once() {
    let (timer, fired) = timer(FAR);
    let timer = timer.with_name("cancelled");
    timer.start().unwrap();
    assert!(timer.cancel());
    assert_eq!(fired.try_recv(), Err(TryRecvError::Disconnected), "dropped by `cancel`");
    assert!(timer.is_finished());
    timer.join().unwrap(); // and not in an hour
    assert!(!threads::enumerate().iter().any(|thread| thread.name() == "cancelled"));
}

#[test]
fn cancelled_before_it_starts_it_starts_in_vain() {
    let (timer, fired) = timer(Duration::ZERO);
    assert!(timer.cancel());
    assert_eq!(fired.try_recv(), Err(TryRecvError::Disconnected));
    assert!(matches!(timer.join(), Err(JoinError::NotStarted)));
    timer.start().unwrap();
    timer.join().unwrap();
    assert!(matches!(timer.start(), Err(StartError::AlreadyStarted)));
    assert!(timer.is_finished());
}

#[test]
fn a_second_cancel_and_one_after_firing_say_that_they_did_nothing() {
    let (timer, _fired) = timer(FAR);
    timer.start().unwrap();
    assert!(timer.cancel());
    assert!(!timer.cancel());

    let (timer, fired) = self::timer(Duration::ZERO);
    timer.start().unwrap();
    fired.recv().unwrap();
    assert!(!timer.cancel());
    timer.join().unwrap();
    assert!(!timer.cancel());
}

#[test]
fn cancel_while_the_function_runs_is_too_late_and_does_not_wait() {
    let (begun, go_on) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let timer = Timer::new(Duration::ZERO, {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        move || {
            begun.set();
            go_on.wait();
        }
    });
    timer.start().unwrap();
    begun.wait();
    assert!(!timer.cancel());
    assert!(!timer.is_finished());
    go_on.set();
    timer.join().unwrap();
    assert!(timer.is_finished());
}

#[test]
fn a_second_start_is_an_error_and_changes_nothing() {
    let (timer, fired) = timer(FAR);
    timer.start().unwrap();
    let error = timer.start().unwrap_err();
    assert!(matches!(error, StartError::AlreadyStarted));
    assert!(error.to_string().contains("make a new one"), "{error}");
    assert_eq!(fired.try_recv(), Err(TryRecvError::Empty));
    assert!(timer.cancel());
}

#[test]
fn of_many_that_start_it_at_once_one_succeeds() {
    let (timer, fired) = timer(Duration::ZERO);
    let started = AtomicUsize::new(0);
    threads::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| started.fetch_add(timer.start().is_ok().into(), SeqCst));
        }
    });
    assert_eq!(started.load(SeqCst), 1);
    timer.join().unwrap();
    assert_eq!(fired.iter().count(), 1);
}

#[test]
fn join_before_start_is_an_error_that_says_what_to_do() {
    let (timer, _fired) = timer(FAR);
    let error = timer.join().unwrap_err();
    assert!(matches!(error, JoinError::NotStarted));
    assert!(error.to_string().contains("call `start`"), "{error}");
    assert!(!timer.is_finished());
}

#[test]
fn a_panic_of_the_function_comes_out_of_every_join() {
    let timer = Timer::new(Duration::ZERO, || panic!("in the function")).with_name("explosive");
    timer.start().unwrap();
    for _ in 0..2 {
        match timer.join() {
            Err(JoinError::Panicked(panic)) => {
                assert_eq!(panic.thread_name(), "explosive");
                assert_eq!(panic.message(), "in the function");
                assert!(panic.location().is_some());
                assert_eq!(JoinError::Panicked(panic.clone()).to_string(), panic.to_string());
            }
            other => panic!("it panicked, but join said {other:?}"),
        }
    }
    assert!(timer.is_finished());
    assert!(!timer.cancel());
}

#[test]
fn the_function_cannot_join_its_own_timer() {
    let timer = Arc::new(Lock::new(None::<Arc<Timer>>));
    let (send, told) = mpsc::channel();
    let own = Arc::new(Timer::new(Duration::ZERO, {
        let timer = Arc::clone(&timer);
        move || {
            let own = timer.lock().take().unwrap();
            send.send((own.join(), own.cancel(), own.is_finished())).unwrap();
        }
    }));
    *timer.lock() = Some(Arc::clone(&own));
    own.start().unwrap();
    let (joined, cancelled, finished) = told.recv().unwrap();
    assert!(matches!(joined, Err(JoinError::FromCallback)), "{joined:?}");
    assert!(!cancelled && !finished);
    own.join().unwrap();
}

#[test]
fn dropping_a_started_timer_lets_it_fire() {
    let (timer, fired) = timer(SHORT);
    timer.start().unwrap();
    drop(timer);
    fired.recv().unwrap();
}

#[test]
fn dropping_one_that_was_not_started_drops_the_function() {
    let (timer, fired) = timer(Duration::ZERO);
    drop(timer);
    assert_eq!(fired.recv(), Err(mpsc::RecvError));
}

#[test]
fn a_function_may_start_another_timer() {
    let (send, fired) = mpsc::channel();
    let first = Timer::new(Duration::ZERO, move || {
        let second = Timer::new(Duration::ZERO, move || send.send("second").unwrap());
        second.start().unwrap();
    });
    first.start().unwrap();
    assert_eq!(fired.recv().unwrap(), "second");
}

#[test]
fn a_function_that_panics_when_dropped_does_so_in_cancel_and_stays_cancelled() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let bomb = Bomb;
    let timer = Timer::new(FAR, move || drop(bomb));
    timer.start().unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| timer.cancel()));
    assert!(panicked.is_err());
    assert!(timer.is_finished() && !timer.cancel());
    timer.join().unwrap();
}

#[test]
fn a_thread_that_cannot_be_had_is_an_error_and_nothing_is_lost() {
    let (timer, fired) = timer(Duration::ZERO);
    let mut timer = timer.with_name("no such\0name");
    let error = timer.start().unwrap_err();
    assert!(matches!(error, StartError::Spawn(_)), "{error:?}");
    assert!(std::error::Error::source(&error).is_some());
    assert!(matches!(timer.join(), Err(JoinError::NotStarted)));
    timer = timer.with_name("a better name");
    timer.start().unwrap();
    timer.join().unwrap();
    fired.try_recv().expect("the function was kept for the second start");
}

#[test]
fn its_thread_has_a_name_of_its_own() {
    let (send, name) = mpsc::channel();
    let tell = send.clone();
    Timer::new(Duration::ZERO, move || tell.send(current().name().to_owned()).unwrap())
        .start()
        .unwrap();
    let unnamed = name.recv().unwrap();
    assert!(unnamed.strip_prefix("Timer-").is_some_and(|n| n.parse::<u64>().is_ok()), "{unnamed}");
    Timer::new(Duration::ZERO, move || send.send(current().name().to_owned()).unwrap())
        .with_name("tea")
        .start()
        .unwrap();
    assert_eq!(name.recv().unwrap(), "tea");
}

/// This uses real threads; `cancellable_sleep/tests.rs` has a hundred thousand races on the
/// deciding word.
#[test]
fn cancelled_at_its_deadline_it_fires_or_says_cancelled_and_never_both() {
    for round in 0..if cfg!(miri) { 3 } else { 300 } {
        let interval = Duration::from_micros(50 + round);
        let (timer, fired) = timer(interval);
        timer.start().unwrap();
        let about = Instant::now() + interval;
        while Instant::now() < about {
            std::hint::spin_loop();
        }
        let cancelled = timer.cancel();
        timer.join().unwrap();
        assert_ne!(fired.try_recv().is_ok(), cancelled, "round {round}");
    }
}

#[test]
fn debug_never_blocks_and_says_how_it_stands() {
    let (timer, _fired) = timer(FAR);
    let expected = |started, state| {
        format!(
            "Timer {{ interval: 3600s, started: {started}, sleep: CancellableSleep {{ state: {state} }} }}"
        )
    };
    assert_eq!(format!("{timer:?}"), expected(false, "waiting"));
    timer.start().unwrap();
    assert_eq!(format!("{timer:?}"), expected(true, "waiting"));
    timer.cancel();
    assert_eq!(format!("{timer:?}"), expected(true, "cancelled"));
    let starting = timer.run.lock();
    assert!(!format!("{timer:?}").contains("started"));
    drop(starting);
}
