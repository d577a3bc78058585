//! Money from one account to another: with locks, and as it goes wrong.
//!
//! This file uses only `primitives`, because two programs are made from it: the demo, and the model
//! in `tests/cases/banking/models.rs`, which tries every interleaving and proves what the demo
//! shows by luck.

use std::ops::DerefMut;

use primitives::Lock;
use primitives::sync::atomic::AtomicU64;
use primitives::sync::atomic::Ordering::Relaxed;

/// An order to move some cents between two different accounts, named by their numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) cents: u64,
}

/// Moves the money; `false` if there is not enough.
///
/// `lock` locks an account: the demo counts how long that takes. Both accounts are locked before
/// any money is touched, the one with the smaller number first, in whichever direction the money
/// goes. If all threads keep one order, two of them cannot wait for each other's account: one of
/// them would have locked downwards.
pub(crate) fn transfer<'a, Held: DerefMut<Target = u64>>(
    accounts: &'a [Lock<u64>],
    order: Order,
    lock: impl Fn(&'a Lock<u64>) -> Held,
) -> bool {
    let Order { from, to, cents } = order;
    let mut first = lock(&accounts[from.min(to)]);
    let mut second = lock(&accounts[from.max(to)]);
    let (from, to) = if from < to { (&mut first, &mut second) } else { (&mut second, &mut first) };
    let enough = **from >= cents;
    if enough {
        **from -= cents;
        **to += cents;
    }
    enough
}

/// The same in the order of the transfer: the source, and then the target while it holds the
/// source. Two of these, one each way, can each hold what the other wants.
///
/// `lock_from` and `lock_to` lock an account, or give up with an error; then nothing is locked, and
/// no money has moved.
pub(crate) fn transfer_hand_over_hand<'a, Held: DerefMut<Target = u64>, E>(
    accounts: &'a [Lock<u64>],
    order: Order,
    lock_from: impl FnOnce(&'a Lock<u64>) -> Result<Held, E>,
    lock_to: impl FnOnce(&'a Lock<u64>) -> Result<Held, E>,
) -> Result<bool, E> {
    let mut from = lock_from(&accounts[order.from])?;
    let mut to = lock_to(&accounts[order.to])?;
    let enough = *from >= order.cents;
    if enough {
        *from -= order.cents;
        *to += order.cents;
    }
    Ok(enough)
}

/// The same without a lock: it reads, thinks, and writes.
///
/// What another thread writes meanwhile to the same account is overwritten: its money is gone, or
/// there twice. `think` stands for the time between: the demo gives the processor away now and
/// then, so that another thread comes; the model needs no help.
///
/// The balances are atomics, read and written with `Relaxed`. On plain integers this would be a
/// data race, after which Rust promises nothing, not even that the number was ever written. The
/// mistake is the same, the time between reading and writing, and with atomics it is the only
/// mistake.
pub(crate) fn transfer_without_lock(
    accounts: &[AtomicU64],
    order: Order,
    think: impl Fn(),
) -> bool {
    let (from, to) = (&accounts[order.from], &accounts[order.to]);
    // Relaxed, here and below: pairs with nothing, which is the mistake. A stronger ordering would
    // not make it right; only one step would.
    let balance = from.load(Relaxed);
    if balance < order.cents {
        return false;
    }
    think();
    from.store(balance - order.cents, Relaxed);

    let balance = to.load(Relaxed);
    think();
    to.store(balance + order.cents, Relaxed);
    true
}
