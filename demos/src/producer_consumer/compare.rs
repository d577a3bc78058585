//! Are threads worth their while? One thread alone, threads with a line at a time, and threads with
//! many.
//!
//! The same texts are counted in each of these ways, by turns, and nothing is recorded meanwhile.
//! A hand-over costs the same for one line and for sixty-four.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Args, Shared, run_threads};
use crate::cores;
use crate::interrupt::interrupted;
use crate::progress;
use crate::report::{Report, counted, times};
use crate::texts::Texts;
use crate::word_count::WordCount;
use crate::workers;

/// Lines that are handed over at a time.
const BATCHES: [usize; 2] = [1, 64];

/// How often each is tried, in turns: other programs disturb all of them alike. The median counts.
const ROUNDS: usize = 3;

/// The runs with threads.
pub(super) struct Contest {
    /// None, where pauses are simulated, or a thread is asked to panic.
    rounds: Vec<[Arc<Shared>; BATCHES.len()]>,
}

impl Contest {
    pub(super) fn new(args: &Args, texts: &Texts) -> Self {
        let simulated = !args.slow_producers.is_empty() || !args.slow_consumers.is_empty();
        let panics = args.panic_producer.is_some() || args.panic_consumer.is_some();
        let rounds = if simulated || panics { 0 } else { ROUNDS };
        let round = |_| BATCHES.map(|batch| Shared::new(texts, args.capacity, batch));
        Self { rounds: (0..rounds).map(round).collect() }
    }

    /// For Ctrl-C.
    pub(super) fn all(&self) -> Vec<Arc<Shared>> {
        self.rounds.iter().flatten().cloned().collect()
    }

    /// Runs them, and says what came of it beside one thread.
    pub(super) fn argue(
        &self,
        args: &Args,
        texts: &Texts,
        report: &mut Report,
        lines: usize,
    ) -> io::Result<()> {
        let (mut alone, mut one_by_one, mut in_batches) = (Vec::new(), Vec::new(), Vec::new());
        let mut without_core = Duration::ZERO;
        for [single, many] in &self.rounds {
            let started = Instant::now();
            count_alone(texts);
            alone.push(started.elapsed());
            let started = Instant::now();
            run_threads(args, texts, single)?;
            one_by_one.push(started.elapsed());
            let started = Instant::now();
            let ended = run_threads(args, texts, many)?;
            in_batches.push(started.elapsed());
            let waited = workers::done(&ended.consumers).filter_map(|done| done.without_core);
            without_core += waited.sum::<Duration>();
        }
        if interrupted() || self.rounds.is_empty() {
            return Ok(());
        }
        let [alone, one_by_one, in_batches] = [alone, one_by_one, in_batches].map(median);
        let [_, many] = BATCHES;
        let threads = counted(args.producers + args.consumers, "thread");
        let beside = |took: Duration| format!("{took:.1?} (~{} times as fast)", times(alone, took));
        report.columns([
            ["one thread".to_owned(), format!("{alone:.1?}")],
            [format!("{threads}, one line at once"), beside(one_by_one)],
            [format!("{threads}, {many} lines at once"), beside(in_batches)],
        ]);
        let each = |took: Duration| took / lines.max(1) as u32;
        let cores = counted(cores::number(), "core");
        let more = match in_batches < alone {
            true => format!("with {many} at once {threads} on {cores} are faster than one"),
            false => format!(
                "with {many} at once {threads} on {cores} are not faster, for in {} those that count were \
                 ready for {without_core:.1?} in all without a core",
                counted(self.rounds.len(), "run")
            ),
        };
        report.follows(format_args!(
            "one thread counts a line in {:.1?}; handed over one by one it takes {:.1?}; {more}",
            each(alone),
            each(one_by_one),
        ));
        Ok(())
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The same work without threads and without a queue; cut short by Ctrl-C.
pub(super) fn count_alone(texts: &Texts) -> WordCount {
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
