//! The behaviour on every broker. [`suite!`] makes a test of each, on a fixture that gives a fresh
//! [`App`].

use std::time::{Duration, Instant, SystemTime};

use primitives::{Event, Lock};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tasks::{
    App, Exception, GetError, Rate, RetryPolicy, SendOptions, Signature, State, TaskError,
    TaskOptions, Worker, chain, chord, group,
};

pub(crate) use servers::{LONG, until};

/// The tasks of all tests, on both sides of the wire.
pub(crate) fn register(app: &App) {
    app.task("tasks.add", |_, (x, y): (i64, i64)| Ok(x + y)).unwrap();
    app.task("tasks.xsum", |_, (all,): (Vec<i64>,)| Ok(all.iter().sum::<i64>())).unwrap();
    app.task("tasks.echo", |_, (value,): (serde_json::Value,)| Ok(value)).unwrap();
    app.task("tasks.boom", |_, ()| -> Result<(), TaskError> {
        Err(TaskError::Failed(Exception::python("ValueError", "boom")))
    })
    .unwrap();
    // Like a task in Python: `retries` retries, then their number.
    let quick = RetryPolicy::new().max(5).first(Duration::from_millis(20));
    app.task_with("tasks.retry_me", TaskOptions::new().retry(quick), |call, (n,): (u32,)| {
        if call.retries() < n { Err(call.retry("not yet")) } else { Ok(call.retries()) }
    })
    .unwrap();
    app.task("tasks.whoami", |_, ()| Ok("rust")).unwrap();
    app.task("tasks.greet", |_, greeting: Greeting| {
        Ok(format!("{}, {}!", greeting.word, greeting.name))
    })
    .unwrap();
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Greeting {
    pub(crate) name: String,
    #[serde(default = "hello")]
    pub(crate) word: String,
}

fn hello() -> String {
    "Hello".into()
}

fn worker(app: &App) -> Worker {
    app.worker().concurrency(2).start().unwrap()
}

fn add(x: i64) -> Signature {
    Signature::new("tasks.add").arg(x)
}

fn xsum() -> Signature {
    Signature::new("tasks.xsum")
}

fn boom() -> Signature {
    Signature::new("tasks.boom").immutable()
}

pub(crate) fn results_come_back(app: &App) {
    register(app);
    let worker = worker(app);
    let sum = app.delay::<i64>("tasks.add", (2, 3)).unwrap();
    assert_eq!(sum.get_timeout(LONG), Ok(5));
    assert_eq!(sum.status().unwrap(), State::Success);
    assert_eq!(sum.get_timeout(Duration::ZERO), Ok(5), "a second time");
    let same = app.handle::<i64>(sum.id());
    assert_eq!(same.get_timeout(LONG), Ok(5), "by its id");
    sum.forget().unwrap();
    assert_eq!(same.status().unwrap(), State::Pending);
    worker.stop();
}

pub(crate) fn arguments_by_name(app: &App) {
    register(app);
    let worker = worker(app);
    let greeting = Greeting { name: "Ada".into(), word: "Hi".into() };
    let greeted = app.delay::<String>("tasks.greet", greeting).unwrap();
    assert_eq!(greeted.get_timeout(LONG).unwrap(), "Hi, Ada!");
    let short = app.delay::<String>("tasks.greet", ("Bob",)).unwrap();
    assert_eq!(short.get_timeout(LONG).unwrap(), "Hello, Bob!");
    let wrong = app.delay::<i64>("tasks.add", ("two", 2)).unwrap();
    let Err(GetError::Failed(error)) = wrong.get_timeout(LONG) else { panic!() };
    assert_eq!(error.kind, "TypeError");
    assert!(error.message().contains("tasks.add") && error.message().contains("two"), "{error}");
    worker.stop();
}

pub(crate) fn failures_come_back(app: &App) {
    register(app);
    app.task("panics", |_, ()| -> Result<(), TaskError> { panic!("a rust bug") }).unwrap();
    let worker = worker(app);
    let failed = app.delay::<()>("tasks.boom", ()).unwrap();
    let Err(GetError::Failed(error)) = failed.get_timeout(LONG) else { panic!() };
    assert_eq!((error.kind.as_str(), error.message()), ("ValueError", "boom".into()));
    assert_eq!(failed.status().unwrap(), State::Failure);
    let panicked = app.delay::<()>("panics", ()).unwrap();
    let Err(GetError::Failed(error)) = panicked.get_timeout(LONG) else { panic!() };
    assert_eq!((error.kind.as_str(), error.message()), ("Panic", "a rust bug".into()));
    let typed = app.delay::<String>("tasks.add", (1, 2)).unwrap();
    assert!(matches!(typed.get_timeout(LONG), Err(GetError::Type { .. })));
    worker.stop();
}

pub(crate) fn retries(app: &App) {
    register(app);
    let policy = RetryPolicy::new().max(2).first(Duration::from_millis(10));
    let options = TaskOptions::new().retry(policy).retry_on_error(true);
    app.task_with("flaky", options.clone(), |call, (n,): (u32,)| {
        if call.retries() < n { Err(TaskError::failed("flaky")) } else { Ok(call.retries()) }
    })
    .unwrap();
    app.task_with("stubborn", options, |call, ()| -> Result<(), _> {
        Err(call.retry_in(Duration::from_millis(1), "never"))
    })
    .unwrap();
    let worker = worker(app);
    let get = |task: &str, n: u32| app.delay::<u32>(task, (n,)).unwrap().get_timeout(LONG);
    assert_eq!(get("tasks.retry_me", 2), Ok(2));
    assert_eq!(get("flaky", 2), Ok(2));
    let Err(GetError::Failed(error)) = get("flaky", 3) else { panic!() };
    assert_eq!(error.message(), "flaky");
    let gave_up = app.delay::<()>("stubborn", ()).unwrap().get_timeout(LONG);
    let Err(GetError::Failed(error)) = gave_up else { panic!("{gave_up:?}") };
    assert_eq!(error.kind, "MaxRetriesExceededError");
    worker.stop();
}

pub(crate) fn not_before_its_time_and_not_after(app: &App) {
    register(app);
    let worker = worker(app);
    let delay = Duration::from_millis(300);
    let send = |options| app.apply_async::<i64>("tasks.add", (1, 1), options).unwrap();
    let (since, clock) = (Instant::now(), SystemTime::now());
    let later = send(SendOptions::new().countdown(delay));
    let at = send(SendOptions::new().eta(clock + delay));
    let now = send(SendOptions::new());
    assert_eq!(now.get_timeout(LONG), Ok(2));
    assert!(!later.status().unwrap().is_ready() || since.elapsed() >= delay);
    assert_eq!((later.get_timeout(LONG), at.get_timeout(LONG)), (Ok(2), Ok(2)));
    assert!(clock.elapsed().unwrap() >= delay, "too early");
    let late = send(SendOptions::new().countdown(delay).expires(Duration::from_millis(1)));
    let Err(GetError::Revoked(why)) = late.get_timeout(LONG) else { panic!() };
    assert_eq!(why.message(), "expired");
    worker.stop();
}

pub(crate) fn chains(app: &App) {
    register(app);
    let worker = worker(app);
    let sum = app.apply::<i64>(chain([add(1).arg(2), add(3), chain([add(4), add(5)])])).unwrap();
    assert_eq!(sum.get_timeout(LONG), Ok(15));
    let fixed = chain([add(1).arg(2), add(10).arg(20).immutable()]);
    assert_eq!(app.apply::<i64>(fixed).unwrap().get_timeout(LONG), Ok(30));
    let broken = app.apply::<i64>(chain([add(1).arg(2), boom(), add(3), add(4)])).unwrap();
    let Err(GetError::Failed(error)) = broken.get_timeout(LONG) else { panic!() };
    assert_eq!(error.kind, "ValueError", "the rest of a chain fails with what broke it");
    worker.stop();
}

pub(crate) fn groups_and_chords(app: &App) {
    register(app);
    let worker = worker(app);
    let four = || group((0..4).map(|n| add(n).arg(10)));
    let sums = app.apply_group::<i64>(four()).unwrap().get_timeout(LONG);
    assert_eq!(sums, Ok(vec![10, 11, 12, 13]));
    let total = app.apply::<i64>(chord((0..4).map(|n| add(n).arg(10)), xsum())).unwrap();
    assert_eq!(total.get_timeout(LONG), Ok(46));
    let middle = chain([add(1).arg(2), group([add(10), add(20)]), xsum(), add(100)]);
    assert_eq!(app.apply::<i64>(middle).unwrap().get_timeout(LONG), Ok(136));
    let last = chain([add(1).arg(2), group([add(10), add(20)])]);
    assert_eq!(app.apply_group::<i64>(last).unwrap().get_timeout(LONG), Ok(vec![13, 23]));
    worker.stop();
}

pub(crate) fn nested_chords(app: &App) {
    register(app);
    let worker = worker(app);
    let inner = || chord([add(1).arg(1), add(2).arg(2)], xsum());
    let header = [chain([add(1).arg(2), add(3)]), group([add(5).arg(5), add(6).arg(6)]), inner()];
    let outer = app.apply::<i64>(chord(header, xsum())).unwrap();
    assert_eq!(outer.get_timeout(LONG), Ok(6 + 10 + 12 + 6));
    let two =
        chain([group([add(1).arg(1), add(2).arg(2)]), xsum(), group([add(1), add(2)]), xsum()]);
    assert_eq!(app.apply::<i64>(two).unwrap().get_timeout(LONG), Ok(7 + 8));
    let in_body = chord([add(1).arg(1)], chain([xsum(), group([add(1), add(2)]), xsum()]));
    assert_eq!(app.apply::<i64>(in_body).unwrap().get_timeout(LONG), Ok(3 + 4));
    worker.stop();
}

pub(crate) fn a_chord_with_a_failing_member_fails(app: &App) {
    register(app);
    let worker = worker(app);
    let fails = |canvas: Signature| {
        let failed = app.apply::<i64>(canvas).unwrap().get_timeout(LONG);
        let Err(GetError::Failed(error)) = failed else { panic!("{failed:?}") };
        assert_eq!(error.kind, "ChordError");
        assert!(error.message().contains("ValueError"), "{error}");
    };
    fails(chord([add(1).arg(1), boom()], xsum()));
    fails(chain([group([add(1).arg(1), boom()]), xsum(), add(1)]));
    fails(chord([chain([boom(), add(1)]), add(1).arg(1)], xsum()));
    fails(chord([chord([boom()], xsum()), add(1).arg(1)], xsum()));
    worker.stop();
}

pub(crate) fn links(app: &App) {
    register(app);
    let heard = Arc::new(Lock::new(Vec::new()));
    let note = Arc::clone(&heard);
    app.task("note", move |_, (text,): (serde_json::Value,)| {
        note.lock().push(text.to_string());
        Ok(())
    })
    .unwrap();
    let worker = worker(app);
    let note = || Signature::new("note");
    let options = || SendOptions::new().link(note()).link_error(note());
    app.apply_async::<i64>("tasks.add", (1, 1), options()).unwrap().get_timeout(LONG).unwrap();
    let failed = app.apply_async::<()>("tasks.boom", (), options()).unwrap();
    failed.get_timeout(LONG).unwrap_err();
    until("both were heard", || heard.lock().len() == 2);
    let mut heard = heard.lock().clone();
    heard.sort();
    let mut wanted = ["2".to_owned(), format!("{:?}", failed.id())];
    wanted.sort();
    assert_eq!(heard, wanted);
    worker.stop();
}

pub(crate) fn revoked_before_it_began(app: &App) {
    register(app);
    let waiting = app.delay::<i64>("tasks.add", (1, 1)).unwrap();
    waiting.revoke().unwrap();
    let other = app.delay::<i64>("tasks.add", (2, 2)).unwrap();
    let worker = worker(app);
    assert_eq!(other.get_timeout(LONG), Ok(4));
    assert!(matches!(waiting.get_timeout(LONG), Err(GetError::Revoked(_))));
    assert_eq!(waiting.status().unwrap(), State::Revoked);
    let soon = SendOptions::new().countdown(Duration::from_millis(200));
    let held = app.apply_async::<i64>("tasks.add", (1, 1), soon).unwrap();
    held.revoke().unwrap();
    assert!(matches!(held.get_timeout(LONG), Err(GetError::Revoked(_))));
    worker.stop();
}

pub(crate) fn priorities_and_queues(app: &App) {
    register(app);
    let order = Arc::new(Lock::new(Vec::new()));
    let note = Arc::clone(&order);
    app.task("order", move |call, (n,): (u32,)| {
        note.lock().push((call.queue().to_owned(), n));
        Ok(())
    })
    .unwrap();
    app.route("routed.*", "side").unwrap();
    app.task("routed.task", |call, ()| Ok(call.queue().to_owned())).unwrap();
    for (n, priority) in [(1, 9), (2, 3), (3, 0), (4, 6), (5, 0)] {
        app.apply_async::<()>("order", (n,), SendOptions::new().priority(priority)).unwrap();
    }
    let routed = app.delay::<String>("routed.task", ()).unwrap();
    let worker = app.worker().queues(["celery", "side"]).concurrency(1).start().unwrap();
    until("all have run", || order.lock().len() == 5);
    let order: Vec<_> = order.lock().iter().map(|(_, n)| *n).collect();
    assert_eq!(order, [3, 5, 2, 4, 1]);
    assert_eq!(routed.get_timeout(LONG).unwrap(), "side");
    worker.stop();
}

pub(crate) fn time_limits(app: &App) {
    register(app);
    let gate = Arc::new(Event::new());
    let until_open = Arc::clone(&gate);
    let soft = TaskOptions::new().soft_time_limit(Duration::from_millis(20));
    app.task_with("soft", soft, |call, ()| -> Result<(), TaskError> {
        loop {
            call.check()?;
            std::thread::sleep(Duration::from_millis(1)); // its work
        }
    })
    .unwrap();
    let hard = TaskOptions::new().time_limit(Duration::from_millis(20));
    app.task_with("hard", hard, move |_, ()| {
        until_open.wait();
        Ok(())
    })
    .unwrap();
    let worker = app.worker().concurrency(1).start().unwrap();
    let kind = |task: &str| match app.delay::<()>(task, ()).unwrap().get_timeout(LONG) {
        Err(GetError::Failed(error)) => error.kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(kind("soft"), "SoftTimeLimitExceeded");
    assert_eq!(kind("hard"), "TimeLimitExceeded");
    let next = app.delay::<i64>("tasks.add", (1, 1)).unwrap();
    assert_eq!(next.get_timeout(LONG), Ok(2), "another thread has taken its place");
    gate.set();
    worker.stop();
}

pub(crate) fn rate_limits(app: &App) {
    let options = TaskOptions::new().rate_limit(Rate::parse("20/s").unwrap());
    app.task_with("limited", options, |_, ()| Ok(())).unwrap();
    let worker = worker(app);
    let since = Instant::now();
    let all: Vec<_> = (0..5).map(|_| app.delay::<()>("limited", ()).unwrap()).collect();
    all.iter().for_each(|one| one.get_timeout(LONG).unwrap());
    assert!(since.elapsed() >= Duration::from_millis(200), "five in {:?}", since.elapsed());
    worker.stop();
}

pub(crate) fn progress(app: &App) {
    let (reported, go_on) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (report, gate) = (Arc::clone(&reported), Arc::clone(&go_on));
    app.task("slow", move |call, ()| {
        call.progress("PROGRESS", &serde_json::json!({"done": 3}))?;
        assert!(call.progress("SUCCESS", &()).is_err());
        report.set();
        gate.wait();
        Ok(())
    })
    .unwrap();
    let worker = worker(app);
    let slow = app.delay::<()>("slow", ()).unwrap();
    assert!(reported.wait_timeout(LONG));
    let info = slow.info().unwrap().unwrap();
    assert_eq!((info.state, &info.value["done"]), (State::Custom("PROGRESS".into()), &3.into()));
    go_on.set();
    slow.get_timeout(LONG).unwrap();
    worker.stop();
}

pub(crate) fn what_nobody_knows_is_a_dead_letter(app: &App) {
    register(app);
    let worker = worker(app);
    let unknown = app.delay::<()>("tasks.unknown", (1,)).unwrap();
    let Err(GetError::Failed(error)) = unknown.get_timeout(LONG) else { panic!() };
    assert_eq!((error.kind.as_str(), error.message()), ("NotRegistered", "tasks.unknown".into()));
    until("it is a dead letter", || !app.broker().dead_letters("celery", 9).unwrap().is_empty());
    let letters = app.broker().dead_letters("celery", 9).unwrap();
    assert!(letters[0].reason.contains("tasks.unknown"), "{letters:?}");
    assert!(letters[0].message.contains("tasks.unknown"));
    worker.stop();
}

pub(crate) fn a_stopped_worker_gives_back_what_has_not_begun(app: &App) {
    register(app);
    let (began, go_on) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (begin, gate) = (Arc::clone(&began), Arc::clone(&go_on));
    app.task("gated", move |_, ()| {
        begin.set();
        gate.wait();
        Ok("done")
    })
    .unwrap();
    let worker = app.worker().concurrency(1).start().unwrap();
    let running = app.delay::<String>("gated", ()).unwrap();
    assert!(began.wait_timeout(LONG));
    let waiting: Vec<_> = (0..3).map(|n| app.delay::<i64>("tasks.add", (n, n)).unwrap()).collect();
    let hour = SendOptions::new().countdown(Duration::from_secs(3600));
    app.apply_async::<i64>("tasks.add", (1, 1), hour).unwrap();
    worker.request_stop();
    assert!(worker.is_stopping());
    go_on.set();
    worker.stop();
    assert_eq!(running.get_timeout(LONG).unwrap(), "done", "what runs ends");
    assert_eq!(app.broker().len("celery").unwrap(), 4, "what has not begun is back");
    assert_eq!(app.broker().purge("celery").unwrap(), 4);
    assert!(waiting.iter().all(|one| one.status().unwrap() == State::Pending));
}

pub(crate) fn what_runs_can_be_given_back(app: &App) {
    let (began, go_on) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (begin, gate) = (Arc::clone(&began), Arc::clone(&go_on));
    app.task("gated", move |_, ()| {
        begin.set();
        gate.wait();
        Ok(())
    })
    .unwrap();
    let first = worker(app);
    let task = app.delay::<()>("gated", ()).unwrap();
    assert!(began.wait_timeout(LONG));
    first.stop_now();
    assert_eq!(app.broker().len("celery").unwrap(), 1);
    go_on.set();
    let second = worker(app);
    task.get_timeout(LONG).unwrap();
    second.stop();
}

pub(crate) fn bad_input_is_refused_with_its_name(app: &App) {
    register(app);
    let says = |error: tasks::Error, word: &str| {
        assert!(error.to_string().contains(word), "{error}");
    };
    says(app.delay::<()>("two words", ()).unwrap_err(), "\"two words\"");
    says(app.delay::<()>("tasks.add", 7).unwrap_err(), "(7,)");
    says(app.task("tasks.add", |_, ()| Ok(())).unwrap_err(), "tasks.add");
    says(app.route("x", "").unwrap_err(), "queue");
    let ten = SendOptions::new().priority(10);
    says(app.apply_async::<()>("tasks.add", (1, 1), ten).unwrap_err(), "not 10");
    says(app.worker().concurrency(0).start().unwrap_err(), "not 0");
    says(app.worker().queues(["a b"]).start().unwrap_err(), "\"a b\"");
    says(app.apply::<()>(group([add(1), add(2)])).unwrap_err(), "apply_group");
    says(app.apply::<()>(chain([])).unwrap_err(), "nothing to run");
    assert_eq!(
        app.delay::<i64>("tasks.add", (1, 1)).unwrap().get_timeout(Duration::from_millis(1)),
        Err(GetError::Timeout(Duration::from_millis(1)))
    );
}

/// Makes a test of each on `$fixture`, which calls the test with its own application.
#[macro_export]
macro_rules! suite {
    ($fixture:path) => {
        $crate::suite!($fixture:
            results_come_back, arguments_by_name, failures_come_back, retries,
            not_before_its_time_and_not_after, chains, groups_and_chords, nested_chords,
            a_chord_with_a_failing_member_fails, links, revoked_before_it_began,
            priorities_and_queues, time_limits, rate_limits, progress,
            what_nobody_knows_is_a_dead_letter, a_stopped_worker_gives_back_what_has_not_begun,
            what_runs_can_be_given_back, bad_input_is_refused_with_its_name,
        );
    };
    ($fixture:path: $($name:ident,)*) => {
        $(#[test]
        fn $name() {
            $fixture(same::$name);
        })*
    };
}
