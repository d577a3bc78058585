//! The pool: what it returns, and what it loses when a worker is killed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use processes::{
    PoolError, ProcessPool, SharedEvent, SharedMemory, SubmitError, Task, TaskError, function,
};

use crate::harness::{Test, tests};

pub(crate) const TESTS: &[Test] = tests!["pool":
    results_come_back_in_order,
    all_of_many_come_in_any_order,
    large_things_go_there_and_back,
    a_panic_is_the_tasks_alone,
    a_killed_worker_takes_its_begun_task_and_no_other,
    a_worker_that_exits_is_told_from_one_that_is_killed,
    what_is_queued_can_be_cancelled_and_what_is_begun_cannot,
    callbacks_and_progress_are_called,
    workers_are_replaced_after_so_many_calls,
    an_initializer_is_called_and_its_panic_breaks_the_pool,
    an_item_that_the_source_gave_before_its_panic_is_not_lost,
    a_pool_ends_in_all_ways,
    a_pool_of_none_is_refused,
    shared_things_are_arguments_too,
    an_idle_worker_takes_what_another_has_not_begun,
    threads_that_wait_get_each_their_own_result,
    a_thread_that_sleeps_is_told_by_others,
    a_pool_whose_workers_are_killed_at_random_answers_everything,
];

const LONG: Duration = Duration::from_secs(60);

function! {
    fn square(x: u64) -> u64 { x * x }

    fn add(a: u64, b: u64) -> u64 { a + b }

    fn nap(milliseconds: u64) -> u64 {
        thread::sleep(Duration::from_millis(milliseconds));
        milliseconds
    }

    fn turn(text: String) -> String { text.chars().rev().collect() }

    fn fail_on_three(x: u64) -> u64 {
        assert_ne!(x, 3, "three is too much");
        x
    }

    fn die_on_three(x: u64) -> u64 {
        if x == 3 {
            // SAFETY: numbers.
            unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
        }
        x
    }

    fn exit_with(status: i32) { std::process::exit(status) }

    fn pid() -> u32 { std::process::id() }

    fn wait_for(begun: SharedEvent, go: SharedEvent) -> u32 {
        begun.set();
        go.wait();
        std::process::id()
    }

    fn count_start(counter: SharedMemory) -> u64 { counter.atomic(0).fetch_add(1, SeqCst) }

    fn set_variable(value: u64) { VARIABLE.store(value as usize, SeqCst); }

    fn get_variable() -> usize { VARIABLE.load(SeqCst) }

    fn refuse_to_work(why: String) { panic!("{why}") }
}

static VARIABLE: AtomicUsize = AtomicUsize::new(0);

fn two() -> ProcessPool {
    ProcessPool::new(2).expect("it starts")
}

pub(crate) fn results_come_back_in_order() {
    let pool = two();
    assert_eq!(pool.apply(square, (7,)), Ok(49));
    let squares = pool.map(square, 0..20_000).expect("none fails");
    assert!(squares.iter().enumerate().all(|(x, &found)| found == (x * x) as u64));
    assert_eq!(pool.starmap(add, (0..100).map(|x| (x, x))).expect("none fails")[99], 198);
    let firsts: Vec<_> = pool.imap(square, 0u64..).take(5).collect();
    assert_eq!(firsts, [Ok(0), Ok(1), Ok(4), Ok(9), Ok(16)]);
    assert_eq!(pool.map(square, []).as_deref(), Ok(&[][..]));
    let tasks: Vec<Task<u64>> =
        (0..500).map(|x| pool.submit(square, (x,)).expect("open")).collect();
    let sum: u64 = tasks.into_iter().map(|task| task.result().expect("it does not fail")).sum();
    assert_eq!(sum, (0..500).map(|x| x * x).sum());
}

pub(crate) fn all_of_many_come_in_any_order() {
    let pool = two();
    let naps = [60, 0, 0, 0, 0, 0];
    let mut came: Vec<_> =
        pool.imap_unordered(nap, naps).map(|slept| slept.expect("none fails")).collect();
    assert_eq!(came.last(), Some(&60), "the long one does not keep the others");
    came.sort_unstable();
    assert_eq!(came, [0, 0, 0, 0, 0, 60]);
}

pub(crate) fn large_things_go_there_and_back() {
    let pool = two();
    let texts: Vec<_> =
        [0, 10, 32_767, 32_768, 300_000, 3_000_000].map(|len| "ab".repeat(len)).into();
    let turned = pool.map(turn, texts.clone()).expect("none fails");
    for (text, turned) in texts.iter().zip(&turned) {
        assert_eq!((text.len(), turned.starts_with("ba")), (turned.len(), !text.is_empty()));
    }
    let many: Vec<_> = (0..400).map(|_| "x".repeat(30_000)).collect();
    assert_eq!(pool.map(turn, many.clone()).expect("none fails"), many);
}

