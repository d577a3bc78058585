//! Thousands of SIGKILLs at random moments: nothing hangs, and only what the rules allow is lost.

use std::fs;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use processes::{
    Encoded, OwnerDied, Process, SharedBarrier, SharedCondition, SharedEvent, SharedLock,
    SharedMemory, SharedQueue, SharedSemaphore, function,
};

use crate::harness::{Test, tests};
use crate::{Random, kills};

pub(crate) const TESTS: &[Test] = tests!["chaos":
    a_lock_whose_owners_are_killed_is_never_lost,
    a_queue_whose_users_are_killed_goes_on,
    a_queue_of_encoded_items_whose_users_are_killed_goes_on,
    permits_events_conditions_and_barriers_outlive_their_users,
    nothing_is_left_behind,
];

const LONG: Duration = Duration::from_secs(60);

function! {
    /// Keeps two words of the value equal, except for a moment.
    fn lock_for_ever(lock: SharedLock<[u64; 2]>) {
        loop {
            let mut guard = lock.lock().unwrap_or_else(|OwnerDied(mut guard)| {
                guard[1] = guard[0];
                guard.repair();
                guard
            });
            assert_eq!(guard[0], guard[1], "one that is killed is always told");
            guard[0] += 1;
            guard[1] += 1;
        }
    }

    fn put_for_ever(queue: SharedQueue<[u64; 8]>, putter: u64) {
        for number in 0.. {
            queue.put([putter, number, 0, 0, 0, 0, 0, putter ^ number]).expect("it stays open");
        }
    }

    fn get_for_ever(queue: SharedQueue<[u64; 8]>, counts: SharedMemory) {
        for [putter, number, .., sum] in queue.iter() {
            assert_eq!(putter ^ number, sum, "no torn item");
            counts.atomic(0).fetch_add(1, SeqCst);
            queue.task_done().expect("it was got");
        }
    }

    fn put_texts_for_ever(queue: SharedQueue<(u64, String), Encoded>, putter: u64) {
        for number in putter.. {
            queue.put((number, text(number))).expect("it stays open");
        }
    }

    fn get_texts_for_ever(queue: SharedQueue<(u64, String), Encoded>, counts: SharedMemory) {
        for item in queue.iter() {
            let (number, found) = item.expect("whole");
            assert!(number == ALL || found == text(number), "no torn item");
            counts.atomic(0).fetch_add(1, SeqCst);
            queue.task_done().expect("it was got");
        }
    }

    fn use_all(
        seats: SharedSemaphore,
        inside: SharedMemory,
        lock: SharedLock<u64>,
        changed: SharedCondition,
        event: SharedEvent,
    ) {
        loop {
            let _seat = seats.acquire();
            inside.atomic(0).fetch_add(1, SeqCst);
            let mut guard = lock.lock().unwrap_or_else(|died| died.repair());
            *guard += 1;
            changed.notify_one();
            if changed.wait_timeout(&mut guard, Duration::from_micros(200)).is_err() {
                guard.repair();
            }
            drop(guard);
            event.set();
            let _ = event.wait_timeout(Duration::from_micros(200));
            event.clear();
        }
    }

    fn meet(barrier: SharedBarrier) {
        while barrier.wait().is_ok() {}
    }
}

/// The number of an item that takes all room.
const ALL: u64 = u64::MAX;

/// Of any length, and known by its number.
fn text(number: u64) -> String {
    number.to_string().repeat((number * 31 % 100) as usize)
}

fn started(process: Process) -> Process {
    process.start().expect("it can be started");
    process
}

/// Kills a process that was started, and starts another.
fn replace(process: &mut Process, by: Process) {
    let killed = std::mem::replace(process, started(by));
    killed.kill();
    assert!(killed.join_timeout(LONG));
    assert_eq!(
        killed.exit_status().map(|status| std::os::unix::process::ExitStatusExt::signal(&status)),
        Some(Some(9))
    );
}

pub(crate) fn a_lock_whose_owners_are_killed_is_never_lost() {
    let lock = SharedLock::new([0u64; 2]).expect("there is memory");
    let start = || Process::new(lock_for_ever, (lock.clone(),));
    let mut users: Vec<_> = (0..3).map(|_| started(start())).collect();
    let mut random = Random::new();
    let (mut last, mut damaged) = (0, 0);
    for round in 0..kills() * 4 / 10 {
        random.pause();
        replace(&mut users[round % 3], start());
        let guard = match lock.lock_timeout(LONG) {
            Ok(guard) => guard,
            Err(processes::LockTimeoutError::OwnerDied(OwnerDied(mut guard))) => {
                damaged += 1;
                assert!(guard[0] == guard[1] || guard[0] == guard[1] + 1);
                guard[1] = guard[0];
                guard.repair();
                guard
            }
            Err(error) => panic!("{error}"),
        };
        assert!(guard[0] >= last && guard[0] == guard[1]);
        last = guard[0];
    }
    println!(
        "  {damaged} owners were killed where this process noticed, and {last} sections were run"
    );
    users.iter().for_each(Process::kill);
}

