//! Pools: what tasks did to each other, to their threads, and to an ending program.

use std::cell::RefCell;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use primitives::{Event, Lock, RLock};
use queues::{Executor, Ring, Shutdown, Task, TaskQueue, as_completed};
use tests::{leak, watched};

/// _Elsewhere_: callbacks of a future are called in the order in which they were added, says
/// CPython. But a callback that is added when the future is done is called at once, in the adding
/// thread, and overtakes those that the worker is still calling. A test of Amazon's s3transfer
/// failed now and then because of it; PyTorch removed the promise from its documentation.
///
/// _Here_: the callback waits for its turn.
#[test]
fn a_late_callback_overtakes_none() {
    watched(|_| {
        let executor = Executor::new(1);
        let (gate, order) = (leak(Event::new()), Arc::new(Lock::new(Vec::new())));
        let (first_runs, go_on) = (leak(Event::new()), leak(Event::new()));
        let task = executor.submit(|| gate.wait());
        let note = |number| {
            let order = Arc::clone(&order);
            move || order.lock().push(number)
        };
        let first = note(1);
        task.on_done(move || {
            first_runs.set();
            go_on.wait();
            first();
        });
        task.on_done(note(2));
        gate.set();
        first_runs.wait();
        assert!(task.is_done());
        task.on_done(note(3)); // does not wait for the others, either
        go_on.set();
        executor.shutdown(Shutdown::WAIT);
        assert_eq!(*order.lock(), [1, 2, 3]);
        task.on_done(note(4)); // nothing is left of the others, so: here and now
        assert_eq!(*order.lock(), [1, 2, 3, 4]);
    });
}

/// The same in its original form: submit, and add a few in a row.
#[test]
fn callbacks_are_called_in_the_order_in_which_they_were_added() {
    watched(|_| {
        let executor = Executor::new(2);
        for round in 0..2_000 {
            let order = Arc::new(Lock::new(Vec::new()));
            let task = executor.submit(|| ());
            let (last, is_called) = mpsc::channel();
            for number in 0..4 {
                let (order, last) = (Arc::clone(&order), last.clone());
                task.on_done(move || {
                    order.lock().push(number);
                    if number == 3 {
                        last.send(()).unwrap();
                    }
                });
            }
            is_called.recv().unwrap();
            assert_eq!(*order.lock(), [0, 1, 2, 3], "in round {round}");
        }
    });
}

/// A callback may add another to its own task: it comes after the existing ones.
#[test]
fn a_callback_that_adds_a_callback_does_not_wait_for_itself() {
    watched(|_| {
        let executor = Executor::new(1);
        let task = Arc::new(executor.submit(|| ()));
        let order = Arc::new(Lock::new(Vec::new()));
        let (again, outer, inner) = (Arc::clone(&task), Arc::clone(&order), Arc::clone(&order));
        let done = leak(Event::new());
        task.on_done(move || {
            again.on_done(move || {
                inner.lock().push("inner");
                done.set();
            });
            outer.lock().push("outer");
        });
        done.wait();
        assert_eq!(*order.lock(), ["outer", "inner"]);
    });
}

/// _Elsewhere_: a future that `shutdown(cancel_futures=True)` of CPython cancelled is `done()`, but
/// `wait` and `as_completed` never see it done: they wait for a worker to come to it, and none
/// does.
///
/// _Here_: a cancelled task is over, for all that ask.
#[test]
fn what_a_shutdown_has_cancelled_is_completed() {
    watched(|_| {
        let (began, gate) = (leak(Event::new()), leak(Event::new()));
        let executor = Executor::new(1);
        let running = executor.submit(|| {
            began.set();
            gate.wait();
        });
        began.wait();
        let queued = [executor.submit(|| 1), executor.with_priority(1).submit(|| 2)];
        executor.shutdown(Shutdown::CANCEL_PENDING);
        queued.iter().for_each(Task::wait); // while the worker is busy
        assert!(as_completed(queued).all(|(_, task)| task.is_cancelled()));
        gate.set();
        running.result().unwrap();
    });
}

