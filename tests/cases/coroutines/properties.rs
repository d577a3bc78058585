//! Coroutines at a queue, in one thread, compared with a list of items and a line of waiters.
//!
//! The model knows one rule: while a coroutine waits in line, there is no item that none was called
//! for.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

use proptest::collection::vec;
use proptest::prelude::*;
use queues::{GetError, PriorityQueue, Queue, Ring, Stack};
use tests::properties::config;

/// Coroutines that may wait at once.
const MOST: usize = 6;
const CAPACITY: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Call {
    /// Begins to wait, at this place, if none does there.
    Get(usize),
    /// Polls the one that waits there, if it was called.
    PollIfCalled(usize),
    /// Polls it in any case, with another waker.
    Poll(usize),
    Drop(usize),
    Put,
    /// A thread is faster.
    TryGet,
    Shutdown,
}

fn call() -> impl Strategy<Value = Call> {
    let place = || 0..MOST;
    prop_oneof![
        6 => place().prop_map(Call::Get),
        6 => place().prop_map(Call::PollIfCalled),
        2 => place().prop_map(Call::Poll),
        3 => place().prop_map(Call::Drop),
        8 => Just(Call::Put),
        1 => Just(Call::TryGet),
        1 => Just(Call::Shutdown),
    ]
}

#[derive(Default)]
struct Calls(AtomicUsize);

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

struct Waits<'a> {
    get: Pin<Box<dyn Future<Output = Result<usize, GetError>> + 'a>>,
    calls: Arc<Calls>,
}

impl Waits<'_> {
    fn poll(&mut self) -> Poll<Result<usize, GetError>> {
        self.calls = Arc::default();
        let waker = Waker::from(Arc::clone(&self.calls));
        self.get.as_mut().poll(&mut Context::from_waker(&waker))
    }

    fn is_called(&self) -> bool {
        self.calls.0.load(Relaxed) > 0
    }
}

macro_rules! of_each_kind {
    ($($name:ident $queue:ident $out:ident;)+) => {$(
        #[test]
        fn $name() {
            proptest!(config(), |(calls in vec(call(), 0..80))| {
                let queue = $queue::bounded(CAPACITY);
                let mut waiting: [Option<Waits<'_>>; MOST] = [const { None }; MOST];
                let (mut inside, mut ended) = (VecDeque::new(), false);
                let check = |got, inside: &mut VecDeque<usize>, ended: bool| {
                    match got {
                        Poll::Ready(Ok(item)) => {
                            prop_assert_eq!(Some(item), inside.$out(), "in order");
                        }
                        Poll::Ready(Err(GetError::Shutdown)) => {
                            prop_assert!(ended && inside.is_empty());
                        }
                        Poll::Pending => {}
                    }
                    Ok(())
                };
                for (item, call) in calls.into_iter().enumerate() {
                    match call {
                        Call::Get(place) if waiting[place].is_none() => {
                            let get = Box::pin(queue.get_async());
                            let mut waits = Waits { get, calls: Arc::default() };
                            let got = waits.poll();
                            if got.is_pending() {
                                waiting[place] = Some(waits);
                            }
                            check(got, &mut inside, ended)?;
                        }
                        Call::PollIfCalled(place) | Call::Poll(place) => {
                            let if_called = matches!(call, Call::PollIfCalled(_));
                            let Some(waits) = &mut waiting[place] else { continue };
                            if if_called && !waits.is_called() {
                                continue;
                            }
                            let was_called = waits.is_called();
                            let got = waits.poll();
                            prop_assert!(was_called || got.is_pending(), "it was not called");
                            if got.is_ready() {
                                waiting[place] = None;
                            }
                            check(got, &mut inside, ended)?;
                        }
                        Call::Drop(place) => waiting[place] = None,
                        Call::Put => {
                            let put = queue.try_put(item).is_ok();
                            prop_assert_eq!(put, !ended && inside.len() < CAPACITY);
                            if put {
                                inside.push_back(item);
                            }
                        }
                        Call::TryGet => {
                            let got = queue.try_get().ok();
                            prop_assert_eq!(got, inside.$out());
                        }
                        Call::Shutdown => {
                            queue.shutdown();
                            ended = true;
                        }
                        Call::Get(_) => {}
                    }
                    let waits = || waiting.iter().flatten();
                    let called = waits().filter(|waits| waits.is_called()).count();
                    let called_or_all = if ended { waits().count() } else { inside.len() };
                    prop_assert!(
                        called >= called_or_all.min(waits().count()),
                        "{called} were called for {} items", inside.len(),
                    );
                }
            });
        }
    )+};
}

of_each_kind! {
    a_queue_calls_a_coroutine_for_each_item Queue pop_front;
    a_stack_calls_a_coroutine_for_each_item Stack pop_back;
    a_priority_queue_calls_a_coroutine_for_each_item PriorityQueue pop_front;
    a_ring_calls_a_coroutine_for_each_item Ring pop_front;
}
