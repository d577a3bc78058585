//! The corner cases, each named after what it shows. `schedule/tests.rs` tests the schedule alone,
//! with a clock that the test sets; `schedule/properties.rs` compares it with a model.

use std::panic::{catch_unwind, panic_any};
// The tests' own flags and counters are std's, because they are not part of what is explored. They
// are SeqCst throughout: the tests do not examine which store each load pairs with.
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, RecvError, TryRecvError};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::{TimerHandle, Timers};
use crate::threads::{self, current};
use crate::{Event, Lock};

const SHORT: Duration = Duration::from_millis(5);
const FAR: Duration = Duration::from_secs(3600);

/// Keeps the timers' thread in a callback until the gate that is returned is set.
fn keep_busy(timers: &Timers) -> Arc<Event> {
    let (busy, go_on) = (Arc::new(Event::new()), Arc::new(Event::new()));
    timers.after(Duration::ZERO, {
        let (busy, go_on) = (Arc::clone(&busy), Arc::clone(&go_on));
        move || {
            busy.set();
            go_on.wait();
        }
    });
    busy.wait();
    go_on
}

/// Sets a timer that does nothing, and waits until it has fired: all that were due earlier have
/// fired too.
fn until_idle(timers: &Timers) {
    let done = Arc::new(Event::new());
    let set = Arc::clone(&done);
    timers.after(Duration::ZERO, move || set.set());
    done.wait();
}

#[test]
fn it_fires_once_after_the_delay_and_never_before() {
    let timers = Timers::new();
    let (send, fired) = mpsc::channel();
    let start = Instant::now();
    let handle = timers.after(SHORT, move || send.send(Instant::now()).unwrap());
    assert!(fired.recv().unwrap() >= start + SHORT);
    assert_eq!(fired.recv(), Err(RecvError), "called once and dropped");
    assert!(!handle.is_pending() && !handle.cancel());
}

#[test]
#[cfg_attr(miri, ignore = "the future has come before Miri has set both")]
fn at_an_instant_never_before_it_and_at_once_if_it_has_passed() {
    let past = Instant::now();
    let timers = Timers::new();
    let (send, fired) = mpsc::channel();
    let deadline = Instant::now() + SHORT;
    for (name, when) in [("future", deadline), ("past", past)] {
        let send = send.clone();
        timers.at(when, move || send.send((name, Instant::now())).unwrap());
    }
    assert_eq!(fired.recv().unwrap().0, "past");
    let (name, when) = fired.recv().unwrap();
    assert!(name == "future" && when >= deadline);
}

#[test]
fn they_fire_in_order_of_deadlines_and_equal_ones_in_the_order_in_which_they_were_set() {
    let timers = Timers::new();
    let go_on = keep_busy(&timers);
    let (send, fired) = mpsc::channel();
    let base = Instant::now();
    for (number, late) in [30, 10, 20, 10, 30, 10].into_iter().enumerate() {
        let send = send.clone();
        timers.at(base + Duration::from_micros(late), move || send.send((late, number)).unwrap());
    }
    go_on.set();
    let order: Vec<_> = fired.iter().take(6).collect();
    assert_eq!(order, [(10, 1), (10, 3), (10, 5), (20, 2), (30, 0), (30, 4)]);
}

#[test]
fn an_earlier_one_that_is_set_later_wakes_the_thread() {
    let timers = Timers::new();
    timers.after(FAR, || ());
    until_idle(&timers); // asleep for an hour, or about to be
    for _ in 0..if cfg!(miri) { 2 } else { 100 } {
        until_idle(&timers);
    }
    assert_eq!(timers.pending(), 1);
}

#[test]
fn cancelled_it_does_not_fire_and_its_callback_is_dropped_at_once() {
    let timers = Timers::new();
    let (send, fired) = mpsc::channel();
    let handle = timers.after(FAR, move || send.send(()).unwrap());
    assert!(handle.is_pending());
    assert!(handle.cancel());
    assert_eq!(fired.try_recv(), Err(TryRecvError::Disconnected));
    assert!(!handle.cancel(), "the second one did nothing");
    assert!(!handle.is_pending());
    assert_eq!(timers.pending(), 0);
}

#[test]
fn one_that_is_due_but_not_called_yet_can_still_be_cancelled() {
    let timers = Timers::new();
    let go_on = keep_busy(&timers);
    let (send, fired) = mpsc::channel();
    let handle = timers.after(Duration::ZERO, move || send.send(()).unwrap());
    assert!(handle.cancel());
    go_on.set();
    until_idle(&timers);
    assert_eq!(fired.recv(), Err(RecvError));
}

#[test]
fn cancel_during_the_call_is_too_late_and_does_not_wait() {
    let timers = Timers::new();
    let (begun, go_on) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let handle = timers.after(Duration::ZERO, {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        move || {
            begun.set();
            go_on.wait();
        }
    });
    begun.wait();
    assert!(!handle.cancel() && !handle.is_pending());
    go_on.set();
}

