//! Beside Celery: Python's client and worker, ours, and one Redis between them.
//!
//! The Python programs are in `tests/python`: `app.py` has the same tasks as `same::register`;
//! `client.py` sends to a Rust worker and checks the results, one line for each check.

#[allow(dead_code)] // the suite is for the brokers
mod same;

use watchdog as _;

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use primitives::{Event, Lock};
use same::{LONG, register, until};
use servers::{Python, Redis as Server, number, python};
use tasks::{App, GetError, Redis, SendOptions, Signature, State, Worker, chain, chord, group};

/// A server, Python with Celery, and an application on that server; its tasks go to Python by
/// default.
fn both() -> Option<(Server, PathBuf, App)> {
    let (python, server) = (python()?, Server::start()?);
    let app = App::new(Redis::open(&server.url()).unwrap());
    register(&app);
    Some((server, python, app))
}

fn rust_worker(app: &App) -> Worker {
    app.worker().queues(["rust"]).concurrency(2).name("rust@test").start().unwrap()
}

/// Every check of `client.py`, against a Rust worker.
#[test]
fn a_python_client_and_a_rust_worker() {
    let Some((server, python, app)) = both() else { return };
    app.default_queue("rust").unwrap(); // of what follows a task
    let worker = rust_worker(&app);
    let lines = Python::run(&python, &server.url(), &["client.py", "rust"]).lines();
    let failed: Vec<_> = lines.iter().filter(|line| !line.starts_with("ok ")).collect();
    assert!(failed.is_empty(), "{lines:#?}");
    assert!(lines.len() >= 20, "{lines:#?}");
    worker.stop();
}

/// The same features in the other direction.
#[test]
fn a_rust_client_and_a_python_worker() {
    let Some((server, python, app)) = both() else { return };
    let worker = Python::worker(&python, &server.url(), "celery", &[]);
    let add = |x: i64| Signature::new("tasks.add").arg(x);
    let xsum = || Signature::new("tasks.xsum");
    let get = |canvas: Signature| app.apply::<i64>(canvas).unwrap().get_timeout(LONG);

    assert_eq!(app.delay::<i64>("tasks.add", (2, 3)).unwrap().get_timeout(LONG), Ok(5));
    assert_eq!(
        app.delay::<String>("tasks.whoami", ()).unwrap().get_timeout(LONG).unwrap(),
        "python"
    );
    let greeting = same::Greeting { name: "Ada".into(), word: "Hi".into() };
    let greeted = app.delay::<String>("tasks.greet", greeting).unwrap();
    assert_eq!(greeted.get_timeout(LONG).unwrap(), "Hi, Ada!");

    let boom = app.delay::<()>("tasks.boom", ()).unwrap().get_timeout(LONG);
    let Err(GetError::Failed(error)) = boom else { panic!("{boom:?}") };
    assert_eq!((error.kind.as_str(), error.module.as_str()), ("ValueError", "builtins"));
    assert_eq!(error.message(), "boom");
    assert!(error.traceback.unwrap().contains("app.py"));

    assert_eq!(app.delay::<u32>("tasks.retry_me", (2,)).unwrap().get_timeout(LONG), Ok(2));
    let soon = SendOptions::new().countdown(Duration::from_millis(200));
    let later = app.apply_async::<i64>("tasks.add", (1, 1), soon.clone()).unwrap();
    assert_eq!(later.get_timeout(LONG), Ok(2));
    let late = app.apply_async::<i64>("tasks.add", (1, 1), soon.expires(Duration::from_millis(1)));
    let late = late.unwrap().get_timeout(LONG);
    assert!(matches!(late, Err(GetError::Revoked(_))), "{late:?}");

    assert_eq!(get(chain([add(1).arg(2), add(3), add(4)])), Ok(10));
    let sums = app.apply_group::<i64>(group([add(1).arg(1), add(2).arg(2)])).unwrap();
    assert_eq!(sums.get_timeout(LONG), Ok(vec![2, 4]));
    assert_eq!(get(chord([add(1).arg(1), add(2).arg(2)], xsum())), Ok(6));
    assert_eq!(get(chain([add(1).arg(2), group([add(10), add(20)]), xsum(), add(100)])), Ok(136));
    let inner = || chord([add(1).arg(1), add(2).arg(2)], xsum());
    assert_eq!(
        get(chord([chain([add(1).arg(2), add(3)]), add(5).arg(5), inner()], xsum())),
        Ok(22)
    );
    let failed = get(chord([add(1).arg(1), Signature::new("tasks.boom")], xsum()));
    assert!(matches!(&failed, Err(GetError::Failed(e)) if e.kind == "ChordError"), "{failed:?}");
    drop(worker);
}

