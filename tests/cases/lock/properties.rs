//! `RawLock` and `Lock` compared with a bool.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use primitives::raw::RawLock;
use primitives::{Lock, LockGuard};
use proptest::collection::vec;
use proptest::prelude::*;
use tests::watched;

use tests::properties::{Form, config, form};

#[derive(Clone, Copy, Debug)]
enum RawCall {
    Acquire(Form),
    Release,
    TryRelease,
}

#[test]
fn a_raw_lock_does_what_a_bool_does() {
    let call = prop_oneof![
        4 => form().prop_map(RawCall::Acquire),
        1 => Just(RawCall::Release),
        2 => Just(RawCall::TryRelease),
    ];
    watched(|_| {
        proptest!(config(), |(calls in vec(call, 0..60))| {
            let lock = RawLock::new();
            let mut held = false;
            for call in calls {
                // Whether the call worked: it takes a free lock, and releases one that is held.
                let (works, expected) = match call {
                    RawCall::Acquire(form) => (acquire(&lock, form.unless(held)), !held),
                    RawCall::Release => {
                        (catch_unwind(AssertUnwindSafe(|| lock.release())).is_ok(), held)
                    }
                    RawCall::TryRelease => (lock.try_release(), held),
                };
                prop_assert_eq!(works, expected, "{:?}", call);
                held = matches!(call, RawCall::Acquire(_));
                prop_assert_eq!(lock.is_locked(), held, "after {:?}", call);
            }
        });
    });
}

fn acquire(lock: &RawLock, form: Form) -> bool {
    match form {
        Form::Blocking => {
            lock.acquire();
            true
        }
        Form::Endless => lock.acquire_timeout(Duration::MAX),
        Form::Try => lock.try_acquire(),
        Form::Timeout(timeout) => lock.acquire_timeout(timeout),
        Form::Past => lock.acquire_deadline(Instant::now()),
    }
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Lock(Form),
    Write(u8),
    Unlock,
    /// A panic while the guard is held, or not.
    Panic,
}

#[test]
fn a_lock_gives_its_data_to_one_guard_and_keeps_what_was_written() {
    let call = prop_oneof![
        4 => form().prop_map(Call::Lock),
        3 => any::<u8>().prop_map(Call::Write),
        2 => Just(Call::Unlock),
        1 => Just(Call::Panic),
    ];
    watched(|_| {
        proptest!(config(), |(calls in vec(call, 0..60))| {
            let lock = Lock::new(0);
            let mut guard: Option<LockGuard<'_, u8>> = None;
            let mut data = 0;
            for call in calls {
                match call {
                    Call::Lock(form) => {
                        let second = take(&lock, form.unless(guard.is_some()));
                        prop_assert_ne!(second.is_some(), guard.is_some(), "{:?}", form);
                        guard = guard.or(second);
                    }
                    Call::Write(value) => {
                        if let Some(guard) = &mut guard {
                            (**guard, data) = (value, value);
                        }
                    }
                    Call::Unlock => guard = None,
                    Call::Panic => {
                        let guard = guard.take();
                        catch_unwind(AssertUnwindSafe(move || {
                            let _guard = guard;
                            resume_unwind(Box::new(())); // as a panic, but says nothing
                        }))
                        .unwrap_err();
                    }
                }
                prop_assert_eq!(lock.is_locked(), guard.is_some());
                match &guard {
                    Some(guard) => prop_assert_eq!(**guard, data),
                    None => prop_assert_eq!(format!("{lock:?}"), format!("Lock {{ data: {data} }}")),
                }
            }
            drop(guard);
            prop_assert_eq!(lock.into_inner(), data);
        });
    });
}

fn take(lock: &Lock<u8>, form: Form) -> Option<LockGuard<'_, u8>> {
    match form {
        Form::Blocking => Some(lock.lock()),
        Form::Endless => lock.lock_timeout(Duration::MAX),
        Form::Try => lock.try_lock(),
        Form::Timeout(timeout) => lock.lock_timeout(timeout),
        Form::Past => lock.lock_deadline(Instant::now()),
    }
}
