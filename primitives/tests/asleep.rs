//! "All threads sleep" is a statement about a whole process. So this test starts itself again as a
//! program in which all threads sleep, and reads its output.

use watchdog as _;

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use primitives::{Barrier, Condition, Event, LazyLock, Lock, Once, OnceLock, Semaphore, threads};

const PROGRAM: &str = "LOCKSMITH_ASLEEP";

static JOBS: Lock<Vec<u32>> = Lock::named("jobs", Vec::new());
static CAME: Condition = Condition::named("came");
static STOP: Event = Event::named("stop");
static SIGNAL: Semaphore = Semaphore::named("signal", 0);
static GO: Event = Event::named("go");

fn main() {
    match env::var(PROGRAM).as_deref() {
        Ok("all") => falls_asleep(),
        Ok("coroutine") => primitives::block_on(async { STOP.wait() }),
        Ok("inside") => runs_code_of_the_program(),
        #[cfg(target_os = "linux")]
        Ok("fork") => forked::forks(),
        Ok(_) => waits_at_the_end_of_a_scope(),
        #[cfg(target_os = "linux")]
        Err(_) => {
            the_last_one_to_fall_asleep_says_that_everybody_sleeps();
            the_programs_own_code_waits_for_what_it_says_itself();
            a_coroutine_that_blocks_the_only_thread_is_named();
            forked::of_a_child_that_runs_nothing_is_said();
            the_end_of_a_scope_waits_for_its_threads();
            println!("test result: ok. 5 passed; 0 failed");
        }
        #[cfg(not(target_os = "linux"))]
        Err(_) => {
            the_end_of_a_scope_waits_for_its_threads();
            println!("test result: ok. 1 passed; 0 failed");
        }
    }
}

fn start(name: &str, body: fn()) -> threads::JoinHandle<()> {
    threads::Builder::new().name(name).spawn(body).unwrap()
}

fn falls_asleep() {
    let worker = || {
        let mut jobs = JOBS.lock();
        CAME.wait_while(&mut jobs, |jobs| jobs.is_empty());
        jobs.pop();
    };
    let crew = [start("ann", worker), start("bob", worker)];
    start("eve", || STOP.wait());
    start("kim", || SIGNAL.acquire().forget());
    JOBS.lock().push(1);
    CAME.notify_all(); // work for one of the two; the other looks, and sleeps on
    for worker in crew {
        worker.join().unwrap();
    }
    unreachable!("one of them never wakes up");
}

/// The thread that has the lock waits at the end of a scope for one that wants it. The scope cannot
/// back off: if it comes second, it reports the deadlock, and both sleep without end. If the child
/// comes second, it panics.
fn waits_at_the_end_of_a_scope() {
    let _jobs = JOBS.lock();
    threads::scope(|s| {
        threads::Builder::new().name("ann").spawn_scoped(s, || JOBS.lock().push(1)).unwrap();
    });
}

/// Calls that run code of the program, which waits for something else than the call.
fn runs_code_of_the_program() {
    let last = start("action", || {
        let gate = Barrier::named("gate", 1).with_action(|| GO.wait());
        gate.wait().unwrap();
    });
    start("once", || {
        static SET_UP: Once = Once::named("set-up");
        SET_UP.call_once(|| GO.wait());
    });
    start("initialiser", || {
        static VALUE: OnceLock<u32> = OnceLock::named("value");
        VALUE.get_or_init(|| {
            GO.wait();
            1
        });
    });
    start("lazy", || {
        static LAZY: LazyLock<()> = LazyLock::new(|| GO.wait());
        LazyLock::force(&LAZY);
    });
    start("predicate", || {
        CAME.wait_while(&mut JOBS.lock(), |_| {
            GO.wait();
            true
        });
    });
    start("scope", || threads::scope(|_| GO.wait()));
    last.join().unwrap();
}

/// The output of a program, up to the line with this beginning.
fn said_by(program: &str, last: &str) -> String {
    let mut program = Command::new(env::current_exe().unwrap())
        .env(PROGRAM, program)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    for line in BufReader::new(program.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        said.push_str(&line);
        said.push('\n');
        if line.starts_with(last) {
            break;
        }
    }
    program.kill().unwrap();
    program.wait().unwrap();
    said
}

