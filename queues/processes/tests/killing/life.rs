//! From `start` to `join`: what a process returns, how it ends, and with which others.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::exit;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use processes::{
    OwnerDied, Process, ProcessError, Run, SharedBarrier, SharedEvent, SharedLock, SharedMemory,
    SharedSemaphore, StartError, function, runnable,
};
use serde::{Deserialize, Serialize};

use crate::harness::{Test, tests};
use crate::in_mode;

pub(crate) const TESTS: &[Test] = tests!["life":
    it_gives_back_what_its_function_returns,
    it_takes_and_returns_much,
    a_value_runs_itself,
    a_panic_comes_back_with_its_place,
    it_ends_by_itself,
    it_is_killed_and_terminated,
    a_wrong_name_is_refused_with_the_right_ones,
    arguments_of_another_function_are_refused,
    what_comes_back_is_not_what_was_expected,
    misuse_is_an_error,
    without_init_nothing_runs_twice,
    no_zombie_is_left_by_those_that_are_not_joined,
    it_outlives_the_thread_that_started_it,
    it_ends_with_its_parent,
    interrupts_are_the_parents,
    a_killed_owner_is_noticed,
    killed_processes_leave_permits_and_barriers_in_order,
    shared_things_go_from_process_to_process,
];

const LONG: Duration = Duration::from_secs(60);

