//! What the numbers of things stand for.
//!
//! A lock is made in a constant, so it cannot count itself: it gets its number when it is first taken. A number,
//! not its address, which may be another lock's tomorrow. The number stands here with the label until
//! the lock is destroyed; what threads hold and what they took in which order is noted by numbers.

use std::collections::BTreeMap;

use super::Label;
use super::gate::Gate;
use super::graph::{Held, Place, ThingId};
use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};

struct Things {
    last: ThingId,
    labels: BTreeMap<ThingId, Label>,
}

static THINGS: Gate<Things> = Gate::new(Things { last: 0, labels: BTreeMap::new() });

/// Gives a thing its number, unless it has one.
pub(super) fn number(place: &AtomicU64, label: Label) -> ThingId {
    THINGS.with(|things| {
        // Relaxed, both: written behind the gate alone, and the number is all that is asked for.
        if place.load(Relaxed) == 0 {
            things.last += 1;
            things.labels.insert(things.last, label);
            place.store(things.last, Relaxed);
        }
        place.load(Relaxed)
    })
}

/// A thing is no more.
pub(super) fn forget(thing: ThingId) {
    THINGS.with(|things| things.labels.remove(&thing));
}

/// Says what these are. What is no more is left out: nobody can wait for it.
pub(super) fn describe(held: impl Iterator<Item = (ThingId, Place)>) -> Vec<Held> {
    let label = |labels: &BTreeMap<_, _>, (id, since)| {
        labels.get(&id).map(|label| Held { id, label: *label, since })
    };
    THINGS.with(|things| held.filter_map(|held| label(&things.labels, held)).collect())
}
