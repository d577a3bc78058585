//! The clients as coroutines, on one thread: the executor of the book, as it is.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use book::listings::mini_executor::{JoinHandle, MiniExecutor};
use primitives::{block_on, threads};
use tracing::span::EnteredSpan;

use super::crowd::{Crowd, Done};
use super::links::{Found, Links};
use super::memory;
use crate::interrupt::interrupted;
use crate::progress;
use crate::report::counted;
use crate::timeline::running;

/// All of them fetch.
pub(super) fn fetch(crowd: &Arc<Crowd>) -> io::Result<Done> {
    let watched = Arc::clone(crowd);
    let live = progress::start(crowd.clients, "pages by coroutines", move || {
        counted(watched.fetched(), "page")
    });
    let executor = MiniExecutor::new();
    let before = memory::resident();
    let began = Instant::now();
    let clients: Vec<_> = (0..crowd.clients)
        .take_while(|_| !interrupted())
        .map(|_| {
            let (crowd, live) = (Arc::clone(crowd), live.clone());
            executor.spawn(marked(async move {
                client(&crowd).await;
                live.inc(1);
            }))
        })
        .collect();
    let number = clients.len();
    // After Ctrl-C those that there are not are not waited for.
    crowd.all_here.count_down_by(crowd.clients - number);
    let done = on_its_thread(&executor, || {
        crowd.all_here.wait();
        let started = began.elapsed();
        let memory = memory::resident().zip(before);
        let began = Instant::now();
        crowd.start();
        block_on(join(clients));
        let memory = memory.map(|(now, before)| now.saturating_sub(before));
        crowd.done(number, started, memory, began.elapsed())
    });
    live.finish_and_clear();
    done
}

// ANCHOR: client
async fn client(crowd: &Crowd) {
    crowd.all_here.count_down();
    let permit = match crowd.blocks {
        false => Some(crowd.permits.acquire_async().await),
        true if crowd.is_over() => None,
        true => crowd.permit_by_blocking(), // the mistake
    };
    if permit.is_none() || crowd.is_over() {
        return;
    }
    let _inside = crowd.inside();
    crowd.got(crowd.get.awaited().await);
}
// ANCHOR_END: client

/// So many coroutines that compute.
pub(super) fn compute(links: &Arc<Links>, times: usize) -> io::Result<Found> {
    let executor = MiniExecutor::new();
    let began = Instant::now();
    let finders: Vec<_> = (0..times)
        .take_while(|_| !interrupted())
        .map(|_| {
            let links = Arc::clone(links);
            executor.spawn(async move { super::threads::unless_interrupted(&links) })
        })
        .collect();
    on_its_thread(&executor, || {
        let found = block_on(join(finders));
        Found { found: found.into_iter().flatten().max().unwrap_or(0), elapsed: began.elapsed() }
    })
}

/// The result of each that has ended well.
async fn join<T>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    let mut results = Vec::new();
    for task in tasks {
        results.extend(task.join().await);
    }
    results
}

/// Runs what waits for the tasks, beside the thread that polls them.
fn on_its_thread<T>(executor: &MiniExecutor, waits: impl FnOnce() -> T) -> io::Result<T> {
    threads::scope(|scope| {
        let runs = || {
            executor.run();
            asleep(false);
        };
        threads::Builder::new().name("executor").spawn_scoped(scope, runs)?;
        let result = waits();
        executor.shutdown();
        Ok(result)
    })
}

thread_local! {
    /// The mark that no coroutine of this thread can go on.
    static ASLEEP: RefCell<Option<EnteredSpan>> = const { RefCell::new(None) };
}

fn asleep(is_asleep: bool) {
    ASLEEP.with_borrow_mut(|asleep| {
        *asleep = None;
        if is_asleep {
            let span = tracing::trace_span!(target: "waiting", "waits for a client that can go on");
            *asleep = Some(span.entered());
        }
    });
}

/// The same coroutine, with marks: the thread is at work while it polls one, and waits in between.
async fn marked<F: Future>(coroutine: F) -> F::Output {
    let mut coroutine = pin!(coroutine);
    poll_fn(|cx| {
        asleep(false);
        let running = running!("at work");
        let poll = coroutine.as_mut().poll(cx);
        drop(running);
        asleep(true);
        poll
    })
    .await
}
