//! The suite on a real RabbitMQ server, with results in Redis, and tests that need a server.

#[allow(dead_code)] // priorities are the other way round
mod same;

use watchdog as _;

use std::collections::HashSet;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use primitives::Lock;
use same::{LONG, register, until};
use servers::{Python, RabbitMq, Redis, number, python};
use tasks::{Amqp, App, GetError, Nack, SendOptions, Signature, State, chain, chord, group};

/// A virtual host, a store for results, and an application on both.
struct Site {
    url: String,
    results: Redis,
    app: App,
}

fn site() -> Option<Site> {
    let (url, results) = (RabbitMq::shared()?.url(), Redis::start()?);
    let app = app(&url, &results);
    Some(Site { url, results, app })
}

/// Another program's application at the same place.
fn app(url: &str, results: &Redis) -> App {
    let results = tasks::Redis::open(&results.url()).unwrap();
    App::with_results(Arc::new(Amqp::open(url).unwrap()), Arc::new(results))
}

fn amqp(test: fn(&App)) {
    if let Some(site) = site() {
        test(&site.app);
    }
}

suite!(amqp:
    results_come_back, arguments_by_name, failures_come_back, retries,
    not_before_its_time_and_not_after, chains, groups_and_chords, nested_chords,
    a_chord_with_a_failing_member_fails, links, revoked_before_it_began,
    time_limits, rate_limits, progress,
    what_nobody_knows_is_a_dead_letter, a_stopped_worker_gives_back_what_has_not_begun,
    what_runs_can_be_given_back, bad_input_is_refused_with_its_name,
);

/// RabbitMQ's order: the largest first, and only where the queue was declared with steps.
#[test]
fn the_largest_priority_is_first() {
    let Some(site) = site() else { return };
    let broker = Amqp::open(&site.url).unwrap().max_priority(9).unwrap();
    assert!(Amqp::open(&site.url).unwrap().max_priority(10).is_err());
    let results = tasks::Redis::open(&site.results.url()).unwrap();
    let app = App::with_results(Arc::new(broker), Arc::new(results));
    let order = Arc::new(Lock::new(Vec::new()));
    let note = Arc::clone(&order);
    app.task("order", move |_, (n,): (u32,)| {
        note.lock().push(n);
        Ok(())
    })
    .unwrap();
    for (n, priority) in [(1, 0), (2, 3), (3, 9), (4, 6), (5, 9)] {
        app.apply_async::<()>("order", (n,), SendOptions::new().priority(priority)).unwrap();
    }
    let worker = app.worker().concurrency(1).start().unwrap();
    until("all have run", || order.lock().len() == 5);
    assert_eq!(*order.lock(), [3, 5, 4, 2, 1]);
    worker.stop();
}

/// More tasks for tomorrow than the worker may claim; a task for now still runs.
#[test]
fn tasks_for_later_do_not_fill_the_worker() {
    let Some(site) = site() else { return };
    register(&site.app);
    let tomorrow = || SendOptions::new().countdown(Duration::from_secs(86_400));
    for _ in 0..20 {
        site.app.apply_async::<i64>("tasks.add", (1, 1), tomorrow()).unwrap();
    }
    let worker = site.app.worker().concurrency(1).prefetch_multiplier(2).start().unwrap();
    let now = site.app.delay::<i64>("tasks.add", (2, 2)).unwrap();
    assert_eq!(now.get_timeout(LONG), Ok(4));
    worker.stop();
    assert_eq!(site.app.broker().len("celery").unwrap(), 20);
}

/// A worker that starts after the revocation, in another program.
#[test]
fn a_later_worker_knows_what_was_revoked() {
    let Some(site) = site() else { return };
    let revoked = site.app.delay::<i64>("tasks.add", (1, 1)).unwrap();
    revoked.revoke().unwrap();
    let other = app(&site.url, &site.results);
    register(&other);
    let worker = other.worker().start().unwrap();
    assert!(matches!(revoked.get_timeout(LONG), Err(GetError::Revoked(_))));
    assert_eq!(worker.processed(), 0);
    worker.stop();
}

#[test]
fn one_leads_and_notes_stay() {
    let Some(site) = site() else { return };
    let other = app(&site.url, &site.results);
    let (one, two) = (site.app.broker(), other.broker());
    assert!(one.lead("beat", "a", LONG).unwrap());
    assert!(one.lead("beat", "a", LONG).unwrap(), "it stays");
    assert!(!one.lead("beat", "b", LONG).unwrap(), "another thread");
    assert!(!two.lead("beat", "c", LONG).unwrap(), "another program");
    one.resign("beat", "a").unwrap();
    assert!(two.lead("beat", "c", LONG).unwrap());
    drop(other);
    until("the end of a leader's connection is noticed", || one.lead("beat", "b", LONG).unwrap());
    assert_eq!(one.note("sent").unwrap(), None);
    one.set_note("sent", "at nine").unwrap();
    one.set_note("sent", "at ten").unwrap();
    assert_eq!(one.note("sent").unwrap().as_deref(), Some("at ten"));
    assert_eq!(one.note("sent").unwrap().as_deref(), Some("at ten"), "a second time");
}