/// Chains and chords whose tasks change the language at every step.
#[test]
fn canvas_across_the_languages() {
    let Some((server, python, app)) = both() else { return };
    let rust = rust_worker(&app);
    let worker = Python::worker(&python, &server.url(), "celery", &[]);
    let add = |x: i64| Signature::new("tasks.add").arg(x);
    let at_rust = |x: i64| add(x).queue("rust");
    let xsum = || Signature::new("tasks.xsum");
    let get = |canvas: Signature| app.apply::<i64>(canvas).unwrap().get_timeout(LONG);
    assert_eq!(get(chain([add(1).arg(1), at_rust(2), add(3), at_rust(4)])), Ok(11));
    let header = || [add(1).arg(1), at_rust(2).arg(2), add(3).arg(3), at_rust(4).arg(4)];
    for body in [xsum(), xsum().queue("rust")] {
        assert_eq!(get(chord(header(), body.clone())), Ok(20));
        assert_eq!(
            get(chain([at_rust(1).arg(1), group([add(1), at_rust(2)]), body, add(1)])),
            Ok(8)
        );
    }
    drop(worker);
    rust.stop();
}

/// The questions of `celery inspect` and the orders of `celery control`.
#[test]
fn remote_control() {
    let Some((server, python, app)) = both() else { return };
    let (began, go_on) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (begin, gate) = (Arc::clone(&began), Arc::clone(&go_on));
    app.task("gated", move |_, ()| {
        begin.set();
        gate.wait();
        Ok(())
    })
    .unwrap();
    let worker = app.worker().queues(["rust"]).concurrency(1).name("rust@test").start().unwrap();
    let to_rust = || SendOptions::new().queue("rust");
    let running = app.apply_async::<()>("gated", (), to_rust()).unwrap();
    assert!(began.wait_timeout(LONG));
    let waiting = app.apply_async::<i64>("tasks.add", (1, 1), to_rust()).unwrap();
    let celery = |args: &[&str]| {
        let all = ["-m", "celery", "-A", "app"].iter().chain(args).chain(&["-d", "rust@test"]);
        let args: Vec<&str> = all.copied().collect();
        Python::run(&python, &server.url(), &args).lines().join("\n")
    };
    let hears = |args: &[&str], words: &[&str]| {
        let answer = celery(args);
        words.iter().for_each(|word| assert!(answer.contains(word), "{args:?}: {answer}"));
    };
    hears(&["inspect", "ping"], &["pong"]);
    hears(&["inspect", "stats"], &["max-concurrency", "locksmith:threads"]);
    hears(&["inspect", "registered"], &["tasks.add", "gated"]);
    hears(&["inspect", "active"], &[running.id()]);
    until("it was claimed", || app.broker().len("rust").unwrap() == 0);
    hears(&["inspect", "reserved"], &[waiting.id()]);
    hears(&["inspect", "active_queues"], &["rust"]);
    hears(&["control", "revoke", waiting.id()], &["flagged as revoked"]);
    hears(&["control", "add_consumer", "more"], &["add consumer more"]);
    hears(&["control", "rate_limit", "tasks.add", "10/m"], &["new rate limit set"]);
    go_on.set();
    assert!(matches!(waiting.get_timeout(LONG), Err(GetError::Revoked(_))));
    running.get_timeout(LONG).unwrap();
    let more =
        app.apply_async::<String>("tasks.whoami", (), SendOptions::new().queue("more")).unwrap();
    assert_eq!(more.get_timeout(LONG).unwrap(), "rust");
    hears(&["control", "shutdown"], &[]);
    until("it was told to stop", || worker.is_stopping());
    worker.stop();
}

/// The events that `celery events` and flower receive.
#[test]
fn events() {
    let Some((server, python, app)) = both() else { return };
    let mut listener = Python::run(&python, &server.url(), &["listen.py"]);
    let worker = app.worker().queues(["rust"]).name("rust@test").events(true).start().unwrap();
    let to_rust = || SendOptions::new().queue("rust");
    // It hears no events from before its start, and ends when it has seen both ends.
    until("the listener has seen both ends", || {
        let well = app.apply_async::<i64>("tasks.add", (1, 1), to_rust()).unwrap();
        let badly = app.apply_async::<()>("tasks.boom", (), to_rust()).unwrap();
        well.get_timeout(LONG).unwrap();
        badly.get_timeout(LONG).unwrap_err();
        listener.0.try_wait().unwrap().is_some()
    });
    let lines = listener.lines();
    for kind in
        ["worker-heartbeat", "task-received", "task-started", "task-succeeded", "task-failed"]
    {
        let wanted = format!("{kind} rust@test");
        assert!(lines.contains(&wanted), "{wanted} is not in {lines:?}");
    }
    worker.stop();
}

