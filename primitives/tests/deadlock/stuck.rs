//! Threads that wait for what no thread can give any more.

use std::cell::RefCell;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};

use primitives::deadlock::{Report, Verdict};
use primitives::{Lock, LockGuard, threads};

#[test]
fn a_lock_that_its_owner_took_to_the_grave_is_never_waited_for() {
    let lock: &Lock<()> = Box::leak(Box::new(Lock::named("grave", ())));
    let owner = threads::Builder::new().name("leaver").spawn(|| std::mem::forget(lock.lock()));
    owner.unwrap().join().unwrap();
    let report = lock.lock_checked().unwrap_err();
    assert_eq!(report.verdict(), Verdict::Stuck);
    let owner = &report.threads()[1];
    assert!(owner.has_ended() && owner.name() == "leaver", "{report}");
    assert_eq!(owner.holds()[0].name(), "grave");
}

/// A thread-local whose destructor takes its time.
struct Slow {
    began: &'static AtomicBool,
    go_on: &'static AtomicBool,
    guard: RefCell<Option<LockGuard<'static, ()>>>,
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.began.store(true, SeqCst);
        while !self.go_on.load(SeqCst) {
            std::thread::yield_now();
        }
        drop(self.guard.take());
    }
}

thread_local! {
    static SLOW: RefCell<Option<Slow>> = const { RefCell::new(None) };
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// The owner of a lock ends while it holds the lock. Its last destructor runs for a long time and
/// `releases` the lock or does not. Returns the result of a thread that wants the lock meanwhile.
/// The detector learns of the owner's end before that destructor or after it: a thread destroys its
/// first thread-local last, and a thread of this crate is known from its beginning.
fn wanted_from_a_slow_one(releases: bool, known_first: bool) -> Result<(), Box<Report>> {
    let lock: &Lock<()> = leak(Lock::named("slow", ()));
    let (began, go_on) = (leak(AtomicBool::new(false)), leak(AtomicBool::new(false)));
    let body = move || {
        SLOW.set(Some(Slow { began, go_on, guard: RefCell::new(None) }));
        let guard = lock.lock();
        if releases {
            SLOW.with_borrow(|slow| slow.as_ref().unwrap().guard.replace(Some(guard)));
        } else {
            std::mem::forget(guard);
        }
    };
    let until = |happened: &dyn Fn() -> bool| {
        while !happened() {
            std::thread::yield_now();
        }
    };
    let owner: Box<dyn FnOnce()> = if known_first {
        let owner = threads::spawn(body);
        Box::new(|| owner.join().unwrap())
    } else {
        let owner = std::thread::spawn(body);
        Box::new(|| owner.join().unwrap())
    };
    until(&|| began.load(SeqCst));
    let number = leak(AtomicI32::new(0));
    let other = threads::spawn(move || {
        #[cfg(target_os = "linux")]
        // SAFETY: takes nothing and touches nothing.
        number.store(unsafe { libc::gettid() }, SeqCst);
        lock.lock_checked().map(drop)
    });
    #[cfg(target_os = "linux")]
    until(&|| {
        let stat = format!("/proc/self/task/{}/stat", number.load(SeqCst));
        let stat = fs::read_to_string(stat).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('S'))
    });
    go_on.store(true, SeqCst);
    owner();
    other.join().unwrap()
}

#[test]
fn an_owner_that_is_slow_to_end_is_found_out_at_last() {
    for known_first in [true, false] {
        let report = wanted_from_a_slow_one(false, known_first).expect_err("it is never free");
        assert_eq!(report.verdict(), Verdict::Stuck);
        assert!(report.threads()[1].has_ended(), "{report}");
    }
}

#[test]
fn an_owner_that_releases_in_its_last_destructor_is_waited_for() {
    for known_first in [true, false] {
        wanted_from_a_slow_one(true, known_first).expect("the lock is free at last");
    }
}

/// A lock that is released before one that was taken later is held no more: its next owner may wait
/// for this thread, and this thread for it.
#[test]
#[cfg(target_os = "linux")]
fn a_lock_that_was_released_out_of_order_is_held_no_more() {
    let (first, second) = (Lock::named("first", ()), Lock::named("second", ()));
    // SAFETY: takes nothing and touches nothing.
    let waiter = unsafe { libc::gettid() };
    let has_first = AtomicBool::new(false);
    let of_first = first.lock();
    let _of_second = second.lock();
    drop(of_first);
    threads::scope(|scope| {
        scope.spawn(|| {
            let _guard = first.lock();
            has_first.store(true, SeqCst);
            let stat = format!("/proc/self/task/{waiter}/stat");
            while !fs::read_to_string(&stat).unwrap().contains(") S ") {
                std::thread::yield_now();
            }
        });
        while !has_first.load(SeqCst) {
            std::thread::yield_now();
        }
        drop(first.lock_checked().expect("its owner waits for nothing"));
    });
}
