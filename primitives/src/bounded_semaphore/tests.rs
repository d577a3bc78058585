//! The corner cases, each named after what it shows. (The algorithm is that of `Semaphore`, and so
//! are its tests.)

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::BoundedSemaphore;
use crate::Semaphore;

#[test]
fn a_permit_goes_back_however_it_was_taken() {
    let semaphore = BoundedSemaphore::new(4);
    {
        let _permits = [
            Some(semaphore.acquire()),
            semaphore.try_acquire(),
            semaphore.acquire_timeout(Duration::ZERO),
            semaphore.acquire_deadline(Instant::now()),
        ];
        assert_eq!(semaphore.available(), 0);
        assert!(semaphore.try_acquire().is_none());
        assert!(semaphore.acquire_timeout(Duration::from_millis(1)).is_none());
        assert!(semaphore.acquire_deadline(Instant::now()).is_none());
    }
    assert_eq!(semaphore.available(), 4);
}

#[test]
fn released_too_often_is_an_error_and_changes_nothing() {
    let semaphore = BoundedSemaphore::new(2);
    let error = semaphore.release(1).unwrap_err();
    assert_eq!(error.to_string(), "released 1 permit too many: all 2 are back already");
    assert_eq!(semaphore.available(), 2);
}

#[test]
fn a_release_of_several_is_all_or_nothing() {
    let semaphore = BoundedSemaphore::new(5);
    for _ in 0..2 {
        semaphore.acquire().forget();
    }
    for n in [3, 5, usize::MAX] {
        let error = semaphore.release(n).unwrap_err();
        assert_eq!((error.released(), error.available(), error.bound()), (n, 3, 5));
        assert_eq!(semaphore.available(), 3);
    }
    let error: Box<dyn Error> = Box::new(semaphore.release(3).unwrap_err());
    assert_eq!(error.to_string(), "released 3 permits where only 2 of 5 were out");
    assert_eq!(semaphore.release(2), Ok(()));
    assert_eq!(semaphore.available(), 5);
}

#[test]
fn releasing_nothing_panics() {
    let semaphore = BoundedSemaphore::new(1);
    let panic = catch_unwind(|| semaphore.release(0)).unwrap_err();
    let message = panic.downcast_ref::<&str>().unwrap();
    assert!(message.contains("`n` must be one or more"), "{message}");
}

#[test]
fn a_permit_dropped_when_all_are_back_panics() {
    let semaphore = BoundedSemaphore::new(2);
    let permit = semaphore.acquire();
    semaphore.release(1).expect("one is out");
    let panic = catch_unwind(AssertUnwindSafe(|| drop(permit))).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("a semaphore that has all 2 back"), "{message}");
    assert_eq!(semaphore.available(), 2);
}

#[test]
fn a_permit_never_panics_while_another_panic_unwinds() {
    let semaphore = BoundedSemaphore::new(1);
    let panic = catch_unwind(|| {
        let _permit = semaphore.acquire();
        semaphore.release(1).expect("one is out");
        panic!("the first"); // a second one, in the drop, would abort the process
    })
    .unwrap_err();
    assert_eq!(*panic.downcast_ref::<&str>().unwrap(), "the first");
    assert_eq!(semaphore.available(), 1);
}

#[test]
fn a_release_lets_a_sleeper_go() {
    let semaphore = Arc::new(BoundedSemaphore::new(1));
    let permit = semaphore.acquire();
    let waiter = thread::spawn({
        let semaphore = Arc::clone(&semaphore);
        move || semaphore.acquire_timeout(Duration::MAX).is_some()
    });
    drop(permit);
    assert!(waiter.join().unwrap());
    assert_eq!(semaphore.available(), 1);
}

#[test]
fn without_any_permit_there_is_nothing_to_take_or_to_put_back() {
    let semaphore = BoundedSemaphore::new(0);
    assert!(semaphore.try_acquire().is_none());
    assert!(semaphore.release(1).is_err());
}

#[test]
fn more_permits_than_the_maximum_cannot_be_had() {
    let semaphore = BoundedSemaphore::new(Semaphore::MAX_PERMITS);
    assert!(semaphore.release(usize::MAX).is_err());
    drop(semaphore.acquire());
    assert_eq!(semaphore.available(), Semaphore::MAX_PERMITS);
    assert!(catch_unwind(|| BoundedSemaphore::new(Semaphore::MAX_PERMITS + 1)).is_err());
}

#[test]
fn made_in_a_constant_and_with_one_permit_by_default() {
    static GLOBAL: BoundedSemaphore = BoundedSemaphore::new(3);
    assert_eq!((GLOBAL.available(), GLOBAL.bound()), (3, 3));
    let semaphore = BoundedSemaphore::default();
    assert_eq!(format!("{semaphore:?}"), "BoundedSemaphore { available: 1, bound: 1 }");
}

#[test]
#[cfg_attr(
    feature = "deadlock-detection",
    ignore = "with the detector there is a name and an owner, too"
)]
fn a_bounded_semaphore_costs_three_words() {
    assert_eq!(size_of::<BoundedSemaphore>(), 12);
}

#[test]
fn several_permits_are_at_most_as_many_as_there_ever_are() {
    let seats = BoundedSemaphore::new(3);
    assert!(seats.try_acquire_many(4).is_none());
    let ask = AssertUnwindSafe(|| drop(seats.acquire_many(4)));
    let message = *catch_unwind(ask).unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("asked for 4 permits of a semaphore that never has more than 3"));
    let two = seats.acquire_many(2);
    assert!(seats.acquire_many_timeout(2, Duration::from_millis(1)).is_none());
    assert!(seats.acquire_many_deadline(2, Instant::now()).is_none());
    assert_eq!((two.permits(), seats.available()), (2, 1));
    drop(two);
    drop(seats.acquire_many(3));
    assert_eq!(seats.available(), 3);
}
