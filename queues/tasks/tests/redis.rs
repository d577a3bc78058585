//! The suite on a real Redis server, and tests that need a server.

mod same;

use watchdog as _;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use primitives::{Event, Lock};
use same::{LONG, register, until};
use serde_json::{Value, json};
use servers::Redis as Server;
use tasks::{App, GetError, Redis, SendOptions, State, StoredResult};

fn redis(test: fn(&App)) {
    if let Some(server) = Server::start() {
        test(&App::new(Redis::open(&server.url()).unwrap()));
    }
}

suite!(redis);

/// A connection of the test's own.
fn connect(server: &Server) -> redis::Connection {
    redis::Client::open(server.url()).unwrap().get_connection().unwrap()
}

fn app(server: &Server) -> App {
    let redis = Redis::open(&server.url()).unwrap();
    App::new(redis.visibility_timeout(Duration::from_secs(1)).unwrap())
}

/// A message that no worker can run is reported and kept, and answered if its id can be read. The
/// worker survives.
#[test]
fn what_cannot_be_read_is_a_dead_letter() {
    let Some(server) = Server::start() else { return };
    let app = app(&server);
    register(&app);
    let mut connection = connect(&server);
    app.delay::<i64>("tasks.add", (1, 1)).unwrap();
    let good: String = redis::cmd("RPOP").arg("celery").query(&mut connection).unwrap();
    let edited = |id: &str, edit: &dyn Fn(&mut Value)| {
        let mut json: Value = serde_json::from_str(&good).unwrap();
        json["headers"]["id"] = id.into();
        json["properties"]["delivery_tag"] = format!("tag-{id}").into();
        edit(&mut json);
        json.to_string()
    };
    let remove = |outer: &'static str, inner: &'static str| {
        edited(inner, &move |json| drop(json[outer].as_object_mut().unwrap().remove(inner)))
    };
    let bad = [
        "not json".to_owned(),
        "[]".to_owned(),
        remove("properties", "delivery_tag"),
        remove("properties", "delivery_info"),
        edited("content-type", &|json| drop(json.as_object_mut().unwrap().remove("content-type"))),
        edited("pickle", &|json| json["content-type"] = "application/x-python-serialize".into()),
        edited("zipped", &|json| json["headers"]["compression"] = "application/x-gzip".into()),
        edited("body", &|json| json["body"] = "bm8=".into()),
        remove("headers", "task"),
    ];
    for message in &bad {
        redis::cmd("LPUSH").arg("celery").arg(message).query::<()>(&mut connection).unwrap();
    }
    let worker = app.worker().start().unwrap();
    until("all are dead letters", || {
        app.broker().dead_letters("celery", 99).unwrap().len() == bad.len()
    });
    for id in ["delivery_tag", "delivery_info", "content-type", "pickle", "zipped", "body", "task"]
    {
        let failed = app.handle::<()>(id).get_timeout(LONG);
        assert!(
            matches!(&failed, Err(GetError::Failed(e)) if e.kind == "DecodeError"),
            "{id}: {failed:?}"
        );
    }
    let mut kept: Vec<_> =
        app.broker().dead_letters("celery", 99).unwrap().into_iter().map(|l| l.message).collect();
    let mut sent = bad.to_vec();
    kept.sort();
    sent.sort();
    assert_eq!(kept, sent, "letter by letter");
    assert_eq!(app.delay::<i64>("tasks.add", (1, 1)).unwrap().get_timeout(LONG), Ok(2));
    worker.stop();
    let left: (usize, usize) =
        redis::pipe().hlen("unacked").zcard("unacked_index").query(&mut connection).unwrap();
    assert_eq!(left, (0, 0));
}