pub(crate) fn a_panic_is_the_tasks_alone() {
    let pool = two();
    let results: Vec<_> = pool.imap(fail_on_three, 0..6).collect();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 5);
    let Err(TaskError::Panicked { message, location, .. }) = &results[3] else {
        panic!("{results:?}")
    };
    assert!(message.contains("three is too much"), "{message}");
    assert!(location.as_deref().is_some_and(|place| place.contains("pool.rs:")), "{location:?}");
    assert!(matches!(pool.map(fail_on_three, 0..6), Err(TaskError::Panicked { .. })));
    assert_eq!(pool.apply(square, (2,)), Ok(4));
}

pub(crate) fn a_killed_worker_takes_its_begun_task_and_no_other() {
    let pool = two();
    for _ in 0..20 {
        let results: Vec<_> = pool.imap(die_on_three, 0..200).collect();
        for (x, result) in results.iter().enumerate() {
            let expected =
                if x == 3 { Err(TaskError::WorkerDied { signal: 9 }) } else { Ok(x as u64) };
            assert_eq!(*result, expected);
        }
    }
}

pub(crate) fn a_worker_that_exits_is_told_from_one_that_is_killed() {
    let pool = ProcessPool::new(1).expect("it starts");
    assert_eq!(pool.apply(exit_with, (3,)), Err(TaskError::WorkerExited { status: 3 }));
    assert_eq!(pool.apply(square, (2,)), Ok(4));
}

pub(crate) fn what_is_queued_can_be_cancelled_and_what_is_begun_cannot() {
    let pool = ProcessPool::new(1).expect("it starts");
    let [begun, go] = [(); 2].map(|()| SharedEvent::new().expect("there is memory"));
    let running = pool.submit(wait_for, (begun.clone(), go.clone())).expect("open");
    let queued: Vec<_> = (0..300).map(|x| pool.submit(square, (x,)).expect("open")).collect();
    assert!(begun.wait_timeout(LONG));
    assert!(running.is_running() && !running.is_done() && !running.cancel());
    for task in &queued {
        assert!(!task.is_running());
        assert!(task.cancel() && task.cancel() && task.is_done());
    }
    assert!(!running.wait_timeout(Duration::from_millis(5)));
    go.set();
    assert!(running.result().is_ok());
    assert!(queued.into_iter().all(|task| task.result() == Err(TaskError::Cancelled)));
    assert_eq!(pool.apply(square, (2,)), Ok(4));
}

pub(crate) fn callbacks_and_progress_are_called() {
    let last = Arc::new(AtomicUsize::new(0));
    let noted = Arc::clone(&last);
    let pool = ProcessPool::builder()
        .workers(2)
        .progress(move |done, submitted| {
            assert!(done <= submitted);
            noted.fetch_max(done, SeqCst);
        })
        .start()
        .expect("it starts");
    let sum = Arc::new(AtomicUsize::new(0));
    for x in 0..100 {
        let sum = Arc::clone(&sum);
        let task = pool.submit(square, (x,)).expect("open");
        task.on_done(move |result| {
            _ = sum.fetch_add(result.expect("it does not fail") as usize, SeqCst)
        });
    }
    pool.submit(square, (1,)).expect("open").on_done(|_| panic!("in a callback, on purpose"));
    pool.shutdown();
    assert_eq!(sum.load(SeqCst), (0..100).map(|x| x * x).sum());
    assert_eq!(last.load(SeqCst), 101);
}

pub(crate) fn workers_are_replaced_after_so_many_calls() {
    let pool = ProcessPool::builder().workers(2).max_tasks_per_child(3).start().expect("it starts");
    let pids: Vec<_> = (0..30).map(|_| pool.submit(pid, ()).expect("open")).collect();
    let mut pids: Vec<_> =
        pids.into_iter().map(|task| task.result().expect("it does not fail")).collect();
    pids.sort_unstable();
    assert!(pids.chunk_by(|a, b| a == b).all(|one| one.len() <= 3), "{pids:?}");
}

pub(crate) fn an_initializer_is_called_and_its_panic_breaks_the_pool() {
    let pool = ProcessPool::builder()
        .workers(2)
        .initializer(set_variable, (5,))
        .start()
        .expect("it starts");
    assert_eq!(pool.apply(get_variable, ()), Ok(5));
    let pool = ProcessPool::builder()
        .workers(2)
        .initializer(refuse_to_work, ("not today".to_owned(),))
        .start()
        .expect("it starts");
    let why = match pool.apply(square, (2,)) {
        Err(TaskError::Broken(why)) => why,
        other => panic!("{other:?}"),
    };
    assert!(why.contains("not today"), "{why}");
    assert!(matches!(pool.submit(square, (2,)), Err(SubmitError::Broken(_))));
}

pub(crate) fn an_item_that_the_source_gave_before_its_panic_is_not_lost() {
    let pool = two();
    let source = (0..10).map(|x| if x == 7 { panic!("the source ends, on purpose") } else { x });
    let mut results = pool.imap(square, source);
    for x in 0..7 {
        assert_eq!(results.next(), Some(Ok(x * x)));
    }
    assert!(catch_unwind(AssertUnwindSafe(|| results.next())).is_err());
    assert_eq!(results.next(), None);
}

