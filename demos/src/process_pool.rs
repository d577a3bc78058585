//! A pool of processes: files are cleaned in a pool, and two writers, processes too, write them in
//! order and in reverse.
//!
//! ```text
//!   parts of the files ─▶ pool: clean ─┬─▶ pipe ─▶ writer of in-order.txt
//!                                      └─▶ pipe ─▶ writer of reversed.txt
//! ```
//!
//! With `--kill` a thread shoots workers (`kill -9`) while they work. A worker that dies takes the
//! one part with it that it had begun, and the program is told which: `TaskError::WorkerDied`. To
//! clean a part twice does no harm, so it is given to the pool again, and nothing is lost. (A pool
//! of Python's `multiprocessing` never answers for such a part.)

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use ::processes::{Connection, Never, Process, ProcessPool, TaskError, function, pipe};
use anyhow::Context;

use crate::args::number;
use crate::interrupt::{self, interrupted, on_ctrl_c};
use crate::outcome::{Outcome, Verdict};
use crate::progress;
use crate::report::{Report, Side, count, counted, times};
use crate::texts::Texts;

/// Lines of a part.
const PART: usize = 20;

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Folder of text files [default: the book's chapters]
    #[arg(long, value_name = "DIR")]
    input: Option<PathBuf>,
    /// Processes that clean, up to 64
    #[arg(long, value_name = "N", default_value = "2", value_parser = number::<1, 64>)]
    workers: usize,
    /// Times that all is cleaned, up to 10000
    #[arg(long, value_name = "N", default_value = "5", value_parser = number::<1, 10_000>)]
    rounds: usize,
    /// Shoot a worker every few milliseconds
    #[arg(long)]
    kill: bool,
}

