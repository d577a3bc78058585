//! The meaning of the resources' numbers.
//!
//! A lock is made in a constant, so it cannot count itself: it gets its number when it is first
//! taken. Its address would not do, because a later lock may reuse it. The number stays here
//! with the label until the lock is destroyed; notes of held locks and of lock orders use the
//! numbers.

use super::unwatched_lock::UnwatchedLock;
use crate::deadlock::memory::{List, NUMBER, Slab};
use crate::deadlock::state::{Held, Label, Place, ResourceId};
use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub(crate) static RESOURCES: UnwatchedLock<Slab<Label>> = UnwatchedLock::new(Slab::new());

/// Gives a resource its number, unless it has one. It is in the lower bits of `place`
/// ([`NUMBER`]), which are 0 until then.
pub(crate) fn number(place: &AtomicU64, label: Label) -> ResourceId {
    RESOURCES.with(|resources| {
        // Relaxed: given only under the lock, and only the number is needed.
        match place.load(Relaxed) & NUMBER {
            0 => {
                let at = resources.insert(label);
                let number = resources.number(at);
                // Relaxed: as above, under the lock.
                place.fetch_or(number, Relaxed);
                number
            }
            number => number,
        }
    })
}

/// A resource was destroyed.
pub(crate) fn forget(resource: ResourceId) {
    RESOURCES.with(|resources| {
        if resources.find(resource).is_some() {
            resources.remove(Slab::<Label>::place(resource));
        }
    });
}

/// The label of a resource, unless it was destroyed.
pub(crate) fn label(resource: ResourceId) -> Option<Label> {
    RESOURCES.with(|resources| resources.find(resource).copied())
}

/// Describes these. Destroyed resources are left out, because no thread can wait for them.
pub(crate) fn describe(held: impl Iterator<Item = (ResourceId, Place)>) -> List<Held> {
    let label = |labels: &Slab<Label>, (id, since)| {
        labels.find(id).map(|label| Held { id, label: *label, since })
    };
    RESOURCES.with(|resources| held.filter_map(|held| label(resources, held)).collect())
}

/// Calls `f` with a function that says whether a resource still exists.
pub(crate) fn with_living<R>(f: impl FnOnce(&dyn Fn(ResourceId) -> bool) -> R) -> R {
    RESOURCES.with(|resources| f(&|resource| resources.find(resource).is_some()))
}
