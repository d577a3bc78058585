//! The deadlock detector: what it missed, what it said of right programs, and what it kept.

use std::mem;
use std::sync::{Arc, LazyLock, Mutex};

use primitives::deadlock::{Report, Verdict, name, set_hook};
use primitives::{Lock, LockGuard, Semaphore, threads as thread};
use tests::{leak, watched};

/// The reports that went to the hook. (A lock of std's, which the detector does not watch.)
static REPORTS: LazyLock<Mutex<Vec<Report>>> = LazyLock::new(|| {
    set_hook(|report| REPORTS.lock().unwrap().push(report.clone()));
    Mutex::default()
});

/// The inversions of a lock with this name.
fn inversions(of: &str) -> Vec<Report> {
    let is_of = |report: &&Report| {
        let mut threads = report.threads().iter();
        report.verdict() == Verdict::Inversion
            && threads.any(|thread| thread.holds().iter().any(|hold| hold.name() == of))
    };
    REPORTS.lock().unwrap().iter().filter(is_of).cloned().collect()
}

/// Takes these locks one within the other, in a thread of its own.
fn nest(locks: &[&Lock<()>]) {
    LazyLock::force(&REPORTS);
    thread::scope(|s| {
        s.spawn(|| {
            let guards: Vec<LockGuard<'_, ()>> = locks.iter().map(|lock| lock.lock()).collect();
            drop(guards);
        });
    });
}

/// _Elsewhere_: a checker of lock orders had room for so many held locks, and switched itself off,
/// or forgot, where a thread held more (Linux's lockdep has 48 and says so; others were silent).
///
/// _Here_: it sees all that are held. Once a thread held sixteen, it took any two nestings within
/// them for the same.
#[test]
fn an_inversion_is_seen_however_many_locks_are_held() {
    for many in [0, 1, 14, 15, 16, 17, 40, 100] {
        let w = Lock::named(name(format_args!("w within {many}")), ());
        let x = Lock::named(name(format_args!("x within {many}")), ());
        let y = Lock::named(name(format_args!("y within {many}")), ());
        let held: Vec<_> = (0..many).map(|_| Lock::new(())).collect();
        let within = |inner: [_; 2]| nest(&held.iter().chain(inner).collect::<Vec<_>>());
        within([&w, &y]);
        within([&x, &y]);
        assert_eq!(inversions(&format!("y within {many}")).len(), 0, "{many}");
        nest(&[&y, &x]);
        assert_eq!(inversions(&format!("y within {many}")).len(), 1, "{many}");
        nest(&[&y, &w]);
        assert_eq!(inversions(&format!("y within {many}")).len(), 2, "{many}");
    }
}

/// _Elsewhere_: a checker that kept hashes of lock chains took one chain for another.
///
/// _Here_: a thread remembers its nestings in full. When it kept a hash of each, the threads of the
/// demo `banking`, which lock upward, were reported to lock downward.
#[test]
fn threads_that_keep_one_order_are_never_reported() {
    LazyLock::force(&REPORTS);
    let locks: Vec<_> =
        (0..12).map(|number| Lock::named(name(format_args!("upward {number}")), ())).collect();
    let take = |number: usize| locks[number].try_lock().unwrap_or_else(|| locks[number].lock());
    thread::scope(|s| {
        let take = &take;
        s.spawn(move || {
            for _ in 0..1_000 {
                drop((0..12).map(take).collect::<Vec<_>>());
            }
        });
        for seed in 0..4 {
            s.spawn(move || {
                for round in 0..20_000 {
                    let mixed = (round * 4 + seed) * 7_919;
                    let (one, other) = (mixed % 12, mixed / 12 % 12);
                    if one != other {
                        let first = take(one.min(other));
                        let second = take(one.max(other));
                        drop((second, first));
                    }
                }
            });
        }
    });
    let found: Vec<_> =
        (0..12).flat_map(|number| inversions(&format!("upward {number}"))).collect();
    assert!(found.is_empty(), "{}", found[0]);
}

/// The same in one thread, which remembers what it has nested, and takes some of the locks out of
/// order.
#[test]
fn what_a_thread_remembers_of_a_nesting_is_all_of_it() {
    for many in [16, 17, 40] {
        let held: Vec<_> = (0..many).map(|_| Lock::new(())).collect();
        let [w, x, y] = [(); 3].map(|()| Lock::named(name(format_args!("all of {many}")), ()));
        LazyLock::force(&REPORTS);
        thread::scope(|s| {
            s.spawn(|| {
                for inner in [&w, &x, &w, &x] {
                    let mut guards: Vec<_> = held.iter().map(Lock::lock).collect();
                    guards.push(inner.lock());
                    drop(guards.remove(3));
                    drop(guards.remove(0));
                    drop(y.lock());
                    guards.into_iter().for_each(drop);
                }
            });
        });
        nest(&[&y, &x]);
        assert_eq!(inversions(&format!("all of {many}")).len(), 1, "{many}");
    }
}

