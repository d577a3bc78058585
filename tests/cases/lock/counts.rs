//! A lock that no other thread wants.

use std::hint::black_box;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use primitives::Lock;
use primitives::raw::RawLock;

use crate::run::Run;

pub(crate) fn rows(run: &mut Run) {
    let bare = AtomicU32::new(0);
    run.row("Lock: lock + unlock")
        .at_most(10)
        .of("ours", &Lock::new(()), |lock| drop(lock.lock()))
        .of("bare", &bare, |word| {
            // A compare-exchange and a store, without waiters.
            if word.compare_exchange(0, 1, Acquire, Relaxed).is_ok() {
                word.store(0, Release);
            }
        })
        .of("std", &std::sync::Mutex::new(()), |lock| drop(lock.lock()))
        .of("parking_lot", &parking_lot::Mutex::new(()), |lock| drop(lock.lock()))
        .of("usync", &usync::Mutex::new(()), |lock| drop(lock.lock()));

    run.row("Lock: try_lock + unlock")
        .of("ours", &Lock::new(()), |lock| drop(lock.try_lock()))
        .of("std", &std::sync::Mutex::new(()), |lock| drop(lock.try_lock()))
        .of("parking_lot", &parking_lot::Mutex::new(()), |lock| drop(lock.try_lock()))
        .of("usync", &usync::Mutex::new(()), |lock| drop(lock.try_lock()));

    let (ours, std, parking_lot, usync) = (
        Lock::new(()),
        std::sync::Mutex::new(()),
        parking_lot::Mutex::new(()),
        usync::Mutex::new(()),
    );
    let held = (ours.lock(), std.lock(), parking_lot.lock(), usync.lock());
    run.row("Lock: try_lock, held by another")
        .of("ours", &ours, |lock| _ = black_box(lock.try_lock().is_some()))
        .of("bare", &bare, |word| _ = black_box(word.load(Relaxed) != 0))
        .of("std", &std, |lock| _ = black_box(lock.try_lock().is_ok()))
        .of("parking_lot", &parking_lot, |lock| _ = black_box(lock.try_lock().is_some()))
        .of("usync", &usync, |lock| _ = black_box(lock.try_lock().is_some()));
    drop(held);

    run.row("RawLock: acquire + release").of("ours", &RawLock::new(), |lock| {
        lock.acquire();
        lock.release();
    });
}
