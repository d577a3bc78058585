//! Tasks in processes of their own, which crash and are killed.
//!
//! The program starts itself again, so libtest cannot own its `main`.

use watchdog as _;

use std::panic::catch_unwind;
use std::time::Duration;

use servers::{LONG, until};
use tasks::{App, GetError, InProcess, RetryPolicy, State, TaskOptions, Worker};

processes::function! {
    fn plus(x: i64, y: i64) -> Result<i64, String> { Ok(x + y) }
    fn own_pid() -> Result<u32, String> { Ok(std::process::id()) }
    fn fails(text: String) -> Result<(), String> { Err(text) }
    fn panics() -> Result<(), String> { panic!("a rust bug") }
    fn aborts() -> Result<(), String> { std::process::abort() }
    fn exits() -> Result<(), String> { std::process::exit(3) }
    fn sleeps(file: String) -> Result<(), String> {
        std::fs::write(file, std::process::id().to_string()).map_err(|error| error.to_string())?;
        loop { std::thread::park() }
    }
}

fn app(options: &TaskOptions) -> (App, Worker) {
    let app = App::new(InProcess::new());
    let with = || options.clone();
    app.isolated_task("add", with(), plus).unwrap();
    app.isolated_task("own_pid", with(), own_pid).unwrap();
    app.isolated_task("fails", with(), fails).unwrap();
    app.isolated_task("panics", with(), panics).unwrap();
    app.isolated_task("aborts", with(), aborts).unwrap();
    app.isolated_task("exits", with(), exits).unwrap();
    app.isolated_task("sleeps", with(), sleeps).unwrap();
    let worker = app.worker().concurrency(2).start().unwrap();
    (app, worker)
}

fn failure(app: &App, task: &str, args: impl serde::Serialize) -> (String, String) {
    match app.delay::<()>(task, args).unwrap().get_timeout(LONG) {
        Err(GetError::Failed(error)) => (error.kind.clone(), error.message()),
        other => panic!("{task}: {other:?}"),
    }
}

fn results_and_failures_come_back() {
    let (app, worker) = app(&TaskOptions::new());
    let add = |x, y| app.delay::<i64>("add", (x, y)).unwrap().get_timeout(LONG);
    assert_eq!(add(2, 3), Ok(5));
    let text = |kind: &str, words: &str| (kind.to_owned(), words.to_owned());
    assert_eq!(failure(&app, "fails", ("no such file",)), text("RuntimeError", "no such file"));
    assert_eq!(failure(&app, "panics", ()), text("Panic", "a rust bug"));
    let (kind, words) = failure(&app, "add", ("two", 2));
    assert!(kind == "TypeError" && words.contains("two"), "{kind}: {words}");
    worker.stop();
}

fn a_process_is_used_again_and_is_another() {
    let (app, worker) = app(&TaskOptions::new());
    let ask = || app.delay::<u32>("own_pid", ()).unwrap().get_timeout(LONG).unwrap();
    let first = ask();
    assert_ne!(first, std::process::id());
    assert_eq!(ask(), first);
    worker.stop();
}

/// The worker goes on, and the task is not run again.
fn a_task_that_kills_its_process_fails() {
    let (app, worker) = app(&TaskOptions::new());
    for _ in 0..3 {
        let (kind, words) = failure(&app, "aborts", ());
        assert!(kind == "WorkerLostError" && words.contains("killed by signal 6"), "{words}");
        let (kind, words) = failure(&app, "exits", ());
        assert!(kind == "WorkerLostError" && words.contains("status 3"), "{words}");
        assert_eq!(app.delay::<i64>("add", (1, 1)).unwrap().get_timeout(LONG), Ok(2));
    }
    assert_eq!(worker.processed(), 9);
    worker.stop();
}

/// It is tried again only if its options say so.
fn a_crash_may_be_retried() {
    let twice = RetryPolicy::new().max(2).first(Duration::from_millis(1));
    let (app, worker) = app(&TaskOptions::new().retry(twice).retry_on_error(true));
    assert_eq!(failure(&app, "aborts", ()).0, "WorkerLostError");
    assert_eq!(worker.processed(), 3);
    worker.stop();
}

