//! The clients as threads.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use primitives::threads;

use super::crowd::{Crowd, Done};
use super::links::{Found, Links};
use super::memory;
use crate::interrupt::interrupted;
use crate::report::counted;
use crate::{cores, progress, workers};

/// All of them fetch, or as many as the system has threads for; and why it has no more.
pub(super) fn fetch(crowd: &Arc<Crowd>) -> io::Result<(Done, Option<io::Error>)> {
    let watched = Arc::clone(crowd);
    let live = progress::start(crowd.clients, "pages by threads", move || {
        counted(watched.fetched(), "page")
    });
    let before = memory::resident();
    let began = Instant::now();
    let client = || {
        client(crowd);
        live.inc(1);
    };
    let (clients, refused, started, memory, elapsed) = threads::scope(|scope| {
        let mut clients = Vec::with_capacity(crowd.clients);
        let mut refused = None;
        while clients.len() < crowd.clients && refused.is_none() && !interrupted() {
            let name = format!("client-{}", clients.len() + 1);
            match threads::Builder::new().name(name).spawn_scoped(scope, client) {
                Ok(client) => clients.push(client),
                Err(error) => refused = Some(error),
            }
        }
        // Those that there are not are not waited for.
        crowd.all_here.count_down_by(crowd.clients - clients.len());
        crowd.all_here.wait();
        let started = began.elapsed();
        let memory = memory::resident().zip(before);
        let began = Instant::now();
        crowd.start();
        let number = clients.len();
        drop(workers::join(clients));
        (number, refused, started, memory, began.elapsed())
    });
    live.finish_and_clear();
    if let (0, Some(error)) = (clients, &refused) {
        return Err(io::Error::new(error.kind(), error.to_string()));
    }
    let memory = memory.map(|(now, before): (usize, usize)| now.saturating_sub(before));
    Ok((crowd.done(clients, started, memory, elapsed), refused))
}

fn client(crowd: &Crowd) {
    crowd.all_here.count_down();
    let _permit = crowd.permits.acquire();
    if crowd.is_over() {
        return;
    }
    let _inside = crowd.inside();
    crowd.got(crowd.get.blocking());
}

/// A thread a core, which share the work.
pub(super) fn compute(links: &Arc<Links>, times: usize) -> io::Result<Found> {
    let begun = AtomicUsize::new(0);
    let began = Instant::now();
    let work = |_| {
        let mut found = 0;
        // Relaxed: it hands out numbers, and no data.
        while begun.fetch_add(1, Relaxed) < times {
            found = found.max(unless_interrupted(links).unwrap_or(0));
        }
        found
    };
    let finders = workers::run("finder", cores::number(), work, || ())?;
    let elapsed: Duration = began.elapsed();
    Ok(Found { found: workers::done(&finders).copied().max().unwrap_or(0), elapsed })
}

/// How many links there are; `None` after Ctrl-C.
pub(super) fn unless_interrupted(links: &Links) -> Option<usize> {
    (!interrupted()).then(|| links.find())
}
