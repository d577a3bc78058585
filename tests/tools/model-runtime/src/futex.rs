//! The modelled futex: sleeping on a word, and waking by its address.
//!
//! The list of sleepers is plain data outside loom, so only one step of a wait is a step of the
//! model: the check of the word. Like the kernel's, it is a compare-exchange that must fail (it
//! sees the newest value and orders nothing). Between that check and the entry in the list no other
//! thread can run, which is the promise of a futex. Sleeping is loom's `park`; waking is `unpark`,
//! in the order of arrival.
//!
//! `unpark` orders the waker before the sleeper, which a real futex does not promise. A spurious
//! wake-up reveals what that hides: it comes from no thread, so it orders nothing. Each thread may
//! have one, at any of its waits, and one timeout, at any of its timed waits (`coins`). Beyond
//! these budgets, time passes only when no other thread can run.

use std::panic::Location;
use std::sync::Arc;

use crate::coins;
use crate::death;
use crate::sync::atomic::{AtomicU32, look_at};
use crate::world::purses::Choice;
use crate::world::reach::{self, Reach};
use crate::world::threads::{self, Doing};
use crate::world::trace::{self, What};
use crate::world::waiter::{End, Waiter, blocks, unpark};
use crate::world::{self, At, model_failed, scheduler, site};

/// How a [`wait`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Woken, or the word was not the expected one, or a spurious wake-up.
    Woken,
    /// The deadline has passed, and no wake-up was consumed.
    TimedOut,
}

/// Sleeps while `*word == expected`, until woken; if `timed`, perhaps only until its deadline.
#[track_caller]
pub fn wait(word: &AtomicU32, expected: u32, timed: bool) -> Outcome {
    let at = Location::caller();
    if model_failed() {
        return Outcome::Woken;
    }
    death::step(at);
    let (object, found) = word.look(); // the one step of the model
    let say = |what| trace::row(at, Some(object), what);
    if found != expected {
        reach::note(Reach::WordChanged);
        say(What::NoSleep { expected, found });
        return Outcome::Woken;
    }

    let me = threads::me();
    let ticket = enter(std::ptr::from_ref(word) as usize, object, me, timed, at);
    reach::note(Reach::Slept);
    say(What::Sleep { expected, timed });

    // Flipping a coin is a step too, so the thread may have been woken meanwhile.
    let leaves = match timed {
        true if coins::flip(Choice::TimeOut) => {
            Some((Outcome::TimedOut, What::TimedOut { alone: false }))
        }
        false if coins::flip(Choice::SpuriousWakeUp) => {
            Some((Outcome::Woken, What::WokenForNoReason))
        }
        _ => None,
    };
    if let Some((outcome, what)) = leaves
        && ended(ticket).is_none()
    {
        leave(ticket);
        reach::note(match outcome {
            Outcome::TimedOut => Reach::TimedOut,
            Outcome::Woken => Reach::SpuriousWakeUp,
        });
        say(what);
        return outcome;
    }

    // In its sleep, or just after it was woken.
    if death::strikes() {
        leave(ticket);
        death::die(at);
    }
    loop {
        match ended(ticket) {
            Some(End::Woken { by }) => {
                leave(ticket);
                reach::note(Reach::Woken);
                say(What::Woken { by });
                return Outcome::Woken;
            }
            Some(End::TimedOut) => {
                leave(ticket);
                reach::note(Reach::TimedOut);
                say(What::TimedOut { alone: true });
                return Outcome::TimedOut;
            }
            None => {}
        }
        blocks(me, Doing::Asleep);
        if ended(ticket).is_none() {
            if scheduler::is_on() {
                scheduler::pause();
            } else {
                loom::thread::park();
            }
        }
        threads::runs(me);
    }
}

/// Wakes the thread that has slept longest on this address, if there is one. Returns whether there
/// was.
#[track_caller]
pub fn wake_one(word: *const AtomicU32) -> bool {
    wake(word, false, Location::caller())
}

/// Wakes every thread that sleeps on this address.
#[track_caller]
pub fn wake_all(word: *const AtomicU32) {
    wake(word, true, Location::caller());
}

fn wake(word: *const AtomicU32, all: bool, at: At) -> bool {
    if model_failed() {
        return false;
    }
    death::step(at);
    let address = word as usize;
    let most = site::wakes(at, all);

    // A step of the model that conflicts with the check of a wait, so that both orders are tried.
    // It finds the word by its address, in its own list, because the memory may be gone.
    let (object, handle) = world::with(|w| {
        let object = w.word_at(address);
        (object, object.and_then(|object| w.objects[object].word.as_ref().map(Arc::clone)))
    });
    if most.is_some() {
        match handle {
            Some(handle) => _ = look_at(&handle),
            None if scheduler::is_on() => scheduler::step(),
            None => {}
        }
    }

    let by = threads::me();
    let mut waiting = 0;
    let mut woken = Vec::new();
    world::with(|w| {
        for sleeper in &mut w.waiters {
            if sleeper.address == address && sleeper.ended.is_none() {
                waiting += 1;
                if waiting <= most.unwrap_or(0) {
                    sleeper.ended = Some(End::Woken { by });
                    woken.push((sleeper.thread, sleeper.handle.clone()));
                }
            }
        }
    });
    let threads = woken.iter().map(|&(thread, _)| thread).collect();
    trace::row(at, object, What::Wake { all, woken: threads, dropped: most.is_none() });
    for (thread, handle) in woken {
        threads::runs(thread);
        unpark(handle);
    }
    // As without the mutant: a thread that forgets a wake continues as after it.
    waiting > 0
}

fn enter(address: usize, object: usize, thread: usize, timed: bool, at: At) -> u64 {
    let handle = (!scheduler::is_on()).then(loom::thread::current);
    world::with(|w| {
        w.clock += 1;
        let ticket = w.clock;
        w.waiters.push(Waiter { ticket, address, object, thread, handle, timed, ended: None, at });
        ticket
    })
}

fn ended(ticket: u64) -> Option<End> {
    world::with(|w| w.waiters.iter().find(|x| x.ticket == ticket).and_then(|x| x.ended))
}

fn leave(ticket: u64) {
    world::with(|w| w.waiters.retain(|x| x.ticket != ticket));
}
