//! [`block_on`]: a thread that runs one coroutine, and sleeps while that waits.
//!
//! A future does nothing by itself. It is polled; if it cannot go on it leaves a _waker_ with what
//! it waits for and returns `Pending`, and the waker is called when a poll is worth while. The
//! least that can drive one is a thread that polls, sleeps until the waker is called, and polls
//! again:
//!
//! ```text
//!    poll ── Ready ──▶ return the result
//!     ▲ │ Pending
//!     │ ▼
//!    sleep until the waker is called
//! ```
//!
//! The waker may be called between the poll and the sleep, so a call is a state of a word and not
//! an event:
//!
//! ```text
//!               wake                       park: compare-exchange
//!    ┌───────┐ ─────────────▶ ┌──────────┐ ──────────────────────▶ back to EMPTY, and return
//!    │ EMPTY │                │ NOTIFIED │
//!    └───────┘ ◀──────┐       └──────────┘
//!        │ park       │ (after a poll)  ▲
//!        ▼            │                 │ wake, and wake the thread
//!    ┌────────┐ ────────────────────────┘
//!    │ ASLEEP │
//!    └────────┘
//! ```
//!
//! Wakers outlive the call: another thread may keep one for years. So the word is behind an `Arc`,
//! and a late call changes a word that no thread looks at. A future that is ready at once never
//! asks for a waker of its own, and then there is no `Arc`.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

use crate::deadlock::polling;
use crate::park;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The thread runs, and was not notified.
const EMPTY: u32 = 0;
/// The thread must poll again.
const NOTIFIED: u32 = 1;
/// The thread sleeps, or is about to.
const ASLEEP: u32 = 2;

/// Runs a future to its end in this thread, and returns its result. Blocks while it waits.
///
/// A future that is ready at once costs a few nanoseconds; one that waits an allocation, and a
/// sleep for each time that it has to. Other futures do not run meanwhile in this thread: to run
/// several, join them, or use an executor. A coroutine must not call this, because it would block
/// its executor's thread. _Python_: `asyncio.run`.
///
/// # Panics
///
/// If the future does.
///
/// ```
/// use primitives::{Event, block_on};
///
/// let ready = Event::new();
/// std::thread::scope(|s| {
///     s.spawn(|| ready.set());
///     block_on(async {
///         ready.wait_async().await;
///         println!("it is set");
///     });
/// });
/// ```
#[cfg_attr(feature = "deadlock-detection", track_caller)]
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let parker = OnceLock::new();
    // SAFETY: the vtable's calls use the pointer as what it is, the address of `parker`, which is
    // shared and outlives this waker. A clone owns an `Arc` and does not point here.
    let first = unsafe { Waker::from_raw(RawWaker::new((&raw const parker).cast(), &ON_STACK)) };
    let cx = &mut Context::from_waker(&first);
    if let Poll::Ready(output) = polling(|| future.as_mut().poll(cx)) {
        return output;
    }
    let parker = made(&parker);
    let waker = Waker::from(Arc::clone(parker));
    let cx = &mut Context::from_waker(&waker);
    loop {
        parker.park();
        if let Poll::Ready(output) = polling(|| future.as_mut().poll(cx)) {
            return output;
        }
    }
}

/// The waker of the first poll: a place for a parker, which is made if it is asked for.
static ON_STACK: RawWakerVTable = RawWakerVTable::new(
    // SAFETY: it is the address of the place, as `block_on` says.
    |place| into_raw(unsafe { borrow(place) }),
    // SAFETY: as above.
    |place| made(unsafe { borrow(place) }).notify(),
    // SAFETY: as above.
    |place| made(unsafe { borrow(place) }).notify(),
    |_| (),
);

/// # Safety
///
/// It is the address of a place that outlives the result.
unsafe fn borrow<'a>(place: *const ()) -> &'a OnceLock<Arc<Parker>> {
    // SAFETY: by the caller's promise.
    unsafe { &*place.cast() }
}

fn into_raw(place: &OnceLock<Arc<Parker>>) -> RawWaker {
    let waker = std::mem::ManuallyDrop::new(Waker::from(Arc::clone(made(place))));
    RawWaker::new(waker.data(), waker.vtable())
}

#[cold]
fn made(place: &OnceLock<Arc<Parker>>) -> &Arc<Parker> {
    place.get_or_init(|| Arc::new(Parker { word: AtomicU32::new(EMPTY) }))
}

/// Where the thread sleeps.
struct Parker {
    /// | value      | the thread …              | written by          |
    /// | ---------- | ------------------------- | ------------------- |
    /// | `EMPTY`    | polls                     | `park`, at its end  |
    /// | `NOTIFIED` | polls again               | `notify`            |
    /// | `ASLEEP`   | sleeps, or is about to    | `park`              |
    word: AtomicU32,
}

// ANCHOR: park
impl Parker {
    /// Sleeps until it is notified, or returns at once if it was.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn park(&self) {
        loop {
            // Acquire: pairs with the Release in `notify`: the poll sees why it is called.
            if self.word.compare_exchange(NOTIFIED, EMPTY, Acquire, Relaxed).is_ok() {
                return;
            }
            // Relaxed, both: it says only where the thread is.
            match self.word.compare_exchange(EMPTY, ASLEEP, Relaxed, Relaxed) {
                Ok(_) | Err(ASLEEP) => _ = park::wait(&self.word, ASLEEP, None),
                Err(_) => {}
            }
        }
    }

    fn notify(&self) {
        // Release: pairs with the Acquire in `park`.
        if self.word.swap(NOTIFIED, Release) == ASLEEP {
            park::wake_one(&raw const self.word);
        }
    }
}
// ANCHOR_END: park

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.notify();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.notify();
    }
}

#[cfg(all(test, not(model)))]
mod tests;
