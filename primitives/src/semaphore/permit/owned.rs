//! [`OwnedPermit`]: permits that travel, with their semaphore.

use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Permit, Semaphore};

impl Semaphore {
    /// [`acquire`](Self::acquire), for a semaphore in an `Arc`: the permit borrows nothing, and may
    /// travel with what it is for, as a connection through a queue. Costs an increment more, and a
    /// decrement when it goes back.
    ///
    /// ```
    /// use primitives::{OwnedPermit, Semaphore};
    /// use std::sync::{Arc, mpsc};
    ///
    /// struct Connection {
    ///     number: u32,
    ///     _seat: OwnedPermit, // goes back when the connection is dropped, wherever that is
    /// }
    /// let seats = Arc::new(Semaphore::new(1));
    /// let (accepted, connections) = mpsc::channel();
    /// let worker = std::thread::spawn(move || {
    ///     connections.iter().map(|connection: Connection| connection.number).sum::<u32>()
    /// });
    /// for number in [1, 2, 3] {
    ///     accepted.send(Connection { number, _seat: seats.acquire_owned() }).unwrap();
    /// }
    /// drop(accepted);
    /// assert_eq!(worker.join().unwrap(), 6);
    /// assert_eq!(seats.available(), 1);
    /// ```
    #[doc(alias = "acquire_arc")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_owned(self: &Arc<Self>) -> OwnedPermit {
        OwnedPermit::of(self, self.acquire())
    }

    /// [`try_acquire`](Self::try_acquire), for a semaphore in an `Arc`.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn try_acquire_owned(self: &Arc<Self>) -> Option<OwnedPermit> {
        Some(OwnedPermit::of(self, self.try_acquire()?))
    }

    /// [`acquire_timeout`](Self::acquire_timeout), for a semaphore in an `Arc`.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_owned_timeout(self: &Arc<Self>, timeout: Duration) -> Option<OwnedPermit> {
        Some(OwnedPermit::of(self, self.acquire_timeout(timeout)?))
    }

    /// [`acquire_deadline`](Self::acquire_deadline), for a semaphore in an `Arc`.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_owned_deadline(self: &Arc<Self>, deadline: Instant) -> Option<OwnedPermit> {
        Some(OwnedPermit::of(self, self.acquire_deadline(deadline)?))
    }

    /// [`acquire_many`](Self::acquire_many), for a semaphore in an `Arc`.
    ///
    /// # Panics
    ///
    /// As [`acquire_many`](Self::acquire_many).
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_many_owned(self: &Arc<Self>, n: usize) -> OwnedPermit {
        OwnedPermit::of(self, self.acquire_many(n))
    }

    /// [`try_acquire_many`](Self::try_acquire_many), for a semaphore in an `Arc`.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn try_acquire_many_owned(self: &Arc<Self>, n: usize) -> Option<OwnedPermit> {
        Some(OwnedPermit::of(self, self.try_acquire_many(n)?))
    }

    /// [`acquire_many_timeout`](Self::acquire_many_timeout), for a semaphore in an `Arc`.
    ///
    /// # Panics
    ///
    /// As [`acquire_many`](Self::acquire_many).
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_many_owned_timeout(
        self: &Arc<Self>,
        n: usize,
        timeout: Duration,
    ) -> Option<OwnedPermit> {
        Some(OwnedPermit::of(self, self.acquire_many_timeout(n, timeout)?))
    }

    /// [`acquire_many_deadline`](Self::acquire_many_deadline), for a semaphore in an `Arc`.
    ///
    /// # Panics
    ///
    /// As [`acquire_many`](Self::acquire_many).
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_many_owned_deadline(
        self: &Arc<Self>,
        n: usize,
        deadline: Instant,
    ) -> Option<OwnedPermit> {
        Some(OwnedPermit::of(self, self.acquire_many_deadline(n, deadline)?))
    }

    /// [`acquire_async`](Self::acquire_async), for a semaphore in an `Arc`.
    #[cfg(not(explore))]
    pub async fn acquire_owned_async(self: &Arc<Self>) -> OwnedPermit {
        OwnedPermit::of(self, self.acquire_async().await)
    }
}

/// A permit, together with the `Arc` of its semaphore: made by [`Semaphore::acquire_owned`].
///
/// It goes back when it is dropped, in any thread, and wakes a waiter. For the rest it is a
/// [`Permit`], of one or of [several](Semaphore::acquire_many_owned).
#[must_use = "a permit that is dropped at once goes back at once"]
pub struct OwnedPermit {
    semaphore: Arc<Semaphore>,
    /// How many this is.
    number: u32,
}

impl OwnedPermit {
    /// Takes over the permit.
    fn of(semaphore: &Arc<Semaphore>, permit: Permit<'_>) -> Self {
        let taken_over = ManuallyDrop::new(permit);
        Self { semaphore: Arc::clone(semaphore), number: taken_over.number }
    }

    /// How many permits this is, as [`Permit::permits`] says.
    #[must_use]
    pub fn permits(&self) -> usize {
        self.number as usize
    }

    /// The semaphore that it belongs to.
    #[must_use]
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }

    /// Consumes the permit: it does not go back by itself, as with [`Permit::forget`].
    pub fn forget(self) {
        if self.number > 0 {
            self.semaphore.identity.permits_wander(&self.semaphore.known);
        }
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is neither used nor dropped after it.
        unsafe { std::ptr::drop_in_place(&raw mut this.semaphore) };
    }
}

impl Drop for OwnedPermit {
    fn drop(&mut self) {
        // As if it had never been more: with all that the drop of a permit says and checks.
        drop(Permit::of_many(&self.semaphore, self.number, Semaphore::MAX_PERMITS));
    }
}

impl fmt::Debug for OwnedPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut permit = f.debug_struct("OwnedPermit");
        if self.number != 1 {
            permit.field("permits", &self.number);
        }
        permit.field("semaphore", &self.semaphore).finish()
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use crate::Semaphore;
    use std::sync::Arc;
    use std::thread;
    use std::time::{Duration, Instant};

    #[test]
    fn it_goes_back_in_another_thread_and_keeps_the_semaphore_alive() {
        let seats = Arc::new(Semaphore::new(1));
        let permit = seats.acquire_owned();
        assert!(seats.try_acquire_owned().is_none());
        assert!(seats.acquire_owned_timeout(Duration::from_millis(1)).is_none());
        assert!(seats.acquire_owned_deadline(Instant::now()).is_none());
        let waiter = thread::spawn({
            let seats = Arc::clone(&seats);
            move || drop(seats.acquire_owned())
        });
        thread::spawn(move || drop(permit)).join().unwrap();
        waiter.join().unwrap();
        assert_eq!(seats.available(), 1);
        let last = seats.try_acquire_owned().expect("it is back");
        let weak = Arc::downgrade(&seats);
        drop(seats);
        assert_eq!(last.semaphore().available(), 0);
        drop(last);
        assert!(weak.upgrade().is_none());
    }

    #[test]
    fn a_forgotten_one_does_not_go_back_and_leaks_nothing() {
        let seats = Arc::new(Semaphore::new(2));
        seats.acquire_owned().forget();
        assert_eq!((seats.available(), Arc::strong_count(&seats)), (1, 1));
        seats.release(1);
        assert_eq!(seats.available(), 2);
    }
}
