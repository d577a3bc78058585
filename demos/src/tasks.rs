//! Tasks across machines: a site's thumbnails, in one process or in many terminals.
//!
//! ```text
//!   producer ─┐                            ┌─ worker: shrink ─┐
//!   producer ─┼─ albums, each a chord ──▶ broker ─ worker: shrink ─┼─▶ index, when the album's last picture is done
//!   beat ─────┘  count, again and again    └─ worker: count ──┘
//! ```
//!
//! An album is a chord: its pictures are shrunk side by side, and when the last one is done its
//! page is made of all results. The check at the end shrinks everything once more on a single
//! thread.
//!
//! Without `--broker` producers, workers and beat are threads of this process. With
//! `--broker redis://…` the same program runs over a server: `--worker` in one terminal, `--send`
//! in another. `celery inspect ping` answers, flower shows the workers. With `--broker amqp://…` the
//! tasks are in RabbitMQ, and `--results redis://…` says where the results are.
//!
//! **Ending a worker.** At the first Ctrl-C or SIGTERM it claims nothing more, gives back what has
//! not begun, and waits for what runs. At the second it gives that back too, so that another worker
//! runs it at once. At the third, or if it is killed, the server gives the tasks back after the
//! visibility timeout.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use ::tasks::{
    Amqp, App, Beat, InProcess, Redis, Signature, State, Stopper, TaskError, TaskHandle, chord,
};
use anyhow::Context;
use primitives::{Lock, threads};
use serde::{Deserialize, Serialize};

use crate::args::number;
use crate::interrupt::{end_at_once, interrupted, leave_behind_after, on_ctrl_c, on_each_ctrl_c};
use crate::outcome::{BadInput, Outcome, Verdict};
use crate::progress;
use crate::report::{Report, Side, count, counted, times};

/// The side of a picture, and of its thumbnail, in pixels.
const SIDE: u64 = 96;
const THUMBNAIL: u64 = 12;

/// How often the beat has the done pictures counted.
const COUNT_EVERY: Duration = Duration::from_millis(200);

/// How long a result is waited for between two looks for Ctrl-C.
const LOOK: Duration = Duration::from_millis(100);

/// How long after Ctrl-C a server that does not answer is left behind. Until then the workers of
/// this process give their tasks back.
const GRACE: Duration = Duration::from_secs(2);

/// How often a large picture tells its progress.
const PARTS: u32 = 10;

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Albums to make, up to 10000
    #[arg(long, value_name = "N", default_value = "20", value_parser = number::<1, 10_000>)]
    albums: usize,
    /// Pictures in each, up to 1000
    #[arg(long, value_name = "N", default_value = "12", value_parser = number::<1, 1000>)]
    pictures: usize,
    /// Threads that run tasks, up to 64
    #[arg(long, value_name = "N", default_value = "4", value_parser = number::<1, 64>)]
    threads: usize,
    /// Milliseconds that each picture takes longer, as a large one would, up to 600000
    #[arg(long, value_name = "MS", default_value = "0", value_parser = number::<0, 600_000>)]
    pause: usize,
    /// Server that keeps the tasks: redis://127.0.0.1:6379/0 or amqp://guest:guest@127.0.0.1:5672/%2f [default: this process]
    #[arg(long, value_name = "URL")]
    broker: Option<String>,
    /// Redis server that keeps the results [default: the broker, if it is one]
    #[arg(long, value_name = "URL", requires = "broker")]
    results: Option<String>,
    /// Only run tasks, until Ctrl-C
    #[arg(long, requires = "broker", group = "part")]
    worker: bool,
    /// Only send, and wait for the results
    #[arg(long, requires = "broker", group = "part")]
    send: bool,
    /// Only send what is due by the clock, until Ctrl-C
    #[arg(long, requires = "broker", group = "part")]
    beat: bool,
    /// Only show what waits at the server
    #[arg(long, requires = "broker", group = "part")]
    status: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    // ANCHOR: one-line
    let app = match &args.broker {
        None => App::new(InProcess::new()),
        Some(url) => {
            if !args.worker {
                leave_behind_after("the server", GRACE)?;
            }
            over(url, args)?
        }
    };
    // ANCHOR_END: one-line
    let done = Arc::new(AtomicUsize::new(0));
    let counted = Arc::new(AtomicUsize::new(0));
    register(args, &app, &done, &counted)?;
    match args {
        Args { worker: true, .. } => work(args, &app),
        Args { beat: true, .. } => beat(&app),
        Args { status: true, .. } => status(&app),
        _ => story(args, &app, &done, &counted),
    }
}