/// Flower, which people have open all day: it knows the worker, its tasks, and what it has run.
#[test]
fn flower() {
    let Some((server, python, app)) = both() else { return };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let flag = format!("--port={port}");
    let args = ["-m", "celery", "-A", "app", "flower", "--address=127.0.0.1", &flag];
    let _flower = Python::run(&python, &server.url(), &args);
    let ask = |path: &str| -> String {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return String::new() };
        let question = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
        let mut answer = String::new();
        let _ =
            stream.write_all(question.as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
        answer
    };
    until("flower answers", || ask("/healthcheck").contains("OK"));
    let worker = app.worker().queues(["rust"]).name("rust@test").events(true).start().unwrap();
    let to_rust = || SendOptions::new().queue("rust");
    let mut sent = String::new();
    until("flower has seen a task succeed", || {
        let task = app.apply_async::<i64>("tasks.add", (20, 22), to_rust()).unwrap();
        task.get_timeout(LONG).unwrap();
        sent = task.id().to_owned();
        let tasks = ask("/api/tasks?workername=rust@test&state=SUCCESS");
        tasks.contains("tasks.add") && tasks.contains("rust@test")
    });
    until("flower has seen the last one", || ask(&format!("/api/task/info/{sent}")).contains("42"));
    until("flower knows the worker's tasks", || {
        let workers = ask("/api/workers?refresh=1&workername=rust@test");
        ["tasks.whoami", "locksmith:threads", "\"rust\""].iter().all(|word| workers.contains(word))
    });
    worker.stop();
}

/// A worker of ours takes a small part of the memory of Celery's smallest one.
#[test]
fn a_worker_is_small() {
    let Some((server, python, _)) = both() else { return };
    let celery = Python::worker(&python, &server.url(), "celery", &[]);
    let mut ours = Marker::start(&server);
    let app = App::new(Redis::open(&server.url()).unwrap());
    for n in 0..200 {
        app.delay::<()>("tasks.mark", (n, "marks")).unwrap();
    }
    until("all have run", || marks(&server).len() == 200);
    let [ours_kb, celery_kb] = [ours.0.id(), celery.0.id()].map(anonymous);
    println!("memory of a worker: ours {ours_kb} KB, Celery's {celery_kb} KB");
    assert!(100 * ours_kb <= 15 * celery_kb, "{ours_kb} KB, Celery's {celery_kb} KB");
    ours.0.kill().unwrap();
}

/// Resident memory in KB without the files' pages, which a debug build has more of.
fn anonymous(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The program `marker`; it ends with the test.
struct Marker(Child);

impl Marker {
    fn start(server: &Server) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_marker"));
        Self(program.env("BROKER", server.url()).stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Marker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The numbers that `tasks.mark` has noted.
fn marks(server: &Server) -> Vec<i64> {
    let mut connection = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    redis::cmd("LRANGE").arg("marks").arg(0).arg(-1).query(&mut connection).unwrap()
}

/// Workers of both languages on one queue: each task runs once.
#[test]
fn a_mixed_pool_runs_each_task_once() {
    let Some((server, python, app)) = both() else { return };
    let tasks: i64 = number("LOCKSMITH_TASKS", 2000);
    let ran = Arc::new(Lock::new(0));
    let count = Arc::clone(&ran);
    app.task("tasks.mark", move |_, (_, list): (i64, String)| {
        *count.lock() += 1;
        Ok(list)
    })
    .unwrap();
    app.delay_many::<_, ()>("tasks.mark", (0..tasks).map(|n| (n, "marks"))).unwrap();
    let python = Python::worker(&python, &server.url(), "celery", &[]);
    let rust = app.worker().concurrency(1).name("rust@test").start().unwrap();
    let mut connection = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    let mut of_python =
        || -> i64 { redis::cmd("LLEN").arg("marks").query(&mut connection).unwrap() };
    until("all have run", || *ran.lock() + of_python() >= tasks);
    rust.stop();
    drop(python);
    assert_eq!(*ran.lock() + of_python(), tasks);
}

/// Rust workers die in the middle, among Celery's; every task is done.
#[test]
fn killed_workers_lose_nothing() {
    let Some((server, python, app)) = both() else { return };
    let (tasks, kills): (i64, u32) = (number("LOCKSMITH_TASKS", 400), number("LOCKSMITH_KILLS", 8));
    let marks = || marks(&server);
    app.delay_many::<_, ()>("tasks.mark", (0..tasks).map(|n| (n, "marks"))).unwrap();
    let _python = Python::worker(&python, &server.url(), "celery", &["--prefetch-multiplier", "1"]);
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..kills {
        let before = marks().len();
        let worker = Marker::start(&server);
        until("it does something", || marks().len() > before || marks().len() as i64 >= tasks);
        std::thread::sleep(Duration::from_millis(random.u64(0..60))); // somewhere in the middle
        drop(worker); // killed
    }
    let _last = Marker::start(&server);
    let all: HashSet<i64> = (0..tasks).collect();
    until("every task has run", || marks().into_iter().collect::<HashSet<_>>() == all);
}

/// The reader of a result need not be the sender of the task.
#[test]
fn states_are_the_same_in_both_languages() {
    let Some((server, python, app)) = both() else { return };
    let worker = rust_worker(&app);
    let sent =
        app.apply_async::<i64>("tasks.add", (20, 22), SendOptions::new().queue("rust")).unwrap();
    assert_eq!(sent.get_timeout(LONG), Ok(42));
    let read = "import sys; from app import app; r = app.AsyncResult(sys.argv[1]); print(r.state, r.get())";
    let lines = Python::run(&python, &server.url(), &["-c", read, sent.id()]).lines();
    assert_eq!(lines, ["SUCCESS 42"]);
    assert_eq!(sent.status().unwrap(), State::Success);
    worker.stop();
}