/// _Elsewhere_: Linux's lockdep tells of a thread that takes two locks in both orders, one after
/// the other: it judges the code and not the thread, and people have asked since what could have
/// happened. (helgrind does the same.)
///
/// _Here_: one thread alone is in no thread's way, and nothing is said. It is said when another one
/// does either.
#[test]
fn one_thread_alone_inverts_nothing() {
    let [a, b] = [(); 2].map(|()| Lock::named("alone", ()));
    LazyLock::force(&REPORTS);
    for (outer, inner) in [(&a, &b), (&b, &a), (&a, &b)] {
        let _outer = outer.lock();
        let _inner = inner.lock();
    }
    assert_eq!(inversions("alone").len(), 0);
    nest(&[&a, &b]);
    let found = inversions("alone");
    assert_eq!(found.len(), 1);
    let [one, other] = found[0].threads() else { panic!("two threads in {found:?}") };
    assert_ne!(one.id(), other.id());
}

/// _Elsewhere_: people took a report of an order for one of a deadlock, and looked in vain for the
/// moment in which the two threads had met; one of them had ended before the other began.
///
/// _Here_: they are told of as well, for the next run may have both at once; and the words say so.
#[test]
fn of_threads_that_never_met_it_is_said_that_they_need_not_have() {
    let [a, b] = [(); 2].map(|()| Lock::named("never met", ()));
    nest(&[&a, &b]);
    nest(&[&b, &a]);
    let [report] = &inversions("never met")[..] else { panic!("one report") };
    let text = report.to_string();
    assert!(text.contains("may not even have run at the same time"), "{text}");
    assert!(!text.contains("deadlock"), "it is none: {text}");
}

/// _Elsewhere_: permits of a semaphore were acquired by one thread and released by another, as a
/// hand-over between stages, and a checker that believed in owners kept every one of them (Java's
/// tools, ThreadSanitizer's users).
///
/// _Here_: from the first one on the declaration is not believed any more, and what was noted is
/// forgotten.
#[test]
fn permits_that_another_thread_gives_back_are_held_no_more() {
    watched(|_| {
        const PERMITS: usize = 5_000;
        let semaphore = leak(Semaphore::named("handed over", PERMITS).thread_bound());
        let lock = leak(Lock::named("taken twice", ()));
        let permits: Vec<_> = (0..PERMITS).map(|_| semaphore.acquire()).collect();
        thread::spawn(move || drop(permits)).join().unwrap();
        let guard = lock.lock();
        let report = lock.lock_checked().unwrap_err();
        drop(guard);
        let holds: Vec<_> = report.threads()[0].holds().iter().map(|hold| hold.name()).collect();
        assert_eq!(holds, ["taken twice"], "no permit is in this thread's hands");
        assert_eq!(semaphore.available(), PERMITS);
    });
}

/// _Elsewhere_: thread pools leaked a guard with each thread that was stopped, and a detector
/// remembered all of them.
///
/// _Here_: what a dead thread held is forgotten with the lock. Until then it is known which thread
/// has it.
#[test]
fn what_a_dead_thread_held_is_known_as_long_as_the_lock_is_there() {
    watched(|_| {
        for _ in 0..100 {
            let lock = Arc::new(Lock::named("left locked", ()));
            let owner = Arc::clone(&lock);
            thread::spawn(move || mem::forget(owner.lock())).join().unwrap();
            let report = lock.lock_checked().unwrap_err();
            assert_eq!(report.verdict(), Verdict::Stuck);
            assert!(report.threads()[1].has_ended());
            assert_eq!(report.threads()[1].holds().len(), 1);
        }
    });
}

/// _Elsewhere_: an allocator with a lock in it, and a checker of locks that allocates, called each
/// other until the stack was full; or one thread held the allocator's lock and another the
/// checker's (ThreadSanitizer and jemalloc, lockdep's own memory, which is set apart for that
/// reason).
///
/// _Here_: what the detector keeps does not come from the program's allocator, and while it writes
/// a report it watches nothing that its own thread does. (This program's [allocator](super::memory)
/// takes a lock that is watched.)
#[test]
fn an_allocator_with_a_lock_in_it_may_be_called_from_everywhere() {
    watched(|_| {
        LazyLock::force(&REPORTS);
        let locks = leak([(); 4].map(|()| Lock::named("around the allocator", Vec::new())));
        let threads: Vec<_> = (0..4)
            .map(|me| {
                thread::spawn(move || {
                    for turn in 0..500 {
                        // Always in one order, and the more of them are held, the more wait for
                        // them.
                        let mut guards: Vec<_> =
                            locks.iter().skip((me + turn) % 4).map(Lock::lock).collect();
                        for guard in &mut guards {
                            guard.push(vec![turn; turn % 50]);
                            if guard.len() > 20 {
                                guard.clear();
                            }
                        }
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        // And a report, which is long.
        let guards: Vec<_> = locks.iter().map(Lock::lock).collect();
        let report = locks[0].lock_checked().map(drop).unwrap_err();
        assert_eq!(report.threads()[0].holds().len(), 4);
        drop(guards);
        assert_eq!(inversions("around the allocator").len(), 0);
    });
}
