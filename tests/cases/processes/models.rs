//! Models of what processes share: the files that ship, on threads that may be killed at any step.
//!
//! Where no process dies, no sleeper wakes by itself: each wake-up must come. Where one may die,
//! sleepers look after a while, as they do in reality; then none may be left behind, and nothing
//! may be lost but what the dead process had in its hands.

mod barrier;
mod condition;
mod event;
mod pool;
mod queue;
mod semaphore;

use model::Group;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) fn group() -> Group {
    let group = event::add(Group::new("processes"));
    let group = condition::add(semaphore::add(group));
    pool::add(queue::add(barrier::add(group)))
}

/// Handles of one object: for a process that may die, for the other, and for the heir of the first.
struct Handles<T>([T; 3]);

const MORTAL: usize = 0;
const OTHER: usize = 1;
const HEIR: usize = 2;

/// For a scenario in which no process dies, so that no sleeper looks by itself.
fn alive<T: Serialize + DeserializeOwned>(object: std::io::Result<T>) -> Handles<T> {
    processes::sleepers_look(false);
    handles(object)
}

/// For a scenario in which one may die.
fn mortal<T: Serialize + DeserializeOwned>(object: std::io::Result<T>) -> Handles<T> {
    processes::sleepers_look(true);
    handles(object)
}

fn handles<T: Serialize + DeserializeOwned>(object: std::io::Result<T>) -> Handles<T> {
    let object = object.expect("memory");
    Handles([processes::for_another(&object), processes::for_another(&object), object])
}
