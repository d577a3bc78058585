//! `Semaphore` and `BoundedSemaphore` compared with a number.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use primitives::{BoundedSemaphore, Permit, Semaphore};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tests::watched;

use tests::properties::{Form, config, form};

const MAX: usize = Semaphore::MAX_PERMITS;

#[derive(Clone, Copy, Debug)]
enum Call {
    Acquire(Form),
    /// Takes so many together.
    AcquireMany(usize, Form),
    /// Drops one of the taken permits.
    Drop(Index),
    /// Consumes one of them.
    Forget(Index),
    Release(usize),
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let call = prop_oneof![
        5 => form().prop_map(Call::Acquire),
        3 => ((0_usize..4), form()).prop_map(|(n, form)| Call::AcquireMany(n, form)),
        1 => ((MAX - 2..=usize::MAX), form()).prop_map(|(n, form)| Call::AcquireMany(n, form)),
        2 => any::<Index>().prop_map(Call::Drop),
        1 => any::<Index>().prop_map(Call::Forget),
        2 => (0_usize..4).prop_map(Call::Release),
        1 => (MAX - 2..=usize::MAX).prop_map(Call::Release),
    ];
    vec(call, 0..60)
}

/// What the two kinds have in common.
trait Kind {
    /// The most permits that there may be.
    fn bound(&self) -> usize;
    fn available(&self) -> usize;
    fn acquire(&self, form: Form) -> Option<Permit<'_>>;
    /// Only for as many as there may be.
    fn acquire_many(&self, n: usize, form: Form) -> Option<Permit<'_>>;
    /// Whether it was done.
    fn release(&self, n: usize) -> bool;
}

impl Kind for Semaphore {
    fn bound(&self) -> usize {
        MAX
    }

    fn available(&self) -> usize {
        self.available()
    }

    fn acquire(&self, form: Form) -> Option<Permit<'_>> {
        match form {
            Form::Blocking => Some(self.acquire()),
            Form::Endless => self.acquire_timeout(Duration::MAX),
            Form::Try => self.try_acquire(),
            Form::Timeout(timeout) => self.acquire_timeout(timeout),
            Form::Past => self.acquire_deadline(Instant::now()),
        }
    }

    fn acquire_many(&self, n: usize, form: Form) -> Option<Permit<'_>> {
        match form {
            Form::Blocking => Some(self.acquire_many(n)),
            Form::Endless => self.acquire_many_timeout(n, Duration::MAX),
            Form::Try => self.try_acquire_many(n),
            Form::Timeout(timeout) => self.acquire_many_timeout(n, timeout),
            Form::Past => self.acquire_many_deadline(n, Instant::now()),
        }
    }

    fn release(&self, n: usize) -> bool {
        catch_unwind(AssertUnwindSafe(|| self.release(n))).is_ok()
    }
}

impl Kind for BoundedSemaphore {
    fn bound(&self) -> usize {
        self.bound()
    }

    fn available(&self) -> usize {
        self.available()
    }

    fn acquire(&self, form: Form) -> Option<Permit<'_>> {
        match form {
            Form::Blocking => Some(self.acquire()),
            Form::Endless => self.acquire_timeout(Duration::MAX),
            Form::Try => self.try_acquire(),
            Form::Timeout(timeout) => self.acquire_timeout(timeout),
            Form::Past => self.acquire_deadline(Instant::now()),
        }
    }

    fn acquire_many(&self, n: usize, form: Form) -> Option<Permit<'_>> {
        match form {
            Form::Blocking => Some(self.acquire_many(n)),
            Form::Endless => self.acquire_many_timeout(n, Duration::MAX),
            Form::Try => self.try_acquire_many(n),
            Form::Timeout(timeout) => self.acquire_many_timeout(n, timeout),
            Form::Past => self.acquire_many_deadline(n, Instant::now()),
        }
    }

    fn release(&self, n: usize) -> bool {
        match catch_unwind(AssertUnwindSafe(|| self.release(n))) {
            Ok(Err(error)) => {
                assert_eq!((error.released(), error.bound()), (n, self.bound()));
                assert_eq!(error.available(), self.available());
                false
            }
            Ok(Ok(())) => true,
            Err(_) => false,
        }
    }
}

fn behaves(semaphore: &impl Kind, calls: Vec<Call>) -> Result<(), TestCaseError> {
    let mut available = semaphore.available();
    let mut out: Vec<Permit<'_>> = Vec::new();
    for call in calls {
        let room = semaphore.bound() - available;
        match call {
            Call::Acquire(form) => {
                let permit = semaphore.acquire(form.unless(available == 0));
                prop_assert_eq!(permit.is_some(), available > 0);
                available -= usize::from(permit.is_some());
                out.extend(permit);
            }
            Call::AcquireMany(n, form) if n <= semaphore.bound() => {
                let permit = semaphore.acquire_many(n, form.unless(available < n));
                prop_assert_eq!(
                    permit.as_ref().map(Permit::permits),
                    (available >= n).then_some(n)
                );
                available -= permit.as_ref().map_or(0, Permit::permits);
                out.extend(permit);
            }
            // More than there may ever be.
            Call::AcquireMany(n, form) => {
                let asked =
                    catch_unwind(AssertUnwindSafe(|| semaphore.acquire_many(n, form).is_none()));
                prop_assert_eq!(asked.ok(), matches!(form, Form::Try).then_some(true));
            }
            Call::Drop(index) if !out.is_empty() => {
                let permit = out.swap_remove(index.index(out.len()));
                let number = permit.permits();
                let dropped = catch_unwind(AssertUnwindSafe(|| drop(permit))).is_ok();
                prop_assert_eq!(dropped, room >= number, "panics only when all are back");
                available += if dropped { number } else { 0 };
            }
            Call::Forget(index) if !out.is_empty() => {
                out.swap_remove(index.index(out.len())).forget();
            }
            Call::Drop(_) | Call::Forget(_) => {}
            Call::Release(n) => {
                let done = semaphore.release(n);
                prop_assert_eq!(done, (1..=room).contains(&n), "all or nothing");
                available += if done { n } else { 0 };
            }
        }
        prop_assert_eq!(semaphore.available(), available, "after {:?}", call);
    }
    out.into_iter().for_each(Permit::forget); // for some of them there may be no room
    prop_assert_eq!(semaphore.available(), available);
    Ok(())
}

#[test]
fn a_semaphore_does_what_a_number_does() {
    let permits = prop_oneof![0_usize..4, MAX - 3..=MAX];
    watched(|_| {
        proptest!(config(), |(permits in permits, calls in calls())| {
            behaves(&Semaphore::new(permits), calls)?;
        });
    });
}

#[test]
fn a_bounded_semaphore_does_what_a_number_with_a_bound_does() {
    let permits = prop_oneof![0_usize..4, MAX - 3..=MAX];
    watched(|_| {
        proptest!(config(), |(permits in permits, calls in calls())| {
            behaves(&BoundedSemaphore::new(permits), calls)?;
        });
    });
}
