//! Sleeping until something has happened, without a lock around the check.
//!
//! A condition is safe because a thread looks at the data and decides to sleep under the lock that
//! each change of the data needs. A ring has no lock. So there is a moment between "it is empty"
//! and "I sleep" in which an item can come and its putter finds no waiter to call. An _event count_
//! closes that gap in three steps: a thread first announces that it will wait
//! ([`enter`](EventCount::enter)), then looks again, and only then sleeps. The thread that changes
//! something then calls ([`call_one`]). If the call comes before the sleep, it is not lost: it is a
//! number in the word on which the thread is about to sleep.
//!
//! ```text
//!    waiter                               caller
//!    enter: waiting += 1
//!    looks: still nothing
//!                                         something happens
//!                                         call_one: waiting -= 1, called += 1
//!                                                   wakes one that sleeps on the word, if any does
//!    sleep: there is a call; takes it
//!           and stays awake
//!    looks again
//! ```
//!
//! An event count usually counts events in an epoch, and a thread sleeps while the epoch is the one
//! that it read. Half a word of epochs wraps around soon, and a thread that is stopped for exactly
//! that long misses its call. Here the word counts _calls that no waiter has taken yet_. That is
//! all that a thread must know to fall asleep (it may sleep if there is no call). So it compares
//! with no past value, and nothing can wrap around.
//!
//! A call is not addressed to one thread; any thread inside may take any call. That is safe under
//! two rules.
//!
//! - A waiter that takes a call **looks once more** before it gives up, even after its deadline.
//!   The call may be the only one for an event, and the waiter that it wakes then finds it gone and
//!   sleeps on.
//! - A waiter that finds at the second look that it need not sleep takes _itself_ off the word
//!   ([`cancel`](EventCount::cancel)). It takes a call only if all threads inside have been called,
//!   because one of those calls is then its own. Otherwise it could take a call that was not for
//!   what it has found. After a shutdown, for example, each waiter inside is called once. A later
//!   thread sees the shutdown and leaves; if it took a call, one of the sleepers would never learn
//!   of the shutdown.
//!
//! A thread that has found nothing to do, and tries to sleep, may take any call: what the call was
//! for is either gone, or the thread finds it when it looks again.
//!
//! And no sleeper is left beside a call. A thread falls asleep only when there are no calls (the
//! check and the sleep are one step in [`park::wait`]). Each later call wakes a sleeper, and a
//! woken thread leaves only with a call, or sleeps again if there is none. So while a thread
//! sleeps, there are at most as many calls as there are threads on their way to take one.
//!
//! The second look must not miss what the calling thread did just before it looked for waiters. The
//! user must ensure that; `waiting` shows how the ring does it.
//!
//! Source: D. P. Reed and R. K. Kanodia, _Synchronization with Eventcounts and Sequencers_ (1979);
//! counting calls rather than epochs is what a semaphore does.
//!
//! [`call_one`]: EventCount::call_one

#[cfg(not(explore))]
use std::pin::Pin;
#[cfg(not(explore))]
use std::task::Waker;
use std::time::Instant;

use primitives::deadlock::WaitTarget;
#[cfg(not(explore))]
use primitives::park::Place;
use primitives::park::{self, Wait};
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::thread;

/// One thread that has entered and was not called.
const WAITING: u32 = 1;
/// One call that no waiter has taken yet.
const CALLED: u32 = 1 << 16;
/// A [`Select`](crate::Select) watches, and must be told too.
const WATCHED: u32 = 1 << 31;
/// As many threads and coroutines as the word can count. One more does not sleep but yields.
const MOST: u32 = WATCHED / CALLED - 1;

/// How many threads wait, and how many calls are open.
pub(super) struct EventCount {
    /// ```text
    ///     31       30         16 15              0
    ///    ┌─────────┬────────────┬────────────────┐
    ///    │ WATCHED │ called     │ waiting        │
    ///    └─────────┴────────────┴────────────────┘
    /// ```
    ///
    /// | what                | `waiting`            | `called`                 |
    /// | ------------------- | -------------------- | ------------------------ |
    /// | `enter`             | + 1                  |                          |
    /// | `call_one`          | − 1, unless 0        | + 1 if so                |
    /// | `call_all`          | becomes 0            | + what `waiting` was     |
    /// | `cancel`            | − 1, unless 0        | − 1 if `waiting` is 0    |
    /// | the end of `sleep`  | − 1 if `called` is 0 | − 1, unless 0            |
    ///
    /// Their sum is the number of threads inside: between `enter` and `cancel` or the end of
    /// `sleep`.
    word: AtomicU32,
}

/// The lower half of the word.
#[inline]
fn waiting(word: u32) -> u32 {
    word % CALLED
}

