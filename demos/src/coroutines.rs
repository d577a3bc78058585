//! Coroutines: thousands of clients on one thread, each of which waits for a permit and then for a
//! page.
//!
//! ```text
//!   client 1 ─┐                   ┌─ permits ─┐
//!   client 2 ─┼─ one executor ──▶ │ ● ● ● …   │ ──▶ fetch ──▶ the crawler's own server
//!   …         │  (one thread)     └───────────┘
//!   client n ─┘
//! ```
//!
//! The executor is the one of the book, a page of code on a queue. The sockets are those of
//! `async-io`, whose reactor has a thread of its own: it asks the system which sockets are ready,
//! and wakes their coroutines.
//!
//! The same clients are then threads: the same semaphore, the same server, the same bytes. No
//! client begins before all of them wait, which is when the memory of each kind is measured. The
//! last part computes and waits for nothing: there the threads win, if there are cores for them.
//! (Like all demos this has the deadlock detector, which keeps notes of each thread: some of what
//! the threads take is for these.)
//!
//! With `--broken` a client takes its permit by the call that blocks the thread. The clients that
//! have a permit are on that very thread, so none of them can go on to give one back. The permits
//! are declared `thread_bound`, so the deadlock detector knows their holders, and names the call.

use std::sync::Arc;
use std::time::Duration;

use crate::args::number;
use crate::crawler::server::{self, Site};
use crate::interrupt::on_ctrl_c;
use crate::outcome::{Outcome, Verdict};
use crate::report::{Report, Side, count, counted, times};
use crate::{cores, timeline};

use self::crowd::{Crowd, Done};
use self::get::Get;
use self::links::Links;

mod crowd;
mod get;
mod links;
mod memory;
mod one_thread;
mod threads;

