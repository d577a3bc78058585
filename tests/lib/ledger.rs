//! Accounts for every item that goes through a queue: made once, taken once at most, dropped once.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::thread;

/// The fate of each item, by producer and number.
///
/// All its atomics are Relaxed on purpose: an ordering by the ledger could hide from
/// ThreadSanitizer that the queue does not order two threads.
#[derive(Debug)]
pub struct Ledger {
    lives: Vec<Vec<Life>>,
}

/// How often each event happened to an item.
#[derive(Debug, Default)]
struct Life {
    made: AtomicU8,
    taken: AtomicU8,
    dropped: AtomicU8,
}

/// An item that a [`Ledger`] knows. Producer and number are plain data, which only the queue's own
/// synchronisation carries from one thread to the next.
#[derive(Debug)]
pub struct Item {
    ledger: &'static Ledger,
    producer: usize,
    number: usize,
}

impl Ledger {
    /// A ledger for at most `numbers` items of each producer.
    #[must_use]
    pub fn new(producers: usize, numbers: usize) -> &'static Self {
        let lives = || (0..numbers).map(|_| Life::default()).collect();
        crate::watched::leak(Self { lives: (0..producers).map(|_| lives()).collect() })
    }

    /// Makes an item.
    ///
    /// # Panics
    ///
    /// If it was made before.
    #[must_use]
    pub fn item(&'static self, producer: usize, number: usize) -> Item {
        let item = Item { ledger: self, producer, number };
        item.happens_once("made", |life| &life.made);
        item
    }

    /// How many items were taken out of a queue, and how many others were dropped.
    ///
    /// # Panics
    ///
    /// If one was made and never dropped.
    #[must_use]
    pub fn close(&self) -> (usize, usize) {
        let (mut taken, mut refused) = (0, 0);
        for (producer, lives) in self.lives.iter().enumerate() {
            for (number, life) in lives.iter().enumerate() {
                let [made, dropped] = [&life.made, &life.dropped].map(|count| count.load(Relaxed));
                assert_eq!(made, dropped, "item {number} of producer {producer} was lost");
                let was_taken = life.taken.load(Relaxed);
                taken += usize::from(was_taken);
                refused += usize::from(made - was_taken);
            }
        }
        (taken, refused)
    }
}

impl Item {
    /// Whose item it is.
    #[must_use]
    pub fn producer(&self) -> usize {
        self.producer
    }

    /// Its place among the items of its producer.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// The compared part of the item with this number. It has few different values, so that there
    /// are ties.
    #[must_use]
    pub fn urgency(number: usize) -> usize {
        number % 5
    }

    /// Notes that it came out of a queue, and drops it.
    ///
    /// # Panics
    ///
    /// If it came out before.
    pub fn take(self) {
        self.happens_once("taken", |life| &life.taken);
    }

    fn happens_once(&self, what: &str, count: impl Fn(&Life) -> &AtomicU8) {
        let &Self { ledger, producer, number } = self;
        let before = count(&ledger.lives[producer][number]).fetch_add(1, Relaxed);
        // A panic while unwinding would abort, and the first panic's message would be lost.
        assert!(
            before == 0 || thread::panicking(),
            "item {number} of producer {producer} was {what} twice",
        );
    }
}

/// By [urgency](Item::urgency), for priority queues.
impl Ord for Item {
    fn cmp(&self, other: &Self) -> Ordering {
        Self::urgency(self.number).cmp(&Self::urgency(other.number))
    }
}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Item {}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.happens_once("dropped", |life| &life.dropped);
    }
}

#[cfg(test)]
mod tests {
    use std::mem;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn items_taken_and_items_refused_are_told_apart() {
        let ledger = Ledger::new(2, 3);
        ledger.item(0, 0).take();
        ledger.item(0, 2).take();
        drop(ledger.item(1, 1));
        assert_eq!(ledger.close(), (2, 1));
    }

    #[test]
    fn a_lost_item_is_noticed() {
        let ledger = Ledger::new(1, 1);
        mem::forget(ledger.item(0, 0));
        assert!(catch_unwind(|| ledger.close()).is_err());
    }

    #[test]
    fn a_doubled_item_is_noticed() {
        let ledger = Ledger::new(1, 2);
        let twin = |item: &Item| Item { ledger, producer: item.producer, number: item.number };
        let item = ledger.item(0, 0);
        let again = twin(&item);
        item.take();
        assert!(catch_unwind(AssertUnwindSafe(|| again.take())).is_err(), "taken twice");
        let item = ledger.item(0, 1);
        let again = twin(&item);
        drop(item);
        assert!(catch_unwind(AssertUnwindSafe(|| drop(again))).is_err(), "dropped twice");
    }
}
