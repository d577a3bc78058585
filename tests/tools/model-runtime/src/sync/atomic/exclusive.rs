//! [`Atomic::get_mut`]: loom lends its value to a closure only, so a guard stands in for the
//! reference.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::{Atomic, Value};
use crate::world::{self, model_failed};

/// The value of an atomic without other accesses; changes are written back at the end.
pub struct Exclusive<'a, V: Value> {
    atomic: &'a mut Atomic<V>,
    value: V,
}

impl<'a, V: Value> Exclusive<'a, V> {
    pub(super) fn new(atomic: &'a mut Atomic<V>, value: V) -> Self {
        Self { atomic, value }
    }
}

impl<V: Value> Deref for Exclusive<'_, V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.value
    }
}

impl<V: Value> DerefMut for Exclusive<'_, V> {
    fn deref_mut(&mut self) -> &mut V {
        &mut self.value
    }
}

impl<V: Value> Drop for Exclusive<'_, V> {
    fn drop(&mut self) {
        let value = self.value;
        if value == self.atomic.newest() {
            return;
        }
        self.atomic.keep(value);
        if !model_failed() {
            // Without the world's share, this is the only owner of the word.
            world::with(|w| w.objects[self.atomic.object].word = None);
            let Some(word) = &mut self.atomic.word else { return };
            V::store_alone(Arc::get_mut(word).expect("no other thread has the word"), value);
            let share = V::sleepable(word);
            world::with(|w| w.objects[self.atomic.object].word = share);
        }
    }
}
