//! Coroutines that sleep on a word, in line with the threads that do.
//!
//! A thread sleeps in the kernel, which knows no coroutine. A coroutine that has to wait leaves a
//! [`Waker`] and gives its thread to another. So the coroutines on a word stand in a line of our
//! own, in a [bucket](super::table) found by the word's address, and a wake looks at both:
//!
//! ```text
//!    wake ──▶ is a coroutine in the bucket? ── no ──▶ the kernel
//!                  │ yes
//!                  ▼
//!             does a thread sleep in the kernel? ── yes ──▶ the kernel; it woke one: done
//!                  │ no, or it woke none
//!                  ▼
//!             the first in the line: call its waker, outside the mutex
//! ```
//!
//! **First come, first served**, among both kinds. A thread that finds a coroutine in the bucket
//! does not go to the kernel but joins the line, and sleeps on a flag in its own node. So all that
//! sleep in the kernel came before all that are in the line.
//!
//! **No wake is lost.** A sleeper announces itself (`threads`, `crowd`) and then looks at the word;
//! a waker changes the word and then looks for sleepers. Between its two steps each has a fence of
//! the sequentially consistent order, so one of the two sees the other. The kernel has the same
//! pair inside.
//!
//! ```text
//!    sleeper                              waker
//!    crowd += 1                           word = …
//!    fence(SeqCst)                        fence(SeqCst)
//!    mutex; is the word as expected?      crowd == 0?  nothing to do
//! ```
//!
//! **A waker is the program's code.** It may panic, or drop the last handle of a task and with it
//! futures that stand in this very bucket. So it is cloned, called and dropped without the mutex. A
//! wake for all takes out a few at a time, up to the one that was last when it began: a coroutine
//! that waits again at once is not woken again.
//!
//! Nothing here allocates: a node lies in its future, which is pinned, or on its thread's stack.

#![cfg_attr(not(model), allow(unreachable_pub, reason = "the models of the line reach it"))]

use std::any::Any;
use std::marker::PhantomPinned;
use std::panic::resume_unwind;
#[cfg(not(model))]
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr;
use std::task::Waker;
use std::time::Instant;

use super::table::{ASLEEP, BUCKETS, Bucket, Node, place};
use super::{Seat, Wait, backend};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Relaxed, SeqCst};
use crate::sync::atomic::fence;
use crate::sync::{const_fn, model_failed, panicking};

/// So many wakers are taken out under the mutex at a time.
const AT_A_TIME: usize = 16;

/// The sleepers on all words whose addresses lead here.
#[repr(align(64))]
struct Line {
    /// Threads that sleep in the kernel, or are about to.
    threads: AtomicU32,
    /// Nodes in the bucket, or about to be.
    crowd: AtomicU32,
    bucket: Bucket,
}

#[cfg(not(model))]
static LINES: [Line; BUCKETS] = [const { Line::new() }; BUCKETS];

// Only the models of the line itself use it.
#[cfg(model)]
::model::lazy_static! {
    static ref LINES: [Line; BUCKETS] = [Line::new()];
}

fn line_at(address: usize) -> &'static Line {
    &LINES[place(address)]
}

// ANCHOR: wait
/// A thread falls asleep: in the kernel, or behind the coroutines.
pub fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Wait {
    let line = line_at(ptr::from_ref(word).addr());
    // Relaxed, both: the fence pairs with the one in `wake`.
    line.threads.fetch_add(1, Relaxed);
    fence(SeqCst);
    let in_the_kernel = line.crowd.load(Relaxed) == 0;
    let outcome = in_the_kernel.then(|| backend::wait(word, expected, deadline));
    // Relaxed: a thread that is counted too long costs a waker a system call.
    line.threads.fetch_sub(1, Relaxed);
    outcome.unwrap_or_else(|| line.wait_in_line(word, expected, deadline))
}
// ANCHOR_END: wait

/// As [`wake_one`](crate::park::wake_one).
pub fn wake_one(word: *const AtomicU32) -> bool {
    let line = line_at(word.addr());
    if !line.is_anyone_in_it() {
        return backend::wake_one(word);
    }
    line.wake_one(word)
}

/// As [`wake_all`](crate::park::wake_all).
pub fn wake_all(word: *const AtomicU32) {
    let line = line_at(word.addr());
    backend::wake_all(word);
    if line.is_anyone_in_it() {
        line.wake_all(word);
    }
}

