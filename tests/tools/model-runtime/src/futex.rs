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
//!
//! A coroutine is in the same list, with its waker in place of a thread. Nothing blocks when it
//! enters, looks or leaves; each of these is a step on the word, so that a wake comes before or
//! after it.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;

use crate::coins;
use crate::death;
use crate::sync::atomic::{AtomicU32, look_at};
use crate::world::purses::Choice;
use crate::world::reach::{self, Reach};
use crate::world::threads::{self, Doing};
use crate::world::trace::{self, What};
use crate::world::waiter::{End, Waiter, blocks, unpark};
use crate::world::{self, At, model_failed, scheduler, site};

loom::lazy_static! {
    /// A waker goes from the coroutine to the thread that calls it, through the mutex of a bucket,
    /// which orders the two. The list is outside loom, so this does it.
    static ref HANDS: loom::sync::atomic::AtomicU32 = loom::sync::atomic::AtomicU32::new(0);
}

/// A waker is given, or taken.
fn hand_over(order: Ordering) {
    if !scheduler::is_on() {
        HANDS.fetch_add(1, order);
    }
}

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
    let (mut woken, mut wakers) = (Vec::new(), Vec::new());
    world::with(|w| {
        for sleeper in &mut w.waiters {
            if sleeper.address == address && sleeper.ended.is_none() {
                waiting += 1;
                if waiting <= most.unwrap_or(0) {
                    sleeper.ended = Some(End::Woken { by });
                    match sleeper.waker.take() {
                        Some(waker) => wakers.push(waker),
                        None => woken.push((sleeper.thread, sleeper.handle.clone())),
                    }
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
    if !wakers.is_empty() {
        // Acquire: pairs with the Release in `stand_in_line` and `is_woken`.
        hand_over(Ordering::Acquire);
        wakers.into_iter().for_each(Waker::wake); // steps of the model, so outside its world
    }
    // As without the mutant: a thread that forgets a wake continues as after it.
    waiting > 0
}

fn enter(address: usize, object: usize, thread: usize, timed: bool, at: At) -> u64 {
    let handle = (!scheduler::is_on()).then(loom::thread::current);
    world::with(|w| {
        w.clock += 1;
        let ticket = w.clock;
        let waker = None;
        let ended = None;
        w.waiters.push(Waiter { ticket, address, object, thread, handle, waker, timed, ended, at });
        ticket
    })
}

fn ended(ticket: u64) -> Option<End> {
    world::with(|w| w.waiters.iter().find(|x| x.ticket == ticket).and_then(|x| x.ended))
}

fn leave(ticket: u64) {
    world::with(|w| w.waiters.retain(|x| x.ticket != ticket));
}

/// A coroutine falls asleep while `*word == expected`: its ticket, if it did.
#[track_caller]
pub fn stand_in_line(word: &AtomicU32, expected: u32, waker: Waker) -> Option<u64> {
    let at = Location::caller();
    if model_failed() {
        return None;
    }
    // Release: pairs with the Acquire in `wake`. Before the step that lets others see the waker.
    hand_over(Ordering::Release);
    let (object, found) = word.look(); // the one step of the model
    if found != expected {
        reach::note(Reach::WordChanged);
        trace::row(at, Some(object), What::NoSleep { expected, found });
        return None;
    }
    let address = std::ptr::from_ref(word) as usize;
    let ticket = enter(address, object, threads::me(), false, at);
    world::with(|w| {
        w.waiters.last_mut().expect("it has just entered").waker = Some(waker);
    });
    reach::note(Reach::Slept);
    trace::row(at, Some(object), What::Sleep { expected, timed: false });
    Some(ticket)
}

/// Whether the coroutine was woken. If not, it has this waker from now on.
#[track_caller]
pub fn is_woken(ticket: u64, waker: &Waker) -> bool {
    let at = Location::caller();
    if model_failed() {
        return true;
    }
    let waker = waker.clone();
    hand_over(Ordering::Release); // Release: as in `stand_in_line`
    step_on_word_of(ticket);
    let by = ended(ticket);
    if let Some(End::Woken { by }) = by {
        reach::note(Reach::Woken);
        trace::row(at, object_of(ticket), What::Woken { by });
        return true;
    }
    let before = world::with(|w| {
        let waiter = w.waiters.iter_mut().find(|x| x.ticket == ticket);
        waiter.and_then(|waiter| waiter.waker.replace(waker))
    });
    drop(before);
    false
}

/// The coroutine leaves the list. Returns whether it was woken before.
pub fn leave_line(ticket: u64) -> bool {
    if model_failed() {
        return false;
    }
    step_on_word_of(ticket);
    let woken = ended(ticket).is_some();
    let waker = world::with(|w| {
        let place = w.waiters.iter().position(|x| x.ticket == ticket);
        place.and_then(|place| w.waiters.remove(place).waker)
    });
    drop(waker);
    woken
}

fn object_of(ticket: u64) -> Option<usize> {
    world::with(|w| w.waiters.iter().find(|x| x.ticket == ticket).map(|x| x.object))
}

/// A step that conflicts with a wake, so that both orders are tried.
fn step_on_word_of(ticket: u64) {
    let handle = world::with(|w| {
        let waiter = w.waiters.iter().find(|x| x.ticket == ticket)?;
        w.objects[waiter.object].word.as_ref().map(Arc::clone)
    });
    match handle {
        Some(handle) => _ = look_at(&handle),
        None if scheduler::is_on() => scheduler::step(),
        None => {}
    }
}
