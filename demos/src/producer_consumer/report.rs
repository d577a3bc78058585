//! What producer-consumer prints at the end, and the check of its result.

use std::time::{Duration, Instant};

use super::{Args, Ended};
use crate::interrupt::interrupted;
use crate::outcome::Outcome;
use crate::progress;
use crate::report::{Report, count, counted};
use crate::texts::Texts;
use crate::word_count::WordCount;
use crate::workers::Worker;

/// Adds up what the threads did, checks it, prints it.
pub(super) fn show(
    args: &Args,
    texts: &Texts,
    Ended { producers, consumers }: &Ended,
    elapsed: Duration,
) -> anyhow::Result<Outcome> {
    let produced = || producers.iter().filter_map(|worker| worker.done.as_ref());
    let consumed = || consumers.iter().filter_map(|worker| worker.done.as_ref());

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
    let panicked: Vec<&str> = panicked(producers).chain(panicked(consumers)).collect();
    if files == 0 && panicked.is_empty() && !interrupted() {
        return Err(texts.none_is_text(&skipped).into());
    }
    let (outcome, sentence) = check(texts, files, &words, &panicked);

    let mut report = Report::new(format_args!("The words of {}", texts.name));
    report.gap();
    // What a consumer had counted before it panicked is lost: a chart of the rest would mislead.
    if panicked.is_empty() {
        report.chart(&words.top(args.top));
        report.gap();
    }
    report.table(["thread", "lines", "waits"], &threads);
    report.gap();
    report.line(format_args!(
        "Producers found the queue full {}, consumers found it empty {}.",
        counted(found_full, "time"),
        counted(found_empty, "time"),
    ));
    let (most, capacity) = (count(highest_fill), counted(args.capacity, "line"));
    report.line(format_args!("Highest fill seen: {most} of {capacity}."));
    report.skipped(&skipped);
    report.line(format_args!(
        "{}, {}, {} ({} different) in {elapsed:.1?}.",
        counted(files, "file"),
        counted(words.lines, "line"),
        counted(words.total(), "word"),
        count(words.different()),
    ));
    report.verdict(outcome, sentence);
    report.gap();
    report.next(&[
        ("cargo run -- --capacity 1", "hardly a line without a wait"),
        ("cargo run -- --panic-consumer 9", "a consumer dies, and nobody is left waiting"),
        ("cargo run -p book", "how the lock under the queue works"),
    ]);
    report.print()?;
    Ok(outcome)
}

/// A row of the table for each worker.
fn rows<T>(
    workers: &[Worker<T>],
    lines_and_waits: impl Fn(&T) -> (usize, usize),
) -> Vec<[String; 3]> {
    let row = |worker: &Worker<T>| match worker.done.as_ref().map(&lines_and_waits) {
        Some((lines, waits)) => [worker.name.clone(), count(lines), count(waits)],
        None => [worker.name.clone(), "panicked".into(), String::new()],
    };
    workers.iter().map(row).collect()
}

fn panicked<T>(workers: &[Worker<T>]) -> impl Iterator<Item = &str> {
    workers.iter().filter(|worker| worker.done.is_none()).map(|worker| worker.name.as_str())
}

/// Whether the threads counted what one thread alone counts in the same files.
fn check(texts: &Texts, files: usize, words: &WordCount, panicked: &[&str]) -> (Outcome, String) {
    if !panicked.is_empty() {
        let names = panicked.join(" and ");
        let sentence = format!("{names} panicked; the queue was shut down, and the others ended");
        return (Outcome::Fails, sentence);
    }
    let started = Instant::now();
    let alone = count_alone(texts);
    let elapsed = started.elapsed();
    if interrupted() {
        let all = counted(texts.files.len(), "file");
        let sentence = format!("{} of {all} read to the end, nothing checked", count(files));
        return (Outcome::Interrupted, sentence);
    }
    match words.difference(&alone) {
        None => (Outcome::Holds, format!("a single thread counts the same, in {elapsed:.1?}")),
        Some((what, here, alone)) => {
            let sentence =
                format!("the threads counted {what} {here} times, a single thread {alone}");
            (Outcome::Fails, sentence)
        }
    }
}

/// The same work without threads and without a queue; cut short by Ctrl-C.
fn count_alone(texts: &Texts) -> WordCount {
    let mut words = WordCount::default();
    let progress = progress::start(texts.files.len(), "files checked", String::new);
    for file in &texts.files {
        // What cannot be read was skipped, and named, by the threads too.
        let text = texts.read(file).unwrap_or_default();
        text.lines().take_while(|_| !interrupted()).for_each(|line| words.add_line(line));
        progress.inc(1);
    }
    progress.finish_and_clear();
    words
}
