//! Taking the items that are there. None of these calls waits for an item to come.

use super::Ring;
use crate::blocking_queue::{IntoIter, TryIter};

/// Taking what is there.
impl<T> Ring<T> {
    /// Takes all items out, in their order; never blocks.
    ///
    /// Each is due for a [`task_done`](Self::task_done), as after a `get`. The ring stays open;
    /// [`shutdown_now`](Self::shutdown_now) ends it. Items that come meanwhile may be among them,
    /// up to as many as there are places. Costs one compare-exchange for all that are filled.
    ///
    /// ```
    /// use queues::Ring;
    ///
    /// let ring = Ring::bounded(4);
    /// ring.put_many(vec![1, 2, 3]).unwrap();
    /// assert_eq!(ring.drain(), [1, 2, 3]);
    /// assert_eq!(ring.drain(), []);
    /// ```
    #[must_use = "the items are out of the ring, and in the result"]
    pub fn drain(&self) -> Vec<T> {
        let mut items = Vec::new();
        // An error says that there is none. Without the limit it might follow a fast producer
        // without end.
        let _ = self.try_get_many(&mut items, self.positions.places());
        items
    }

    /// The items that are there. `for item in ring.try_iter()` never blocks, and ends when the ring
    /// is empty. Each item costs a [`try_get`](Self::try_get).
    pub fn try_iter(&self) -> TryIter<'_, Self, T> {
        TryIter::new(self)
    }
}

impl<T: Send> IntoIterator for Ring<T> {
    type Item = T;
    type IntoIter = IntoIter<Self, T>;

    fn into_iter(self) -> Self::IntoIter {
        IntoIter::new(self)
    }
}
