//! When the system has nothing left, or interrupts: one clear error, or none at all.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::thread::JoinHandleExt;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use processes::{
    Encoded, Process, ProcessPool, SharedBarrier, SharedCondition, SharedEvent, SharedLock,
    SharedQueue, SharedSemaphore, function,
};

use crate::harness::{Test, tests};

pub(crate) const TESTS: &[Test] = tests!["scarce":
    without_file_descriptors_it_does_not_start,
    without_processes_left_it_does_not_start_and_the_next_one_does,
    a_full_dev_shm_takes_nothing_away,
    signals_interrupt_no_wait,
];

const LONG: Duration = Duration::from_secs(60);

function! {
    fn own_pid() -> u32 { std::process::id() }

    fn start_without_descriptors() -> String {
        let limit = set_limit(libc::RLIMIT_NOFILE, 8);
        let process = Process::new(own_pid, ());
        let error = process.start().expect_err("a socket needs two");
        set_limit(libc::RLIMIT_NOFILE, limit);
        error.to_string()
    }

    fn start_without_processes() -> (String, String, bool) {
        // The thread that starts processes is there afterwards.
        let first = Process::new(own_pid, ());
        first.start().expect("there are enough");
        first.join().expect("it returns");
        // The limit is of a user, and none for root.
        // SAFETY: numbers.
        unsafe { libc::setresuid(65_534, 65_534, 0) };
        let limit = set_limit(libc::RLIMIT_NPROC, 0);
        let error = Process::new(own_pid, ()).start().expect_err("none is left").to_string();
        let pool = ProcessPool::new(2).expect_err("none is left").to_string();
        set_limit(libc::RLIMIT_NPROC, limit);
        // SAFETY: numbers.
        unsafe { libc::setresuid(0, 0, 0) };
        let last = Process::new(own_pid, ());
        (error, pool, last.start().is_ok() && last.join().is_ok())
    }

    fn use_all_with_a_full_dev_shm() -> Result<(), String> {
        fill_dev_shm().map_err(|error| error.to_string())?;
        let texts: SharedQueue<String, Encoded> =
            SharedQueue::encoded(4).map_err(|error| error.to_string())?;
        texts.put("x".repeat(100_000)).map_err(|error| error.to_string())?;
        let text = texts.get().map_err(|error| error.to_string())?;
        let lock = SharedLock::new(text.len() as u64).map_err(|error| error.to_string())?;
        assert_eq!(*lock.lock().expect("no owner has died"), 100_000);
        let pool = ProcessPool::new(1).map_err(|error| error.to_string())?;
        pool.apply(own_pid, ()).map_err(|error| error.to_string()).map(drop)
    }
}

/// Sets a limit of this process; returns the old one.
fn set_limit(of: libc::__rlimit_resource_t, limit: u64) -> u64 {
    let mut found = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a place for the limit.
    unsafe {
        libc::getrlimit(of, &raw mut found);
        let before = found.rlim_cur;
        found.rlim_cur = limit;
        libc::setrlimit(of, &raw const found);
        before
    }
}

/// Gives this thread a `/dev/shm` of its own, of one page, and fills it.
fn fill_dev_shm() -> io::Result<()> {
    let ok = |result: libc::c_int| {
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    };
    let (nothing, shm, tmpfs) = (c"none".as_ptr(), c"/dev/shm".as_ptr(), c"tmpfs".as_ptr());
    let (private, size) = (libc::MS_REC | libc::MS_PRIVATE, c"size=4096".as_ptr().cast());
    // SAFETY: numbers, and texts that end with a zero byte or are null.
    unsafe {
        ok(libc::unshare(libc::CLONE_NEWNS))?;
        let none: *const libc::c_void = std::ptr::null();
        ok(libc::mount(nothing, c"/".as_ptr(), none.cast(), private, none))?;
        ok(libc::mount(nothing, shm, tmpfs, 0, size))?;
    }
    let error = File::create("/dev/shm/full")?.write_all(&[1; 8192]);
    match error {
        Err(error) if error.raw_os_error() == Some(libc::ENOSPC) => Ok(()),
        other => Err(io::Error::other(format!("it is not full: {other:?}"))),
    }
}

fn run<R: serde::de::DeserializeOwned>(process: Process<R>) -> R {
    process.start().expect("it can be started");
    process.join().expect("it returns")
}

