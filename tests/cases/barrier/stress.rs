//! Barriers with more parties than cores, in calm and in storm.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use primitives::Barrier;
use tests::{leak, watched};

use tests::patience;

const PARTIES: usize = 6;

/// Longer than any test.
const FAR: Duration = Duration::from_secs(3600);

/// A number that only the barrier protects; ThreadSanitizer checks that it does.
#[derive(Default)]
struct Plain(UnsafeCell<usize>);

// SAFETY: see above.
unsafe impl Sync for Plain {}

impl Plain {
    fn get(&self) -> usize {
        // SAFETY: no thread writes in the half of a round in which all read.
        unsafe { *self.0.get() }
    }

    fn set(&self, number: usize) {
        // SAFETY: only one thread writes, in the half of a round in which no thread reads.
        unsafe { *self.0.get() = number };
    }
}

#[test]
fn everybody_sees_what_everybody_did_in_each_round() {
    const ROUNDS: usize = 80;
    watched(|test| {
        static SUM: Plain = Plain(UnsafeCell::new(0));
        let numbers: &[Plain; PARTIES] = leak(Default::default());
        let sum_up = || SUM.set(numbers.iter().map(Plain::get).sum());
        let barrier = leak(Barrier::new(PARTIES).with_action(sum_up));
        let crew = test.crew(PARTIES, move |thread| {
            let mut led = 0;
            for round in 0..ROUNDS {
                numbers[thread].set(round + thread);
                let all_have_written = match thread % 2 {
                    0 => barrier.wait(),
                    _ => barrier.wait_timeout(FAR),
                };
                led += usize::from(all_have_written.expect("no thread gives up").is_leader());
                let other = (thread + 1) % PARTIES;
                assert_eq!(numbers[other].get(), round + other);
                assert_eq!(SUM.get(), PARTIES * round + PARTIES * (PARTIES - 1) / 2);
                barrier.wait().expect("no thread gives up");
            }
            led
        });
        assert_eq!(crew.join().into_iter().sum::<usize>(), ROUNDS, "one leader a round");
    });
}

/// Whatever the order of arrivals, timeouts, resets and aborts: every wait returns, and a round
/// succeeds for all parties, each with its own number, or for none.
#[test]
fn in_a_storm_of_resets_and_aborts_every_round_ends_alike_for_all() {
    const PARTIES: usize = 3;
    const EACH: usize = 200;
    watched(|test| {
        let barrier: &Barrier = leak(Barrier::new(PARTIES));
        let somebody_is_done: &AtomicBool = leak(AtomicBool::new(false));
        let crew = test.crew(PARTIES, move |thread| {
            let mut went = [0; PARTIES];
            for number in 0..EACH {
                let result = match thread {
                    0 => barrier.wait(), // stranded, this one would never wake up
                    _ => barrier.wait_timeout(patience(number) * 4),
                };
                if let Ok(result) = result {
                    went[result.index()] += 1;
                }
            }
            somebody_is_done.store(true, Relaxed);
            went
        });
        let all_are_done: &AtomicBool = leak(AtomicBool::new(false));
        let storm = test.crew(1, move |_| {
            while !all_are_done.load(Relaxed) {
                // Once a thread is done, the others wait in vain.
                if somebody_is_done.load(Relaxed) {
                    barrier.abort();
                } else {
                    barrier.reset();
                }
                std::thread::yield_now();
            }
        });
        let went = crew.join();
        all_are_done.store(true, Relaxed);
        storm.join();
        let by_index = |index: usize| went.iter().map(|went| went[index]).sum::<usize>();
        assert!((1..PARTIES).all(|index| by_index(index) == by_index(0)), "{went:?}");
        barrier.reset();
        assert_eq!((barrier.n_waiting(), barrier.is_broken()), (0, false));
    });
}
