//! A Redis that is away, slow, mute, or far behind; and clocks that differ.

#[path = "same/proxy.rs"]
mod proxy;
#[allow(dead_code)] // the suite is for the brokers
mod same;

use watchdog as _;

use std::collections::HashSet;
use std::process::{Command, Stdio};
use std::time::Duration;

use proxy::{Fault, Proxy};
use same::{LONG, register, until};
use servers::{Redis as Server, number};
use tasks::{App, Redis, TaskHandle, TaskOptions};

fn open(url: &str) -> Redis {
    Redis::open(url).unwrap().patience(LONG)
}

fn send(app: &App, numbers: std::ops::Range<i64>) -> Vec<TaskHandle<i64>> {
    numbers.map(|n| app.delay("tasks.add", (n, n)).unwrap()).collect()
}

fn all_right(sent: &[TaskHandle<i64>]) {
    for (n, task) in sent.iter().enumerate() {
        assert_eq!(task.get_timeout(LONG), Ok(2 * n as i64));
    }
}

/// The server is killed and comes back; tasks that were sent before and meanwhile are done.
#[test]
fn a_server_restart_loses_nothing() {
    let Some(mut server) = Server::that_keeps() else { return };
    let app = App::new(open(&server.url()));
    register(&app);
    let worker = app.worker().start().unwrap();
    let mut sent = send(&app, 0..50);
    server.kill();
    let meanwhile = primitives::threads::scope(|scope| {
        let meanwhile = scope.spawn(|| send(&app, 50..60));
        server.start_again();
        meanwhile.join().unwrap()
    });
    sent.extend(meanwhile);
    all_right(&sent);
    worker.stop();
}

/// The server has run the claim, and the connection breaks before the worker hears of it. The
/// visibility timeout is an hour.
#[test]
fn a_claim_whose_answer_is_lost_loses_no_task() {
    let Some(server) = Server::start() else { return };
    let direct = App::new(open(&server.url()));
    let proxy = Proxy::start(server.port(), Fault::Sever(b"tasks.add"));
    let worker_side = App::new(open(&proxy.url()));
    register(&worker_side);
    let sent = send(&direct, 0..5);
    let worker = worker_side.worker().start().unwrap();
    all_right(&sent);
    assert!(proxy.has_severed());
    assert_eq!(worker.processed(), 5);
    worker.stop();
}

/// The server has taken a task, and the connection breaks before the sender hears of it: the task
/// is there twice, and is not lost.
#[test]
fn a_send_whose_answer_is_lost_is_sent_again() {
    let Some(server) = Server::start() else { return };
    let proxy = Proxy::start(server.port(), Fault::Sever(b":1\r\n")); // the length of the list
    let app = App::new(open(&proxy.url()));
    register(&app);
    let sent = send(&app, 0..1);
    assert!(proxy.has_severed());
    assert_eq!(app.broker().len("celery").unwrap(), 2);
    let worker = app.worker().start().unwrap();
    all_right(&sent);
    until("both copies have run", || worker.processed() == 2);
    worker.stop();
    let mut connection = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    let left: (usize, usize, usize) = redis::pipe()
        .llen("celery")
        .hlen("unacked")
        .zcard("unacked_index")
        .query(&mut connection)
        .unwrap();
    assert_eq!(left, (0, 0, 0));
}

/// Each answer is late. Nothing is lost, and nothing runs twice.
#[test]
fn a_slow_server_is_only_slow() {
    let Some(server) = Server::start() else { return };
    let proxy = Proxy::start(server.port(), Fault::Delay(Duration::from_millis(40)));
    let app = App::new(open(&proxy.url()).visibility_timeout(Duration::from_secs(1)).unwrap());
    register(&app);
    let worker = app.worker().start().unwrap();
    all_right(&send(&app, 0..10));
    assert_eq!(worker.processed(), 10);
    worker.stop();
}

/// The server takes connections and does not answer: one clear error for each call, and when it
/// answers again, the worker goes on.
#[test]
fn a_mute_server_is_an_error_and_comes_back() {
    let Some(server) = Server::start() else { return };
    let proxy = Proxy::start(server.port(), Fault::Gate);
    let direct = App::new(open(&server.url()));
    let app = App::new(Redis::open(&proxy.url()).unwrap().patience(Duration::from_millis(100)));
    register(&app);
    let worker = app.worker().start().unwrap();
    proxy.close();
    let says = |error: String| {
        assert!(error.contains("127.0.0.1") && error.contains("no answer"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    };
    says(app.delay::<()>("tasks.add", (1, 1)).unwrap_err().to_string());
    says(Redis::open(&proxy.url()).unwrap_err().to_string());
    let sent = send(&direct, 0..5);
    proxy.open();
    all_right(&sent);
    all_right(&send(&app, 0..5));
    worker.stop();
}

/// More than workers of any kind hold at once.
#[test]
fn a_backlog_is_worked_off() {
    let Some(server) = Server::start() else { return };
    let app = App::new(open(&server.url()));
    let tasks = number("LOCKSMITH_TASKS", 30_000_u64);
    app.task_with("nothing", TaskOptions::new().ignore_result(true), |_, (_,): (u64,)| Ok(()))
        .unwrap();
    app.delay_many::<_, ()>("nothing", (0..tasks).map(|n| (n,))).unwrap();
    assert_eq!(app.broker().len("celery").unwrap() as u64, tasks);
    let worker = app.worker().prefetch_multiplier(64).start().unwrap();
    until("the backlog is done", || worker.processed() == tasks);
    worker.stop();
    assert_eq!(app.broker().len("celery").unwrap(), 0);
}

/// Workers whose clocks are two hours early and late, beside one that is right: claims are by the
/// server's clock, so none counts as dead, and each task runs once.
#[test]
fn clocks_may_differ() {
    let Some(server) = Server::start() else { return };
    // The program of that name starts another one, which would outlive the test.
    let library = Command::new("faketime").args(["-f", "+0s", "printenv", "LD_PRELOAD"]).output();
    let Ok(library) = library else {
        println!("skipped: there is no faketime");
        return;
    };
    let library = String::from_utf8(library.stdout).unwrap();
    let app = App::new(open(&server.url()).visibility_timeout(Duration::from_secs(2)).unwrap());
    let tasks = number("LOCKSMITH_TASKS", 1500_i64);
    app.delay_many::<_, ()>("tasks.mark", (0..tasks).map(|n| (n, "marks"))).unwrap();
    let mut workers = ["-2h", "+0s", "+2h"].map(|skew| {
        Command::new(env!("CARGO_BIN_EXE_marker"))
            .env("LD_PRELOAD", library.trim())
            .env("FAKETIME", skew)
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("BROKER", server.url())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    });
    let mut connection = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    let mut marks = || -> Vec<i64> {
        redis::cmd("LRANGE").arg("marks").arg(0).arg(-1).query(&mut connection).unwrap()
    };
    until("all have run", || marks().len() as i64 >= tasks);
    let marks = marks();
    let different: HashSet<_> = marks.iter().collect();
    assert_eq!((marks.len() as i64, different.len() as i64), (tasks, tasks), "each once");
    for worker in &mut workers {
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
}
