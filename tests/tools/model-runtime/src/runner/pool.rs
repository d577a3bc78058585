//! Worker processes, one for each core.
//!
//! Processes and not threads: loom replaces the panic hook of the whole process now and then, and
//! the remains of a failed model (stacks that were never unwound) disappear with the process.

use std::collections::{BTreeMap, VecDeque};
use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::num::NonZero;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::{Job, Reply};

/// A worker that is silent for this long is stuck in code that is not a step of a model.
const PATIENCE: Duration = Duration::from_secs(900);

/// Runs all jobs; `done` sees the replies in the order of the jobs, as early as that allows.
pub(super) fn run(
    jobs: Vec<Job>,
    workers: NonZero<usize>,
    mut done: impl FnMut(&Reply),
) -> Vec<Reply> {
    let count = jobs.len();
    let queue = Mutex::new(jobs.into_iter().enumerate().collect::<VecDeque<_>>());
    let (sender, replies) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..workers.get().min(count) {
            let sender = sender.clone();
            scope.spawn(|| work(&queue, sender));
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut all = Vec::with_capacity(count);
        for (place, reply) in replies {
            early.insert(place, reply);
            while let Some(reply) = early.remove(&all.len()) {
                done(&reply);
                all.push(reply);
            }
        }
        all
    })
}

fn work(queue: &Mutex<VecDeque<(usize, Job)>>, sender: mpsc::Sender<(usize, Reply)>) {
    let next = || queue.lock().expect("nothing panics under this lock").pop_front();
    let mut worker = None;
    while let Some((place, job)) = next() {
        let reply = Worker::ask(&mut worker, &job)
            .unwrap_or_else(|how| Reply::Died { scenario: job.name, how });
        if sender.send((place, reply)).is_err() {
            return;
        }
    }
}

/// A child process.
struct Worker {
    child: Child,
    jobs: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Worker {
    /// Runs a job in the worker, or in a new one if there is none.
    fn ask(worker: &mut Option<Self>, job: &Job) -> Result<Reply, String> {
        let living = match worker {
            Some(living) => living,
            None => worker.insert(Self::start().map_err(|error| format!("cannot start: {error}"))?),
        };
        let answer = living.answer(job);
        if answer.is_err() {
            *worker = None; // the next job gets a new one
        }
        answer
    }

    fn start() -> io::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .arg("--worker")
            .env_remove("LOCKSMITH_MUTANT") // comes with the job
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let jobs = child.stdin.take();
        let output = child.stdout.take().expect("the output is piped");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, jobs, lines })
    }

    fn answer(&mut self, job: &Job) -> Result<Reply, String> {
        let jobs = self.jobs.as_mut().expect("open until the end");
        let line = serde_json::to_string(job).expect("a job has nothing odd");
        // If it fails, the worker has died, and the read reports how.
        let _ = writeln!(jobs, "{line}").and_then(|()| jobs.flush());
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => match serde_json::from_str(&line) {
                    Ok(reply) => return Ok(reply),
                    Err(_) => eprintln!("{line}"), // something that the scenario printed
                },
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("no answer in {} s: it hangs", PATIENCE.as_secs()));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.child.wait().map(|status| status.to_string());
                    return Err(status.unwrap_or_else(|error| error.to_string()));
                }
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.jobs.take()); // no more jobs: an idle worker ends by itself
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