#[test]
fn a_delay_too_long_for_the_clock_never_comes_and_can_be_cancelled() {
    let timers = Timers::new();
    let forever = timers.after(Duration::MAX, || unreachable!());
    let ages = timers.after(Duration::from_secs(u64::MAX / 2), || unreachable!());
    let rarely = timers.every(Duration::MAX, || unreachable!());
    until_idle(&timers);
    assert_eq!(timers.pending(), 3);
    assert!(forever.cancel() && ages.cancel() && rarely.cancel());
}

#[test]
fn the_longest_delay_that_the_clock_can_tell_is_no_panic() {
    let timers = Timers::new();
    let mut delay = Duration::from_secs(1);
    while Instant::now().checked_add(delay * 2).is_some() && delay < Duration::MAX / 4 {
        delay *= 2;
        timers.after(delay, || unreachable!());
        timers.at(Instant::now() + delay, || unreachable!());
        until_idle(&timers);
    }
    assert!(timers.shutdown() > 0);
}

#[test]
fn a_periodic_one_fires_again_and_again_and_never_before_its_time() {
    const PERIOD: Duration = Duration::from_millis(2);
    let timers = Timers::new();
    let (send, fired) = mpsc::channel();
    let start = Instant::now();
    let handle = timers.every(PERIOD, move || send.send(Instant::now()).unwrap());
    for (tick, when) in fired.iter().take(10).enumerate() {
        // However late the call before was, this one comes a whole number of periods after the
        // start.
        assert!(when >= start + PERIOD * (tick as u32 + 1), "tick {tick} is early");
    }
    assert!(handle.is_pending());
    assert_eq!(timers.pending(), 1);
    assert!(handle.cancel());
    fired.iter().for_each(drop); // ends, for the callback is dropped
}

#[test]
fn a_periodic_one_cancelled_by_its_own_callback_is_not_called_again() {
    let timers = Timers::new();
    let (send, told) = mpsc::channel();
    let own = Arc::new(OnceLock::<TimerHandle>::new());
    let handle = timers.every(Duration::from_micros(100), {
        let own = Arc::clone(&own);
        move || {
            // It may be called before the test knows the handle.
            if let Some(own) = own.get() {
                assert!(own.is_pending());
                send.send((own.cancel(), own.cancel(), own.is_pending())).unwrap();
            }
        }
    });
    own.set(handle).unwrap();
    assert_eq!(told.recv(), Ok((true, false, false)));
    assert_eq!(told.recv(), Err(RecvError), "and dropped after the call");
    assert_eq!(timers.pending(), 0);
}

#[test]
fn a_period_of_zero_is_refused() {
    let timers = Timers::new();
    let panic = catch_unwind(|| timers.every(Duration::ZERO, || ())).unwrap_err();
    let message = panic.downcast_ref::<&str>().unwrap();
    assert!(message.contains("a period of zero"), "{message}");
    assert!(message.contains("at least 1 ns"), "{message}");
    assert_eq!(timers.pending(), 0);
}

#[test]
fn a_callback_may_set_and_cancel_timers() {
    let timers = Arc::new(Timers::new());
    let (send, fired) = mpsc::channel();
    let victim = timers.after(FAR, || unreachable!());
    let weak = Arc::downgrade(&timers);
    timers.after(Duration::ZERO, move || {
        let timers = weak.upgrade().expect("the test still has them");
        assert!(victim.cancel());
        timers.after(Duration::ZERO, move || send.send("set by a callback").unwrap());
    });
    assert_eq!(fired.recv().unwrap(), "set by a callback");
    until_idle(&timers);
    assert_eq!(timers.pending(), 0);
}

#[test]
fn a_callback_that_panics_does_not_stop_the_others() {
    /// Panics once more when it is dropped, as a payload and as a captured value.
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let timers = Timers::builder().name("unshaken").build().unwrap();
    let bomb = Bomb;
    timers.after(Duration::ZERO, || panic!("in a callback"));
    timers.after(Duration::ZERO, || panic_any(Bomb));
    timers.after(Duration::ZERO, move || drop(bomb));
    until_idle(&timers);
    assert!(timers.thread().is_alive());
}

#[test]
fn a_periodic_callback_that_panics_is_not_called_again() {
    let timers = Timers::new();
    let (send, fired) = mpsc::channel();
    let handle = timers.every(Duration::from_micros(100), move || {
        send.send(()).unwrap();
        panic!("in a periodic callback");
    });
    fired.recv().unwrap();
    assert_eq!(fired.recv(), Err(RecvError), "dropped after its first call");
    assert!(!handle.is_pending() && !handle.cancel());
    assert_eq!(timers.pending(), 0);
}

#[test]
fn shutdown_discards_what_is_pending_and_ends_the_thread() {
    let timers = Timers::builder().name("short-lived").build().unwrap();
    let (send, fired) = mpsc::channel::<()>();
    let tell = send.clone();
    let once = timers.after(FAR, move || send.send(()).unwrap());
    let often = timers.every(FAR, move || tell.send(()).unwrap());
    let who = timers.thread().clone();
    assert_eq!(timers.shutdown(), 2);
    assert_eq!(fired.recv(), Err(RecvError), "both callbacks are dropped");
    assert!(!who.is_alive());
    assert!(!once.cancel() && !often.cancel() && !once.is_pending());
}