/// _Elsewhere_: `shutdown(wait=False)` of CPython's pools returns, but the interpreter's end still
/// waits: a worker that never returned kept many processes alive.
///
/// _Here_: after a `shutdown` that does not wait, neither the drop nor the end of the program
/// waits.
#[test]
fn a_drop_after_a_shutdown_that_does_not_wait_does_not_wait() {
    watched(|_| {
        let (began, gate) = (leak(Event::new()), leak(Event::new()));
        let executor = Executor::new(1);
        let task = executor.submit(|| {
            began.set();
            gate.wait();
        });
        began.wait();
        executor.shutdown(Shutdown::CANCEL_PENDING);
        drop(executor);
        assert!(!task.is_done());
        gate.set();
        task.wait();

        for now in [false, true] {
            let (began, gate, done) = (leak(Event::new()), leak(Event::new()), leak(Event::new()));
            let tasks = TaskQueue::new(1);
            let add = |task: fn(&Event, &Event, &Event)| {
                tasks.add_task(move || task(began, gate, done)).ok().unwrap();
            };
            add(|began, gate, done| {
                began.set();
                gate.wait();
                done.set();
            });
            began.wait();
            if now {
                _ = tasks.shutdown_now()
            } else {
                tasks.shutdown()
            }
            drop(tasks);
            assert!(!done.is_set());
            gate.set();
            done.wait();
        }
    });
}

/// And the last call counts: a program may wait after all.
#[test]
fn a_drop_waits_if_the_last_shutdown_did() {
    watched(|_| {
        let (gate, ran) = (leak(Event::new()), leak(AtomicBool::new(false)));
        let executor = Arc::new(Executor::new(1));
        let own = Arc::clone(&executor);
        executor.shutdown(Shutdown::DETACH);
        drop(executor);
        drop(own);

        let executor = Arc::new(Executor::new(1));
        let own = Arc::clone(&executor);
        executor.submit(move || {
            own.shutdown(Shutdown::WAIT); // its own worker, which does not wait for itself
            drop(own);
            gate.wait();
            ran.store(true, SeqCst);
        });
        while Arc::strong_count(&executor) > 1 {
            thread::yield_now();
        }
        thread::scope(|s| {
            s.spawn(|| drop(executor));
            gate.set();
        });
        assert!(ran.load(SeqCst));
    });
}

thread_local! {
    static OF_THE_THREAD: RefCell<u32> = const { RefCell::new(0) };
}

/// _Elsewhere_: a worker of rayon that waits for its part runs other parts meanwhile, in its own
/// thread: a `RefCell` in a thread-local that it has borrowed is found borrowed, and panics (rayon,
/// thread_local, Firefox's build).
///
/// _Here_: a worker helps only if none is free. With free workers, the inner task runs in one of
/// them.
#[test]
fn a_task_runs_in_a_free_worker_and_not_inside_the_one_that_waits_for_it() {
    watched(|_| {
        // A worker that has told a result is not free at once. On a busy machine several may be
        // at that point, but hardly all of these.
        let executor = leak(Executor::new(16));
        for round in 0..2_000 {
            let outer = executor.submit(|| {
                OF_THE_THREAD.with_borrow_mut(|mine| {
                    *mine += 1;
                    executor.submit(|| OF_THE_THREAD.with_borrow_mut(|its| *its += 1)).result()
                })
            });
            assert!(outer.result().unwrap().is_ok(), "in round {round}");
        }
    });
}

/// And an `RLock` does not let the inner task in as its owner: with a free worker it waits, as any
/// other thread would.
#[test]
fn a_task_does_not_enter_an_rlock_that_the_one_that_waits_for_it_holds() {
    watched(|_| {
        let executor = leak(Executor::new(16));
        let accounts = leak(RLock::new(RefCell::new((100, 0))));
        for _ in 0..50 {
            let outer = executor.submit(|| {
                let guard = accounts.lock();
                guard.borrow_mut().0 -= 30; // and 30 are on their way
                let sum = executor.submit(|| {
                    accounts.try_lock().map(|accounts| accounts.borrow().0 + accounts.borrow().1)
                });
                let seen = sum.result().unwrap();
                guard.borrow_mut().1 += 30;
                *guard.borrow_mut() = (100, 0);
                seen
            });
            assert_eq!(outer.result().unwrap(), None, "70 of 100 is what an owner would see");
        }
    });
}

/// A free worker gets the very task that is waited for, whatever is before it in the queue.
#[test]
fn the_task_that_is_waited_for_comes_before_all_others() {
    watched(|_| {
        let executor = leak(Executor::new(2));
        let gate = leak(Event::new());
        let outer = executor.submit(|| {
            let blocked = executor.submit(|| gate.wait());
            let wanted = executor.submit(|| primitives::threads::current().id());
            // One worker is free, and `blocked` is before `wanted`: whichever worker runs which,
            // this ends.
            let ran_by = wanted.result().unwrap();
            gate.set();
            blocked.result().unwrap();
            ran_by
        });
        outer.result().unwrap();
    });
}

