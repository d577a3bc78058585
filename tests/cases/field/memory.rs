//! Memory that is freed.
//!
//! Live allocations are counted by size, and each case uses its own sizes, so the tests may run
//! side by side.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering::Relaxed};

use primitives::{Event, Lock};
use queues::{Executor, PriorityQueue, Queue, Stack};
use tests::leak;

/// The system's allocator, and a count of live allocations in each of a few size ranges.
///
/// It also asks each thread for its number, from the first allocation on, which comes before the
/// thread's own code. It also takes a lock, which the detector watches where it is on. _Elsewhere_:
/// such allocators and profilers ended threads before they began, or re-entered a lock that
/// allocates when it sleeps, or a checker of locks that allocates. _Here_: all tests of this
/// program pass nevertheless.
pub(crate) struct Counting;

static IN_THE_ALLOCATOR: Lock<u64> = Lock::new(0);

/// Set in a forked child, where a thread that does not exist may have taken the lock.
pub(crate) static IN_A_CHILD: AtomicBool = AtomicBool::new(false);

fn meddle() -> impl Sized {
    if IN_A_CHILD.load(Relaxed) {
        return None;
    }
    let mut last = IN_THE_ALLOCATOR.lock();
    *last = primitives::sync::thread::id();
    Some(last)
}

/// What is counted.
#[derive(Clone, Copy)]
enum Kind {
    Closure,
    Result,
    Store,
}

// Sizes that no other collection grows to.
const CLOSURE: usize = 5_001;
const RESULT: usize = 6_001;
const ITEM: usize = 24;

static LIVING: [AtomicIsize; 3] = [const { AtomicIsize::new(0) }; 3];

fn count(size: usize, change: isize) {
    let kind = if (CLOSURE..CLOSURE + 16).contains(&size) {
        Kind::Closure
    } else if size == RESULT {
        Kind::Result
    } else if size.is_multiple_of(ITEM) && (size / ITEM).is_power_of_two() && size > 1 << 20 {
        Kind::Store
    } else {
        return;
    };
    LIVING[kind as usize].fetch_add(change, Relaxed);
}

/// How many of them are live.
fn living(kind: Kind) -> isize {
    LIVING[kind as usize].load(Relaxed)
}

// SAFETY: the system's allocator does all that this one promises.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _meddling = meddle();
        // SAFETY: by the caller's promise.
        let place = unsafe { System.alloc(layout) };
        if !place.is_null() {
            count(layout.size(), 1);
        }
        place
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: by the caller's promise.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _meddling = meddle();
        // SAFETY: by the caller's promise.
        let new = unsafe { System.realloc(place, layout, size) };
        if !new.is_null() {
            count(layout.size(), -1);
            count(size, 1);
        }
        new
    }
}

const TASKS: usize = 500;

/// Keeps the worker until it is dropped, also by a failing test.
struct Gate(&'static Event);

impl Drop for Gate {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// An executor of one worker, which is busy until the gate is dropped.
fn busy() -> (Executor, Gate) {
    let (executor, gate) = (Executor::new(1), leak(Event::new()));
    executor.submit(|| gate.wait());
    (executor, Gate(gate))
}

/// _Elsewhere_: a future kept its callable and its arguments as long as it lived itself, so a
/// program that kept many finished or cancelled futures kept all their data (CPython, several
/// thread pools in Rust).
///
/// _Here_: a large closure is freed when it has run or was cancelled, even while handles and the
/// shell in the queue exist.
#[test]
fn a_closure_gives_its_bytes_back_when_it_has_run_or_was_cancelled() {
    let large = [7_u8; CLOSURE];
    let (executor, gate) = busy();
    let tasks: Vec<_> =
        (0..TASKS).map(|n| executor.submit(move || usize::from(large[n]))).collect();
    assert!(living(Kind::Closure) >= TASKS as isize, "the test counts what it means to count");
    for task in &tasks[TASKS / 2..] {
        assert!(task.cancel());
    }
    assert_eq!(living(Kind::Closure), TASKS as isize / 2, "cancelled ones, in the queue");
    drop(gate);
    tasks.iter().for_each(|task| task.wait());
    assert_eq!(living(Kind::Closure), 0, "those that have run, with their handles alive");
    assert!(tasks.into_iter().take(TASKS / 2).all(|task| task.result().unwrap() == 7));
}

/// The same for the place of a large result: a task that never ran needs none.
#[test]
fn a_cancelled_task_keeps_no_room_for_its_result() {
    let (executor, gate) = busy();
    let tasks: Vec<_> = (0..TASKS).map(|_| executor.submit(|| [1_u8; RESULT])).collect();
    assert!(tasks.iter().all(queues::Task::cancel));
    assert_eq!(living(Kind::Result), 0);
    let kept = executor.submit(|| [1_u8; RESULT]);
    drop(gate);
    kept.wait();
    assert_eq!(living(Kind::Result), 1, "of a task that has run, until a thread takes it");
    assert_eq!(kept.result().unwrap()[0], 1);
    assert_eq!(living(Kind::Result), 0);
}

/// _Elsewhere_: a queue that had once been long stayed large permanently, in one process for weeks
/// (several channels in Rust and Go; CPython's `deque` is made of blocks and gives them back).
///
/// _Here_: a store that is less than a quarter full frees half of its room.
#[test]
fn a_store_gives_its_memory_back_after_a_burst() {
    const BURST: u64 = 700_000;
    let (queue, stack, heap) = (Queue::unbounded(), Stack::unbounded(), PriorityQueue::unbounded());
    for number in 0..BURST {
        queue.put([number; 3]).unwrap();
        stack.put([number; 3]).unwrap();
        heap.put([number; 2]).unwrap(); // which adds a number of its own
    }
    assert_eq!(living(Kind::Store), 3, "the test counts what it means to count");
    for _ in 0..BURST - 10 {
        queue.get().unwrap();
        stack.get().unwrap();
        heap.get().unwrap();
    }
    assert_eq!(living(Kind::Store), 0);
    assert_eq!((queue.len(), stack.len(), heap.len()), (10, 10, 10));
    assert_eq!(queue.get(), Ok([BURST - 10; 3]));
    assert_eq!(stack.get(), Ok([9; 3]));
    assert_eq!(heap.get(), Ok([BURST - 10; 2]));
}
