//! What the numbers of resources stand for.
//!
//! A lock is made in a constant, so it cannot count itself: it gets its number when it is first taken. A number,
//! not its address, which may be another lock's tomorrow. The number stands here with the label until
//! the lock is destroyed; what threads hold and what they took in which order is noted by numbers.

use std::collections::BTreeMap;

use super::unwatched_lock::UnwatchedLock;
use crate::deadlock::state::{Held, Label, Place, ResourceId};
use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};

struct Resources {
    last: ResourceId,
    labels: BTreeMap<ResourceId, Label>,
}

static RESOURCES: UnwatchedLock<Resources> =
    UnwatchedLock::new(Resources { last: 0, labels: BTreeMap::new() });

/// Gives a resource its number, unless it has one.
pub(crate) fn number(place: &AtomicU64, label: Label) -> ResourceId {
    RESOURCES.with(|resources| {
        // Relaxed, both: written under the lock alone, and the number is all that is asked for.
        if place.load(Relaxed) == 0 {
            resources.last += 1;
            resources.labels.insert(resources.last, label);
            place.store(resources.last, Relaxed);
        }
        place.load(Relaxed)
    })
}

/// A resource is no more.
pub(crate) fn forget(resource: ResourceId) {
    RESOURCES.with(|resources| resources.labels.remove(&resource));
}

/// Says what these are. What is no more is left out: nobody can wait for it.
pub(crate) fn describe(held: impl Iterator<Item = (ResourceId, Place)>) -> Vec<Held> {
    let label = |labels: &BTreeMap<_, _>, (id, since)| {
        labels.get(&id).map(|label| Held { id, label: *label, since })
    };
    RESOURCES.with(|resources| held.filter_map(|held| label(&resources.labels, held)).collect())
}
