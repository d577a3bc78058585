//! Threads: before they begin, after they end, and where they do not exist.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use primitives::{Event, sync, threads};
use queues::{Executor, Queue};
use tests::{leak, watched};

/// _Elsewhere_: a profiler's allocation hook ran before the thread's own start routine, and found
/// thread-locals that the routine then refused to set a second time: every thread died before its
/// first line.
///
/// _Here_: a thread that was asked early keeps its number. (This program's
/// [allocator](super::memory) asks.)
#[test]
fn a_thread_that_is_asked_before_it_begins_keeps_its_number() {
    watched(|_| {
        for _ in 0..50 {
            let go_on = leak(Event::new());
            let handle = threads::Builder::new()
                .name("early")
                .spawn(|| {
                    go_on.wait();
                    (
                        sync::thread::id(),
                        threads::current().id(),
                        threads::current().name().to_owned(),
                    )
                })
                .unwrap();
            let listed = || threads::enumerate().iter().any(|other| other == handle.thread());
            assert!(listed() && handle.thread().is_alive());
            go_on.set();
            assert!(handle.join_timeout(Duration::MAX));
            assert!(!listed());
            let number = handle.thread().id();
            assert_eq!(handle.join().unwrap(), (number, number, "early".to_owned()));
        }
    });
}

/// Counts how often it is dropped, and panics.
struct Panics(Arc<AtomicUsize>);

impl Drop for Panics {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
        panic!("a drop that panics, on purpose");
    }
}

/// _Elsewhere_: std ends the whole process when the result of a thread panics as it is dropped; in
/// other pools the last owner panics, the worker or the holder of the handle.
///
/// _Here_: the hook reports it, whichever thread drops the result, and all threads continue.
#[test]
fn a_result_that_panics_as_it_is_dropped_brings_nobody_down() {
    watched(|_| {
        let drops = Arc::new(AtomicUsize::new(0));
        let result = || Panics(Arc::clone(&drops));

        let (late, early, go_on) = (result(), result(), leak(Event::new()));
        let handle = threads::spawn(move || late);
        while !handle.is_finished() {
            threads::yield_now();
        }
        drop(handle); // this thread may be the last one, or not
        let handle = threads::spawn(move || {
            go_on.wait();
            early
        });
        drop(handle); // the other one is
        go_on.set();

        let (ended, executor) = (result(), Executor::new(1));
        let task = executor.submit(move || ended);
        task.wait();
        drop(task);
        assert_eq!(executor.submit(|| 5).result().unwrap(), 5);
        while drops.load(SeqCst) < 3 {
            threads::yield_now();
        }
    });
}

/// _Elsewhere_: a forked child found the threads of its parent on its list, and waited for them at
/// its end (CPython repaired its list more than once); or it found the list locked by a thread that
/// does not exist.
///
/// _Here_: a child lists itself, and the threads that it starts.
#[cfg(target_os = "linux")]
#[test]
fn a_child_of_a_fork_lists_the_threads_that_are_there() {
    watched(|_| {
        let go_on = leak(Event::new());
        let others: Vec<_> = (0..3).map(|_| threads::spawn(|| go_on.wait())).collect();
        let me = threads::current();
        // Threads that use the list all the time, so that a fork sometimes finds it locked.
        let busy = threads::spawn(|| {
            while !go_on.is_set() {
                let _ = threads::active_count();
            }
        });
        for _ in 0..20 {
            // SAFETY: the child asks for the list and leaves.
            let child = unsafe { libc::fork() };
            if child == 0 {
                crate::memory::IN_A_CHILD.store(true, SeqCst);
                // SAFETY: as above; the alarm ends a child that hangs.
                unsafe { libc::alarm(60) };
                let right = threads::active_count() == 1
                    && threads::enumerate() == [me.clone()]
                    && me.is_alive();
                // SAFETY: as above.
                unsafe { libc::_exit(i32::from(!right)) }
            }
            let mut status = -1;
            // SAFETY: the child is ours, and the place is valid.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            assert_eq!(status, 0, "256: the child's list is wrong; 14: it hung");
        }
        assert!(others.iter().all(|other| other.thread().is_alive()));
        go_on.set();
        others.into_iter().for_each(|other| other.join().unwrap());
        busy.join().unwrap();
    });
}

/// _Elsewhere_: the channels of std, crossbeam and flume sleep by `std::thread::park`. A `recv`
/// that has to wait takes the token of an `unpark` that was meant for the thread's own `park`.
///
/// _Here_: a wait sleeps on its own word, and leaves the token.
#[test]
#[cfg(target_os = "linux")]
fn an_unpark_survives_our_waits() {
    use std::sync::atomic::AtomicI32;

    watched(|test| {
        let (queue, event, waiter) = (Queue::bounded(1), Event::new(), AtomicI32::new(0));
        threads::scope(|scope| {
            let waits = scope.spawn(|| {
                std::thread::current().unpark();
                // SAFETY: `gettid` takes no argument and touches no memory.
                waiter.store(unsafe { libc::gettid() }, SeqCst);
                let item = queue.get();
                event.wait();
                std::thread::park(); // without a token it would not end
                item
            });
            let is_asleep = || {
                let stat = format!("/proc/self/task/{}/stat", waiter.load(SeqCst));
                std::fs::read_to_string(stat).is_ok_and(|stat| stat.contains(") S "))
            };
            test.until(is_asleep);
            queue.put(1).unwrap();
            test.until(is_asleep);
            event.set();
            assert_eq!(waits.join().unwrap(), Ok(1));
        });
    });
}