pub(crate) fn without_file_descriptors_it_does_not_start() {
    let error = run(Process::new(start_without_descriptors, ()));
    assert!(error.contains("cannot start a process"), "{error}");
}

pub(crate) fn without_processes_left_it_does_not_start_and_the_next_one_does() {
    let (process, pool, last) = run(Process::new(start_without_processes, ()));
    assert!(process.contains("cannot start a process"), "{process}");
    assert!(pool.contains("cannot start a process"), "{pool}");
    assert!(last, "with the limit lifted the next one starts");
}

pub(crate) fn a_full_dev_shm_takes_nothing_away() {
    // SAFETY: no arguments.
    if unsafe { libc::geteuid() } != 0 {
        println!("  skipped: only root can give itself a /dev/shm that is full");
        return;
    }
    assert_eq!(run(Process::new(use_all_with_a_full_dev_shm, ())), Ok(()));
}

static SIGNALS: AtomicUsize = AtomicUsize::new(0);

/// Sends a signal to a thread again and again, and between two signals looks whether it has ended.
fn interrupted<R: Send + 'static>(
    wait: impl FnOnce() -> R + Send + 'static,
    end: impl FnOnce(),
) -> R {
    extern "C" fn count(_: libc::c_int) {
        SIGNALS.fetch_add(1, SeqCst);
    }
    // SAFETY: a handler that adds to a number; without SA_RESTART, so that calls are interrupted.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = count as *const () as usize;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()), 0);
    }
    let waiter = thread::spawn(wait);
    for _ in 0..50 {
        let before = SIGNALS.load(SeqCst);
        assert!(!waiter.is_finished(), "a signal is no reason to give up");
        // SAFETY: the thread was not joined yet.
        unsafe { libc::pthread_kill(waiter.as_pthread_t(), libc::SIGUSR1) };
        while SIGNALS.load(SeqCst) == before {
            thread::yield_now();
        }
    }
    assert!(!waiter.is_finished(), "a signal is no reason to give up");
    end();
    waiter.join().expect("it ends")
}

pub(crate) fn signals_interrupt_no_wait() {
    let queue = SharedQueue::<u64>::bounded(1).expect("there is memory");
    let theirs = queue.clone();
    let got = interrupted(move || theirs.get_timeout(LONG), || queue.put(1).expect("open"));
    assert_eq!(got, Ok(1));

    let texts: SharedQueue<String, Encoded> = SharedQueue::encoded(1).expect("there is memory");
    texts.put("first".to_owned()).expect("open");
    let theirs = texts.clone();
    let put = move || theirs.put_timeout("second".to_owned(), LONG).is_ok();
    assert!(interrupted(put, || drop(texts.get())));

    let lock = SharedLock::new(0u64).expect("there is memory");
    let theirs = lock.clone();
    let guard = lock.lock().expect("no owner has died");
    assert!(interrupted(move || theirs.lock_timeout(LONG).is_ok(), || drop(guard)));

    let seats = SharedSemaphore::new(1).expect("there is memory");
    let theirs = seats.clone();
    let seat = seats.acquire();
    assert!(interrupted(move || theirs.acquire_timeout(LONG).is_some(), || drop(seat)));

    let event = SharedEvent::new().expect("there is memory");
    let theirs = event.clone();
    assert!(interrupted(move || theirs.wait_timeout(LONG), || event.set()));

    let barrier = SharedBarrier::new(2).expect("there is memory");
    let theirs = barrier.clone();
    let met = interrupted(move || theirs.wait_timeout(LONG).is_ok(), || _ = barrier.wait());
    assert!(met);

    let (theirs, ours) = processes::pipe::<u64, u64>().expect("there is memory");
    assert_eq!(interrupted(move || theirs.recv().ok(), || ours.send(&7).expect("open")), Some(7));

    // A condition may wake up spuriously, and its caller asks again; its time is not up early.
    let changed = SharedCondition::new().expect("there is memory");
    let (theirs, known) = (lock.clone(), changed.clone());
    let wait = move || {
        let mut guard = theirs.lock().expect("no owner has died");
        let end = Instant::now() + LONG;
        while *guard == 0 {
            let result =
                known.wait_timeout(&mut guard, end.saturating_duration_since(Instant::now()));
            assert!(!result.expect("no owner has died").timed_out());
        }
    };
    interrupted(wait, || {
        *lock.lock().expect("no owner has died") = 1;
        changed.notify_all();
    });
}
