//! A condition that no thread waits for.

use std::sync::atomic::AtomicU32;

use primitives::Condition;

use crate::bare::one_load;
use crate::run::Run;

pub(crate) fn rows(run: &mut Run) {
    let bare = AtomicU32::new(1);
    run.row("Condition: notify_one, nobody waits")
        .at_most_bare(105)
        .of("ours", &Condition::new(), Condition::notify_one)
        .of("bare", &bare, one_load)
        .of("std", &std::sync::Condvar::new(), |condition| condition.notify_one())
        .of("parking_lot", &parking_lot::Condvar::new(), |condition| _ = condition.notify_one())
        .of("usync", &usync::Condvar::new(), |condition| _ = condition.notify_one());
    run.row("Condition: notify_all, nobody waits")
        .at_most_bare(105)
        .of("ours", &Condition::new(), Condition::notify_all)
        .of("bare", &bare, one_load)
        .of("std", &std::sync::Condvar::new(), |condition| condition.notify_all())
        .of("parking_lot", &parking_lot::Condvar::new(), |condition| _ = condition.notify_all())
        .of("usync", &usync::Condvar::new(), |condition| _ = condition.notify_all());
}
