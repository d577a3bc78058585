//! A worker of the demo `tasks`, and how it ends: each on a real server, with real signals.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command};

use servers::{LONG, RabbitMq, Redis, until};
use tasks::{App, Signature, State, TaskHandle};

use crate::run::{Ended, demos, finish, run};

/// A worker whose only thread is busy with the first of three tasks; the others wait inside it.
struct Busy {
    server: Redis,
    app: App,
    worker: Child,
    says: BufReader<ChildStdout>,
    tasks: [TaskHandle<u64>; 3],
}

/// `None` where there is no server.
fn busy(pause: u32) -> Option<Busy> {
    let server = Redis::start()?;
    let app = App::new(tasks::Redis::open(&server.url()).unwrap());
    let options = format!("--broker {} --worker --threads 1 --pause {pause}", server.url());
    let mut worker = demos(&format!("tasks {options}")).spawn().unwrap();
    let says = BufReader::new(worker.stdout.take().unwrap());
    let tasks = [1, 2, 3].map(|picture: u64| app.delay("thumbs.shrink", (picture,)).unwrap());
    let progress = || tasks[0].info().unwrap();
    until("the first has told its progress", || {
        progress().is_some_and(|told| told.state == State::Custom("PROGRESS".into()))
    });
    assert!(progress().unwrap().value["of"] == 10, "{:?}", progress());
    until("the others were claimed", || app.broker().len("celery").unwrap() == 0);
    Some(Busy { server, app, worker, says, tasks })
}

impl Busy {
    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.worker.id().to_string()]).status();
        assert!(sent.expect("every Unix has `kill`").success());
    }

    /// Waits for a line that has these words.
    fn says(&mut self, words: &str) {
        for line in (&mut self.says).lines() {
            if line.unwrap().contains(words) {
                return;
            }
        }
        panic!("it ended without a line with {words:?}");
    }
}

#[test]
fn sigterm_lets_the_running_task_end_and_gives_the_rest_back() {
    let Some(mut busy) = busy(3000) else { return };
    busy.signal("-TERM");
    busy.says("waits for the end of 1 running task");
    busy.says("1 task run");
    let Ended { status, err, .. } = finish(busy.worker);
    assert_eq!((status, err.as_str()), (Some(0), ""));
    busy.tasks[0].get_timeout(LONG).unwrap();
    assert_eq!(busy.app.broker().len("celery").unwrap(), 2, "what had not begun is back");
    assert!(busy.tasks[1..].iter().all(|task| task.status().unwrap() == State::Pending));
    drop(busy.server);
}

#[test]
fn a_second_ctrl_c_gives_the_running_task_back() {
    let Some(mut busy) = busy(600_000) else { return };
    busy.signal("-INT");
    busy.says("waits for the end of 1 running task");
    until("what had not begun is back", || busy.app.broker().len("celery").unwrap() == 2);
    busy.signal("-INT");
    busy.says("0 tasks run, 1 given back");
    assert_eq!(finish(busy.worker).status, Some(130));
    assert_eq!(busy.app.broker().len("celery").unwrap(), 3, "all of them are back");
    // And another worker runs them.
    let quick = format!("tasks --broker {} --worker", busy.server.url());
    let next = demos(&quick).spawn().unwrap();
    for task in &busy.tasks {
        task.get_timeout(LONG).unwrap();
    }
    crate::run::interrupt(&next);
    let ended = finish(next);
    assert_eq!(ended.status, Some(0), "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("3 tasks run"), "{}", ended.out);
}

/// The same program in three terminals: the story, a worker, and a look.
#[test]
fn a_sender_and_a_worker_are_two_programs() {
    let Some(server) = Redis::start() else { return };
    two_programs(&format!("--broker {}", server.url()));
    // Nothing is left, and what no worker knows is shown.
    let app = App::new(tasks::Redis::open(&server.url()).unwrap());
    app.apply::<()>(Signature::new("thumbs.none")).unwrap();
    let status = run(&format!("tasks --broker {} --status", server.url()));
    assert!(status.out.contains("1 task"), "{}", status.out);
}

/// The same with the tasks in RabbitMQ and the results in Redis.
#[test]
fn two_programs_over_rabbitmq() {
    let (Some(broker), Some(results)) = (RabbitMq::start(), Redis::start()) else { return };
    let url = broker.url();
    two_programs(&format!("--broker {url} --results {}", results.url()));
    let status = run(&format!("tasks --broker {url} --status"));
    assert!(status.out.contains("0 tasks"), "{}{}", status.out, status.err);
}

fn two_programs(servers: &str) {
    let part = |options: &str| format!("tasks {servers} {options}");
    let worker = demos(&part("--worker")).spawn().unwrap();
    let sent = run(&part("--send --albums 3 --pictures 4"));
    assert_eq!(sent.status, Some(0), "{}{}", sent.out, sent.err);
    assert!(sent.out.contains("\nok: "), "{}", sent.out);
    crate::run::interrupt(&worker);
    let ended = finish(worker);
    assert_eq!(ended.status, Some(0), "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("15 tasks run"), "{}", ended.out);
}