function! {
    fn square(x: u64) -> u64 { x * x }

    fn reverse(text: String) -> String { text.chars().rev().collect() }

    fn own_name() -> String { processes::current_name().to_owned() }

    fn refuse(why: String) -> u8 { panic!("no: {why}") }

    fn leave(status: i32) { exit(status) }

    fn park(ready: SharedEvent) {
        ready.set();
        loop {
            thread::park();
        }
    }

    /// Takes the lock, makes half a change, and waits for its end.
    fn hold(lock: SharedLock<[u64; 2]>, ready: SharedEvent) {
        let mut guard = lock.lock().expect("no owner has died");
        guard[0] += 1;
        ready.set();
        loop {
            thread::park();
        }
    }

    fn take_permits_and_wait(seats: SharedSemaphore, barrier: SharedBarrier, ready: SharedEvent) {
        let _permits = (seats.acquire(), seats.acquire());
        ready.set();
        let _ = barrier.wait();
    }

    /// Starts another process, returns its id, and waits for its end.
    fn have_a_child(number: SharedMemory, ready: SharedEvent) {
        let child = Process::new(park, (ready.clone(),));
        child.start().expect("it can be started");
        number.atomic(0).store(u64::from(child.pid().expect("it is started")), SeqCst);
        let _ = child.join();
    }

    fn pass_on(counter: SharedLock<u64>, more: u32) {
        *counter.lock().expect("no owner has died") += 1;
        if more > 0 {
            let next = Process::new(pass_on, (counter, more - 1));
            next.start().expect("it can be started");
            next.join().expect("it returns");
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Adder {
    numbers: Vec<u64>,
}

impl Run for Adder {
    type Output = u64;

    fn run(self) -> u64 {
        self.numbers.iter().sum()
    }
}
runnable!(Adder);

fn started<R: serde::de::DeserializeOwned>(process: Process<R>) -> Process<R> {
    process.start().expect("it can be started");
    process
}

/// Started, and running.
fn parked() -> Process {
    let ready = SharedEvent::new().expect("there is memory");
    let process = started(Process::new(park, (ready.clone(),)));
    assert!(ready.wait_timeout(LONG));
    process
}

pub(crate) fn it_gives_back_what_its_function_returns() {
    assert_eq!(square(3), 9);
    let process = Process::new(square, (12,)).named("twelve");
    assert_eq!((process.name(), process.pid(), process.is_alive()), ("twelve", None, false));
    let process = started(process);
    assert!(process.pid().is_some());
    assert!(process.join_timeout(LONG));
    assert!(!process.is_alive());
    assert_eq!(process.exit_status().and_then(|status| status.code()), Some(0));
    assert_eq!(process.join(), Ok(144));
    assert_eq!(started(Process::new(own_name, ()).named("Ada")).join().as_deref(), Ok("Ada"));
    assert_eq!(processes::current_name(), "MainProcess");
    let ten: Vec<_> = (0..10).map(|x| started(Process::new(square, (x,)))).collect();
    let squares: Vec<_> =
        ten.into_iter().map(|process| process.join().expect("it returns")).collect();
    assert_eq!(squares, [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
}

pub(crate) fn it_takes_and_returns_much() {
    for len in [0, 1, 32_000, 33_000, 5_000_000] {
        let text = "äb".repeat(len);
        let back = started(Process::new(reverse, (text,))).join().expect("it returns");
        assert_eq!(back.len(), 3 * len);
        assert!(back.starts_with("bä") || len == 0);
    }
}

pub(crate) fn a_value_runs_itself() {
    assert_eq!(started(Process::of(Adder { numbers: vec![1, 2, 3] })).join(), Ok(6));
}

pub(crate) fn a_panic_comes_back_with_its_place() {
    let process = started(Process::new(refuse, ("busy".to_owned(),)));
    assert!(process.join_timeout(LONG));
    assert_eq!(process.exit_status().and_then(|status| status.code()), Some(101));
    let error = process.join().expect_err("it panics");
    let ProcessError::Panicked { thread, message, location } = &error else { panic!("{error}") };
    assert_eq!((thread.as_str(), message.as_str()), ("MainThread", "no: busy"));
    let location = location.as_deref().expect("it is known");
    assert!(location.contains("tests/killing/life.rs:"), "{location}");
    assert!(error.to_string().contains(": no: busy"), "{error}");
}

pub(crate) fn it_ends_by_itself() {
    assert_eq!(started(Process::new(leave, (7,))).join(), Err(ProcessError::Exited { status: 7 }));
    assert_eq!(started(Process::new(leave, (0,))).join(), Err(ProcessError::Exited { status: 0 }));
}

pub(crate) fn it_is_killed_and_terminated() {
    for (end, signal) in [(Process::kill as fn(&Process), 9), (Process::terminate, 15)] {
        let process = parked();
        assert!(process.is_alive());
        assert!(!process.join_timeout(Duration::from_millis(5)));
        end(&process);
        assert!(process.join_timeout(LONG));
        end(&process);
        assert_eq!(process.exit_status().and_then(|status| status.signal()), Some(signal));
        assert_eq!(process.join(), Err(ProcessError::Killed { signal }));
    }
}

pub(crate) fn a_wrong_name_is_refused_with_the_right_ones() {
    let process = Process::<u64>::by_name("sqare", (3u64,));
    let error = process.start().expect_err("there is none").to_string();
    assert!(error.contains("\"sqare\"") && error.contains("life::square"), "{error}");
    let name = <square as processes::Function>::NAME;
    assert_eq!(started(Process::<u64>::by_name(name, (3u64,))).join(), Ok(9));
}

pub(crate) fn arguments_of_another_function_are_refused() {
    let name = <reverse as processes::Function>::NAME;
    for process in [
        Process::<String>::by_name(name, (u64::MAX,)),
        Process::<String>::by_name(name, ("text", 5u64)),
        Process::<String>::by_name(name, ()),
    ] {
        let error = started(process).join().expect_err("it takes a text");
        assert!(matches!(error, ProcessError::Arguments(_)), "{error}");
    }
}

pub(crate) fn what_comes_back_is_not_what_was_expected() {
    let name = <square as processes::Function>::NAME;
    let error = started(Process::<String>::by_name(name, (u64::MAX >> 33,))).join();
    assert!(matches!(error, Err(ProcessError::Output(_))), "{error:?}");
}

pub(crate) fn misuse_is_an_error() {
    assert_eq!(Process::new(square, (1,)).join(), Err(ProcessError::NotStarted));
    let process = Process::new(square, (1,));
    assert!(!process.join_timeout(Duration::ZERO));
    process.kill();
    let process = started(process);
    assert!(matches!(process.start(), Err(StartError::AlreadyStarted)));
    assert_eq!(process.join(), Ok(1));
    // Only the arguments of a process carry shared objects.
    let lock = SharedLock::new(0u8).expect("there is memory");
    assert!(serde_json_like(&lock).is_err());
}

fn serde_json_like(value: &impl Serialize) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_stdvec(value)
}

/// In its own run: see `main`.
pub(crate) fn show_how_it_ends() {
    let process = Process::new(square, (1,));
    match process.start() {
        Ok(()) => println!("{}", process.join().expect_err("it does not call init")),
        Err(error) => println!("{error}"),
    }
}

pub(crate) fn without_init_nothing_runs_twice() {
    let said = in_mode("never");
    assert!(said.contains("`processes::init()` was not called"), "{said}");
    let said = in_mode("late");
    assert!(said.contains("ended without a call of `processes::init()`"), "{said}");
}

pub(crate) fn no_zombie_is_left_by_those_that_are_not_joined() {
    let process = started(Process::new(square, (1,)));
    let pid = process.pid().expect("it is started");
    assert!(process.join_timeout(LONG));
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
    let process = parked();
    let pid = process.pid().expect("it is started");
    drop(process);
    assert!(Path::new(&format!("/proc/{pid}")).exists(), "a dropped handle ends nothing");
    // SAFETY: a child of this process.
    unsafe { libc::kill(pid.cast_signed(), libc::SIGKILL) };
    until(|| !Path::new(&format!("/proc/{pid}")).exists());
}

/// Waits for a message that never comes.
fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        thread::yield_now();
    }
}

pub(crate) fn it_outlives_the_thread_that_started_it() {
    let process = thread::spawn(parked).join().expect("it ends");
    assert!(!process.join_timeout(Duration::from_millis(20)));
    process.kill();
    assert_eq!(process.join(), Err(ProcessError::Killed { signal: 9 }));
}

pub(crate) fn it_ends_with_its_parent() {
    let number = SharedMemory::new(8).expect("there is memory");
    let ready = SharedEvent::new().expect("there is memory");
    let parent = started(Process::new(have_a_child, (number.clone(), ready.clone())));
    assert!(ready.wait_timeout(LONG));
    until(|| number.atomic(0).load(SeqCst) != 0);
    let child = format!("/proc/{}", number.atomic(0).load(SeqCst));
    assert!(Path::new(&child).exists());
    parent.kill();
    assert_eq!(parent.join(), Err(ProcessError::Killed { signal: 9 }));
    // Another process waits for it, which may take time: a zombie counts as ended.
    let has_ended =
        |stat: String| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" Z"));
    until(|| std::fs::read_to_string(format!("{child}/stat")).map_or(true, has_ended));
}

