//! After a `fork` without `exec`: what a child may do with the objects in its parent's memory.
//!
//! These tests check the table in `primitives::park`, with the detector and without. The table does
//! not cover the portable back end, whose buckets another thread may have locked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
use std::time::Duration;

use primitives::raw::{RawLock, RawRLock};
use primitives::{
    Barrier, Condition, Event, Latch, Lock, Once, OnceLock, RLock, RwLock, Semaphore, Timers, sync,
    threads,
};
use queues::{Executor, Queue, Ring};
use tests::{leak, watched};

const SHORT: Duration = Duration::from_millis(5);

/// Forks, runs `body` in the child, and returns the child's status: 0 if `body` returned true, 256
/// if it returned false or panicked, 14 if it hung.
fn in_a_child(body: impl FnOnce() -> bool) -> libc::c_int {
    // SAFETY: the child makes only the calls that these tests check, and exits.
    let child = unsafe { libc::fork() };
    if child == 0 {
        crate::memory::IN_A_CHILD.store(true, SeqCst);
        // SAFETY: the alarm ends a child that hangs.
        unsafe { libc::alarm(60) };
        let well = catch_unwind(AssertUnwindSafe(body)).unwrap_or(false);
        // SAFETY: ends the child without running the parent's destructors.
        unsafe { libc::_exit(i32::from(!well)) }
    }
    let mut status = -1;
    // SAFETY: the child is ours, and the place is valid.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    status
}

/// Whether the kernel says three times in a row that this thread sleeps. (Once could be a moment in
/// the allocator's lock.)
fn sleeps(number: i32) -> bool {
    (0..3).all(|_| {
        threads::yield_now();
        let stat = std::fs::read_to_string(format!("/proc/self/task/{number}/stat"));
        stat.is_ok_and(|stat| {
            stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('S'))
        })
    })
}

/// _Elsewhere_: POSIX does not say what a child may do with its parent's mutexes. CPython makes new
/// locks in a child, because a lock that a thread of the parent holds stays held.
///
/// _Here_: a free object works. This thread still holds what it held. A note of a sleeper that the
/// child does not have costs one call to the kernel.
#[test]
fn a_child_of_a_fork_works_with_what_was_free_and_with_what_its_thread_held() {
    watched(|test| {
        let (held, free) = (leak(Lock::new(1)), leak(Lock::new(2)));
        let (nested, rw) = (leak(RawRLock::new()), leak(RwLock::new(3)));
        let (seats, gate, told) =
            (leak(Semaphore::new(0)), leak(Event::new()), leak(Condition::new()));
        let (latch, value, done) = (leak(Latch::new(2)), leak(OnceLock::new()), leak(Once::new()));
        let (queue, ring) = (leak(Queue::bounded(1)), leak(Ring::bounded(1)));
        let mut old_timers = Some(Timers::new());
        done.call_once(|| ());
        nested.acquire();
        nested.acquire();
        let mut guard = Some(held.lock());
        // One sleeper at each; the child has only their notes.
        let numbers: &[AtomicI32; 8] = leak([const { AtomicI32::new(0) }; 8]);
        let sleepers = test.crew(8, move |me| {
            // SAFETY: `gettid` takes no argument and touches no memory.
            numbers[me].store(unsafe { libc::gettid() }, SeqCst);
            match me {
                0 => *held.lock() += 1,
                1 => {
                    nested.acquire();
                    nested.release();
                }
                2 => seats.acquire().forget(),
                3 => gate.wait(),
                4 => told.wait_while(&mut free.lock(), |free| *free == 2),
                5 => latch.wait(),
                6 => assert_eq!(queue.get().unwrap(), 7),
                _ => assert_eq!(ring.get().unwrap(), 7),
            }
        });
        test.until(|| numbers.iter().all(|number| sleeps(number.load(SeqCst))));
        let me = (sync::thread::id(), threads::current());
        let status = in_a_child(|| {
            drop(guard.take());
            assert_eq!(*held.lock(), 1);
            *free.lock() += 1;
            told.notify_all();
            assert!(told.wait_timeout(&mut free.lock(), SHORT).timed_out());
            nested.release();
            assert_eq!(nested.recursion_count(), 1);
            nested.release();
            assert!(nested.try_acquire());
            assert_eq!(*rw.read(), 3);
            *rw.write() += 1;
            seats.release(1);
            seats.acquire().forget();
            assert!(seats.acquire_timeout(SHORT).is_none());
            gate.set();
            gate.wait();
            latch.count_down_by(2);
            latch.wait();
            done.call_once(|| unreachable!("it was done"));
            assert_eq!(*value.get_or_init(|| 4), 4);
            for item in [5, 6] {
                queue.put(item).unwrap();
                ring.put(item).unwrap();
                assert_eq!((queue.get(), ring.get()), (Ok(item), Ok(item)));
            }
            assert!(Barrier::new(1).wait().unwrap().is_leader());
            assert!(me == (sync::thread::id(), threads::current()));
            drop(old_timers.take());
            // And its own new objects: threads, timers, a pool.
            assert_eq!(threads::spawn(|| 8).join().unwrap(), 8);
            let (fired, timers) = (leak(Event::new()), Timers::new());
            timers.after(SHORT, || fired.set());
            fired.wait();
            Executor::new(1).submit(|| 9).result().unwrap() == 9
        });
        assert_eq!(status, 0, "256: the child panicked; 14: it hung");
        // The parent has lost nothing: it still holds what its child released.
        assert!(held.try_lock().is_none());
        drop(guard.take());
        nested.release();
        nested.release();
        seats.release(1);
        gate.set();
        *free.lock() += 1;
        told.notify_all();
        latch.count_down_by(2);
        queue.put(7).unwrap();
        ring.put(7).unwrap();
        sleepers.join();
    });
}

/// _Elsewhere_: glibc's `malloc` takes its locks around a `fork` for this reason. Loggers,
/// allocators and runtimes that do not take them hang in the child.
///
/// _Here_: the same. A lock whose owner does not exist in the child never becomes free. But nothing
/// else hangs because of it, and a timeout ends the wait.
#[test]
fn what_another_thread_held_stays_held_in_a_child() {
    watched(|test| {
        let (lock, rlock, raw) = (leak(Lock::new(())), leak(RLock::new(())), leak(RawLock::new()));
        let (rw, once, seats) = (leak(RwLock::new(())), leak(Once::new()), leak(Semaphore::new(1)));
        let (ready, go_on) = (leak(Event::new()), leak(Event::new()));
        let owner = test.crew(1, move |_| {
            let _held = (lock.lock(), rlock.lock(), rw.write(), seats.acquire());
            raw.acquire();
            once.call_once(|| {
                ready.set();
                go_on.wait();
            });
            raw.release();
        });
        ready.wait();
        let status = in_a_child(|| {
            lock.try_lock().is_none()
                && lock.lock_timeout(SHORT).is_none()
                && rlock.lock_timeout(SHORT).is_none()
                && rw.read_timeout(SHORT).is_none()
                && seats.acquire_timeout(SHORT).is_none()
                && !once.wait_timeout(SHORT)
                // Any thread may release a lock without an owner, so the child can do so too.
                && raw.try_release()
                && raw.try_acquire()
        });
        assert_eq!(status, 0, "256: something was free, or the child panicked; 14: it hung");
        go_on.set();
        owner.join();
        assert!(lock.try_lock().is_some());
    });
}
