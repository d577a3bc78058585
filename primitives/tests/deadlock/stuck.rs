//! Threads that wait for what no thread can give any more.

use primitives::{Lock, threads};

#[test]
fn a_lock_that_its_owner_took_to_the_grave_is_never_waited_for() {
    let lock: &Lock<()> = Box::leak(Box::new(Lock::named("grave", ())));
    let owner = threads::Builder::new().name("leaver").spawn(|| std::mem::forget(lock.lock()));
    owner.unwrap().join().unwrap();
    let report = lock.lock_checked().unwrap_err();
    assert_eq!(report.verdict(), primitives::deadlock::Verdict::Stuck);
    let owner = &report.threads()[1];
    assert!(owner.has_ended() && owner.name() == "leaver", "{report}");
    assert_eq!(owner.holds()[0].name(), "grave");
}
