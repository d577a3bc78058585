//! Wait groups whose members come and go on many threads.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use primitives::{Lock, WaitGroup};
use tests::{leak, watched};

use tests::patience;

const THREADS: usize = 8;

// The last handle frees a group, through std's `Arc`, whose fence ThreadSanitizer does not see.
#[test]
#[cfg_attr(tsan, ignore = "the group lies in an `Arc` of the precompiled std")]
fn a_wait_ends_after_the_last_member_and_no_member_is_forgotten() {
    const ROUNDS: usize = 1_000;
    watched(|test| {
        let groups: Vec<WaitGroup> = (0..ROUNDS).map(|_| WaitGroup::new()).collect();
        // A handle for each thread, so that a group cannot end before all have arrived.
        let handles: &Vec<Lock<Vec<WaitGroup>>> =
            leak(groups.iter().map(|group| Lock::new(vec![group.clone(); THREADS])).collect());
        drop(groups);
        let done: &Vec<AtomicUsize> = leak((0..ROUNDS).map(|_| AtomicUsize::new(0)).collect());
        let crew = test.crew(THREADS, move |thread| {
            for (number, (handles, done)) in handles.iter().zip(done).enumerate() {
                let mut member = handles.lock().pop().expect("one for each thread");
                let helper = member.clone();
                done.fetch_add(1, Relaxed);
                drop(helper);
                match (thread + number) % 3 {
                    0 => continue, // dropped: it does not wait
                    1 => member.wait(),
                    _ => {
                        while let Err(again) = member.wait_timeout(patience(number)) {
                            member = again;
                        }
                    }
                }
                assert_eq!(done.load(Relaxed), THREADS, "a member was not waited for");
            }
        });
        crew.join();
    });
}
