//! A yes or no that loom explores both ways.
//!
//! loom knows two kinds of choice: which thread continues, and which of several values a load sees.
//! A timeout is neither. But the second kind can be used: a helper thread, with which no thread
//! ever synchronises, stores 1 to a word that was 0, a _coin_. A relaxed load of it may see the 0
//! or the 1, and loom explores both. The result affects no other thread, because a relaxed load of
//! a relaxed store creates no ordering.
//!
//! Each thread has its own coins. Once it has seen the 1 it can never see the 0 again (coherence),
//! so a coin that showed heads is spent: one coin is one timeout, at any place where the thread
//! could have one. A death is a choice of the same kind, at each of a thread's operations.
//!
//! The helper works before exploration begins, so it costs no interleavings; but it counts as one
//! of loom's five threads.

use std::rc::Rc;
use std::sync::Arc;
use std::{cell::RefCell, mem};

use loom::sync::atomic::AtomicU32;
use loom::sync::atomic::Ordering::{Acquire, Relaxed};

use crate::world;
use crate::world::purses::{Choice, Purse};
use crate::world::scheduler::{self, Budget};
use crate::world::threads;

/// Gives each of `threads` threads its coins. Call it at the beginning of an execution.
pub(crate) fn mint(threads: usize) {
    let (timeouts, spurious, deaths) =
        world::with(|w| (w.settings.timeouts, w.settings.spurious, w.settings.deaths));
    if timeouts == 0 && spurious == 0 && deaths == 0 {
        return;
    }
    if scheduler::is_on() {
        return scheduler::endow(threads, Budget { timeouts, spurious, deaths });
    }
    loom::stop_exploring();
    let minted = Rc::new(RefCell::new(Vec::new()));
    let main = loom::thread::current();
    loom::thread::spawn({
        let minted = Rc::clone(&minted);
        move || {
            let purse = || {
                let coins = |n| (0..n).map(|_| Arc::new(AtomicU32::new(0))).collect::<Vec<_>>();
                Purse {
                    timeouts: coins(timeouts),
                    spurious: coins(spurious),
                    deaths: coins(deaths),
                }
            };
            let purses: Vec<_> = (0..threads).map(|_| purse()).collect();
            // All others learn that the coins exist (the order goes from here to main, and from
            // main to the threads that it starts), but not what follows. Main must not make the
            // coins: after its `yield_now`, loom would hide from it the 0 that it had stored.
            main.unpark();
            for coin in purses.iter().flat_map(Purse::coins) {
                coin.store(1, Relaxed);
            }
            *minted.borrow_mut() = purses;
        }
    });
    while minted.borrow().is_empty() {
        loom::thread::yield_now();
    }
    // loom also hides values first seen at the step of a yield; a fence adds a step.
    loom::sync::atomic::fence(Acquire);
    loom::explore();
    world::with(|w| w.coins.of_thread = mem::take(&mut *minted.borrow_mut()));
}

/// A yes or no of the scenario: yes at any one place of this thread, for each timeout that it may
/// have. Both cases are explored.
#[must_use]
pub fn chance() -> bool {
    flip(Choice::TimeOut)
}

/// Whether it happens this time. Both cases are explored, as long as the thread has a coin.
pub(crate) fn flip(choice: Choice) -> bool {
    if scheduler::is_on() {
        return scheduler::leaves(|budget| match choice {
            Choice::TimeOut => &mut budget.timeouts,
            Choice::SpuriousWakeUp => &mut budget.spurious,
            Choice::Death => &mut budget.deaths,
        });
    }
    let me = threads::me();
    let coin = world::with(|w| {
        let purse = w.coins.of_thread.get_mut(me)?;
        purse.of(choice).last().cloned()
    });
    let heads = coin.is_some_and(|coin| coin.load(Relaxed) == 1);
    if heads {
        world::with(|w| w.coins.of_thread[me].of(choice).pop());
    }
    heads
}