/// An application over servers. RabbitMQ keeps no results, and the parts that ask for none need no
/// store.
fn over(url: &str, args: &Args) -> anyhow::Result<App> {
    let bad = |error: ::tasks::Error| BadInput(error.to_string());
    let results = args.results.as_deref().map(Redis::open).transpose().map_err(bad)?;
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    match (scheme, results) {
        ("amqp" | "amqps", Some(results)) => {
            let broker = Amqp::open(url).map_err(bad)?;
            Ok(App::with_results(Arc::new(broker), Arc::new(results)))
        }
        ("amqp" | "amqps", None) if args.beat || args.status => {
            let broker = Amqp::open(url).map_err(bad)?;
            Ok(App::with_results(Arc::new(broker), Arc::new(InProcess::new())))
        }
        ("amqp" | "amqps", None) => Err(BadInput(
            "RabbitMQ keeps tasks and no results: add a Redis server for these, as --results redis://127.0.0.1:6379/0"
                .into(),
        )
        .into()),
        ("redis" | "redis+unix" | "unix", None) => Ok(App::new(Redis::open(url).map_err(bad)?)),
        ("redis" | "redis+unix" | "unix", Some(results)) => {
            let broker = Redis::open(url).map_err(bad)?;
            Ok(App::with_results(Arc::new(broker), Arc::new(results)))
        }
        _ => Err(BadInput(format!(
            "a broker is redis://host:6379/0 or amqp://user:password@host:5672/%2f, not {scheme:?}"
        ))
        .into()),
    }
}

// ANCHOR: register
/// The tasks that all parts know.
fn register(
    args: &Args,
    app: &App,
    done: &Arc<AtomicUsize>,
    counted: &Arc<AtomicUsize>,
) -> Result<(), ::tasks::Error> {
    let (shrunk, pause) = (Arc::clone(done), Duration::from_millis(args.pause as u64));
    app.task("thumbs.shrink", move |call, (picture,): (u64,)| {
        if !pause.is_zero() {
            read_large(call, pause)?;
        }
        let sum = shrink(picture);
        shrunk.fetch_add(1, Relaxed); // Relaxed: a number for people
        Ok(sum)
    })?;
    app.task("thumbs.index", |_, (sums,): (Vec<u64>,)| Ok(index(&sums)))?;
    let (done, counted) = (Arc::clone(done), Arc::clone(counted));
    app.task("thumbs.count", move |_, ()| {
        counted.fetch_add(1, Relaxed); // Relaxed: as above
        Ok(done.load(Relaxed))
    })?;
    Ok(())
}
// ANCHOR_END: register

/// What a large picture stores of its progress.
#[derive(Deserialize, Serialize)]
struct Progress {
    done: u32,
    of: u32,
}

/// Takes as long as a large picture, and reports how far it is. Stops if the worker gives up.
fn read_large(call: &::tasks::Context<'_>, time: Duration) -> Result<(), TaskError> {
    for done in 0..PARTS {
        call.check()?;
        call.progress("PROGRESS", &Progress { done, of: PARTS })?;
        threads::sleep(time / PARTS); // its work, which Ctrl-C does not end
    }
    Ok(())
}

/// Makes a picture out of its number, averages blocks of it, and returns a checksum of the
/// thumbnail.
fn shrink(picture: u64) -> u64 {
    let pixel = |x: u64, y: u64| {
        let mixed = (picture << 32 | x << 16 | y).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 56) + (x * y) % 64
    };
    let block = SIDE / THUMBNAIL;
    let mut sum = 0_u64;
    for top in (0..SIDE).step_by(block as usize) {
        for left in (0..SIDE).step_by(block as usize) {
            let all = (top..top + block).flat_map(|y| (left..left + block).map(move |x| (x, y)));
            let average = all.map(|(x, y)| pixel(x, y)).sum::<u64>() / (block * block);
            // Below 2^53, which every language's JSON can carry.
            sum = (sum * 31 + average) % (1 << 40);
        }
    }
    sum
}

/// The checksum of an album's page: its pictures' in their order.
fn index(sums: &[u64]) -> u64 {
    sums.iter().fold(7, |page, sum| (page * 31 + sum) % (1 << 40))
}

