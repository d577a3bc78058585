//! "Everybody sleeps" is a sentence about all threads of a process. So this starts itself once more as a
//! program in which everybody does, and reads what it says.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use primitives::{Condition, Event, Lock, Semaphore, thread};

const PROGRAM: &str = "LOCKSMITH_ASLEEP";

static JOBS: Lock<Vec<u32>> = Lock::named("jobs", Vec::new());
static CAME: Condition = Condition::named("came");
static STOP: Event = Event::named("stop");
static SIGNAL: Semaphore = Semaphore::named("signal", 0);

fn main() {
    if env::var_os(PROGRAM).is_some() {
        falls_asleep();
    } else if cfg!(target_os = "linux") {
        the_last_one_to_fall_asleep_says_that_everybody_sleeps();
        println!("test result: ok. 1 passed; 0 failed");
    }
}

fn falls_asleep() {
    let start = |name: &str, body: fn()| thread::Builder::new().name(name).spawn(body).unwrap();
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
    unreachable!("one of them sleeps for ever");
}

fn the_last_one_to_fall_asleep_says_that_everybody_sleeps() {
    let mut program = Command::new(env::current_exe().unwrap())
        .env(PROGRAM, "1")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut report = String::new();
    for line in BufReader::new(program.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        report.push_str(&line);
        report.push('\n');
        if line.starts_with("  Nobody will wake them") {
            break;
        }
    }
    program.kill().unwrap();
    program.wait().unwrap();
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
