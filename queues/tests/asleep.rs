//! What the deadlock detector reports where no thread can back off: each case is a program in which
//! threads never wake up. So this test starts itself again for each, and reads the output.

use watchdog as _;

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use primitives::{Event, Lock, threads};
use queues::{Executor, PriorityQueue, Ring, Task, Workers};

const PROGRAM: &str = "LOCKSMITH_ASLEEP";

fn main() {
    match env::var(PROGRAM).as_deref() {
        Ok("rings") => rings(),
        Ok("scope") => scope(),
        Ok("executors") => executors(),
        Ok("inside") => runs_code_of_the_program(),
        Ok(other) => unreachable!("there is no program `{other}`"),
        Err(_) => {
            println!("running 4 tests");
            at_the_end_of_a_scope_an_executor_waits_for_its_workers();
            if cfg!(target_os = "linux") {
                who_waits_at_a_ring_is_stuck_when_everybody_sleeps();
                executors_whose_tasks_wait_in_each_others_queues_are_stuck();
                the_programs_own_code_waits_for_what_it_says_itself();
            }
            println!("test result: ok. 4 passed; 0 failed");
        }
    }
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

/// One thread waits for a place, one for an item, one in `join`; none is left.
fn rings() {
    let full = Ring::bounded(1).named("full");
    let empty = Ring::<u32>::bounded(1).named("empty");
    full.put(1).unwrap();
    threads::scope(|s| {
        s.spawn(|| full.put(2).unwrap());
        s.spawn(|| empty.get().unwrap());
        s.spawn(|| full.join());
    });
}

fn who_waits_at_a_ring_is_stuck_when_everybody_sleeps() {
    let report = said_by("rings", "  No thread will wake them");
    assert!(report.contains("every thread of the program sleeps"), "{report}");
    assert_eq!(report.matches("wants queue \"full\", at").count(), 2, "{report}");
    assert!(report.contains("wants queue \"empty\", at"), "{report}");
    assert_eq!(report.matches("asleep.rs").count(), 4, "their places, and the scope's: {report}");
}

/// The thread that holds the lock waits at the end of a scope for a task that wants it.
fn scope() {
    let till = Lock::named("till", 0);
    let executor = Executor::with_workers(Workers::new(1).name("pool")).unwrap();
    let _till = till.lock();
    executor.scope(|s| {
        s.submit(|| *till.lock() += 1);
    });
}

fn at_the_end_of_a_scope_an_executor_waits_for_its_workers() {
    let report = said_by("scope", "  Take what one thread needs");
    assert!(report.contains("deadlock: 2 threads wait for each other"), "{report}");
    assert!(report.contains("wants task made at"), "{report}");
    assert!(report.contains("holds task made at"), "{report}");
    assert!(report.contains("from 'pool_0'"), "{report}");
    assert!(!report.contains("executor/scope.rs"), "places are those of the program: {report}");
}

/// Each of two executors has one worker, whose task waits for a task in the other's queue.
fn executors() {
    let pools = ["left", "right"]
        .map(|name| Arc::new(Executor::with_workers(Workers::new(1).name(name)).unwrap()));
    let both_run = Arc::new([Event::new(), Event::new()]);
    let tasks: [Task<()>; 2] = [0, 1].map(|me| {
        let (other, both_run) = (Arc::clone(&pools[1 - me]), Arc::clone(&both_run));
        pools[me].submit(move || {
            both_run[me].set();
            both_run[1 - me].wait();
            other.submit(|| ()).wait();
        })
    });
    for task in tasks {
        task.wait();
    }
}

fn executors_whose_tasks_wait_in_each_others_queues_are_stuck() {
    let report = said_by("executors", "  No thread will wake them");
    assert!(report.contains("every thread of the program sleeps"), "{report}");
    for thread in ["thread 'left_0'", "thread 'right_0'", "thread 'main'"] {
        assert!(report.contains(thread), "{report}");
    }
    assert_eq!(report.matches("wants task made at").count(), 3, "{report}");
}

/// An item that waits for something when it is compared.
#[derive(PartialEq, Eq)]
struct Waits;

static GO: Event = Event::named("go");

impl Ord for Waits {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        GO.wait();
        std::cmp::Ordering::Equal
    }
}

impl PartialOrd for Waits {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Calls that run code of the program, which waits for something else than the call.
fn runs_code_of_the_program() {
    let start = |name: &str, body: fn()| threads::Builder::new().name(name).spawn(body).unwrap();
    start("comparison", || {
        let queue = PriorityQueue::unbounded().named("sorted");
        queue.put(Waits).unwrap();
        queue.put(Waits).unwrap();
    });
    start("callback", || {
        let executor = Executor::new(1);
        let task = executor.submit(|| ());
        task.wait();
        task.on_done(|| GO.wait());
    });
    let last = start("drop", || {
        struct Drops;
        impl Drop for Drops {
            fn drop(&mut self) {
                GO.wait();
            }
        }
        let ring = Ring::bounded(1).named("ring");
        ring.put(Drops).unwrap();
        drop(ring);
    });
    last.join().unwrap();
}

fn the_programs_own_code_waits_for_what_it_says_itself() {
    let report = said_by("inside", "  No thread will wake them");
    assert!(report.contains("every thread of the program sleeps"), "{report}");
    for name in ["comparison", "callback", "drop"] {
        let (_, thread) = report.split_once(&format!("\n  thread '{name}'")).expect(&report);
        let thread = thread.split("\n\n").next().expect("a paragraph");
        assert!(thread.contains("wants event \"go\", at"), "{name}: {report}");
    }
}
