//! Semaphores with many threads, with and without timeouts.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use primitives::{BoundedSemaphore, Lock, Semaphore};
use tests::{leak, watched};

use tests::patience;

const THREADS: usize = 8;

#[test]
fn no_more_threads_get_in_than_there_are_permits_and_nobody_is_stranded() {
    const EACH: usize = 8_000;
    const SEATS: usize = 3;
    watched(|test| {
        let seats: &Semaphore = leak(Semaphore::new(SEATS));
        let seated: &AtomicUsize = leak(AtomicUsize::new(0));
        let crew = test.crew(THREADS, move |thread| {
            let mut successes = 0;
            for number in 0..EACH {
                let seat = match (thread + number) % 4 {
                    0 => Some(seats.acquire()), // stranded, this one would never wake up
                    1 => seats.acquire_timeout(patience(number)),
                    2 => seats.acquire_deadline(Instant::now() + patience(number)),
                    _ => seats.try_acquire(),
                };
                let Some(_seat) = seat else { continue };
                assert!(seated.fetch_add(1, Relaxed) < SEATS, "a thread has no seat");
                if number % 64 == 0 {
                    // Long enough for the others to fall asleep and to time out.
                    std::thread::yield_now();
                }
                seated.fetch_sub(1, Relaxed);
                successes += 1;
            }
            successes
        });
        let successes: usize = crew.join().into_iter().sum();
        assert!(successes >= THREADS * EACH / 4, "the patient calls came through every time");
        assert_eq!(seats.available(), SEATS);
    });
}

/// Some threads need several seats, some one, and some give up: no seat is lost, and none strands.
#[test]
fn groups_and_single_threads_share_the_seats() {
    const EACH: usize = 3_000;
    const SEATS: usize = 3;
    watched(|test| {
        let seats: &Semaphore = leak(Semaphore::new(SEATS));
        let seated: &AtomicUsize = leak(AtomicUsize::new(0));
        let crew = test.crew(THREADS, move |thread| {
            for number in 0..EACH {
                let n = (thread + number) % (SEATS + 1);
                let group = match number % 4 {
                    0 => Some(seats.acquire_many(n)), // stranded, this one would never wake up
                    1 => seats.acquire_many_timeout(n, patience(number)),
                    2 => seats.try_acquire_many(n),
                    _ => Some(seats.acquire()),
                };
                let Some(group) = group else { continue };
                let n = group.permits();
                assert!(seated.fetch_add(n, Relaxed) + n <= SEATS, "a thread has no seat");
                if number % 64 == 0 {
                    std::thread::yield_now();
                }
                seated.fetch_sub(n, Relaxed);
            }
        });
        crew.join();
        assert_eq!(seats.available(), SEATS);
        assert!(seats.try_acquire_many(SEATS).is_some(), "no thread has the turn");
    });
}

/// A release of several permits meets sleepers that come and go.
#[test]
fn every_permit_that_is_made_is_used_by_one() {
    const MAKERS: usize = 2;
    const TAKERS: usize = 6;
    const EACH: usize = 600; // permits that a taker uses up
    watched(|test| {
        let things: &Semaphore = leak(Semaphore::new(0));
        let makers = test.crew(MAKERS, move |maker| {
            let mut left = TAKERS * EACH / MAKERS;
            while left > 0 {
                let some = (1 + (maker + left) % 3).min(left);
                test.until(|| things.available() < TAKERS);
                things.release(some);
                left -= some;
            }
        });
        let takers = test.crew(TAKERS, move |taker| {
            for thing in 0..EACH {
                if taker % 2 == 0 {
                    things.acquire().forget(); // stranded, this one would never wake up
                } else {
                    let try_it = || things.acquire_timeout(patience(thing));
                    std::iter::repeat_with(try_it).flatten().next().unwrap().forget();
                }
            }
        });
        makers.join();
        takers.join();
        assert_eq!(things.available(), 0);
    });
}

#[test]
fn a_bounded_semaphore_ends_as_it_began() {
    const EACH: usize = 6_000;
    const SEATS: usize = 2;
    watched(|test| {
        let seats: &BoundedSemaphore = leak(BoundedSemaphore::new(SEATS));
        let total: &Lock<usize> = leak(Lock::default());
        let crew = test.crew(THREADS, move |thread| {
            let mut refused = 0;
            for number in 0..EACH {
                match (thread + number) % 3 {
                    0 => drop(seats.acquire()),
                    1 => {
                        if let Some(seat) = seats.acquire_timeout(patience(number)) {
                            seat.forget();
                            seats.release(1).expect("it is out");
                        }
                    }
                    _ => refused += usize::from(seats.release(SEATS + 1).is_err()),
                }
            }
            *total.lock() += refused;
        });
        crew.join();
        assert_eq!(*total.lock(), THREADS * EACH / 3, "there is never room for so many");
        assert_eq!(seats.available(), SEATS);
    });
}

/// The oldest use of the semaphore: free places and filled places, each as a number of permits.
#[test]
fn two_semaphores_hand_plain_data_through_a_ring() {
    const PLACES: usize = 4;
    const ITEMS: usize = 30_000;
    struct Ring {
        free: Semaphore,
        filled: Semaphore,
        places: [UnsafeCell<usize>; PLACES],
    }
    // SAFETY: a thread with a permit for a place is alone there; ThreadSanitizer watches it.
    unsafe impl Sync for Ring {}
    watched(|test| {
        let ring: &Ring = leak(Ring {
            free: Semaphore::new(PLACES),
            filled: Semaphore::new(0),
            places: Default::default(),
        });
        let crew = test.crew(2, move |part| {
            for item in 0..ITEMS {
                let place = ring.places[item % PLACES].get();
                if part == 0 {
                    ring.free.acquire().forget();
                    // SAFETY: the permit says that the other thread is done with this place.
                    unsafe { *place = item };
                    ring.filled.release(1);
                } else {
                    ring.filled.acquire().forget();
                    // SAFETY: as above.
                    assert_eq!(unsafe { *place }, item);
                    ring.free.release(1);
                }
            }
        });
        crew.join();
        assert_eq!((ring.free.available(), ring.filled.available()), (PLACES, 0));
    });
}
