//! What producer-consumer prints at the end, and the check of its result.

use std::time::{Duration, Instant};

use super::compare::{Contest, count_alone};
use super::{Args, Ended};
use crate::interrupt::interrupted;
use crate::outcome::{Outcome, Verdict};
use crate::report::{Report, count, counted};
use crate::texts::Texts;
use crate::timeline::Picture;
use crate::word_count::WordCount;
use crate::workers::{self, Worker};

/// Adds up what the threads did, checks it, prints it.
pub(super) fn show(
    args: &Args,
    texts: &Texts,
    Ended { producers, consumers }: &Ended,
    elapsed: Duration,
    contest: &Contest,
    timeline: Option<&Picture>,
) -> anyhow::Result<Outcome> {
    let produced = || workers::done(producers);
    let consumed = || workers::done(consumers);

    let mut words = WordCount::default();
    consumed().for_each(|done| words.add(&done.words));
    let files: usize = produced().map(|done| done.files).sum();
    let highest_fill = produced().map(|done| done.highest_fill).max().unwrap_or(0);
    let found_full: usize = produced().map(|done| done.waits).sum();
    let found_empty: usize = consumed().map(|done| done.waits).sum();
    let mut skipped = texts.skipped.clone();
    skipped.extend(produced().flat_map(|done| done.skipped.iter().cloned()));
    skipped.sort_unstable();

    let mut threads = rows(producers, |done| (done.lines, done.waits));
    threads.extend(rows(consumers, |done| (done.words.lines, done.waits)));
    let panics: Vec<_> = workers::panics(producers).chain(workers::panics(consumers)).collect();
    let nobody_panicked = panics.is_empty();
    if files == 0 && nobody_panicked && !interrupted() {
        return Err(texts.none_is_text(&skipped).into());
    }
    let started = Instant::now();
    let alone = if nobody_panicked { count_alone(texts) } else { WordCount::default() };
    let alone_took = started.elapsed();
    let so_far = || {
        let all = counted(texts.files.len(), "file");
        format!("{} of {all} read to the end", count(files))
    };

    let mut report = Report::new(format_args!("The words of {}", texts.name));
    report.gap();
    // What a consumer had counted before it panicked is lost: a chart of the rest would mislead.
    if nobody_panicked {
        report.chart(&words.top(args.top));
        report.gap();
    }
    report.table(["thread", "lines", "waits"], &threads);
    report.gap();
    report.timeline(timeline);
    report.line(format_args!(
        "Producers found the queue full {}, consumers found it empty {}.",
        counted(found_full, "time"),
        counted(found_empty, "time"),
    ));
    let (most, capacity) = (
        count(highest_fill),
        counted(args.capacity, if args.batch == 1 { "line" } else { "place" }),
    );
    report.line(format_args!("Highest fill seen: {most} of {capacity}."));
    report.skipped(&skipped);
    report.line(format_args!(
        "{}, {}, {} ({} different) in {elapsed:.1?}.",
        counted(files, "file"),
        counted(words.lines, "line"),
        counted(words.total(), "word"),
        count(words.different()),
    ));
    if nobody_panicked && !interrupted() {
        contest.argue(args, texts, &mut report, words.lines)?;
    }
    let verdict = Verdict::on(panics, so_far, || check(&words, &alone, alone_took));
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- --capacity 1", "hardly a line without a wait"),
        ("cargo run -- --slow-consumers 0,200", "the second of two consumers is slow"),
        ("cargo run -- --panic-consumer 9", "a consumer dies, and no thread is left waiting"),
        ("cargo run -- --svg timeline.svg", "the timeline as a picture"),
        ("cargo run -p book", "how the lock under the queue works"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

/// A row of the table for each worker.
fn rows<T>(
    workers: &[Worker<T>],
    lines_and_waits: impl Fn(&T) -> (usize, usize),
) -> Vec<[String; 3]> {
    let row = |worker: &Worker<T>| match worker.done.as_ref().map(&lines_and_waits) {
        Ok((lines, waits)) => [worker.name.clone(), count(lines), count(waits)],
        Err(_) => [worker.name.clone(), "panicked".into(), String::new()],
    };
    workers.iter().map(row).collect()
}

/// Whether the threads counted what one thread alone counts in the same files.
fn check(words: &WordCount, alone: &WordCount, elapsed: Duration) -> Result<String, String> {
    match words.difference(alone) {
        None => Ok(format!("a single thread counts the same, in {elapsed:.1?}")),
        Some((what, here, alone)) => {
            Err(format!("the threads counted {what} {here} times, a single thread {alone}"))
        }
    }
}
