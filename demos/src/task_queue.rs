//! Tasks and workers: hashing files on an executor, and how many threads are worth their while.
//!
//! ```text
//!   submit ──▶ Task ─┐     ┌───────┐     worker-1     ┌──▶ result
//!   submit ──▶ Task ─┼───▶ │ queue │ ──▶ worker-2 ────┼──▶ as_completed: in the order in which they end
//!   map(…) ──────────┘     └───────┘     worker-3     └──▶ map: in the order of the items
//! ```
//!
//! Act by act: the same files hashed by one worker and by more (`map`); a job that fails among
//! others, taken as they end (`as_completed`); jobs that are called off before they begin
//! (`cancel`). Then the question how many threads, measured:
//!
//! - Work for the processor (hashing) gets faster up to the number of cores, and not beyond.
//! - Work that waits for a device gets faster as long as there is something to wait for. The device
//!   is simulated by a sleep.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, io};

use primitives::{Barrier, Event};
use queues::{Executor, TaskError, as_completed};
use sha2::{Digest, Sha256};

use crate::args::number;
use crate::cores;
use crate::interrupt::{self, interrupted, on_ctrl_c};
use crate::outcome::{Outcome, Verdict};
use crate::progress;
use crate::report::{Report, Side, count, counted, times};
use crate::texts::Texts;
use crate::timeline::{self, phase, running, waiting};

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Most workers, up to 64: 1, 2, 4, … are tried
    #[arg(long, value_name = "N", default_value = "8", value_parser = number::<1, 64>)]
    workers: usize,
    /// Folder of files to hash [default: the book's chapters]
    #[arg(long, value_name = "DIR")]
    input: Option<PathBuf>,
    /// Jobs of each kind, up to 10000; the files take turns
    #[arg(long, value_name = "N", default_value = "24", value_parser = number::<8, 10_000>)]
    jobs: usize,
    /// How often a job hashes its file, up to 100000: slow jobs, so that there is something to see
    #[arg(long, value_name = "N", default_value = "15", value_parser = number::<1, 100_000>)]
    rounds: usize,
    /// Simulated device: a job waits for it so many ms
    #[arg(long, value_name = "MS", default_value = "20", value_parser = number::<0, 10_000>)]
    device: usize,
    #[command(flatten)]
    timeline: timeline::Args,
}

type Hash = [u8; 32];

/// A file, and how often to hash it.
#[derive(Clone)]
struct Job {
    file: PathBuf,
    rounds: usize,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let texts = Texts::find(args.input.as_deref())?;
    let timeline = args.timeline.start()?;
    on_ctrl_c(|| ())?; // the jobs look at `interrupted`
    let files = texts.files.iter().cycle().take(args.jobs);
    let jobs: Vec<_> = files.map(|file| Job { file: file.clone(), rounds: args.rounds }).collect();
    let device = Duration::from_millis(args.device as u64);
    let mut report = Report::new(format_args!(
        "Hashing {}, {} of each kind",
        texts.name,
        counted(args.jobs, "job")
    ));

    // The sequential program, to compare with.
    phase!("alone");
    let started = Instant::now();
    let alone: Vec<_> = jobs.iter().take_while(|_| !interrupted()).map(hash).collect();
    let alone_took = started.elapsed();

    let sizes =
        std::iter::successors(Some(1), |size| Some(size * 2)).take_while(|&n| n <= args.workers);
    let live = progress::start(sizes.clone().count(), "numbers of workers tried", String::new);
    let mut right = true;
    let mut rows = Vec::new();
    let (mut best_hashing, mut best_device) = (Best::default(), Best::default());
    for workers in sizes.take_while(|_| !interrupted()) {
        phase!(counted(workers, "worker").as_str());
        let executor = Executor::new(workers);
        all_at_work(&executor, workers);
        let started = Instant::now();
        let hashes = executor.map(jobs.clone(), |job| working(|| hash(&job)));
        let hashes: Vec<_> = waiting!("hashes", hashes.collect());
        let hashing = started.elapsed();
        right &= hashes.into_iter().zip(&alone).all(|(hash, right)| same(hash, right));

        let started = Instant::now();
        let waits = (0..args.jobs).map(|_| {
            executor.submit(move || working(|| waiting!("the device", interrupt::sleep(device))))
        });
        let waits: Vec<_> = waits.collect();
        waits.into_iter().for_each(|task| drop(task.result()));
        let device_took = started.elapsed();
        live.inc(1);
        best_hashing.hear(workers, hashing);
        best_device.hear(workers, device_took);
        let times = |took: Duration, one: Duration| format!("{}×", times(one, took));
        rows.push([
            workers.to_string(),
            format!("{hashing:.0?}"),
            times(hashing, alone_took),
            format!("{device_took:.0?}"),
            times(device_took, device * args.jobs as u32),
        ]);
    }
    live.finish_and_clear();
    report.gap();
    report.line("How many workers? Speed-up over one thread without an executor:");
    report.table(["workers", "hashing", "speed-up", "device", "speed-up"], &rows);
    let cores = cores::number();
    report.line(format_args!(
        "  This machine has {}: with more workers than that, hashing gains little; waiting goes on to.",
        counted(cores, "core")
    ));

