//! A readers-writer lock that no other thread wants.

use primitives::RwLock;

use crate::run::Run;

pub(crate) fn rows(run: &mut Run) {
    run.row("RwLock: read + unlock")
        .of("ours", &RwLock::new(()), |lock| drop(lock.read()))
        .of("std", &std::sync::RwLock::new(()), |lock| drop(lock.read()))
        .of("parking_lot", &parking_lot::RwLock::new(()), |lock| drop(lock.read()))
        .of("usync", &usync::RwLock::new(()), |lock| drop(lock.read()));
    run.row("RwLock: write + unlock")
        .of("ours", &RwLock::new(()), |lock| drop(lock.write()))
        .of("std", &std::sync::RwLock::new(()), |lock| drop(lock.write()))
        .of("parking_lot", &parking_lot::RwLock::new(()), |lock| drop(lock.write()))
        .of("usync", &usync::RwLock::new(()), |lock| drop(lock.write()));
}
