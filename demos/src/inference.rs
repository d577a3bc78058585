//! A model server in three processes: receive, gather batches, predict.
//!
//! ```text
//!   requests ─▶ SharedQueue ─▶ batcher: 128, or what has come in a second ─▶ SharedQueue ─▶ predictor ─▶ SharedQueue ─▶ answers
//! ```
//!
//! A model takes about as long for a hundred inputs as for one. So requests are gathered, up to 128
//! of them; but no request waits longer than a second for others. The timeout of a `get` covers the
//! whole item, so the second is a second. The same is then done without batches, and the two are
//! compared.
//!
//! "Model" here is a pause of a few milliseconds and a sum; what is shown is how requests travel.

use std::time::{Duration, Instant};

use ::processes::{Process, SharedQueue, function};
use bytemuck::{Pod, Zeroable};
use queues::GetTimeoutError;

use crate::args::number;
use crate::interrupt::{self, interrupted, on_ctrl_c};
use crate::outcome::{Outcome, Verdict};
use crate::report::{Report, count, counted};

/// Numbers of an input.
const FEATURES: usize = 8;
/// The most requests of a batch.
const BATCH: usize = 128;

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Requests, up to 1000000
    #[arg(long, value_name = "N", default_value = "2000", value_parser = number::<1, 1_000_000>)]
    requests: usize,
    /// Most requests of a batch, up to 128
    #[arg(long, value_name = "N", default_value = "128", value_parser = number::<1, BATCH>)]
    batch: usize,
    /// A batch is passed on after this many ms, full or not
    #[arg(long, value_name = "MS", default_value = "1000", value_parser = number::<1, 60_000>)]
    within: usize,
    /// Simulated model: µs for a call, for any number of inputs
    #[arg(long, value_name = "US", default_value = "2000", value_parser = number::<0, 1_000_000>)]
    model: usize,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
struct Request {
    number: u64,
    input: [u64; FEATURES],
}

#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Batch {
    len: u64,
    requests: [Request; BATCH],
}

#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Answer {
    number: u64,
    prediction: u64,
}

/// The model's answer for an input.
fn predict(input: &[u64; FEATURES]) -> u64 {
    input.iter().fold(0, |sum, feature| sum.wrapping_mul(31).wrapping_add(*feature))
}

function! {
    /// Gathers requests; how many batches it made, and how many of them by the time.
    fn gather(requests: SharedQueue<Request>, batches: SharedQueue<Batch>, most: usize, within: Duration) -> (usize, usize) {
        let (mut full, mut by_time) = (0, 0);
        let mut is_over = false;
        while !is_over {
            let Ok(first) = requests.get() else { break };
            let deadline = Instant::now() + within;
            let mut batch = Batch::zeroed();
            batch.requests[0] = first;
            batch.len = 1;
            while (batch.len as usize) < most {
                match requests.get_deadline(deadline) {
                    Ok(request) => {
                        batch.requests[batch.len as usize] = request;
                        batch.len += 1;
                    }
                    Err(GetTimeoutError::Timeout) => break,
                    Err(GetTimeoutError::Shutdown) => {
                        is_over = true;
                        break;
                    }
                }
            }
            if batch.len as usize == most { full += 1 } else { by_time += 1 }
            if batches.put(batch).is_err() {
                break;
            }
        }
        batches.shutdown();
        (full, by_time)
    }

    /// Answers the questions, and returns how many calls of the model that took.
    fn serve(batches: SharedQueue<Batch>, answers: SharedQueue<Answer>, model: Duration) -> usize {
        let mut calls = 0;
        for batch in batches.iter() {
            std::thread::sleep(model);
            calls += 1;
            for request in &batch.requests[..batch.len as usize] {
                let answer = Answer { number: request.number, prediction: predict(&request.input) };
                if answers.put(answer).is_err() {
                    return calls;
                }
            }
        }
        answers.shutdown();
        calls
    }
}

/// How one run went.
struct Ran {
    requests: usize,
    right: usize,
    full: usize,
    by_time: usize,
    calls: usize,
    elapsed: Duration,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    on_ctrl_c(|| ())?;
    interrupt::leave_behind("a process")?;
    let with = serve_all(args, args.requests, args.batch)?;
    // A tenth of them: it takes that much longer.
    let without = serve_all(args, args.requests.div_ceil(10), 1)?;

    let mut report = Report::new("A model server in three processes, with batches and without");
    report.gap();
    let row = |name: &str, ran: &Ran| {
        [
            name.to_owned(),
            count(ran.requests),
            format!("~{}", count(ran.full)),
            format!("~{}", count(ran.by_time)),
            format!("~{}", count(ran.calls)),
            format!("{:.0}/s", ran.requests as f64 / ran.elapsed.as_secs_f64()),
            count(ran.requests - ran.right),
        ]
    };
    let head = [
        "",
        "requests",
        "full batches",
        "by time",
        "calls of the model",
        "answers",
        "lost or wrong",
    ];
    report.table(head, &[row("with", &with), row("without", &without)]);
    let rate = |ran: &Ran| ran.requests as f64 / ran.elapsed.as_secs_f64();
    report.follows(format_args!(
        "a call of the model costs the same for one request as for {}, and with batches ~{:.0} times as many are answered",
        args.batch,
        rate(&with) / rate(&without),
    ));
    report.gap();
    let verdict = Verdict::on(
        [],
        || counted(with.right, "answer"),
        || {
            let wrong = with.requests - with.right + without.requests - without.right;
            if wrong == 0 {
                Ok("each request has its own answer, and each answer is that of a single thread"
                    .to_owned())
            } else {
                Err(format!("{} have no right answer", counted(wrong, "request")))
            }
        },
    );
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- inference --batch 16", "smaller batches, more calls"),
        ("cargo run -- inference --model 0", "a model that takes no time: what the queues cost"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

fn input(number: u64) -> [u64; FEATURES] {
    std::array::from_fn(|feature| {
        number.wrapping_mul(2_654_435_761).rotate_left(feature as u32 * 7)
    })
}

fn serve_all(args: &Args, requests: usize, most: usize) -> anyhow::Result<Ran> {
    let (incoming, batches) = (SharedQueue::bounded(1024)?, SharedQueue::bounded(4)?);
    let answers = SharedQueue::<Answer>::bounded(1024)?;
    let within = Duration::from_millis(args.within as u64);
    let model = Duration::from_micros(args.model as u64);
    let batcher =
        Process::new(gather, (incoming.clone(), batches.clone(), most, within)).named("batcher");
    let predictor = Process::new(serve, (batches, answers.clone(), model)).named("predictor");
    batcher.start()?;
    predictor.start()?;

    let started = Instant::now();
    let right = std::thread::scope(|s| {
        s.spawn(|| {
            for number in 0..requests as u64 {
                if interrupted() || incoming.put(Request { number, input: input(number) }).is_err()
                {
                    break;
                }
            }
            incoming.shutdown();
        });
        let mut is_answered = vec![false; requests];
        for answer in answers.iter() {
            let is_right = answer.prediction == predict(&input(answer.number));
            if let Some(place) = is_answered.get_mut(answer.number as usize) {
                *place = is_right && !*place;
            }
        }
        is_answered.into_iter().filter(|&answered| answered).count()
    });
    let elapsed = started.elapsed();
    let (full, by_time) = batcher.join()?;
    let calls = predictor.join()?;
    Ok(Ran { requests, right, full, by_time, calls, elapsed })
}
