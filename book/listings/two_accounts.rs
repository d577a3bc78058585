//! Money from one account to another, with both locked: in the order of the transfer, and in that
//! of the numbers.

use primitives::Lock;

// ANCHOR: transfer
/// Moves money from one account to another.
pub fn transfer(accounts: &[Lock<u32>], from: usize, to: usize, amount: u32) {
    let mut source = accounts[from].lock();
    let mut target = accounts[to].lock();
    *source -= amount;
    *target += amount;
} // both are free again
// ANCHOR_END: transfer

// ANCHOR: by-number
/// The same, and whichever way the money goes, the account with the smaller number is locked first.
pub fn transfer_by_number(accounts: &[Lock<u32>], from: usize, to: usize, amount: u32) {
    let mut smaller = accounts[from.min(to)].lock();
    let mut larger = accounts[from.max(to)].lock();
    if from < to {
        *smaller -= amount;
        *larger += amount;
    } else {
        *larger -= amount;
        *smaller += amount;
    }
}
// ANCHOR_END: by-number

// ANCHOR: one-by-one
/// Counts the money of the bank: looks into one account after the other.
pub fn count_one_by_one(accounts: &[Lock<u32>]) -> u32 {
    accounts.iter().map(|account| *account.lock()).sum()
}
// ANCHOR_END: one-by-one

// ANCHOR: all-at-once
/// Counts the money of the bank: no thread can move any meanwhile.
pub fn count_all_at_once(accounts: &[Lock<u32>]) -> u32 {
    let held = Vec::from_iter(accounts.iter().map(Lock::lock)); // in the order of the numbers
    held.iter().map(|balance| **balance).sum()
}
// ANCHOR_END: all-at-once
