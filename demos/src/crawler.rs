//! A crawler: workers fetch the pages of a site, and the links in them are more work.
//!
//! ```text
//!             ┌────────────── new links ──────────────┐
//!             ▼                                       │
//!        ┌─────────┐      worker-1 ── fetch ── find links
//!   ───▶ │  queue  │ ───▶ worker-2 ── fetch ── find links      seen: address ▶ depth
//!        └─────────┘      worker-3 ── fetch ── find links
//! ```
//!
//! Every consumer is a producer here, so the end is not visible from outside: a worker that is
//! still reading may fill an empty queue again. The queue counts: each `put` adds one, each
//! `task_done` takes one off, and `join` returns when all that was put is done. Then the queue is
//! shut down.
//!
//! A page is put once: checking whether it was seen and noting it are one step, under one lock.
//! With `--broken` a page is noted when it was fetched, which is later, and pages that many link to
//! are fetched many times.
//!
//! A page within the limit of depth may be reached first by a long way, and then by a shorter one.
//! Its links must be followed again then, or the result would depend on which worker was faster.
//!
//! Without `--url` the demo serves a site itself, on 127.0.0.1: the chapters of the book. A network
//! is slow, and loopback is not: the server waits a little before it answers, and says so. While
//! one worker waits for the network, another looks for links in the page that it has got: that is
//! why several are faster than one, even on a single core.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use primitives::{Lock, threads};
use queues::Queue;

use self::fetch::{Address, Fetcher};
use crate::args::number;
use crate::interrupt::{self, interrupted, on_ctrl_c};
use crate::outcome::{BadInput, Outcome, Verdict};
use crate::report::{Report, Side, count, counted, times};
use crate::timeline::{self, holding, level, waiting};
use crate::{progress, workers};

pub(crate) mod fetch;
pub(crate) mod server;

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Threads that fetch, up to 64
    #[arg(long, value_name = "N", default_value = "6", value_parser = number::<1, 64>)]
    threads: usize,
    /// Follow links so many steps from the first page, up to 1000
    #[arg(long, value_name = "N", default_value = "5", value_parser = number::<0, 1000>)]
    depth: usize,
    /// Site to crawl, on this machine only, as http://127.0.0.1:8000/ [default: one that the demo
    /// serves]
    #[arg(long, value_name = "URL", conflicts_with = "site")]
    url: Option<String>,
    /// Folder that the demo serves: pages of HTML or Markdown [default: the book's chapters]
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,
    /// Simulated network: the demo's server waits so many ms before it answers
    #[arg(long, value_name = "MS", default_value = "10", value_parser = number::<0, 10_000>)]
    latency: usize,
    /// Note that a page was seen when it was fetched, and not when it is put into the queue
    #[arg(long)]
    broken: bool,
    #[command(flatten)]
    timeline: timeline::Args,
}

/// What is known about the pages.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    /// Pages, and how many steps they are from the first one.
    pages: BTreeMap<Address, usize>,
    /// Dead links: the reason, and a page that has one.
    dead: BTreeMap<Address, String>,
}

/// What the workers share.
struct Crawl {
    queue: Queue<(Address, usize)>,
    /// The smallest depth at which an address was put into the queue.
    seen: Lock<HashMap<Address, usize>>,
    found: Lock<Found>,
    fetcher: Fetcher,
    depth: usize,
    broken: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let latency = Duration::from_millis(args.latency as u64);
    let given = args.url.as_deref().map(fetch::parse_loopback).transpose()?;
    let folder =
        if given.is_none() { Some(server::Site::find(args.site.as_deref())?) } else { None };
    if let Some(url) = &given {
        // A site that does not answer is another thing than a site without pages.
        Fetcher::new(url).page(url).map_err(|why| {
            BadInput(format!("--url {url}: {why}; the address of a site that answers is allowed"))
        })?;
        interrupt::leave_behind("the site")?;
    }
    let timeline = args.timeline.start()?;
    let (start, name) = match (given, folder) {
        (Some(url), _) => (url.clone(), url.to_string()),
        (None, Some(site)) => {
            let name = site.name.clone();
            (
                server::start(site, latency)?,
                format!("{name}, served with {latency:?} of simulated latency"),
            )
        }
        (None, None) => unreachable!("one of them is there"),
    };
    let crawl = Arc::new(Crawl {
        queue: Queue::unbounded(),
        seen: Lock::default(),
        found: Lock::default(),
        fetcher: Fetcher::new(&start),
        depth: args.depth,
        broken: args.broken,
    });
    let to_stop = Arc::clone(&crawl);
    on_ctrl_c(move || drop(to_stop.queue.shutdown_now()))?; // all that waited counts as done