/// The upper half of the word, without its highest bit.
#[inline]
fn called(word: u32) -> u32 {
    (word & !WATCHED) / CALLED
}

/// The highest bit of the word.
#[inline]
fn is_watched(word: u32) -> bool {
    word & WATCHED != 0
}

impl EventCount {
    #[cfg_attr(model, track_caller)]
    pub(super) fn new() -> Self {
        Self { word: AtomicU32::new(0) }
    }

    /// Announces that this thread will wait. Look again after it, and then [`sleep`](Self::sleep)
    /// or [`cancel`](Self::cancel).
    pub(super) fn enter(&self) {
        while !self.try_enter() {
            thread::yield_now();
        }
    }

    /// [`enter`](Self::enter), unless as many are inside as the word can count.
    pub(super) fn try_enter(&self) -> bool {
        // Relaxed: the compare-exchange decides.
        let mut word = self.word.load(Relaxed);
        while waiting(word) + called(word) < MOST {
            // Acquire: pairs with the Release in `call_all`. A thread that enters too late to be
            // called sees why all others were called, and its next step comes after what the caller
            // did before.
            match self.word.compare_exchange_weak(word, word + WAITING, Acquire, Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// From now on, a call says that a select watches. Look again after it, as after `enter`.
    pub(super) fn watch(&self) {
        // Relaxed: it is a write to the word, as `enter` is, and `enter` comes after it.
        self.word.fetch_or(WATCHED, Relaxed);
        self.enter();
        self.cancel();
    }

    /// Ends what `watch` began.
    pub(super) fn unwatch(&self) {
        // Relaxed: a thread that sees the bit too long finds no select on the list.
        self.word.fetch_and(!WATCHED, Relaxed);
    }

    /// This thread need not sleep.
    pub(super) fn cancel(&self) {
        self.leave(|word| if waiting(word) > 0 { WAITING } else { CALLED });
    }

    /// Sleeps until there is a call, and takes it. Returns whether the time ran out first; even
    /// then there may have been a call, so look once more.
    pub(super) fn sleep(&self, deadline: Option<Instant>, target: WaitTarget<'_>) -> bool {
        let time_is_up = loop {
            // Relaxed: `leave` takes the call, and sees what it was for.
            let word = self.word.load(Relaxed);
            if called(word) > 0 {
                break false;
            }
            if park::wait_for(&self.word, word, deadline, target) == Wait::TimedOut {
                break true;
            }
        };
        self.leave(|word| if called(word) > 0 { CALLED } else { WAITING });
        time_is_up
    }

    /// A coroutine falls asleep, unless there is a call, which it takes: returns whether it did.
    #[cfg(not(explore))]
    pub(super) fn falls_asleep(&self, place: Pin<&Place>, waker: &Waker) -> bool {
        loop {
            // Relaxed: `leave` takes the call, and sees what it was for.
            let word = self.word.load(Relaxed);
            if called(word) > 0 {
                if self.take_call() {
                    return false;
                }
            } else if place.sleep(&self.word, word, waker) {
                return true;
            }
        }
    }

    /// Takes a call, if there is one, and leaves. Returns whether it did.
    #[cfg(not(explore))]
    fn take_call(&self) -> bool {
        // Relaxed: the compare-exchange decides.
        let mut word = self.word.load(Relaxed);
        while called(word) > 0 {
            // Acquire: as in `leave`.
            match self.word.compare_exchange_weak(word, word - CALLED, Acquire, Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// A coroutine leaves, and does not look again: `woken`, or on its own. Returns whether it
    /// takes a call with it, which must be passed on.
    #[cfg(not(explore))]
    pub(super) fn gives_up(&self, woken: bool) -> bool {
        let takes_a_call = |word| called(word) > 0 && (woken || waiting(word) == 0);
        takes_a_call(self.leave(|word| if takes_a_call(word) { CALLED } else { WAITING }))
    }

    /// Subtracts one from the part of the word that `which` names, and returns the word before.
    fn leave(&self, which: impl Fn(u32) -> u32) -> u32 {
        // Relaxed: the compare-exchange decides.
        let mut word = self.word.load(Relaxed);
        // Acquire: pairs with the Release in `call_one` and `call_all`, so that the next look sees
        // what the call was for. That matters most for a thread's last look.
        while let Err(now) =
            self.word.compare_exchange_weak(word, word - which(word), Acquire, Relaxed)
        {
            word = now;
        }
        word
    }

    /// Something has happened for one thread: calls one, unless all have been called. Returns
    /// whether it called one, and whether a select watches. If it called none, the second may be
    /// out of date, as the number of waiters may.
    pub(super) fn call_one(&self) -> (bool, bool) {
        // Relaxed: the compare-exchange decides; seeing no waiter is correct if the caller cannot
        // know of one.
        let mut word = self.word.load(Relaxed);
        while waiting(word) > 0 {
            // Release: pairs with the Acquire in `leave`.
            match self.word.compare_exchange_weak(word, word - WAITING + CALLED, Release, Relaxed) {
                Ok(_) => {
                    park::wake_one(&raw const self.word);
                    return (true, is_watched(word));
                }
                Err(now) => word = now,
            }
        }
        (false, is_watched(word))
    }

    /// Something has happened for all waiters: calls them all. Returns whether a select watches.
    ///
    /// Writes the word even if no thread waits, so that the call is ordered with every `enter`:
    /// threads that entered before are called, and later ones see what happened.
    pub(super) fn call_all(&self) -> bool {
        // Relaxed: the compare-exchange decides.
        let mut word = self.word.load(Relaxed);
        // Release: pairs with the Acquire in `leave` and in `enter`.
        while let Err(now) = self.word.compare_exchange_weak(
            word,
            word - waiting(word) * WAITING + waiting(word) * CALLED,
            Release,
            Relaxed, // on failure: the next try decides
        ) {
            word = now;
        }
        if waiting(word) > 0 {
            park::wake_all(&raw const self.word);
        }
        is_watched(word)
    }

    /// How many threads are inside; for tests and for `Debug`.
    pub(super) fn inside(&self) -> u32 {
        let word = self.word.load(Relaxed); // Relaxed: for people to read
        waiting(word) + called(word)
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::EventCount;
    use primitives::deadlock::{Identity, Kind, WaitTarget};
    use std::time::Instant;

    fn target() -> WaitTarget<'static> {
        static EVENTS: Identity = Identity::new(Kind::Queue, "");
        EVENTS.waiting_for_anyone()
    }

    fn past() -> Option<Instant> {
        Some(Instant::now())
    }

    #[test]
    fn nobody_is_called_twice() {
        let events = EventCount::new();
        assert!(!events.call_one().0, "no waiter");
        events.enter();
        assert!(events.call_one().0);
        assert!(!events.call_one().0, "it has been called already");
        assert!(!events.sleep(None, target()), "the call came before the sleep, and is not lost");
        events.enter();
        assert!(events.call_one().0, "a waiter that enters again can be called again");
        assert_eq!(events.inside(), 1);
    }

    #[test]
    fn one_whose_time_is_up_takes_a_call_along_and_makes_the_other_callable_again() {
        let events = EventCount::new();
        events.enter();
        events.enter();
        assert!(events.call_one().0);
        assert!(!events.sleep(past(), target()), "a call counts for more than a deadline");
        assert!(events.call_one().0, "the other");
        assert!(!events.sleep(None, target()));
        events.enter();
        assert!(events.sleep(past(), target()), "no call");
        assert_eq!(events.inside(), 0);
    }

    #[test]
    fn one_that_need_not_sleep_leaves_the_calls_to_those_who_were_there_before() {
        let events = EventCount::new();
        events.enter();
        events.enter();
        events.call_all();
        events.enter(); // too late to be called
        events.cancel();
        assert!(!events.sleep(None, target()));
        assert!(!events.sleep(None, target()));
        assert_eq!(events.inside(), 0);
    }

    #[test]
    fn one_that_need_not_sleep_takes_a_call_if_one_of_them_must_be_its_own() {
        let events = EventCount::new();
        events.enter();
        events.enter();
        events.call_all();
        events.cancel();
        assert!(!events.sleep(None, target()), "one call is left for the other");
        assert_eq!(events.inside(), 0);
    }

    #[test]
    fn a_call_for_all_calls_each_once() {
        let events = EventCount::new();
        events.enter();
        events.enter();
        events.enter();
        events.call_one();
        events.call_all();
        assert!(!events.call_one().0, "all of them have been called");
        for _ in 0..3 {
            assert!(!events.sleep(None, target()));
        }
        events.enter();
        assert!(events.sleep(past(), target()), "who comes later was not meant");
    }

    #[test]
    fn a_select_that_watches_is_no_waiter_and_each_call_says_that_it_is_there() {
        let events = EventCount::new();
        assert!(!events.call_all());
        events.watch();
        assert_eq!((events.inside(), events.call_one()), (0, (false, true)));
        events.enter();
        events.enter();
        assert_eq!(events.call_one(), (true, true));
        assert!(events.call_all());
        assert!(!events.sleep(None, target()) && !events.sleep(None, target()));
        events.unwatch();
        assert_eq!((events.inside(), events.call_all()), (0, false));
    }
}