#[cfg(target_os = "linux")]
fn the_last_one_to_fall_asleep_says_that_everybody_sleeps() {
    let report = said_by("all", "  No thread will wake them");
    assert!(report.contains("every thread of the program sleeps"), "{report}");
    for thing in ["condition \"came\"", "event \"stop\"", "semaphore \"signal\"", "end of thread '"]
    {
        assert!(report.contains(&format!("wants {thing}")), "{thing}: {report}");
    }
    assert_eq!(
        report.matches("thread '").count() - report.matches("end of thread '").count(),
        4,
        "{report}"
    );
}

#[cfg(target_os = "linux")]
fn the_programs_own_code_waits_for_what_it_says_itself() {
    let report = said_by("inside", "  No thread will wake them");
    assert!(report.contains("every thread of the program sleeps"), "{report}");
    for name in ["action", "once", "initialiser", "lazy", "predicate", "scope"] {
        let (_, thread) = report.split_once(&format!("\n  thread '{name}'")).expect(&report);
        let thread = thread.split("\n\n").next().expect("a paragraph");
        assert!(thread.contains("wants event \"go\", at"), "{name}: {report}");
    }
}

#[cfg(target_os = "linux")]
fn a_coroutine_that_blocks_the_only_thread_is_named() {
    let report = said_by("coroutine", "  A coroutine must not block");
    assert!(report.contains("every thread of the program sleeps"), "{report}");
    assert!(report.contains("wants event \"stop\", at"), "{report}");
    assert!(report.contains("\n    in a coroutine, polled at "), "{report}");
}

fn the_end_of_a_scope_waits_for_its_threads() {
    for _ in 0..5 {
        let report = said_by("scope", "  Take what one thread needs");
        assert!(report.contains("deadlock: 2 threads wait for each other"), "{report}");
        assert!(report.contains("wants the ends of its scope's threads, at"), "{report}");
        assert!(report.contains("asleep.rs"), "{report}");
        assert!(report.contains("wants lock \"jobs\""), "{report}");
    }
}

/// A child of a `fork` has one thread, and its parent's memory.
#[cfg(target_os = "linux")]
mod forked {
    use super::{GO, STOP, said_by, start};
    use std::fs;

    /// The parent has a thread that sleeps. The child does not have it, but has one that runs: as
    /// many threads as the parent had.
    pub(super) fn forks() {
        let sleeper = start("eve", || STOP.wait());
        // SAFETY: the child has its parent's memory, and starts threads of its own.
        let child = unsafe {
            while !sleeps(&thread_of("eve")) {
                std::thread::yield_now();
            }
            libc::fork()
        };
        if child == 0 {
            // SAFETY: ends a child that hangs.
            unsafe { libc::alarm(60) };
            in_the_child();
        }
        let mut status = -1;
        // SAFETY: the child is ours, and the place is valid.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        drop(sleeper);
        std::process::exit(status);
    }

    fn in_the_child() -> ! {
        let me = std::process::id().to_string();
        let other = std::thread::spawn(move || {
            while !sleeps(&me) {
                std::thread::yield_now();
            }
            GO.set();
        });
        GO.wait();
        other.join().unwrap();
        eprintln!("the other thread was awake");
        STOP.wait(); // now none is
        std::process::exit(0);
    }

    /// The number of a thread by its name.
    fn thread_of(name: &str) -> String {
        let listed = || fs::read_dir("/proc/self/task").unwrap().flatten();
        loop {
            let named = |comm: std::io::Result<String>| comm.is_ok_and(|comm| comm.trim() == name);
            let found = listed().find(|task| named(fs::read_to_string(task.path().join("comm"))));
            if let Some(task) = found {
                return task.file_name().into_string().unwrap();
            }
        }
    }

    /// Whether the kernel says that this thread sleeps.
    fn sleeps(thread: &str) -> bool {
        let stat = fs::read_to_string(format!("/proc/self/task/{thread}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('S'))
    }

    pub(super) fn of_a_child_that_runs_nothing_is_said() {
        let said = said_by("fork", "  No thread will wake them");
        let (before, after) = said.split_once("the other thread was awake").expect(&said);
        assert!(!before.contains("every thread"), "{said}");
        assert!(after.contains("every thread of the program sleeps"), "{said}");
        assert_eq!(
            after.matches("wants event \"stop\"").count(),
            1,
            "the child has one thread: {said}"
        );
    }
}