#[test]
fn dropping_waits_for_the_callback_under_way_and_calls_no_other() {
    let timers = Timers::new();
    let go_on = keep_busy(&timers);
    let finished = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&finished);
    let other = timers.after(Duration::ZERO, move || {
        count.fetch_add(1, SeqCst);
    });
    let who = timers.thread().clone();
    let dropper = threads::spawn(move || drop(timers));
    while other.is_pending() {
        threads::yield_now();
    }
    assert!(!dropper.join_timeout(SHORT), "the callback is under way");
    go_on.set();
    dropper.join().unwrap();
    assert!(!who.is_alive());
    assert_eq!(finished.load(SeqCst), 0);
    assert_eq!(Arc::strong_count(&finished), 1, "the other one was dropped");
}

#[test]
fn a_callback_that_drops_the_last_owner_does_not_wait_for_itself() {
    let timers = Arc::new(Timers::new());
    let (send, told) = mpsc::channel();
    let go_on = keep_busy(&timers);
    let who = timers.thread().clone();
    let owner = Arc::clone(&timers);
    timers.after(Duration::ZERO, move || {
        drop(owner);
        send.send("survived").unwrap();
    });
    drop(timers);
    go_on.set();
    assert_eq!(told.recv().unwrap(), "survived");
    while who.is_alive() {
        threads::yield_now();
    }
}

#[test]
fn a_callback_dropped_by_cancel_or_shutdown_may_use_the_timers() {
    /// Asks when it is dropped; under the lock it would wait for itself.
    struct Asks(TimerHandle);
    impl Drop for Asks {
        fn drop(&mut self) {
            assert!(!self.0.is_pending());
            self.0.cancel();
        }
    }
    let timers = Timers::new();
    let other = timers.after(FAR, || ());
    assert!(other.cancel());
    let handles: Vec<_> = (0..2)
        .map(|_| {
            let asks = Asks(other.clone());
            timers.after(FAR, move || drop(asks))
        })
        .collect();
    assert!(handles[0].cancel());
    assert_eq!(timers.shutdown(), 1);
}

#[test]
fn callbacks_run_on_the_thread_with_the_given_name_and_without_a_lock() {
    let timers = Arc::new(Timers::builder().name("alarms").stack_size(128 * 1024).build().unwrap());
    let (send, name) = mpsc::channel();
    let weak = Arc::downgrade(&timers);
    timers.after(Duration::ZERO, move || {
        let pending = weak.upgrade().unwrap().pending();
        send.send((current().name().to_owned(), pending)).unwrap();
    });
    assert_eq!(name.recv().unwrap(), ("alarms".to_owned(), 0));
    assert_eq!(timers.thread().name(), "alarms");
    let unnamed = Timers::default();
    assert!(unnamed.thread().name().starts_with("Timers-"));
}

#[test]
fn a_name_that_no_system_can_store_is_an_error() {
    let error = Timers::builder().name("\0").build().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

/// Some threads set timers, others cancel them, at moments when many are due.
#[test]
fn of_thousands_set_and_cancelled_by_many_threads_each_fires_or_is_cancelled() {
    const THREADS: usize = 4;
    const TIMERS: usize = if cfg!(miri) { 20 } else { 2_000 };
    let timers = Timers::new();
    let handles = Lock::new(Vec::new());
    let fired = Arc::new(AtomicUsize::new(0));
    let cancelled = AtomicUsize::new(0);
    threads::scope(|s| {
        for _ in 0..THREADS {
            s.spawn(|| {
                for number in 0..TIMERS {
                    let fired = Arc::clone(&fired);
                    let delay = Duration::from_micros((number * 7919 % 500) as u64);
                    let handle = timers.after(delay, move || {
                        fired.fetch_add(1, SeqCst);
                    });
                    let mut handles = handles.lock();
                    handles.push(handle);
                    let other = number * 31 % handles.len();
                    let other = handles.swap_remove(other);
                    drop(handles);
                    cancelled.fetch_add(other.cancel().into(), SeqCst);
                }
            });
        }
    });
    while timers.pending() > 0 {
        threads::yield_now();
    }
    timers.shutdown();
    assert_eq!(fired.load(SeqCst) + cancelled.load(SeqCst), THREADS * TIMERS);
}

#[test]
fn debug_never_blocks_and_says_how_many_are_pending() {
    let timers = Timers::builder().name("shown").build().unwrap();
    let handle = timers.after(FAR, || ());
    // The thread may hold the lock just now; then neither says how many.
    let whole = [r#"Timers { thread: "shown", pending: 1 }"#, "TimerHandle { pending: true }"];
    let brief = [r#"Timers { thread: "shown", .. }"#, "TimerHandle { .. }"];
    let timers_shown = format!("{timers:?}");
    assert!(timers_shown == whole[0] || timers_shown == brief[0], "{timers_shown}");
    let handle_shown = format!("{handle:?}");
    assert!(handle_shown == whole[1] || handle_shown == brief[1], "{handle_shown}");
}

#[test]
fn a_handle_costs_three_words_at_most() {
    assert!(size_of::<TimerHandle>() <= 24);
}