fn story(
    args: &Args,
    app: &App,
    done: &Arc<AtomicUsize>,
    counts: &Arc<AtomicUsize>,
) -> anyhow::Result<Outcome> {
    let total = args.albums * args.pictures;
    let here = !args.send;
    let run = format!("{:016x}", fastrand::u64(..));
    let worker = here.then(|| app.worker().concurrency(args.threads).start()).transpose()?;
    let beat = here.then(|| schedule(app)).transpose()?;
    let stopper = worker.as_ref().map(::tasks::Worker::stopper);
    // The story is over at once; what runs goes back to the other workers.
    on_ctrl_c(move || stopper.iter().for_each(Stopper::give_up))?;

    let watched = Arc::new(Watched::default());
    let (shrunk, counted_by_beat, seen) = (Arc::clone(done), Arc::clone(counts), watched.clone());
    let live = progress::start(args.albums, "albums", move || {
        let (shrunk, counts) = (shrunk.load(Relaxed), counted_by_beat.load(Relaxed));
        let here = match here {
            true => format!("{} shrunk, counted {}; ", count(shrunk), counted(counts, "time")),
            false => String::new(),
        };
        format!("{here}{}", seen.line())
    });
    let started = Instant::now();
    let albums = send(args, app, &run)?;
    let sent = started.elapsed();
    let mut pages = Vec::with_capacity(albums.len());
    for (number, album) in albums.iter().enumerate() {
        watched.album(pictures(args, number as u64).map(|n| app.handle(&id(&run, n))).collect());
        match page(album)? {
            Some(page) => pages.push(page),
            None => break, // Ctrl-C
        }
        live.inc(1);
    }
    let took = started.elapsed();
    live.finish_and_clear();
    if let Some(beat) = beat {
        beat.stop();
    }
    if let Some(worker) = worker {
        worker.stop();
    }

    let single = Instant::now();
    let wanted = (0..args.albums as u64).map(|album| {
        let sums: Vec<_> = pictures(args, album).map(shrink).collect();
        index(&sums)
    });
    let right = pages.iter().copied().eq(wanted.take(pages.len()));
    let single = single.elapsed();
    let each = took / total.max(1) as u32;

    let mut report = Report::new(format_args!(
        "{} of {} at {}",
        counted(args.albums, "album"),
        counted(args.pictures, "picture"),
        app.broker().name()
    ));
    report.gap();
    report.columns([
        ["sent".into(), format!("{} in {sent:.1?}", counted(total, "task"))],
        ["all pages".into(), format!("in {took:.1?}")],
        ["by the beat".into(), format!("counted {}", counted(counts.load(Relaxed), "time"))],
    ]);
    report.gap();
    if !interrupted() {
        report.argue(
            Side("with tasks", format!("{} in {took:.1?}, {each:.1?} each", counted(total, "picture"))),
            Side("without", format!("the same by one thread in {single:.1?}")),
            match took < single {
                true => format!("the workers are {} times as fast here", times(single, took)),
                false => format!(
                    "a picture is less work than its way through the broker, so one thread is {} times as fast; \
                     tasks are for work that is larger, or on other machines",
                    times(took, single)
                ),
            },
        );
    }
    let so_far = || format!("{} of {} albums made", count(pages.len()), count(args.albums));
    let verdict = Verdict::on([], so_far, || {
        if right && pages.len() == args.albums {
            Ok(format!("a single thread makes the same pages, in {single:.1?}"))
        } else {
            Err("a single thread makes other pages".into())
        }
    });
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- tasks --broker redis://127.0.0.1:6379/0", "the same over a server"),
        ("cargo run -- tasks --broker redis://127.0.0.1:6379/0 --worker", "one more worker"),
        ("cargo run -- tasks --broker redis://127.0.0.1:6379/0 --status", "what waits there"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

/// The numbers of an album's pictures.
fn pictures(args: &Args, album: u64) -> impl Iterator<Item = u64> + use<> {
    let size = args.pictures as u64;
    album * size..(album + 1) * size
}

/// The id of a picture's task.
fn id(run: &str, picture: u64) -> String {
    format!("{run}-{picture}")
}

/// The pictures of the album that is waited for, to show where their tasks are.
#[derive(Default)]
struct Watched(Lock<Vec<TaskHandle<u64>>>);

impl Watched {
    fn album(&self, pictures: Vec<TaskHandle<u64>>) {
        *self.0.lock() = pictures;
    }

    /// `this album: 3 of 12 done, 2 at 40 %`, by the states that the workers have stored.
    fn line(&self) -> String {
        let pictures = self.0.lock().clone();
        let (mut done, mut begun, mut parts) = (0, 0, 0);
        for stored in pictures.iter().filter_map(|picture| picture.info().ok().flatten()) {
            match stored.state {
                State::Custom(_) => {
                    let progress = Progress::deserialize(&stored.value);
                    begun += 1;
                    parts +=
                        progress.map_or(0, |progress| 100 * progress.done / progress.of.max(1));
                }
                state => done += usize::from(state.is_ready()),
            }
        }
        let running = match begun {
            0 => String::new(),
            _ => format!(", {} at {} %", count(begun as usize), parts / begun),
        };
        format!("this album: {} of {} done{running}", count(done), count(pictures.len()))
    }
}

/// Two producers, each with every other album.
fn send(args: &Args, app: &App, run: &str) -> anyhow::Result<Vec<TaskHandle<u64>>> {
    let produce = |first: u64| -> Result<Vec<(u64, TaskHandle<u64>)>, ::tasks::Error> {
        let albums = (first..args.albums as u64).step_by(2).take_while(|_| !interrupted());
        let send = |album| {
            let shrink =
                |picture| Signature::new("thumbs.shrink").arg(picture).id(id(run, picture));
            let album_of = chord(pictures(args, album).map(shrink), Signature::new("thumbs.index"));
            Ok((album, app.apply(album_of)?))
        };
        albums.map(send).collect()
    };
    let (even, odd) = threads::scope(|scope| {
        let odd = scope.spawn(|| produce(1));
        let even = produce(0);
        (even, odd.join())
    });
    let odd = odd.map_err(|panic| anyhow::anyhow!("a producer panicked: {}", panic.message()))?;
    let mut albums = even?;
    albums.extend(odd?);
    albums.sort_by_key(|(album, _)| *album);
    Ok(albums.into_iter().map(|(_, handle)| handle).collect())
}

/// The page of an album; `None` at Ctrl-C.
fn page(album: &TaskHandle<u64>) -> anyhow::Result<Option<u64>> {
    while !interrupted() {
        match album.get_timeout(LOOK) {
            Ok(page) => return Ok(Some(page)),
            Err(::tasks::GetError::Timeout(_)) => {}
            Err(error) => return Err(error).context("an album could not be made"),
        }
    }
    Ok(None)
}

fn schedule(app: &App) -> Result<::tasks::BeatHandle, ::tasks::Error> {
    Beat::new(app).every("count", COUNT_EVERY, Signature::new("thumbs.count"))?.start()
}

/// A worker until Ctrl-C or SIGTERM.
fn work(args: &Args, app: &App) -> anyhow::Result<Outcome> {
    let worker = app.worker().concurrency(args.threads).events(true).start()?;
    let (stopper, ended) = (worker.stopper(), worker.stopper());
    on_each_ctrl_c(move |press| match press {
        1 => stopper.request_stop(),
        2 => stopper.give_up(),
        _ => end_at_once(),
    })?;
    say(format_args!("{} works for {}; Ctrl-C ends it", worker.name(), app.broker().name()));
    worker.wait(); // until the first one, or `celery control shutdown`
    if worker.active() > 0 {
        let them = counted(worker.active(), "running task");
        say(format_args!(
            "waits for the end of {them}; one more Ctrl-C gives back what still runs"
        ));
    }
    worker.stop();
    let run = counted(ended.processed() as usize, "task");
    match ended.given_back() {
        0 => {
            say(format_args!("{run} run"));
            Ok(Outcome::Holds)
        }
        given_back => {
            say(format_args!("{run} run, {given_back} given back"));
            Ok(Outcome::Interrupted)
        }
    }
}

/// Prints a line. A reader that has closed the pipe does not want it.
fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// A beat until Ctrl-C or SIGTERM.
fn beat(app: &App) -> anyhow::Result<Outcome> {
    let stop = Arc::new(primitives::Event::new());
    let stopped = Arc::clone(&stop);
    on_ctrl_c(move || stopped.set())?;
    let beat = schedule(app)?;
    say(format_args!("beats for {}; of several one sends; Ctrl-C ends it", app.broker().name()));
    stop.wait();
    beat.stop();
    Ok(Outcome::Holds)
}

fn status(app: &App) -> anyhow::Result<Outcome> {
    let broker = app.broker();
    let queue = "celery";
    let dead = broker.dead_letters(queue, 5)?;
    let mut report = Report::new(format_args!("{} at {}", queue, broker.name()));
    report.columns([
        ["waiting".into(), counted(broker.len(queue)?, "task")],
        ["newest dead letters".into(), count(dead.len())],
    ]);
    for letter in &dead {
        report.line(format_args!("    {}", letter.reason));
    }
    report.print()?;
    Ok(Outcome::Holds)
}
