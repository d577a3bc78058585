//! Tasks: ours beside Celery and apalis-redis on one Redis, and in process beside the executor:
//! `cargo results tasks`. Without a `redis-server` there are only the rows in process; without
//! Celery (`.ci/run` installs it) only those without it.
//!
//! A sample is many tasks, so that a row takes some seconds a round. What a contestant is given is
//! what its documentation gives it for speed: Celery each of its pools, apalis batches of 100.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bench::{Bench, Goal, Row, Run, Sample};
use queues::{Executor, Workers};
use servers::{LONG, Python, Redis as Server};
use tasks::{App, InProcess, Redis, SendOptions, Worker};

/// Tasks in a sample of ours and of a peer in Rust, and of Celery, which is slower.
const MANY: u64 = 10_000;
const FEWER: u64 = 1000;

/// With about 8,000 waiting tasks a script of apalis-redis 1.0 fails, and its worker ends.
const MOST_OF_APALIS: u64 = 5000;

/// Round trips in a sample: so many that the 99th percentile is not the slowest one.
const ROUNDS: u64 = 300;

/// As many as there are cores on the machine of the figures, and processes of Celery's pool.
const THREADS: usize = 2;

/// The last tasks of a queue are in other threads or processes than the very last one.
const LAST: usize = 32;

/// One Redis for all contestants, each on queues of its own.
struct Site {
    celery: Option<Celery>,
    /// Ours, on the queue `ours`. It works for all rows.
    _worker: Worker,
    app: App,
    /// The last: the others would look for it.
    server: Server,
}

/// Celery's worker in each of its pools, on the queue of the pool's name, and a Python client.
struct Celery {
    _workers: Vec<Python>,
    client: RefCell<Client>,
}

struct Client {
    _python: Python,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

const POOLS: [(&str, &str); 3] =
    [("solo", "Celery, solo"), ("prefork", "Celery, prefork"), ("threads", "Celery, threads")];

impl Site {
    fn start() -> Option<Self> {
        let server = Server::start()?;
        let app = App::new(Redis::open(&server.url()).expect("it answers"));
        app.task("tasks.add", |_, (x, y): (i64, i64)| Ok(x + y)).expect("it is a name");
        let worker = app.worker().queues(["ours"]).name("ours@bench").concurrency(THREADS);
        let worker = worker.start().expect("the server answers");
        let celery = servers::python().map(|python| Celery::start(&python, &server.url()));
        Some(Self { celery, _worker: worker, app, server })
    }

    /// Sends so many tasks to a queue, and waits until all are done.
    fn run_all(&self, queue: &str, tasks: u64) -> Sample {
        let app = App::new(Redis::open(&self.server.url()).expect("it answers"));
        app.default_queue(queue).expect("it is a name");
        let start = Instant::now();
        for first in (0..tasks).step_by(1000) {
            let calls = (first..tasks.min(first + 1000)).map(|n| (n, n));
            let sent = app.delay_many::<_, i64>("tasks.add", calls).expect("it answers");
            if first + 1000 >= tasks {
                for task in sent.iter().rev().take(LAST) {
                    task.get_timeout(LONG).expect("a worker runs it");
                }
            }
        }
        sample(start.elapsed(), tasks)
    }

    fn send(&self, times: u64) -> Sample {
        let start = Instant::now();
        for n in 0..times {
            let to = SendOptions::new().queue("nowhere");
            self.app.apply_async::<i64>("tasks.add", (n, n), to).expect("it answers");
        }
        let sample = sample(start.elapsed(), times);
        self.app.broker().purge("nowhere").expect("it answers");
        sample
    }

    fn round_trips(&self, queue: &str, times: u64) -> Sample {
        let each = (0..times).map(|n| {
            let start = Instant::now();
            let to = SendOptions::new().queue(queue);
            let sent = self.app.apply_async::<u64>("tasks.add", (n, n), to).expect("it answers");
            sent.get_timeout(LONG).expect("a worker runs it");
            start.elapsed().as_secs_f64() * 1e9
        });
        let mut each: Vec<f64> = each.collect();
        each.sort_by(f64::total_cmp);
        let last = each.len() - 1;
        let tail = Some(each[(each.len() * 99 / 100).min(last)]);
        Sample { nanoseconds: each[each.len() / 2], tail, ..Sample::default() }
    }