/// A worker that died: its claim comes back within the visibility timeout and a second, and is
/// counted if it had begun.
#[test]
fn the_claims_of_a_dead_worker_come_back_in_time_and_not_for_ever() {
    let Some(server) = Server::start() else { return };
    let app = app(&server);
    app.task("died", |call, ()| Ok(call.redelivered())).unwrap();
    let task = app.delay::<bool>("died", ()).unwrap();
    // Claimed by a worker that is never heard of again.
    let claim = || app.broker().claim(&["celery".into()], 1, LONG).unwrap().remove(0);
    let since = Instant::now();
    assert_eq!(claim().redeliveries, 0);
    let keeper = app.worker().queues(["another"]).start().unwrap();
    assert_eq!(claim().redeliveries, 1);
    let back = since.elapsed();
    assert!(back >= Duration::from_secs(1) && back < Duration::from_secs(3), "after {back:?}");
    for begun in 1..=3 {
        let delivery = claim();
        assert_eq!(delivery.redeliveries, begun, "one that did not begin does not count");
        assert!(!app.broker().recount(&delivery).unwrap(), "this delivery runs");
    }
    let worker = app.worker().start().unwrap();
    let Err(GetError::Failed(error)) = task.get_timeout(LONG) else { panic!() };
    assert_eq!(error.kind, "WorkerLostError");
    until("it is a dead letter", || app.broker().dead_letters("celery", 9).unwrap().len() == 1);
    keeper.stop();
    worker.stop();
}

/// A task that runs longer than the visibility timeout is refreshed, and runs once.
#[test]
fn a_slow_task_runs_once() {
    let Some(server) = Server::start() else { return };
    let app = app(&server);
    let runs = Arc::new(Lock::new(0));
    let count = Arc::clone(&runs);
    let never = Event::new();
    app.task("slow", move |_, ()| {
        *count.lock() += 1;
        never.wait_timeout(Duration::from_millis(2500));
        Ok(())
    })
    .unwrap();
    let workers = [0, 1].map(|n| app.worker().name(format!("w{n}@test")).start().unwrap());
    app.delay::<()>("slow", ()).unwrap().get_timeout(LONG).unwrap();
    workers.into_iter().for_each(tasks::Worker::stop);
    assert_eq!(*runs.lock(), 1);
    assert_eq!(app.broker().len("celery").unwrap(), 0);
}

/// Revoked while a worker held it; that worker stopped, and gave it back. The next worker has not
/// heard of it.
#[test]
fn what_is_stored_as_revoked_is_not_run() {
    let Some(server) = Server::start() else { return };
    let app = app(&server);
    register(&app);
    let soon = SendOptions::new().countdown(Duration::from_millis(300));
    let task = app.apply_async::<i64>("tasks.add", (1, 1), soon).unwrap();
    let revoked = StoredResult {
        id: task.id().into(),
        state: State::Revoked,
        value: Value::Null,
        exception: None,
        group: None,
        parent: None,
        date: SystemTime::now(),
    };
    app.results().put(&[revoked]).unwrap();
    let worker = app.worker().start().unwrap();
    until("it was dealt with", || {
        redis::cmd("HLEN").arg("unacked").query::<usize>(&mut connect(&server)).unwrap() == 0
            && app.broker().len("celery").unwrap() == 0
    });
    assert!(matches!(task.get_timeout(LONG), Err(GetError::Revoked(_))));
    assert_eq!(worker.processed(), 0);
    worker.stop();
}

#[test]
fn a_dead_server_is_one_clear_error() {
    let says = |result: Result<Redis, tasks::Error>, word: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(word) && !error.contains('\n'), "{error}");
    };
    says(Redis::open("http://nowhere"), "redis://host:6379/0");
    let Some(mut server) = Server::start() else { return };
    let app = App::new(Redis::open(&server.url()).unwrap().patience(Duration::from_millis(100)));
    server.kill();
    let error = app.delay::<()>("t", ()).unwrap_err().to_string();
    assert!(error.contains(&format!("127.0.0.1:{}", server.port())), "{error}");
    assert!(app.worker().start().is_err());
}

#[test]
fn big_payloads() {
    let Some(server) = Server::start() else { return };
    let app = app(&server);
    register(&app);
    let big = json!("x".repeat(5_000_000));
    let echo = app.delay::<Value>("tasks.echo", (&big,)).unwrap();
    let worker = app.worker().start().unwrap();
    assert!(echo.get_timeout(LONG).unwrap() == big);
    worker.stop();
}
