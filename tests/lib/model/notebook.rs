//! Where the threads of a scenario record results, unseen by the model.

use std::sync::{Mutex, PoisonError};

/// A list that costs no interleavings.
///
/// loom runs all threads of a model on one thread of the operating system and switches only at
/// operations that it knows. It does not know std's mutex, so writing here is not a step of the
/// model, and creates no ordering that could hide a mistake. Code under the mutex must not be a
/// step either: a switch while it is held would block without end.
#[derive(Debug, Default)]
pub struct Notebook<T>(Mutex<Vec<T>>);

impl<T: Ord + Clone> Notebook<T> {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Adds an item.
    pub fn write(&self, item: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(item);
    }

    /// All that was written, sorted.
    pub fn sorted(&self) -> Vec<T> {
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        items.sort();
        items
    }
}
