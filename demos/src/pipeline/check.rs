//! What the pipeline prints at the end: both files against a plain program, and the memory.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::writer::{Folder, Written};
use super::{Args, Pipeline, clean, lines};
use crate::outcome::{Outcome, Verdict};
use crate::report::{Report, Side, count, counted};
use crate::texts::Texts;
use crate::timeline::Picture;
use crate::workers::{self, Worker};

/// All threads, when they have ended.
pub(super) struct Ended<'a> {
    pub(super) pipeline: &'a Pipeline,
    /// The same with a queue without a bound; it has not run if the first failed.
    pub(super) unbounded: &'a Pipeline,
    pub(super) reader: Vec<Worker<io::Result<()>>>,
    pub(super) cleaners: Vec<Worker<()>>,
    pub(super) writer: Vec<Worker<io::Result<Written>>>,
    pub(super) elapsed: Duration,
    /// The most memory that it had, in bytes.
    pub(super) peak: Option<u64>,
}

pub(super) fn show(
    args: &Args,
    texts: &Texts,
    output: &Folder,
    ended: Ended<'_>,
    timeline: Option<&Picture>,
) -> anyhow::Result<Outcome> {
    let Ended { pipeline, unbounded, reader, cleaners, writer, elapsed, peak } = ended;
    let none = Written::default();
    let mut errors = workers::done(&reader).filter_map(|done| done.as_ref().err());
    let read_error = errors.next().map(ToString::to_string);
    let write_error =
        workers::done(&writer).find_map(|done| done.as_ref().err()).map(ToString::to_string);
    let written = workers::done(&writer).find_map(|done| done.as_ref().ok()).unwrap_or(&none);

    let mut report = Report::new(format_args!("Conversations out of {}, cleaned", texts.name));
    report.gap();
    report.timeline(timeline);
    report.columns([
        ["read".to_owned(), counted(pipeline.read.load(Relaxed), "message")],
        [
            "handed on".into(),
            format!(
                "~{}, ~{} of them before they were full",
                counted_batches(written.batches),
                count(pipeline.partial.load(Relaxed)),
            ),
        ],
        [
            "written".into(),
            format!(
                "{} in {} bytes, twice",
                counted(written.messages, "message"),
                count(written.bytes as usize)
            ),
        ],
        [
            "out of order".into(),
            format!("~{} at most waited for an earlier one", counted_batches(written.early)),
        ],
    ]);
    let memory = peak.map_or(String::new(), |peak| {
        format!(", with ~{:.1} MB of memory at most", peak as f64 / 1e6)
    });
    report.line(format_args!(
        "{} in {elapsed:.1?}{memory}.",
        counted(texts.files.len(), "conversation"),
    ));
    if args.output.is_some() {
        report.line(format_args!("See {:?} and {:?}.", output.in_order(), output.reversed()));
    }
    // Relaxed, all: the threads were joined.
    let most = |pipeline: &Pipeline| pipeline.most_waiting.load(Relaxed);
    let read = pipeline.read.load(Relaxed);
    if unbounded.read.load(Relaxed) > 0 {
        let sentence = |most| {
            format!("~{} of {} waited at once, at most", count(most), counted(read, "message"))
        };
        report.argue(
            Side("with a bound", sentence(most(pipeline))),
            Side("without", sentence(most(unbounded))),
            match most(unbounded) > most(pipeline) {
                true => {
                    "without a bound the reader fills the memory with what no cleaner has time for yet"
                }
                false => "so few messages fit in any queue",
            },
        );
    }
    let panics =
        workers::panics(&reader).chain(workers::panics(&cleaners)).chain(workers::panics(&writer));
    let so_far = || format!("{} written to complete files", counted(written.messages, "message"));
    let verdict = Verdict::on(panics, so_far, || {
        if let Some(error) = read_error.or(write_error) {
            return Err(error);
        }
        check(texts, output).map_err(|error| error.to_string())?.map_or_else(
            || Ok("both files are those of a plain program".into()),
            |line| Err(format!("{line} differs from that of a plain program")),
        )
    });
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        (
            "cargo run -- pipeline --pause 300 --within 100",
            "a slow source: batches go on before they are full",
        ),
        ("cargo run -- pipeline --batch 1", "what batches are for"),
        ("cargo run -- pipeline --output out", "keep both files"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

fn counted_batches(number: usize) -> String {
    format!("{} batch{}", count(number), if number == 1 { "" } else { "es" })
}

/// The first line that differs, and of which file, from a program without threads and queues.
fn check(texts: &Texts, output: &Folder) -> io::Result<Option<String>> {
    let mut in_order = 0;
    let mut written = [read_lines(&output.in_order())?, read_lines(&output.reversed())?];
    for file in &texts.files {
        let mut right: Vec<_> =
            lines(file)?.map(|line| line.map(|line| clean(&line))).collect::<io::Result<_>>()?;
        for written in &mut written {
            for line in &right {
                in_order += 1;
                if written.next().transpose()?.as_ref() != Some(line) {
                    return Ok(Some(format!("the line {line:?}, number {in_order} of both,")));
                }
            }
            right.reverse();
        }
    }
    let more = written.into_iter().any(|mut written| written.next().is_some());
    Ok(more.then(|| "the end of a file".into()))
}

fn read_lines(file: &Path) -> io::Result<io::Lines<BufReader<fs::File>>> {
    Ok(BufReader::new(fs::File::open(file)?).lines())
}

/// The most memory that the process has had, in bytes, where the system tells.
pub(super) fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