fn marker(site: &Site) -> Child {
    Command::new(env!("CARGO_BIN_EXE_marker"))
        .env("BROKER", &site.url)
        .env("BACKEND", site.results.url())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// A task that kills its worker each time is given up, with the reason.
#[test]
fn a_task_that_kills_its_worker_is_not_run_for_ever() {
    let Some(site) = site() else { return };
    let deadly = site.app.delay::<()>("tasks.die", ()).unwrap();
    let mut deaths = 0;
    let mut worker = marker(&site);
    until("it is given up", || {
        if worker.try_wait().unwrap().is_some_and(|end| end.code() == Some(7)) {
            deaths += 1;
            worker = marker(&site);
        }
        deadly.status().unwrap().is_ready()
    });
    // The first run and three more; one more if a worker died between the copy of a message and the
    // acknowledgement of what it is a copy of.
    assert!((4..=5).contains(&deaths), "{deaths}");
    let Err(GetError::Failed(error)) = deadly.get_timeout(LONG) else { panic!() };
    assert_eq!(error.kind, "WorkerLostError");
    until("it is a dead letter", || {
        let letters = site.app.broker().dead_letters("celery", 9).unwrap();
        letters.first().is_some_and(|letter| letter.reason.contains("died"))
    });
    worker.kill().unwrap();
    worker.wait().unwrap();
}

/// Workers are killed in the middle; every task is done.
#[test]
fn killed_workers_lose_nothing() {
    let Some(site) = site() else { return };
    let (tasks, kills): (i64, u32) = (number("LOCKSMITH_TASKS", 300), number("LOCKSMITH_KILLS", 5));
    let mut connection = redis::Client::open(site.results.url()).unwrap().get_connection().unwrap();
    let mut marks = || -> Vec<i64> {
        redis::cmd("LRANGE").arg("marks").arg(0).arg(-1).query(&mut connection).unwrap()
    };
    site.app.delay_many::<_, ()>("tasks.mark", (0..tasks).map(|n| (n, "marks"))).unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..kills {
        let before = marks().len();
        let mut worker = marker(&site);
        until("it does something", || marks().len() > before || marks().len() as i64 >= tasks);
        std::thread::sleep(Duration::from_millis(random.u64(0..60))); // somewhere in the middle
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
    let mut last = marker(&site);
    let all: HashSet<i64> = (0..tasks).collect();
    until("every task has run", || marks().into_iter().collect::<HashSet<_>>() == all);
    last.kill().unwrap();
    last.wait().unwrap();
}

/// The server is killed and comes back; tasks that were sent before and meanwhile are done.
#[test]
fn a_server_restart_loses_nothing() {
    let (Some(mut server), Some(results)) = (RabbitMq::start(), Redis::start()) else { return };
    let broker = Amqp::open(&server.url()).unwrap().patience(LONG);
    let results = tasks::Redis::open(&results.url()).unwrap();
    let app = App::with_results(Arc::new(broker), Arc::new(results));
    register(&app);
    let worker = app.worker().start().unwrap();
    let send = |n: i64| app.delay::<i64>("tasks.add", (n, n)).unwrap();
    let before: Vec<_> = (0..50).map(send).collect();
    server.kill();
    let meanwhile = primitives::threads::scope(|scope| {
        let meanwhile = scope.spawn(|| (50..60).map(send).collect::<Vec<_>>());
        server.start_again();
        meanwhile.join().unwrap()
    });
    for (n, task) in before.iter().chain(&meanwhile).enumerate() {
        assert_eq!(task.get_timeout(LONG), Ok(2 * n as i64));
    }
    worker.stop();
}

/// Each refusal costs a channel, and the library does not give all of them back. When none is left,
/// the connection is renewed, and calls go on.
#[test]
fn refusals_do_not_use_up_the_channels() {
    let Some(site) = site() else { return };
    assert!(site.app.broker().lead("beat", "a", LONG).unwrap());
    let few = app(&format!("{}?channel_max=6", site.url), &site.results);
    register(&few);
    let worker = few.worker().start().unwrap();
    for _ in 0..20 {
        assert!(!few.broker().lead("beat", "b", LONG).unwrap(), "another program leads");
        let sum = few.delay::<i64>("tasks.add", (1, 1)).unwrap();
        assert_eq!(sum.get_timeout(LONG), Ok(2));
    }
    worker.stop();
    assert_eq!(site.app.broker().len("celery").unwrap(), 0);
}

/// The server marks as redelivered what was only given back. That does not count, however often; a
/// worker that dies with it does, once.
#[test]
fn only_deaths_are_counted() {
    let Some(site) = site() else { return };
    let queues = ["celery".into()];
    let claim = |app: &App| app.broker().claim(&queues, 1, LONG).unwrap().remove(0);
    site.app.delay::<()>("tasks.add", (1, 1)).unwrap();
    for round in 0..5 {
        let claimed = claim(&site.app);
        assert_eq!((claimed.redelivered, claimed.redeliveries), (round > 0, 0));
        site.app.broker().nack(&claimed, Nack::GiveBack).unwrap();
    }
    site.app.broker().release().unwrap(); // what it has fetched ahead
    for deaths in 1..3 {
        let mortal = app(&site.url, &site.results);
        let marked = claim(&mortal);
        assert!(marked.redelivered && marked.redeliveries == deaths - 1);
        assert!(mortal.broker().recount(&marked).unwrap(), "just before it would run");
        let copy = claim(&mortal);
        assert_eq!((copy.redelivered, copy.redeliveries), (false, deaths));
        drop(mortal); // as if it had died
    }
    let last = claim(&site.app);
    assert_eq!((last.redelivered, last.redeliveries), (true, 2));
    site.app.broker().ack(&[last.receipt]).unwrap();
    assert_eq!(site.app.broker().len("celery").unwrap(), 0, "there is no second copy");
}

#[test]
fn a_wrong_address_is_one_clear_error() {
    let says = |url: &str, word: &str| {
        let error = Amqp::open(url).unwrap_err().to_string();
        assert!(error.contains(word) && !error.contains('\n'), "{error}");
        assert!(!error.contains("wrong"), "a password: {error}");
    };
    says("http://nowhere", "amqp://user:password@host");
    let Some(server) = RabbitMq::shared() else { return };
    let place = format!("127.0.0.1:{}", server.port());
    says(&format!("amqp://guest:wrong@{place}/v0"), &place);
    says(&format!("amqp://guest:guest@{place}/nowhere"), &place);
}

// ── Beside Celery ──

/// Every check of `client.py`, against a Rust worker; then the questions of `celery inspect`.
#[test]
fn a_python_client_and_a_rust_worker() {
    let (Some(python), Some(site)) = (python(), site()) else { return };
    register(&site.app);
    site.app.default_queue("rust").unwrap(); // of what follows a task
    let worker = site.app.worker().queues(["rust"]).concurrency(2).name("rust@test");
    let worker = worker.events(true).start().unwrap();
    let run =
        |args: &[&str]| Python::with_results(&python, &site.url, &site.results.url(), args).lines();
    let lines = run(&["client.py", "rust"]);
    let failed: Vec<_> = lines.iter().filter(|line| !line.starts_with("ok ")).collect();
    assert!(failed.is_empty() && lines.len() >= 20, "{lines:#?}");
    let celery = |args: &[&str]| {
        let all = ["-m", "celery", "-A", "app"].iter().chain(args).chain(&["-d", "rust@test"]);
        run(&all.copied().collect::<Vec<_>>()).join("\n")
    };
    for (question, answer) in
        [("ping", "pong"), ("registered", "tasks.add"), ("active_queues", "rust")]
    {
        let said = celery(&["inspect", question]);
        assert!(said.contains(answer), "{question}: {said}");
    }
    celery(&["control", "shutdown"]);
    until("it was told to stop", || worker.is_stopping());
    worker.stop();
}

#[test]
fn a_rust_client_and_a_python_worker() {
    let (Some(python), Some(site)) = (python(), site()) else { return };
    let app = &site.app;
    register(app);
    let start =
        ["-m", "celery", "-A", "app", "worker", "-P", "solo", "-Q", "celery", "-l", "error"];
    let _worker = Python::with_results(&python, &site.url, &site.results.url(), &start);
    let add = |x: i64| Signature::new("tasks.add").arg(x);
    let at_rust = |x: i64| add(x).queue("rust");
    let xsum = || Signature::new("tasks.xsum");
    let get = |canvas: Signature| app.apply::<i64>(canvas).unwrap().get_timeout(LONG);
    assert_eq!(app.delay::<i64>("tasks.add", (2, 3)).unwrap().get_timeout(LONG), Ok(5));
    let who = app.delay::<String>("tasks.whoami", ()).unwrap();
    assert_eq!(who.get_timeout(LONG).unwrap(), "python");
    let boom = app.delay::<()>("tasks.boom", ()).unwrap().get_timeout(LONG);
    let Err(GetError::Failed(error)) = boom else { panic!("{boom:?}") };
    assert_eq!((error.kind.as_str(), error.message()), ("ValueError", "boom".into()));
    let soon = SendOptions::new().countdown(Duration::from_millis(200));
    let later = app.apply_async::<i64>("tasks.add", (1, 1), soon).unwrap();
    assert_eq!(later.get_timeout(LONG), Ok(2));
    // Tasks of both languages in one chain and one chord.
    let rust = app.worker().queues(["rust"]).name("rust@test").start().unwrap();
    assert_eq!(get(chain([add(1).arg(1), at_rust(2), add(3), at_rust(4)])), Ok(11));
    let middle = chain([at_rust(1).arg(1), group([add(1), at_rust(2)]), xsum(), add(1)]);
    assert_eq!(get(middle), Ok(8));
    assert_eq!(get(chord([add(1).arg(1), at_rust(2).arg(2)], xsum().queue("rust"))), Ok(6));
    let last = app.apply_async::<i64>("tasks.add", (1, 2), SendOptions::new().queue("rust"));
    let last = last.unwrap();
    assert_eq!((last.get_timeout(LONG), last.status().unwrap()), (Ok(3), State::Success));
    rust.stop();
}
