//! Where the threads of a scenario write down what came out, unseen by the model.

use std::sync::{Mutex, PoisonError};

/// A list that costs no interleavings.
///
/// loom runs all threads of a model on one thread of the operating system and switches only at operations
/// that it knows. Of std's mutex it knows nothing, so writing here is no step of the model, and brings no
/// order from one thread to another that could hide a mistake. Nothing under the mutex may be a step either:
/// a switch while it is held would block for ever.
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
