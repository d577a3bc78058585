//! Destructors of thread-locals: what may be called in one.
//!
//! The table that these hold is in `primitives::park`.

use std::cell::RefCell;
use std::time::Duration;

use primitives::raw::RawRLock;
use primitives::{
    Barrier, Condition, Event, Latch, Lock, Once, RLock, RwLock, Semaphore, Timer, Timers, sync,
    threads,
};
use queues::{Executor, Queue, Ring};
use tests::{leak, watched};

const SHORT: Duration = Duration::from_millis(5);

/// Calls a closure when it is destroyed.
struct AtTheEnd(Option<Box<dyn FnOnce()>>);

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        if let Some(call) = self.0.take() {
            call();
        }
    }
}

thread_local! {
    static AT_THE_END: RefCell<AtTheEnd> = const { RefCell::new(AtTheEnd(None)) };
}

/// Two threads that need each other, one of which is ending.
struct Pair {
    lock: Lock<u32>,
    changed: Condition,
    there: Barrier,
    seats: Semaphore,
    gate: Event,
    queue: Queue<u32>,
    ring: Ring<u32>,
    latch: Latch,
}

impl Pair {
    /// What the other one does.
    fn serve(&self) {
        let held = self.lock.lock();
        self.there.wait().unwrap(); // now the ending one wants the lock
        threads::yield_now();
        drop(held);
        let mut lock = self.lock.lock();
        self.changed.wait_while(&mut lock, |lock| *lock == 0);
        *lock += 1;
        drop(lock);
        self.changed.notify_all();
        self.seats.release(1);
        self.gate.set();
        self.latch.count_down();
        self.queue.put(self.ring.get().unwrap()).unwrap();
    }

    /// What the ending one does.
    fn end(&self) {
        self.there.wait().unwrap();
        let mut lock = self.lock.lock();
        *lock = 1;
        self.changed.notify_all();
        self.changed.wait_while(&mut lock, |lock| *lock == 1);
        drop(lock);
        self.seats.acquire().forget();
        self.gate.wait();
        self.latch.wait();
        self.ring.put(6).unwrap();
        assert_eq!(self.queue.get().unwrap(), 6);
    }
}

/// _Elsewhere_: std's `thread::current` panicked in a destructor for years, and so did channels and
/// locks with their own thread-local. CPython's locks abort in a thread that ends too late.
///
/// _Here_: no lock uses a thread-local with a destructor, so all of them work to the end.
#[test]
fn a_destructor_of_a_thread_local_may_do_all_that_its_thread_may() {
    watched(|test| {
        for ours in [true, false] {
            let pair: &Pair = leak(Pair {
                lock: Lock::new(0),
                changed: Condition::new(),
                there: Barrier::new(2),
                seats: Semaphore::new(0),
                gate: Event::new(),
                queue: Queue::bounded(1),
                ring: Ring::bounded(1),
                latch: Latch::new(1),
            });
            let well: &Event = leak(Event::new());
            let other = test.crew(1, |_| pair.serve());
            let body = move || {
                let me = sync::thread::id();
                let ends = move || {
                    pair.end();
                    assert_eq!(sync::thread::id(), me, "the same number to the last");
                    assert_eq!(threads::current().id(), me);
                    assert!(threads::enumerate().iter().all(|other| other.id() != me));

                    let (rlock, raw, rw) = (RLock::new(1), RawRLock::new(), RwLock::new(2));
                    assert_eq!(*rlock.lock() + *rlock.lock(), 2);
                    raw.acquire();
                    raw.acquire();
                    assert_eq!(raw.recursion_count(), 2);
                    assert_eq!(*rw.read(), 2);
                    *rw.write() += 1;
                    let once = Once::new();
                    once.call_once(|| ());
                    assert!(once.is_completed());

                    assert_eq!(threads::spawn(|| 3).join().unwrap(), 3);
                    let timer = Timer::new(SHORT, || ());
                    timer.start().unwrap();
                    timer.join().unwrap();
                    let (timers, fired) = (Timers::new(), leak(Event::new()));
                    timers.after(SHORT, || fired.set());
                    fired.wait();
                    assert_eq!(timers.shutdown(), 0);
                    assert_eq!(Executor::new(1).submit(|| 4).result().unwrap(), 4);
                    well.set();
                };
                // Before all else, so that it is destroyed after all else that this thread makes.
                AT_THE_END.with_borrow_mut(|end| end.0 = Some(Box::new(ends)));
                let _all = (threads::current(), leak(Lock::new(0)).lock());
            };
            if ours {
                threads::spawn(body).join().unwrap();
            } else {
                std::thread::spawn(body).join().unwrap();
            }
            assert!(well.is_set(), "the destructor panicked");
            other.join();
        }
    });
}