impl Line {
    const_fn! {
        const fn new() -> Self {
            Self { threads: AtomicU32::new(0), crowd: AtomicU32::new(0), bucket: Bucket::new() }
        }
    }

    /// Whether a node is in the bucket. The word has been changed before.
    #[inline]
    fn is_anyone_in_it(&self) -> bool {
        // Pairs with the fence in `wait` and in `join`.
        fence(SeqCst);
        // Relaxed: the fence orders it.
        self.crowd.load(Relaxed) != 0
    }

    #[cold]
    fn wake_one(&self, word: *const AtomicU32) -> bool {
        // Relaxed: ordered by the fence in `is_anyone_in_it`.
        if self.threads.load(Relaxed) != 0 && backend::wake_one(word) {
            return true; // it was there before all that are in the line
        }
        let mut first = None;
        self.bucket.lock().wake(word.addr(), 1, u64::MAX, |flag, waker| {
            first = Some((flag, waker));
        });
        let Some((flag, waker)) = first else { return false };
        // Relaxed: as in `wait`.
        self.crowd.fetch_sub(1, Relaxed);
        match waker {
            None => _ = backend::wake_one(flag),
            Some(waker) if panicking() => _ = call(waker),
            Some(waker) => waker.wake(),
        }
        true
    }

    #[cold]
    fn wake_all(&self, word: *const AtomicU32) {
        let last = self.bucket.lock().last_to_come();
        let mut panic: Option<Box<dyn Any + Send>> = None;
        loop {
            let mut taken = [const { None }; AT_A_TIME];
            let mut places = taken.iter_mut();
            let woken = self.bucket.lock().wake(word.addr(), AT_A_TIME, last, |flag, waker| {
                *places.next().expect("there are no more than that") = Some((flag, waker));
            });
            // Relaxed: as in `wait`.
            self.crowd.fetch_sub(woken as u32, Relaxed);
            for (flag, waker) in taken.into_iter().flatten() {
                let Some(waker) = waker else {
                    backend::wake_one(flag);
                    continue;
                };
                // The others are woken all the same, and then the first panic goes on.
                panic = panic.or(call(waker).err());
            }
            if woken < AT_A_TIME {
                break;
            }
        }
        if let Some(panic) = panic
            && !panicking()
        {
            resume_unwind(panic);
        }
    }

    /// Announces a node, and puts it in the line if the word is the `expected` one.
    ///
    /// # Safety
    ///
    /// As for [`Sleepers::put`](super::table::Sleepers::put).
    unsafe fn join(
        &self,
        node: &Node,
        word: &AtomicU32,
        expected: u32,
        mut waker: Option<Waker>,
    ) -> bool {
        // Relaxed: the fence pairs with the one in `is_anyone_in_it`.
        self.crowd.fetch_add(1, Relaxed);
        fence(SeqCst);
        // SAFETY: by the caller's promise.
        let joined = unsafe { self.bucket.lock().put(node, word, expected, &mut waker) };
        if !joined {
            // Relaxed: as in `wait`.
            self.crowd.fetch_sub(1, Relaxed);
        }
        joined
    }

    /// Takes a node out, unless it was woken: returns whether it was.
    fn leave(&self, node: &Node) -> bool {
        let mut sleepers = self.bucket.lock();
        if node.is_woken() {
            return true;
        }
        let waker = sleepers.take_off(node);
        drop(sleepers);
        // Relaxed: as in `wait`.
        self.crowd.fetch_sub(1, Relaxed);
        drop(waker);
        false
    }

