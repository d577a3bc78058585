//! Cancellable sleeps whose deadlines come just when they are cancelled.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use primitives::raw::CancellableSleep;
use tests::{leak, watched};

use tests::patience;

#[test]
fn of_all_that_wait_and_cancel_one_decides() {
    const WAITERS: usize = 4;
    const ROUNDS: usize = 1_000;
    watched(|test| {
        let sleeps: &Vec<CancellableSleep> =
            leak((0..ROUNDS).map(|_| CancellableSleep::new()).collect());
        let winners: &Vec<AtomicUsize> = leak((0..ROUNDS).map(|_| AtomicUsize::new(0)).collect());
        let arrived: &AtomicUsize = leak(AtomicUsize::new(0));
        // The last one cancels; the first waits only for that.
        let crew = test.crew(WAITERS + 1, move |thread| {
            for (round, sleep) in sleeps.iter().enumerate() {
                let number = thread * 7 + round;
                arrived.fetch_add(1, Relaxed);
                test.until(|| arrived.load(Relaxed) > round * (WAITERS + 1));
                let won = match thread {
                    WAITERS => sleep.cancel(),
                    0 => sleep.wait(None),
                    _ => sleep.wait(Some(Instant::now() + patience(number))),
                };
                winners[round].fetch_add(won.into(), Relaxed);
            }
        });
        crew.join();
        assert!(winners.iter().all(|won| won.load(Relaxed) == 1));
    });
}