pub(crate) fn a_queue_whose_users_are_killed_goes_on() {
    let queue = SharedQueue::bounded(16).expect("there is memory");
    let counts = SharedMemory::new(8).expect("there is memory");
    let putter = |number| Process::new(put_for_ever, (queue.clone(), number));
    let getter = || Process::new(get_for_ever, (queue.clone(), counts.clone()));
    let getters = kill_users(putter, getter, &counts);
    assert!(queue.join_timeout(LONG), "what the dead had got is done: {queue:?}");
    queue.shutdown();
    for getter in getters {
        assert_eq!(getter.join(), Ok(()));
    }
}

pub(crate) fn a_queue_of_encoded_items_whose_users_are_killed_goes_on() {
    // Room for a few items, so that puts wait for it.
    let queue = SharedQueue::encoded_with_room(16, 4096).expect("there is memory");
    let counts = SharedMemory::new(8).expect("there is memory");
    let putter = |number| Process::new(put_texts_for_ever, (queue.clone(), number));
    let getter = || Process::new(get_texts_for_ever, (queue.clone(), counts.clone()));
    let getters = kill_users(putter, getter, &counts);
    assert!(queue.join_timeout(LONG), "what the dead had got is done: {queue:?}");
    let all = "x".repeat(queue.room() - 12);
    queue.put_timeout((ALL, all), LONG).expect("the dead have kept no room");
    queue.shutdown();
    for getter in getters {
        assert_eq!(getter.join(), Ok(()));
    }
}

/// Kills putters and getters, one after the other. Returns the last getters.
fn kill_users(
    putter: impl Fn(u64) -> Process,
    getter: impl Fn() -> Process,
    counts: &SharedMemory,
) -> Vec<Process> {
    let mut users: Vec<_> = (0..2).map(|number| started(putter(number))).collect();
    users.extend((0..2).map(|_| started(getter())));
    let mut random = Random::new();
    for round in 0..kills() * 2 / 10 {
        random.pause();
        let number = round % 4;
        replace(&mut users[number], if number < 2 { putter(round as u64) } else { getter() });
        // One more passes, wherever others were killed.
        let before = counts.atomic(0).load(SeqCst);
        while counts.atomic(0).load(SeqCst) == before {
            thread::yield_now();
        }
    }
    users[..2].iter().for_each(Process::kill);
    for putter in &users[..2] {
        assert!(putter.join_timeout(LONG));
    }
    users.split_off(2)
}

pub(crate) fn permits_events_conditions_and_barriers_outlive_their_users() {
    let seats = SharedSemaphore::new(2).expect("there is memory");
    let inside = SharedMemory::new(8).expect("there is memory");
    let lock = SharedLock::new(0u64).expect("there is memory");
    let changed = SharedCondition::new().expect("there is memory");
    let event = SharedEvent::new().expect("there is memory");
    let start = || {
        let arguments =
            (seats.clone(), inside.clone(), lock.clone(), changed.clone(), event.clone());
        Process::new(use_all, arguments)
    };
    let mut users: Vec<_> = (0..3).map(|_| started(start())).collect();
    let mut random = Random::new();
    for round in 0..kills() / 10 {
        random.pause();
        replace(&mut users[round % 3], start());
        // A place becomes free for one more.
        let before = inside.atomic(0).load(SeqCst);
        while inside.atomic(0).load(SeqCst) == before {
            thread::yield_now();
        }
    }
    users.iter().for_each(Process::kill);
    for user in &users {
        assert!(user.join_timeout(LONG));
    }
    let all = [seats.acquire_timeout(LONG), seats.acquire_timeout(LONG)];
    assert!(all.iter().all(Option::is_some) && seats.try_acquire().is_none());

    let barrier = SharedBarrier::new(3).expect("there is memory");
    for _ in 0..kills() / 100 {
        let users: Vec<_> =
            (0..2).map(|_| started(Process::new(meet, (barrier.clone(),)))).collect();
        assert!(barrier.wait_timeout(LONG).is_ok());
        random.pause();
        users[0].kill();
        while barrier.wait_timeout(LONG).is_ok() {}
        assert!(barrier.is_broken());
        for user in &users {
            assert!(user.join_timeout(LONG), "the other one is told");
        }
        barrier.reset();
    }
}

/// After all the others: what this process leaves behind.
pub(crate) fn nothing_is_left_behind() {
    let me = std::process::id();
    let children =
        || fs::read_to_string(format!("/proc/{me}/task/{me}/children")).unwrap_or_default();
    let all_children = || {
        let tasks = fs::read_dir(format!("/proc/{me}/task")).expect("it is there");
        let of = |task: fs::DirEntry| {
            fs::read_to_string(task.path().join("children")).unwrap_or_default()
        };
        tasks.flatten().map(of).collect::<String>()
    };
    // Killed processes that were not waited for are still ending.
    while !all_children().trim().is_empty() {
        thread::yield_now();
    }
    assert_eq!(children().trim(), "", "no zombie, and no orphan");
    let memories = || {
        let fds = fs::read_dir("/proc/self/fd").expect("it is there");
        let is_ours = |fd: &fs::DirEntry| {
            fs::read_link(fd.path())
                .is_ok_and(|link| link.to_string_lossy().contains("memfd:locksmith"))
        };
        fds.flatten().filter(is_ours).count()
    };
    assert_eq!(memories(), 0, "no memory that is still open");
}