    let watched = Arc::clone(&crawl);
    let live = progress::start(0, "pages", move || {
        format!("{} in the queue", counted(watched.queue.len(), "address"))
    });
    let started = Instant::now();
    crawl.offer(start.clone(), 0);
    let fetched = threads::scope(|scope| {
        let stop = || drop(crawl.queue.shutdown_now());
        let work = |_| crawl.work(|| live.inc(1));
        let workers = workers::start(scope, "worker", args.threads, work, stop)?;
        waiting!("the last page", crawl.queue.join());
        crawl.queue.shutdown();
        std::io::Result::Ok(workers::join(workers))
    })?;
    let elapsed = started.elapsed();
    live.finish_and_clear();
    let picture = timeline.finish()?;

    let found = crawl.found.lock();
    let mut report = Report::new(format_args!("Crawled {name}"));
    report.gap();
    let mut depths: BTreeMap<usize, usize> = BTreeMap::new();
    found.pages.values().for_each(|&depth| *depths.entry(depth).or_default() += 1);
    let names: Vec<_> = depths.keys().map(|depth| format!("{depth} steps away")).collect();
    let chart: Vec<_> = names.iter().map(String::as_str).zip(depths.into_values()).collect();
    report.chart(&chart);
    report.gap();
    for (address, why) in found.dead.iter().take(10) {
        report.line(format_args!("  dead: {address}: {why}"));
    }
    report.timeline(picture.as_ref());
    let requests: usize = workers::done(&fetched).sum();
    report.line(format_args!(
        "{} pages and {} dead links, ~{} requests in {elapsed:.1?}.",
        count(found.pages.len()),
        count(found.dead.len()),
        count(requests),
    ));
    let so_far = || format!("{} fetched", counted(found.pages.len(), "page"));
    let panicked = workers::panics(&fetched).next().is_some();
    let started = Instant::now();
    let alone = match panicked {
        true => Found::default(),
        false => crawl_alone(&crawl.fetcher, start, args.depth),
    };
    let took = started.elapsed();
    if !args.broken && !panicked && !interrupted() {
        report.argue(
            Side(
                &format!("with {}", counted(args.threads, "thread")),
                format!("{} in {elapsed:.1?}", counted(found.pages.len(), "page")),
            ),
            Side("with one", format!("{} in {took:.1?}", counted(alone.pages.len(), "page"))),
            match elapsed < took {
                true => format!(
                    "{} times as fast, because while one waits for the network the others work",
                    times(took, elapsed)
                ),
                false => {
                    "nothing was gained: there was no wait that another could have used".to_owned()
                }
            },
        );
    }
    let verdict = Verdict::on(workers::panics(&fetched), so_far, || {
        let extra = requests.saturating_sub(crawl.seen.lock().len());
        match (*found == alone, args.broken && extra > 0) {
            (false, _) => Err(difference(&found, &alone)),
            (true, true) => Err(format!(
                "{} were for a page that had been fetched before",
                counted(extra, "request")
            )),
            (true, false) => {
                Ok(format!("a single thread finds the same pages and dead links, in {took:.1?}"))
            }
        }
    });
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- crawler --threads 1", "one page after the other"),
        ("cargo run -- crawler --broken", "note what was seen a moment too late"),
        ("cargo run -- crawler --depth 1", "only what the first page links to"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

impl Crawl {
    /// How many requests it made.
    fn work(&self, fetched: impl Fn()) -> usize {
        let mut requests = 0;
        while let Ok((address, depth)) = waiting!("an address", self.queue.get()) {
            requests += 1;
            let page = waiting!("the network", self.fetcher.page(&address));
            let page = page.map(|html| self.fetcher.links(&address, &html));
            if self.broken {
                self.seen.lock().insert(address.clone(), depth); // too late
            }
            match page {
                Ok(links) => {
                    let mut found = self.found.lock();
                    let known = found.pages.entry(address).or_insert(depth);
                    *known = depth.min(*known);
                    drop(found);
                    let follow = links.into_iter().filter(|_| depth < self.depth);
                    follow.for_each(|link| self.offer(link, depth + 1));
                }
                Err(why) => drop(self.found.lock().dead.insert(address, why)),
            }
            fetched();
            // After the links were put, or `join` might see no work left. `Err` after Ctrl-C.
            let _ = self.queue.task_done();
        }
        requests
    }

    /// Puts an address into the queue, unless it is there already by as short a way.
    fn offer(&self, address: Address, depth: usize) {
        let is_new = |seen: &HashMap<_, _>| seen.get(&address).is_none_or(|&known| depth < known);
        {
            let mut seen = waiting!("what was seen", self.seen.lock());
            let _holding = holding!("what was seen");
            if !is_new(&seen) {
                return;
            }
            if !self.broken {
                seen.insert(address.clone(), depth);
            }
        }
        // An error: it was shut down by Ctrl-C, or because a worker panicked.
        let _ = self.queue.put((address, depth));
        level!("in the queue", self.queue.len());
    }
}

/// The differences from a single thread's result. A site may change while it is read twice, so it
/// says where, and not only how much.
fn difference(found: &Found, alone: &Found) -> String {
    let mut differs = Vec::new();
    for (address, depth) in &found.pages {
        match alone.pages.get(address) {
            None => differs.push(format!("no page {address}")),
            Some(other) if other != depth => {
                differs.push(format!("{address} {other} steps away, and not {depth}"));
            }
            Some(_) => {}
        }
    }
    let new = alone.pages.keys().filter(|address| !found.pages.contains_key(*address));
    differs.extend(new.map(|address| format!("a page {address}")));
    for (address, why) in &found.dead {
        match alone.dead.get(address) {
            None => differs.push(format!("no dead link {address}")),
            Some(other) if other != why => {
                differs.push(format!("{address} dead because of: {other}, and not: {why}"));
            }
            Some(_) => {}
        }
    }
    let new = alone.dead.iter().filter(|(address, _)| !found.dead.contains_key(*address));
    differs.extend(new.map(|(address, why)| format!("a dead link {address}: {why}")));
    let more = differs.len().saturating_sub(MOST_DIFFERENCES);
    differs.truncate(MOST_DIFFERENCES);
    let and_more = if more > 0 { format!("; and {} more", count(more)) } else { String::new() };
    format!(
        "a single thread, later, finds {}{and_more} (has the site changed meanwhile?)",
        differs.join("; ")
    )
}

/// How many differences are named.
const MOST_DIFFERENCES: usize = 5;

/// The same by one thread: breadth first, so that each page is reached by the shortest way.
fn crawl_alone(fetcher: &Fetcher, start: Address, depth: usize) -> Found {
    let mut found = Found::default();
    let mut next = vec![start];
    let mut seen: std::collections::HashSet<_> = next.iter().cloned().collect();
    for step in 0..=depth {
        let mut after = Vec::new();
        for address in std::mem::take(&mut next).into_iter().take_while(|_| !interrupted()) {
            match fetcher.page(&address) {
                Ok(html) => {
                    let links = fetcher.links(&address, &html);
                    found.pages.insert(address, step);
                    after.extend(links.into_iter().filter(|link| seen.insert(link.clone())));
                }
                Err(why) => drop(found.dead.insert(address, why)),
            }
        }
        next = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        let address = |path: &str| fetch::parse_loopback(&format!("http://127.0.0.1:80{path}"));
        let [a, b, c, d] = ["/a", "/b", "/c", "/d"].map(|path| address(path).unwrap());
        let found = |pages: &[(&Address, usize)], dead: &[(&Address, &str)]| Found {
            pages: pages.iter().map(|&(address, depth)| (address.clone(), depth)).collect(),
            dead: dead.iter().map(|&(a, why)| (a.clone(), why.to_owned())).collect(),
        };
        let first = found(&[(&a, 0), (&b, 1), (&c, 1)], &[(&d, "404")]);
        let then = found(&[(&a, 0), (&b, 2), (&d, 1)], &[(&c, "404")]);
        let text = difference(&first, &then);
        for named in [
            "/b 2 steps away, and not 1",
            "no page http://127.0.0.1:80/c",
            "a page http://127.0.0.1:80/d",
            "no dead link http://127.0.0.1:80/d",
            "a dead link http://127.0.0.1:80/c: 404",
        ] {
            let named = named.replace(":80", "");
            assert!(text.replace(":80", "").contains(&named), "{named}: {text}");
        }
        let many = found(&[], &[]);
        assert!(difference(&first, &many).contains("no page"), "{}", difference(&first, &many));
    }
}