/// A file in which a task notes its process.
fn file(name: &str) -> String {
    let file = std::env::temp_dir().join(format!("locksmith-{name}-{}", std::process::id()));
    let _ = std::fs::remove_file(&file);
    file.to_str().unwrap().to_owned()
}

fn noted(file: &str) -> Option<u32> {
    std::fs::read_to_string(file).ok()?.parse().ok()
}

/// Whether the process is there. A zombie counts as gone.
fn lives(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
}

fn a_time_limit_kills() {
    let limit = Duration::from_millis(300);
    let (app, worker) = app(&TaskOptions::new().time_limit(limit));
    let file = file("limit");
    assert_eq!(failure(&app, "sleeps", (&file,)).0, "TimeLimitExceeded");
    assert!(!lives(noted(&file).unwrap()), "the process is gone when the failure is known");
    assert_eq!(app.delay::<i64>("add", (1, 1)).unwrap().get_timeout(LONG), Ok(2));
    worker.stop();
    std::fs::remove_file(file).unwrap();
}

fn what_runs_is_killed_and_given_back() {
    let (app, worker) = app(&TaskOptions::new());
    let file = file("stop");
    let task = app.delay::<()>("sleeps", (&file,)).unwrap();
    until("it runs", || noted(&file).is_some());
    worker.stop_now();
    assert!(!lives(noted(&file).unwrap()));
    assert_eq!(app.broker().len("celery").unwrap(), 1);
    assert_eq!(task.status().unwrap(), State::Pending);
    std::fs::remove_file(file).unwrap();
}

/// As `celery control revoke --terminate` asks.
#[cfg(feature = "redis")]
fn a_revocation_with_terminate_kills() {
    let Some(server) = servers::Redis::start() else { return };
    let app = App::new(tasks::Redis::open(&server.url()).unwrap());
    app.isolated_task("sleeps", TaskOptions::new(), sleeps).unwrap();
    app.isolated_task("add", TaskOptions::new(), plus).unwrap();
    let worker = app.worker().start().unwrap();
    let file = file("revoked");
    let task = app.delay::<()>("sleeps", (&file,)).unwrap();
    until("it runs", || noted(&file).is_some());
    until("it is revoked", || {
        // The worker may not listen yet.
        let arguments = serde_json::json!({"task_id": [task.id()], "terminate": true});
        let command = serde_json::json!({"method": "revoke", "arguments": arguments});
        app.broker().broadcast(&command).unwrap();
        task.status().unwrap() == State::Revoked
    });
    let Err(GetError::Revoked(why)) = task.get_timeout(LONG) else { panic!("it was revoked") };
    assert_eq!(why.message(), "terminated");
    until("its process is gone", || !lives(noted(&file).unwrap()));
    assert_eq!(app.delay::<i64>("add", (1, 1)).unwrap().get_timeout(LONG), Ok(2));
    worker.stop();
    std::fs::remove_file(file).unwrap();
}

type Test = (&'static str, fn());

const TESTS: &[Test] = &[
    ("results_and_failures_come_back", results_and_failures_come_back),
    ("a_process_is_used_again_and_is_another", a_process_is_used_again_and_is_another),
    ("a_task_that_kills_its_process_fails", a_task_that_kills_its_process_fails),
    ("a_crash_may_be_retried", a_crash_may_be_retried),
    ("a_time_limit_kills", a_time_limit_kills),
    ("what_runs_is_killed_and_given_back", what_runs_is_killed_and_given_back),
    #[cfg(feature = "redis")]
    ("a_revocation_with_terminate_kills", a_revocation_with_terminate_kills),
];

fn main() {
    processes::init();
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let chosen = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word));
    let chosen: Vec<_> = TESTS.iter().filter(|(name, _)| chosen(name)).collect();
    println!("\nrunning {} tests", chosen.len());
    let mut failed = 0;
    for (name, test) in &chosen {
        let passed = catch_unwind(test).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += usize::from(!passed);
    }
    let (all, passed) = (chosen.len(), chosen.len() - failed);
    let end = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {end}. {passed} passed; {failed} failed of {all}\n");
    std::process::exit(if failed == 0 { 0 } else { 101 });
}