    /// A thread sleeps on the flag of its node, until that is taken out.
    #[cold]
    fn wait_in_line(&self, word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Wait {
        let node = Node::new();
        // SAFETY: it is off the list before this returns, and nothing below panics.
        if !unsafe { self.join(&node, word, expected, None) } {
            return Wait::Woken;
        }
        let mut outcome = Wait::Woken;
        while node.is_asleep() && outcome == Wait::Woken {
            outcome = backend::wait(node.flag(), ASLEEP, deadline);
        }
        // With the mutex, because the waker may still be at the node.
        if self.leave(&node) { Wait::Woken } else { outcome }
    }
}

/// Calls a waker, which may panic. No model catches a panic.
fn call(waker: Waker) -> Result<(), Box<dyn Any + Send>> {
    #[cfg(not(model))]
    return catch_unwind(AssertUnwindSafe(|| waker.wake()));
    #[cfg(model)]
    {
        waker.wake();
        Ok(())
    }
}

/// A coroutine's place among the sleepers on a word: where a thread would call
/// [`wait`](crate::park::wait).
///
/// A future that has to wait [sleeps](Self::sleep) and returns `Pending`. When it is polled again
/// it [looks](Self::look) whether it was woken. A future that is dropped [leaves](Self::leave), and
/// if it was woken it passes that on: the wake-up may have been meant for any sleeper.
///
/// All calls are for the future's owner. It may be pinned in one thread and dropped in another.
/// Dropping it takes it out of the line. None of the calls allocates; each takes a mutex for a
/// moment, which is shared by words whose addresses hash alike. _Source_: the list of a "parking
/// lot", in Filip Pizlo's _Locking in WebKit_ (2016).
///
/// ```
/// use primitives::park::{self, Place, Seat};
/// use primitives::sync::atomic::{AtomicU32, Ordering::{Acquire, Release}};
/// use std::future::poll_fn;
/// use std::pin::pin;
/// use std::task::Poll;
///
/// let open = AtomicU32::new(0);
/// let gate = async {
///     let place = pin!(Place::new());
///     let place = place.as_ref();
///     poll_fn(|cx| {
///         loop {
///             if place.look(cx.waker()) == Seat::Asleep {
///                 return Poll::Pending;
///             }
///             if open.load(Acquire) == 1 {
///                 return Poll::Ready(());
///             }
///             if place.sleep(&open, 0, cx.waker()) {
///                 return Poll::Pending;
///             }
///         }
///     })
///     .await;
/// };
/// std::thread::scope(|s| {
///     s.spawn(|| {
///         open.store(1, Release);
///         park::wake_all(&open);
///     });
///     primitives::block_on(gate);
/// });
/// ```
pub struct Place {
    node: Node,
    _pinned: PhantomPinned,
}

impl Place {
    const_fn! {
        /// A place that is in no line.
        #[must_use]
        pub const fn new() -> Self {
            Self { node: Node::new(), _pinned: PhantomPinned }
        }
    }

    /// Falls asleep while `*word == expected`: returns whether it did. If so, a wake of the word
    /// will call the waker, once, and the future returns `Pending`. It must be awake, or this does
    /// nothing and says so.
    pub fn sleep(self: Pin<&Self>, word: &AtomicU32, expected: u32, waker: &Waker) -> bool {
        if !self.node.is_awake() {
            return false;
        }
        let waker = Some(waker.clone()); // before the mutex: it is the program's code
        let line = line_at(ptr::from_ref(word).addr());
        // SAFETY: it is pinned, and its drop takes it off the list.
        unsafe { line.join(&self.get_ref().node, word, expected, waker) }
    }

    /// Whether it still sleeps; then it has this waker from now on. That it was woken it says once.
    pub fn look(self: Pin<&Self>, waker: &Waker) -> Seat {
        let node = &self.get_ref().node;
        if node.is_awake() {
            return Seat::Awake;
        }
        if node.is_woken() {
            node.forget_the_wake();
            return Seat::Woken;
        }
        let line = line_at(node.address());
        let mut sleepers = line.bucket.lock();
        if !node.is_woken() && sleepers.has_waker(node, waker) {
            return Seat::Asleep;
        }
        drop(sleepers);
        let waker = waker.clone(); // without the mutex
        let mut sleepers = line.bucket.lock();
        if node.is_woken() {
            drop(sleepers);
            node.forget_the_wake();
            return Seat::Woken;
        }
        let before = sleepers.replace_waker(node, waker);
        drop(sleepers);
        drop(before);
        Seat::Asleep
    }

    /// Leaves the line. Returns whether it was woken, and does not know it yet.
    pub fn leave(self: Pin<&Self>) -> bool {
        self.get_ref().leave_line()
    }

    fn leave_line(&self) -> bool {
        let node = &self.node;
        // One look: between two a waker may come.
        let woken = !node.is_awake() && line_at(node.address()).leave(node);
        if woken {
            node.forget_the_wake();
        }
        woken
    }
}

impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !model_failed() {
            self.leave_line();
        }
    }
}