pub(crate) fn a_pool_ends_in_all_ways() {
    let pool = two();
    let tasks: Vec<_> = (0..50).map(|_| pool.submit(nap, (1,)).expect("open")).collect();
    pool.shutdown();
    assert!(tasks.into_iter().all(|task| task.result() == Ok(1)));
    assert!(matches!(pool.submit(square, (1,)), Err(SubmitError::Closed)));
    assert_eq!(pool.apply(square, (1,)), Err(TaskError::Cancelled));
    assert!(pool.pids().is_empty());
    pool.shutdown();

    let pool = two();
    let slow = pool.submit(nap, (60_000,)).expect("open");
    assert!(!pool.shutdown_timeout(Duration::from_millis(5)));
    pool.terminate();
    assert_eq!(slow.result(), Err(TaskError::Cancelled));

    let pool = two();
    let task = pool.submit(nap, (20,)).expect("open");
    drop(pool);
    assert_eq!(task.result(), Ok(20), "to drop it is to shut it down");
}

pub(crate) fn a_pool_of_none_is_refused() {
    let error = ProcessPool::new(0).expect_err("it would do nothing");
    assert!(matches!(error, PoolError::NoWorkers));
    assert_eq!(error.to_string(), "a pool of 0 workers: at least 1 is needed");
}

pub(crate) fn shared_things_are_arguments_too() {
    let pool = two();
    let counter = SharedMemory::new(8).expect("there is memory");
    let tasks: Vec<_> =
        (0..300).map(|_| pool.submit(count_start, (counter.clone(),)).expect("open")).collect();
    let mut counts: Vec<_> =
        tasks.into_iter().map(|task| task.result().expect("it does not fail")).collect();
    counts.sort_unstable();
    assert_eq!(counts, (0..300).collect::<Vec<_>>());
}

pub(crate) fn an_idle_worker_takes_what_another_has_not_begun() {
    let pool = two();
    // Quick calls, so that the pool sends many ahead; then one that blocks the calls behind it.
    pool.map(square, 0..2000).expect("none fails");
    let [begun, go] = [(); 2].map(|()| SharedEvent::new().expect("there is memory"));
    let blocked = pool.submit(wait_for, (begun.clone(), go.clone())).expect("open");
    let others: Vec<_> = (0..200).map(|x| pool.submit(square, (x,)).expect("open")).collect();
    assert!(begun.wait_timeout(LONG));
    for task in others {
        assert!(task.wait_timeout(LONG));
    }
    assert!(!blocked.is_done());
    go.set();
    assert!(blocked.result().is_ok());
}

pub(crate) fn threads_that_wait_get_each_their_own_result() {
    let pool = two();
    thread::scope(|s| {
        for thread in 0..4 {
            let pool = &pool;
            s.spawn(move || {
                for x in (0..400).map(|n| n * 4 + thread) {
                    assert_eq!(pool.apply(square, (x,)), Ok(x * x));
                    // So long that all who wait fall asleep.
                    if x % 40 == 0 {
                        assert_eq!(pool.apply(nap, (1,)), Ok(1));
                    }
                }
            });
        }
    });
}

pub(crate) fn a_thread_that_sleeps_is_told_by_others() {
    let pool = ProcessPool::new(1).expect("it starts");
    let [begun, go] = [(); 2].map(|()| SharedEvent::new().expect("memory"));
    let first = pool.submit(wait_for, (begun.clone(), go.clone())).expect("open");
    let second = pool.submit(square, (2,)).expect("open");
    begun.wait();
    assert!(!first.wait_timeout(Duration::from_millis(5)), "nothing lets it go");
    thread::scope(|s| {
        let waits = s.spawn(|| second.wait());
        assert!(second.cancel(), "it has not begun");
        waits.join().expect("it is woken");
        let waits = s.spawn(|| first.wait_timeout(LONG));
        go.set();
        assert!(waits.join().expect("it does not panic"));
    });
    assert_eq!(second.result(), Err(TaskError::Cancelled));
    // Killed while the caller sleeps for its answer.
    assert_eq!(pool.apply(die_on_three, (3,)), Err(TaskError::WorkerDied { signal: 9 }));
    assert_eq!(pool.apply(square, (3,)), Ok(9));
}

pub(crate) fn a_pool_whose_workers_are_killed_at_random_answers_everything() {
    let kills = crate::kills() / 10;
    let pool = two();
    let mut random = crate::Random::new();
    let (mut died, mut killed) = (0, 0);
    while killed < kills {
        let tasks: Vec<_> = (0..200).map(|x| pool.submit(square, (x,)).expect("open")).collect();
        for _ in 0..5 {
            random.pause();
            if let Some(&worker) = pool.pids().first() {
                // SAFETY: a worker of the pool, or one that has just ended and was replaced; the
                // pid is not reused so soon.
                unsafe { libc::kill(worker.cast_signed(), libc::SIGKILL) };
                killed += 1;
            }
        }
        for (x, task) in tasks.into_iter().enumerate() {
            match task.result() {
                Ok(found) => assert_eq!(found, (x * x) as u64),
                Err(TaskError::WorkerDied { signal: 9 }) => died += 1,
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(died <= killed, "{died} tasks died with {killed} workers");
    assert_eq!(pool.map(square, 0..100).map(|squares| squares.len()), Ok(100));
}