    fn python(&self, what: &str, queue: &str, times: u64) -> Sample {
        let celery = self.celery.as_ref().expect("the row is there only with Celery");
        let answer = celery.client.borrow_mut().ask(&format!("{what} {queue} {times}"));
        if queue == "nowhere" {
            self.app.broker().purge(queue).expect("it answers");
        }
        let read = || {
            let (time, tail) = answer.trim().split_once(' ')?;
            Some(Sample {
                nanoseconds: time.parse().ok()?,
                tail: tail.parse().ok(),
                ..Sample::default()
            })
        };
        read().unwrap_or_else(|| panic!("the Python client answered {answer:?}"))
    }
}

fn sample(time: Duration, tasks: u64) -> Sample {
    Sample { nanoseconds: time.as_secs_f64() * 1e9 / tasks as f64, ..Sample::default() }
}

impl Celery {
    fn start(python: &Path, url: &str) -> Self {
        let two = ["-c", "2"];
        let workers = POOLS
            .map(|(kind, _)| Python::pool(python, url, kind, kind, &two))
            .into_iter()
            .collect();
        let mut client = Python::run(python, url, &["bench.py"]);
        let ask = client.0.stdin.take().expect("it was piped");
        let answers = BufReader::new(client.0.stdout.take().expect("it was piped"));
        let client = RefCell::new(Client { _python: client, ask, answers });
        Self { _workers: workers, client }
    }
}

impl Client {
    fn ask(&mut self, question: &str) -> String {
        let mut answer = String::new();
        let asked = writeln!(self.ask, "{question}");
        let answered = asked.and_then(|()| self.answers.read_line(&mut answer));
        answered.unwrap_or_else(|error| panic!("the Python client at {question}: {error}"));
        answer
    }
}

/// Sends so many tasks by apalis, and waits until its worker has done all.
fn apalis(url: &str, tasks: u64) -> Sample {
    use apalis::prelude::{BoxDynError, Data, TaskSink, WorkerBuilder, WorkerContext};
    use apalis_redis::{Config, RedisStorage};

    async fn count(
        _: u64,
        left: Data<Arc<AtomicU64>>,
        worker: WorkerContext,
    ) -> Result<(), BoxDynError> {
        // Relaxed: only the number counts.
        if left.fetch_sub(1, Relaxed) == 1 {
            worker.stop()?;
        }
        Ok(())
    }

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .expect("the system has threads to give");
    runtime.block_on(async {
        let connection = apalis_redis::connect(url.to_owned()).await.expect("it answers");
        let config = Config::default().queue("apalis").batch_size(100);
        let mut storage = RedisStorage::new(connection).with_config(config);
        let start = Instant::now();
        storage.push_bulk((0..tasks).collect()).await.expect("it answers");
        let worker = WorkerBuilder::new(format!("worker-{}", fastrand::u64(..)))
            .backend(storage)
            .data(Arc::new(AtomicU64::new(tasks)))
            .build(count);
        worker.run().await.expect("nothing stops it before the end");
        sample(start.elapsed(), tasks)
    })
}

fn over_redis() -> Vec<Row> {
    let Some(site) = Site::start() else { return Vec::new() };
    let site = Rc::new(site);
    let with = |f: fn(&Site, &Run) -> Sample| {
        let site = Rc::clone(&site);
        move |run: &Run| f(&site, run)
    };
    let row = |name, about| Row::new(name, about).with_servers();
    let url = site.server.url();
    let names = POOLS.map(|(_, name)| name);
    let mut throughput =
        row("worker", "from the first send to the last result; two threads or processes")
            .goal(Goal::best_of(&["apalis-redis"], 1.0 / 1.5))
            .ours("Redis", with(|site, run| site.run_all("ours", run.shortened(MANY))))
            .peer("apalis-redis", move |run| apalis(&url, run.shortened(MOST_OF_APALIS)));
    if site.celery.is_none() {
        return vec![throughput];
    }
    throughput = throughput.goal(Goal::best_of(&names, 1.0 / 15.0));
    for (pool, name) in POOLS {
        let site = Rc::clone(&site);
        throughput = throughput.peer(name, move |run| site.run_all(pool, run.shortened(FEWER)));
    }
    vec![
        throughput,
        row("send", "a task with two numbers, one after the other")
            .goal(Goal::best(0.1))
            .ours("Redis", with(|site, run| site.send(run.shortened(MANY))))
            .peer("Celery", with(|site, run| site.python("send", "nowhere", run.shortened(FEWER)))),
        row("round trip", "send, run, wait for the result; the median, and one in a hundred")
            .goal(Goal::best(0.2))
            .goal(Goal::tail(0.5))
            .ours("Redis", with(|site, run| site.round_trips("ours", run.shortened(ROUNDS))))
            .peer("Celery", with(|site, run| site.python("round", "solo", run.shortened(ROUNDS)))),
        row("round trip of a Python client", "Celery's client; our worker, and Celery's")
            .goal(Goal::best(1.0))
            .goal(Goal::tail(1.0))
            .ours("Redis", with(|site, run| site.python("round", "ours", run.shortened(ROUNDS))))
            .peer("Celery", with(|site, run| site.python("round", "solo", run.shortened(ROUNDS)))),
    ]
}

fn in_process() -> Row {
    let app = App::new(InProcess::new());
    app.task("add", |_, (x, y): (u64, u64)| Ok(x + y)).expect("it is a name");
    let worker = app.worker().concurrency(1).start().expect("the system has a thread to give");
    let executor = Executor::with_workers(Workers::new(1)).expect("the system has a thread");
    Row::new("in process", "send, run, and take the result; one thread runs them")
        .goal(Goal::best(1.5))
        .ours("InProcess", move |run| {
            let _keep = &worker;
            run.alone_at(run.shortened(MANY), || {
                let send = |n: u64| app.delay::<u64>("add", (n, n)).expect("it is open");
                let sent: Vec<_> = (0..run.shortened(MANY)).map(send).collect();
                for task in sent {
                    task.get_timeout(LONG).expect("a worker runs it");
                    task.forget().expect("it is in this process");
                }
            })
        })
        .peer("Executor", move |run| {
            run.alone_at(run.shortened(MANY), || {
                let submit = |n: u64| executor.submit(move || n + n);
                let sent: Vec<_> = (0..run.shortened(MANY)).map(submit).collect();
                sent.into_iter().for_each(|task| _ = task.result());
            })
        })
}

fn rows() -> Vec<Row> {
    let mut rows = over_redis();
    rows.push(in_process());
    rows
}

pub(crate) fn bench() -> Bench {
    Bench::new("tasks", "Tasks", rows)
}
