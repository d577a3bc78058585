//! The deposit as it should be: the balance can only be reached through its lock.

use primitives::Lock;

// ANCHOR: deposit
/// What each thread does, as often as it likes.
pub fn deposit(balance: &Lock<u32>) {
    let mut balance = balance.lock();
    // ANCHOR: inside
    *balance += 1;
    // ANCHOR_END: inside
} // here the guard is dropped, and the lock is free again
// ANCHOR_END: deposit

#[cfg(all(test, not(model)))]
mod tests {
    use super::deposit;
    use primitives::Lock;
    use std::thread;

    #[test]
    fn no_deposit_is_lost() {
        let balance = Lock::new(0);
        thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| (0..1000).for_each(|_| deposit(&balance)));
            }
        });
        assert_eq!(balance.into_inner(), 2000);
    }
}