/// The most clients that are threads, too. Linux lets a process have 65,530 mappings, and a thread
/// takes four of them: a stack, a stack for signals, and a guard for each.
const MOST_THREADS: usize = 10_000;

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Clients, up to 100000 as coroutines, and up to 10000 of them as threads
    #[arg(long, value_name = "N", default_value = "2000", value_parser = number::<1, 100_000>)]
    clients: usize,
    /// Clients that fetch at once, up to 256
    #[arg(long, value_name = "N", default_value = "50", value_parser = number::<1, 256>)]
    permits: usize,
    /// Simulated network: the server waits so many ms before it answers
    #[arg(long, value_name = "MS", default_value = "1", value_parser = number::<0, 10_000>)]
    latency: usize,
    /// How often the links of the page are looked for, in the part that computes
    #[arg(long, value_name = "N", default_value = "200", value_parser = number::<1, 100_000>)]
    parses: usize,
    /// A client blocks its thread until it has a permit
    #[arg(long)]
    broken: bool,
    #[command(flatten)]
    timeline: timeline::Args,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let site = Site::find(None)?;
    let timeline = args.timeline.start()?;
    on_ctrl_c(|| ())?; // the clients look at `interrupted`
    let name = site.name.clone();
    let latency = Duration::from_millis(args.latency as u64);
    let get = Arc::new(Get::new(&server::start(site, latency)?)?);
    let page = get.blocking()?;

    let mut report = Report::new(format_args!(
        "{} fetch the first page of {name}, at most {} at once, with {latency:?} of simulated latency",
        counted(args.clients, "client"),
        args.permits,
    ));
    report.gap();
    if args.broken {
        return run_broken(args, &get, report, timeline);
    }

    let crowd = Crowd::of(args.clients, args.permits, &get, &page);
    let coroutines = one_thread::fetch(&crowd)?;
    let picture = timeline.finish()?;
    let crowd = Crowd::of(args.clients.min(MOST_THREADS), args.permits, &get, &page);
    let (threads, refused) = threads::fetch(&crowd)?;
    report.timeline(picture.as_ref());
    report.table(
        ["clients as", "clients", "started", "memory, all waiting", "for each", "all fetched"],
        &[coroutines.row("coroutines"), threads.row("threads")],
    );
    if args.clients > MOST_THREADS {
        report.line(format_args!(
            "  (more than {} threads need more mappings than Linux lets a process have)",
            count(MOST_THREADS)
        ));
    }
    if let Some(why) = refused {
        report.line(format_args!(
            "  (the system has no more than {} to give: {why})",
            counted(threads.clients, "thread")
        ));
    }
    report.gap();

    let links = Links::in_page(&get, &page)?;
    let one = one_thread::compute(&links, args.parses)?;
    let several = threads::compute(&links, args.parses)?;
    let cores = counted(cores::number(), "thread");
    report.line(format_args!(
        "Then no client waits: the {} of the page are found {}.",
        counted(one.found, "link"),
        counted(args.parses, "time"),
    ));
    report.argue(
        Side(
            "coroutines on one thread",
            format!("wait in {} each, and compute for {:.1?}", coroutines.each(), one.elapsed),
        ),
        Side(
            "threads",
            format!("wait in {} each, and {cores} compute for {:.1?}", threads.each(), several.elapsed),
        ),
        format_args!(
            "{}; {}",
            match (coroutines.bytes_each(), threads.bytes_each()) {
                (Some(coroutine), Some(thread)) if coroutine > 0 => format!(
                    "a thread that waits takes {} times the memory of a coroutine, besides its stack in the kernel",
                    count(thread / coroutine)
                ),
                _ => "this system does not say how much memory a program takes".to_owned(),
            },
            match several.elapsed < one.elapsed {
                true => format!(
                    "to compute, {cores} are {} times as fast as one",
                    times(one.elapsed, several.elapsed)
                ),
                false => "to compute, threads gain nothing where no core is free for them".to_owned(),
            }
        ),
    );
    let done = [&coroutines, &threads];
    let verdict = Verdict::on(
        [],
        || {
            let fetched = done.map(|done| done.fetched).iter().sum();
            format!("{} fetched", counted(fetched, "page"))
        },
        || match done.map(|done| done.fault(args.permits)) {
            [None, None] if one.found == several.found => Ok(format!(
                "each client got the whole page, as a coroutine and as a thread, and never more than {} fetched at once",
                args.permits
            )),
            [None, None] => Err(format!(
                "coroutines found {} and threads {}",
                counted(one.found, "link"),
                several.found
            )),
            [Some(fault), _] => Err(format!("as coroutines {fault}")),
            [None, Some(fault)] => Err(format!("as threads {fault}")),
        },
    );
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- coroutines --broken", "a client blocks the thread of all"),
        ("cargo run -- coroutines --clients 10000", "more clients, on one thread all the same"),
        ("cargo run -- coroutines --clients 500 --latency 10", "a slower network"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

/// The clients block their only thread.
fn run_broken(
    args: &Args,
    get: &Arc<Get>,
    mut report: Report,
    timeline: timeline::Timeline,
) -> anyhow::Result<Outcome> {
    let page = get.blocking()?;
    let crowd = Crowd::that_blocks(args.clients, args.permits, get, &page);
    let done = one_thread::fetch(&crowd)?;
    report.timeline(timeline.finish()?.as_ref());
    let knot = crowd.knot();
    if let Some(knot) = &knot {
        let text = knot.to_string();
        text.lines().for_each(|line| report.line(format!("  {line}").trim_end()));
        report.gap();
    }
    let verdict = Verdict::on(
        [],
        || counted(done.fetched, "page") + " fetched",
        || match &knot {
            Some(_) => Err(format!(
                "a client blocked the only thread, on which the others held {}; the detector named it, and it gave up",
                counted(args.permits, "permit"),
            )),
            None => Ok(format!(
                "there was a permit for each of {}, so none blocked",
                counted(done.fetched, "client")
            )),
        },
    );
    report.verdict(&verdict);
    report.gap();
    report.next(&[("cargo run -- coroutines", "the call that a coroutine may make")]);
    report.print()?;
    Ok(verdict.outcome)
}

impl Done {
    fn row(&self, kind: &str) -> [String; 6] {
        [
            kind.to_owned(),
            count(self.clients),
            format!("{:.1?}", self.started),
            self.memory.map_or("unknown".into(), memory::in_words),
            self.each(),
            format!("{:.1?}", self.elapsed),
        ]
    }

    fn bytes_each(&self) -> Option<usize> {
        Some(self.memory? / self.clients.max(1))
    }

    fn each(&self) -> String {
        self.bytes_each().map_or("unknown memory".into(), memory::in_words)
    }

    /// What is wrong with it, if anything.
    fn fault(&self, permits: usize) -> Option<String> {
        if self.most > permits {
            Some(format!("{} fetched at once", counted(self.most, "client")))
        } else if let Some(error) = &self.error {
            Some(format!("a client did not get the page: {error}"))
        } else if self.fetched != self.clients {
            Some(format!("{} of {} got it", count(self.fetched), counted(self.clients, "client")))
        } else {
            None
        }
    }
}