    let device_alone = device * args.jobs as u32;
    let sentence = |hashing: Duration, device: Duration| {
        format!("hashing {hashing:.0?}, waiting for the device {device:.0?}")
    };
    if !interrupted() {
        report.argue(
            Side(
                "with an executor",
                format!("{}, at best", sentence(best_hashing.took, best_device.took)),
            ),
            Side("without", sentence(alone_took, device_alone)),
            format_args!(
                "work for the processor is {} times as fast at best, with {}; work that waits {} times, with {}",
                times(alone_took, best_hashing.took),
                counted(best_hashing.workers, "worker"),
                times(device_alone, best_device.took),
                best_device.workers,
            ),
        );
    }

    // After Ctrl-C no job is left, so that it ends soon.
    let jobs = if interrupted() { Vec::new() } else { jobs };
    phase!("one fails");
    let (failing, ended) = one_fails(args.workers, &jobs);
    report.gap();
    report.line("One job fails, taken in the order in which they end (`as_completed`):");
    ended.iter().for_each(|line| report.line(format_args!("  {line}")));

    phase!("called off");
    let (cancelled, done) = call_off(&jobs);
    report.gap();
    report.line(format_args!(
        "Called off while the only worker was busy: {} of {}; {} had begun.",
        count(cancelled),
        counted(jobs.len(), "job"),
        count(done),
    ));
    report.gap();
    report.timeline(timeline.finish()?.as_ref());
    let so_far = || format!("{} of crew tried", counted(rows.len(), "size"));
    let verdict =
        Verdict::on([], so_far, || match (right, failing, cancelled + done == jobs.len()) {
            (false, ..) => Err("a hash differs from that of the sequential program".into()),
            (_, false, _) => {
                Err("the failing job was not reported, or it took others with it".into())
            }
            (.., false) => Err("a job was neither done nor called off".into()),
            _ => Ok("all hashes are those of the sequential program; one job failed, and it alone"
                .into()),
        });
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        (
            "cargo run -- task-queue --rounds 1",
            "small jobs: the hand-over costs more than the work",
        ),
        ("cargo run -- task-queue --workers 16 --device 50", "waiting scales on"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

/// The number of workers that was fastest.
#[derive(Default)]
struct Best {
    workers: usize,
    took: Duration,
}

impl Best {
    fn hear(&mut self, workers: usize, took: Duration) {
        if self.workers == 0 || took < self.took {
            *self = Self { workers, took };
        }
    }
}

/// Marks a worker's time in the timeline.
fn working<T>(work: impl FnOnce() -> T) -> T {
    let _running = running!("at work");
    work()
}

/// Waits until each worker has begun: their start is no part of the time, and each has its lane.
fn all_at_work(executor: &Executor, workers: usize) {
    let all_here = Arc::new(Barrier::new(workers));
    let meet = |_| {
        let all_here = Arc::clone(&all_here);
        executor.submit(move || {
            working(|| {
                // An error would say that the barrier was aborted, and it never is.
                let _ = waiting!("the other workers", all_here.wait());
            })
        })
    };
    let met: Vec<_> = (0..workers).map(meet).collect();
    met.into_iter().for_each(|task| drop(task.result()));
}

/// SHA-256 of a file, again and again.
fn hash(job: &Job) -> io::Result<Hash> {
    let bytes = fs::read(&job.file)?;
    let mut hash = Sha256::new();
    for _ in (0..job.rounds).take_while(|_| !interrupted()) {
        hash.update(&bytes);
    }
    Ok(hash.finalize().into())
}

/// Whether a task came to the same as the sequential program; an unreadable file is an error to
/// both.
fn same(task: Result<io::Result<Hash>, TaskError>, right: &io::Result<Hash>) -> bool {
    match (task, right) {
        (Ok(Ok(hash)), Ok(right)) => hash == *right,
        (Ok(Err(_)), Err(_)) => true,
        _ => false,
    }
}

/// Whether one job failed and no other, and a line for each, in the order in which they ended.
fn one_fails(workers: usize, jobs: &[Job]) -> (bool, Vec<String>) {
    let executor = Executor::new(workers);
    all_at_work(&executor, workers);
    let submit = |(number, job): (usize, &Job)| {
        let job = job.clone();
        executor.submit(move || {
            working(|| {
                assert!(number != 3, "job 3 was asked to fail");
                hash(&job)
            })
        })
    };
    let tasks: Vec<_> = (1..).zip(jobs).take(6).map(submit).collect();
    let asked = tasks.len();
    let mut lines = Vec::new();
    let mut failed = 0;
    for (index, task) in as_completed(tasks) {
        let end = match task.result() {
            Ok(Ok(hash)) => format!("{:02x?} …", &hash[..8]),
            Ok(Err(error)) => error.to_string(),
            Err(error) => {
                failed += 1;
                error.to_string()
            }
        };
        lines.push(format!("job {}: {end}", index + 1));
    }
    (failed == 1 && lines.len() == asked, lines)
}

/// How many of the jobs could be called off, and how many had begun: the only worker is busy with a
/// first task.
fn call_off(jobs: &[Job]) -> (usize, usize) {
    let executor = Executor::new(1);
    let gate = Arc::new(Event::new());
    let busy = executor.submit({
        let gate = Arc::clone(&gate);
        move || working(|| waiting!("the gate", gate.wait()))
    });
    let tasks: Vec<_> = jobs
        .iter()
        .map(|job| {
            let job = job.clone();
            executor.submit(move || hash(&job))
        })
        .collect();
    let cancelled = tasks.iter().filter(|task| task.cancel()).count();
    gate.set();
    drop(busy.result());
    (cancelled, tasks.into_iter().filter_map(|task| task.result().ok()).count())
}