pub(crate) fn interrupts_are_the_parents() {
    let process = parked();
    process.signal(libc::SIGINT);
    assert!(!process.join_timeout(Duration::from_millis(20)));
    process.kill();
    assert!(process.join().is_err());
}

pub(crate) fn a_killed_owner_is_noticed() {
    let lock = SharedLock::new([5u64, 5]).expect("there is memory");
    let ready = SharedEvent::new().expect("there is memory");
    let process = started(Process::new(hold, (lock.clone(), ready.clone())));
    assert!(ready.wait_timeout(LONG));
    assert!(lock.try_lock().is_err());
    thread::scope(|s| {
        let waiting = s.spawn(|| {
            let Err(OwnerDied(mut guard)) = lock.lock() else { panic!("the owner was killed") };
            assert_eq!(*guard, [6, 5], "half a change");
            guard[0] = 5;
            guard.repair();
        });
        process.kill();
        waiting.join().expect("it goes on");
    });
    assert_eq!(*lock.lock().expect("repaired"), [5, 5]);
}

pub(crate) fn killed_processes_leave_permits_and_barriers_in_order() {
    let seats = SharedSemaphore::new(2).expect("there is memory");
    let barrier = SharedBarrier::new(2).expect("there is memory");
    let ready = SharedEvent::new().expect("there is memory");
    let arguments = (seats.clone(), barrier.clone(), ready.clone());
    let process = started(Process::new(take_permits_and_wait, arguments));
    assert!(ready.wait_timeout(LONG));
    until(|| barrier.n_waiting() == 1);
    assert!(seats.try_acquire().is_none());
    process.kill();
    assert!(process.join().is_err());
    assert!(seats.acquire_timeout(LONG).is_some());
    // It had arrived before it died; it does not come again.
    let _ = barrier.wait_timeout(LONG);
    assert!(barrier.wait_timeout(LONG).is_err());
}

pub(crate) fn shared_things_go_from_process_to_process() {
    let counter = SharedLock::new(0u64).expect("there is memory");
    assert_eq!(started(Process::new(pass_on, (counter.clone(), 3))).join(), Ok(()));
    assert_eq!(*counter.lock().expect("no owner has died"), 4);
}
