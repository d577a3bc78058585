//! `RawRLock` and `RLock` compared with an owner and a count.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use primitives::raw::RawRLock;
use primitives::{RLock, RLockGuard};
use proptest::collection::vec;
use proptest::prelude::*;
use tests::{leak, watched};

use tests::properties::{Form, Puppet, config, form};

const THREADS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum RawCall {
    Acquire(Form),
    Release,
    TryRelease,
}

#[test]
fn a_raw_rlock_does_what_an_owner_and_a_count_do() {
    let call = prop_oneof![
        4 => form().prop_map(RawCall::Acquire),
        1 => Just(RawCall::Release),
        3 => Just(RawCall::TryRelease),
    ];
    let threads: [Puppet; THREADS] = [(); THREADS].map(|()| Puppet::new());
    watched(|_| {
        proptest!(config(), |(calls in vec((0..THREADS, call), 0..60))| {
            let lock: &RawRLock = leak(RawRLock::new());
            let mut owner = None;
            let mut count = 0;
            for (thread, call) in calls {
                let held_by_another = owner.is_some_and(|owner| owner != thread);
                // Whether the call worked: no thread takes or releases another's lock.
                let (works, expected) = match call {
                    RawCall::Acquire(form) => {
                        let form = form.unless(held_by_another);
                        (threads[thread].run(move || acquire(lock, form)), !held_by_another)
                    }
                    RawCall::Release => (
                        threads[thread]
                            .run(move || catch_unwind(AssertUnwindSafe(|| lock.release())).is_ok()),
                        owner == Some(thread),
                    ),
                    RawCall::TryRelease => {
                        (threads[thread].run(move || lock.try_release()), owner == Some(thread))
                    }
                };
                prop_assert_eq!(works, expected, "{:?} by {} of {:?}", call, thread, owner);
                match call {
                    RawCall::Acquire(_) if works => (owner, count) = (Some(thread), count + 1),
                    RawCall::Release | RawCall::TryRelease if works => {
                        count -= 1;
                        owner = owner.filter(|_| count > 0);
                    }
                    _ => {}
                }
                for (number, thread) in threads.iter().enumerate() {
                    let mine = owner == Some(number);
                    let seen = thread.run(|| (lock.is_owned(), lock.recursion_count()));
                    prop_assert_eq!(seen, (mine, if mine { count } else { 0 }));
                }
                prop_assert_eq!(lock.is_locked(), owner.is_some());
            }
        });
    });
}

fn acquire(lock: &RawRLock, form: Form) -> bool {
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
    /// Drops one of the guards, in any order.
    Unlock(prop::sample::Index),
}

#[test]
fn an_rlock_lends_its_data_to_any_number_of_guards_of_one_thread() {
    let call = prop_oneof![
        4 => form().prop_map(Call::Lock),
        2 => any::<u8>().prop_map(Call::Write),
        3 => any::<prop::sample::Index>().prop_map(Call::Unlock),
    ];
    let stranger = Puppet::new();
    watched(|_| {
        proptest!(config(), |(calls in vec(call, 0..60))| {
            let lock: &RLock<Cell<u8>> = leak(RLock::default());
            let mut guards: Vec<RLockGuard<'_, Cell<u8>>> = Vec::new();
            let mut data = 0;
            for call in calls {
                match call {
                    Call::Lock(form) => guards.push(take(lock, form)),
                    Call::Write(value) => {
                        if let Some(guard) = guards.first() {
                            guard.set(value);
                            data = value;
                        }
                    }
                    Call::Unlock(index) => {
                        if !guards.is_empty() {
                            drop(guards.swap_remove(index.index(guards.len())));
                        }
                    }
                }
                prop_assert!(guards.iter().all(|guard| guard.get() == data));
                prop_assert_eq!(lock.recursion_count(), guards.len());
                let free = stranger.run(|| lock.try_lock().is_some());
                prop_assert_eq!(free, guards.is_empty());
            }
        });
    });
}

fn take(lock: &RLock<Cell<u8>>, form: Form) -> RLockGuard<'_, Cell<u8>> {
    match form {
        Form::Blocking => Some(lock.lock()),
        Form::Endless => lock.lock_timeout(Duration::MAX),
        Form::Try => lock.try_lock(),
        Form::Timeout(timeout) => lock.lock_timeout(timeout),
        Form::Past => lock.lock_deadline(Instant::now()),
    }
    .expect("no other thread has it")
}
