//! A reentrant lock that no other thread wants.

use primitives::RLock;
use primitives::raw::RawRLock;

use crate::run::Run;

pub(crate) fn rows(run: &mut Run) {
    run.row("RLock: lock + unlock").of("ours", &RLock::new(()), |lock| drop(lock.lock())).of(
        "parking_lot",
        &parking_lot::ReentrantMutex::new(()),
        |lock| drop(lock.lock()),
    );

    let (ours, parking_lot) = (RLock::new(()), parking_lot::ReentrantMutex::new(()));
    let held = (ours.lock(), parking_lot.lock());
    run.row("RLock: lock + unlock, nested").of("ours", &ours, |lock| drop(lock.lock())).of(
        "parking_lot",
        &parking_lot,
        |lock| drop(lock.lock()),
    );
    drop(held);

    run.row("RawRLock: acquire + release").of("ours", &RawRLock::new(), |lock| {
        lock.acquire();
        lock.release();
    });
}