function! {
    /// Lines without blanks at the ends, and with one blank between two words.
    fn clean(lines: Vec<String>) -> Vec<String> {
        lines.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    /// Writes what comes through the pipe, and says how many lines it was.
    fn write_lines(file: PathBuf, parts: Connection<Never, Vec<String>>, reversed: bool) -> Result<usize, String> {
        let mut out = BufWriter::new(File::create(file).map_err(|error| error.to_string())?);
        let mut all: Vec<String> = Vec::new();
        // The pipe is closed when all were sent.
        while let Ok(part) = parts.recv() {
            all.extend(part);
        }
        if reversed {
            all.reverse();
        }
        for line in &all {
            writeln!(out, "{line}").map_err(|error| error.to_string())?;
        }
        out.flush().map_err(|error| error.to_string())?;
        Ok(all.len())
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let texts = Texts::find(args.input.as_deref())?;
    on_ctrl_c(|| ())?;
    interrupt::leave_behind("a process")?;
    let mut skipped = texts.skipped.clone();
    let mut lines = Vec::new();
    for file in &texts.files {
        match texts.read(file) {
            Ok(text) => lines.extend(text.lines().map(str::to_owned)),
            Err(why) => skipped.push(why),
        }
    }
    if lines.is_empty() {
        return Err(texts.none_is_text(&skipped).into());
    }
    let parts: Vec<_> = lines.chunks(PART).map(<[_]>::to_vec).collect();

    let output = tempfile::tempdir()?;
    let files = ["in-order.txt", "reversed.txt"].map(|name| output.path().join(name));
    let mut writers = Vec::new();
    for (file, reversed) in files.iter().zip([false, true]) {
        let (here, there) = pipe::<Vec<String>, Never>()?;
        let writer = Process::new(write_lines, (file.clone(), there, reversed)).named("writer");
        writer.start()?;
        writers.push((writer, here));
    }

    let pool = ProcessPool::builder().workers(args.workers).name("cleaner").start()?;
    let total = parts.len() * args.rounds;
    let live = progress::start(total, "parts", String::new);
    let started = Instant::now();
    let (cleaned, shot, died) = thread::scope(|s| {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let hunter = args.kill.then(|| s.spawn(|| shoot(&pool, stopped)));
        let cleaned = clean_all(&pool, &parts, args.rounds, || live.inc(1));
        drop(stop);
        let shot = hunter.map_or(0, |hunter| hunter.join().unwrap_or(0));
        cleaned.map(|(cleaned, died)| (cleaned, shot, died))
    })?;
    let elapsed = started.elapsed();
    live.finish_and_clear();
    pool.shutdown();

    let mut written = Vec::new();
    for (writer, pipe) in writers {
        for part in &cleaned {
            pipe.send(part).context("a writer has ended")?;
        }
        drop(pipe);
        written.push(writer.join()?.map_err(anyhow::Error::msg)?);
    }

    let started = Instant::now();
    (0..args.rounds).take_while(|_| !interrupted()).for_each(|_| drop(clean(lines.clone())));
    let alone = started.elapsed();

    let mut report = Report::new("Texts, cleaned by a pool of processes and written by two");
    report.gap();
    report.line(format_args!(
        "{} of {}, {}, in {elapsed:.1?}.",
        counted(lines.len(), "line"),
        texts.name,
        counted(total, "part"),
    ));
    if args.kill {
        report.line(format_args!(
            "~{} workers were shot; ~{} parts died with them and were given to the pool again.",
            count(shot),
            count(died),
        ));
        report.line(format_args!(
            "Lost: {}. Without giving them again: up to ~{}.",
            counted(lines.len() - written[0].min(lines.len()), "line"),
            count(died * PART)
        ));
    }
    report.skipped(&skipped);
    if !interrupted() {
        report.argue(
            Side("with a pool", format!("{elapsed:.1?} with {}", counted(args.workers, "worker"))),
            Side("without", format!("{alone:.1?} by one thread of this process")),
            match elapsed < alone {
                true => format!("the pool is {} times as fast", times(alone, elapsed)),
                false => format!(
                    "to send {PART} lines to a process and back costs {} times what it costs to clean them; \
                     a pool is for more work a part, or for work that may crash",
                    times(elapsed, alone)
                ),
            },
        );
    }
    report.gap();
    let expected: Vec<_> = clean(lines.clone());
    let verdict =
        Verdict::on([], || counted(cleaned.len(), "part"), || check(&files, &expected, &written));
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- process-pool --kill", "workers are shot while they work"),
        ("cargo run -- inference", "three stages, each a process"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

/// Cleans all parts, so many times; those whose worker died again. Gives back one round, and how
/// many died.
fn clean_all(
    pool: &ProcessPool,
    parts: &[Vec<String>],
    rounds: usize,
    step: impl Fn(),
) -> anyhow::Result<(Vec<Vec<String>>, usize)> {
    let mut died = 0;
    let mut cleaned = vec![Vec::new(); parts.len()];
    for _ in 0..rounds {
        let mut missing: Vec<_> = (0..parts.len()).collect();
        while !missing.is_empty() && !interrupted() {
            let items = missing.iter().map(|&part| parts[part].clone());
            let results: Vec<_> = pool.imap(clean, items).inspect(|_| step()).collect();
            let mut again = Vec::new();
            for (part, result) in missing.into_iter().zip(results) {
                match result {
                    Ok(lines) => cleaned[part] = lines,
                    Err(TaskError::WorkerDied { .. }) => again.push(part),
                    Err(error) => return Err(error.into()),
                }
            }
            died += again.len();
            missing = again;
        }
    }
    Ok((cleaned, died))
}

/// Kills a worker every few milliseconds, until it is told to stop; how many.
fn shoot(pool: &ProcessPool, stopped: std::sync::mpsc::Receiver<()>) -> usize {
    let mut random = fastrand::Rng::with_seed(1);
    let mut shot = 0;
    while stopped.recv_timeout(Duration::from_millis(random.u64(2..10)))
        == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
    {
        if let Some(worker) = random.choice(pool.pids()) {
            shot += usize::from(kill(worker));
        }
    }
    shot
}

/// `kill -9`, which every shell has.
fn kill(pid: u32) -> bool {
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &format!("kill -9 {pid}")]).stderr(std::process::Stdio::null());
    shell.status().is_ok_and(|status| status.success())
}

/// Whether both files hold what one thread makes of the lines.
fn check(files: &[PathBuf; 2], expected: &[String], written: &[usize]) -> Result<String, String> {
    let text = |lines: &mut dyn Iterator<Item = &String>| {
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    let wanted = [text(&mut expected.iter()), text(&mut expected.iter().rev())];
    for (file, wanted) in files.iter().zip(wanted) {
        let found = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
        if found != wanted {
            return Err(format!("{} is not what one thread makes of it", file.display()));
        }
    }
    Ok(format!(
        "one thread makes the same of it; {} each in order and in reverse",
        counted(written[0], "line")
    ))
}
