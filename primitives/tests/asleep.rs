//! "All threads sleep" is a statement about a whole process. So this test starts itself again as a
//! program in which all threads sleep, and reads its output.

use watchdog as _;

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use primitives::{Condition, Event, Lock, Semaphore, threads};

const PROGRAM: &str = "LOCKSMITH_ASLEEP";

static JOBS: Lock<Vec<u32>> = Lock::named("jobs", Vec::new());
static CAME: Condition = Condition::named("came");
static STOP: Event = Event::named("stop");
static SIGNAL: Semaphore = Semaphore::named("signal", 0);

fn main() {
    match env::var(PROGRAM).as_deref() {
        Ok("all") => falls_asleep(),
        Ok(_) => waits_at_the_end_of_a_scope(),
        Err(_) if cfg!(target_os = "linux") => {
            the_last_one_to_fall_asleep_says_that_everybody_sleeps();
            the_end_of_a_scope_waits_for_its_threads();
            println!("test result: ok. 2 passed; 0 failed");
        }
        Err(_) => {
            the_end_of_a_scope_waits_for_its_threads();
            println!("test result: ok. 1 passed; 0 failed");
        }
    }
}

fn falls_asleep() {
    let start = |name: &str, body: fn()| threads::Builder::new().name(name).spawn(body).unwrap();
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

fn the_last_one_to_fall_asleep_says_that_everybody_sleeps() {
    let report = said_by("all", "  Nobody will wake them");
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

fn the_end_of_a_scope_waits_for_its_threads() {
    for _ in 0..5 {
        let report = said_by("scope", "  Take what one thread needs");
        assert!(report.contains("deadlock: 2 threads wait for each other"), "{report}");
        assert!(report.contains("wants the ends of its scope's threads, at"), "{report}");
        assert!(report.contains("asleep.rs"), "{report}");
        assert!(report.contains("wants lock \"jobs\""), "{report}");
    }
}
