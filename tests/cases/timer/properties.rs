//! `Timer` compared with what a thread, a deadline and a cancellation allow.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use primitives::Timer;
use primitives::timer::{JoinError, StartError};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tests::watched;

use tests::properties::config;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Call {
    Start,
    Cancel,
    Join,
}

/// The state of a timer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    NotStarted,
    /// It has a thread, which sleeps.
    Sleeping,
    /// It has a thread, and its deadline has come: it may have fired, or not yet.
    Due,
    Fired,
    Cancelled,
}

struct Model {
    interval: Duration,
    panics: bool,
    started: bool,
    state: State,
}

impl Model {
    fn start(&mut self) -> bool {
        let first = !self.started;
        self.started = true;
        if self.state == State::NotStarted {
            self.state = if self.interval.is_zero() { State::Due } else { State::Sleeping };
        }
        first
    }

    /// Whether `cancel` may return this; if both are possible, its result decides.
    fn cancel(&mut self, cancelled: bool) -> bool {
        let possible = match self.state {
            State::NotStarted | State::Sleeping => cancelled,
            State::Due => true,
            State::Fired | State::Cancelled => !cancelled,
        };
        match self.state {
            State::Fired | State::Cancelled => {}
            _ if cancelled => self.state = State::Cancelled,
            _ => self.state = State::Fired,
        }
        possible
    }

    fn join(&mut self, joined: &Result<(), JoinError>) -> bool {
        if self.started && self.state == State::Due {
            self.state = State::Fired;
        }
        match joined {
            Err(JoinError::NotStarted) => !self.started,
            Err(JoinError::Panicked(_)) => {
                self.started && self.panics && self.state == State::Fired
            }
            Ok(()) => self.started && !(self.panics && self.state == State::Fired),
            _ => false,
        }
    }
}

#[test]
fn a_timer_fires_or_is_cancelled_whatever_is_called_and_in_which_order() {
    let call = select(vec![Call::Start, Call::Cancel, Call::Join]);
    let intervals = [Duration::ZERO, Duration::from_secs(3600), Duration::MAX];
    let cases = (select(intervals.to_vec()), any::<bool>(), vec(call, 0..8));
    watched(|_| {
        proptest!(config(), |((interval, panics, calls) in cases)| {
            let called = Arc::new(AtomicUsize::new(0));
            let timer = Timer::new(interval, {
                let called = Arc::clone(&called);
                move || {
                    called.fetch_add(1, SeqCst);
                    if panics {
                        resume_unwind(Box::new("on purpose")); // as a panic, but prints nothing
                    }
                }
            });
            let mut model = Model { interval, panics, started: false, state: State::NotStarted };
            for call in calls {
                match call {
                    Call::Start => {
                        let started = timer.start();
                        prop_assert!(matches!(started, Ok(()) | Err(StartError::AlreadyStarted)));
                        prop_assert_eq!(started.is_ok(), model.start());
                    }
                    Call::Cancel => {
                        let cancelled = timer.cancel();
                        prop_assert!(model.cancel(cancelled), "{} at {:?}", cancelled, model.state);
                    }
                    // This one waits, so it must not wait for what a single thread cannot cause.
                    Call::Join if model.state == State::Sleeping => {}
                    Call::Join => {
                        let joined = timer.join();
                        prop_assert!(model.join(&joined), "{:?} at {:?}", joined, model.state);
                    }
                }
                match model.state {
                    State::NotStarted | State::Sleeping => prop_assert!(!timer.is_finished()),
                    State::Cancelled => {
                        prop_assert!(timer.is_finished());
                        prop_assert_eq!(Arc::strong_count(&called), 1, "the function is dropped");
                        prop_assert_eq!(called.load(SeqCst), 0);
                    }
                    State::Due | State::Fired => {}
                }
            }
            timer.cancel();
            if model.started {
                let _ = timer.join();
                prop_assert!(timer.is_finished());
            }
            prop_assert_eq!(Arc::strong_count(&called), 1, "called or not, it is dropped");
            match model.state {
                State::Fired => prop_assert_eq!(called.load(SeqCst), 1),
                State::Due => prop_assert!(called.load(SeqCst) <= 1),
                _ => prop_assert_eq!(called.load(SeqCst), 0),
            }
        });
    });
}