/// _Elsewhere_: `as_completed` looked at all futures for each that ended (several pools).
///
/// _Here_: it looks at each task once, and sleeps while no task is over. With 20,000 tasks in one
/// worker.
#[test]
fn as_completed_takes_time_in_proportion_to_the_tasks() {
    watched(|_| {
        let executor = leak(Executor::new(1));
        let inside = executor.submit(|| {
            let tasks = (0..20_000_usize).map(|n| executor.submit(move || n));
            as_completed(tasks)
                .map(|(place, task)| (place == task.result().unwrap()) as usize)
                .sum()
        });
        let right: usize = inside.result().unwrap();
        assert_eq!(right, 20_000);
    });
}

/// The program's callbacks do not prevent the notification of `as_completed`.
#[test]
fn as_completed_does_not_wait_for_callbacks() {
    watched(|_| {
        let executor = Executor::new(1);
        let [go_on, gate] = [leak(Event::new()), leak(Event::new())];
        let task = executor.submit(|| {
            go_on.wait(); // of a task that is over, this thread would call the callback
            5
        });
        task.on_done(|| gate.wait());
        go_on.set();
        let (_, task) = as_completed([task]).next().unwrap();
        assert_eq!(task.result().unwrap(), 5);
        gate.set();
    });
}

/// _Elsewhere_: `map` of CPython's pools reads its whole input before it gives the first result;
/// with an endless input from a network that is never.
///
/// _Here_: a ready result is returned before a slow source is asked again.
#[test]
fn map_gives_a_result_that_is_there_before_it_asks_a_slow_source() {
    watched(|_| {
        let executor = leak(Executor::new(1));
        let taken = AtomicUsize::new(0);
        let source = (0..100).inspect(|_| {
            taken.fetch_add(1, SeqCst);
            thread::sleep(Duration::from_millis(1)); // slow
            executor.submit(|| ()).wait(); // and then whatever was submitted before is over
        });
        let mut map = executor.map(source, |n| n).in_flight(50);
        for asked in 0..5 {
            assert_eq!(map.next().unwrap().unwrap(), asked);
            // One ahead at most, because then the result was ready; none, if it was ready before.
            let taken = taken.load(SeqCst);
            assert!((asked + 1..=asked + 2).contains(&taken), "{taken} taken for {}", asked + 1);
        }
    });
}

/// A source that waits for the answers needs `in_flight(1)`.
#[test]
fn a_source_that_waits_for_the_previous_answer_is_served_one_at_a_time() {
    watched(|_| {
        let executor = Executor::new(2);
        let (answer, answers) = mpsc::channel();
        answer.send(1_u32).unwrap();
        let mut map = executor.map(answers, |n| n * 2).in_flight(1);
        for power in 1..=10 {
            let double = map.next().unwrap().unwrap();
            assert_eq!(double, 1 << power);
            answer.send(double).unwrap();
        }
    });
}

/// _Elsewhere_: a forked child has the pool without its threads. CPython's pools hang there, and so
/// do gRPC's and PyTorch's: at its end the child waits for threads of its parent.
///
/// _Here_: the child must not expect results, but it may drop the pool.
#[cfg(target_os = "linux")]
#[test]
fn a_child_of_a_fork_may_drop_its_parents_pools() {
    watched(|_| {
        let executor = Executor::new(2);
        let tasks = TaskQueue::new(2);
        executor.submit(|| ()).wait();
        tasks.join();
        // SAFETY: the child calls nothing but the drops that this is about, and leaves.
        let child = unsafe { libc::fork() };
        if child == 0 {
            crate::memory::IN_A_CHILD.store(true, SeqCst);
            // SAFETY: as above; the alarm ends a child that hangs.
            unsafe { libc::alarm(60) };
            let ended = catch_unwind(std::panic::AssertUnwindSafe(|| {
                executor.shutdown(Shutdown::WAIT | Shutdown::CANCEL_PENDING);
                drop(executor);
                drop(tasks);
            }));
            // SAFETY: as above.
            unsafe { libc::_exit(i32::from(ended.is_err())) }
        }
        let mut status = -1;
        // SAFETY: the child is ours, and the place is valid.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0, "the child was killed, or a drop in it panicked");
        assert_eq!(executor.submit(|| 5).result().unwrap(), 5, "the parent has it all");
    });
}

/// _Elsewhere_: an absurd capacity from a configuration file ended the process without an error
/// that a program could catch (several channels in Rust abort in the allocator).
///
/// _Here_: it panics, as documented.
#[test]
fn a_ring_that_does_not_fit_into_memory_panics_and_does_not_abort() {
    for capacity in [1_usize << 45, usize::MAX / 16, usize::MAX] {
        let panic = catch_unwind(|| Ring::<u64>::bounded(capacity)).err().unwrap();
        let text = panic.downcast::<String>().unwrap();
        assert!(text.contains("does not fit into memory"), "{text}");
    }
}
