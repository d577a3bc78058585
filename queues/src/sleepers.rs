//! Who sleeps on one side of a queue, and who among them has been called already.

/// The sleepers of one side (putters, or getters), as plain numbers under the queue's lock.
///
/// A notification costs a system call, so it should be given to a sleeper that has not had one. Between
/// being notified and running again 30 µs pass, in which a fast producer puts a hundred items; were it to
/// notify for each of them because "a thread waits", it would call the kernel a hundred times for one
/// sleeper. So the _notifier_ notes that the sleeper has been called, and calls no more sleepers than there
/// are.
///
/// A sleeper may also leave on its own (its time is up, or it woke for no reason), perhaps while a call is on
/// its way to it or to another. It need not know which: a thread that leaves takes one call along, if any is
/// out. If that call was another's, the other is counted as not called, and may be called once more: an
/// extra call, never a missing one.
#[derive(Debug, Default)]
pub(crate) struct Sleepers {
    /// Threads between [`enter`](Self::enter) and [`leave`](Self::leave).
    asleep: usize,
    /// Calls that none of them has taken yet; at most `asleep`.
    called: usize,
}

impl Sleepers {
    /// A thread is about to sleep.
    #[inline]
    pub(crate) fn enter(&mut self) {
        self.asleep += 1;
    }

    /// A thread has woken up, for whatever reason.
    #[inline]
    pub(crate) fn leave(&mut self) {
        self.asleep -= 1;
        self.called = self.called.saturating_sub(1);
    }

    /// There is something to do for one sleeper. Returns whether to notify one.
    #[inline]
    pub(crate) fn call_one(&mut self) -> bool {
        let somebody = self.called < self.asleep;
        if somebody {
            self.called += 1; // and where nobody sleeps, nothing is written
        }
        somebody
    }

    /// How many sleep; for tests and for `Debug`.
    #[inline]
    pub(crate) fn asleep(&self) -> usize {
        self.asleep
    }
}

#[cfg(test)]
mod tests {
    use super::Sleepers;

    #[test]
    fn nobody_is_called_twice() {
        let mut sleepers = Sleepers::default();
        assert!(!sleepers.call_one(), "nobody is there");
        sleepers.enter();
        assert!(sleepers.call_one());
        assert!(!sleepers.call_one(), "it has been called already");
        sleepers.leave();
        sleepers.enter();
        assert!(sleepers.call_one(), "a new sleep needs a new call");
    }

    #[test]
    fn one_that_leaves_on_its_own_takes_its_place_along() {
        let mut sleepers = Sleepers::default();
        sleepers.enter();
        sleepers.leave();
        assert!(!sleepers.call_one());
    }

    #[test]
    fn one_that_leaves_with_the_call_of_another_makes_it_callable_again() {
        let mut sleepers = Sleepers::default();
        sleepers.enter();
        sleepers.enter();
        assert!(sleepers.call_one());
        sleepers.leave();
        assert!(sleepers.call_one(), "an extra call, never a missing one");
        assert_eq!(sleepers.asleep(), 1);
    }
}
