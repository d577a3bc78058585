//! Coroutines at the queues: the same promises as threads have, and what becomes of a future that
//! is dropped.

use std::future::{Future, pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::{Context, Poll, RawWakerVTable, Wake, Waker};
use std::thread;

use primitives::{Event, block_on};
use queues::{
    Executor, GetError, GetTimeoutError, PriorityQueue, PutError, PutTimeoutError, Queue, Ring,
    Stack, TaskError,
};
use watchdog as _;

/// A waker that counts its calls.
#[derive(Default)]
struct Calls(AtomicU32);

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn waker() -> (Arc<Calls>, Waker) {
    let calls = Arc::new(Calls::default());
    (Arc::clone(&calls), Waker::from(calls))
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// A waker whose clone panics.
fn unclonable() -> Waker {
    const VTABLE: RawWakerVTable =
        RawWakerVTable::new(|_| panic!("a waker that cannot be cloned"), |_| (), |_| (), |_| ());
    // SAFETY: no call uses the pointer.
    unsafe { Waker::new(ptr::null(), &VTABLE) }
}

macro_rules! of_each_kind {
    ($($module:ident $kind:ident)+) => {$(
        mod $module {
            use super::*;

            type Kind<T> = super::$kind<T>;

            fn full() -> Kind<u32> {
                let queue = Kind::bounded(1);
                queue.put(1).unwrap();
                queue
            }

            #[test]
            fn a_thread_and_a_coroutine_stand_at_the_two_ends() {
                let (to, from) = (Kind::bounded(2), Kind::bounded(2));
                thread::scope(|s| {
                    s.spawn(|| {
                        for number in 0..1000_u32 {
                            to.put(number).unwrap();
                        }
                        to.shutdown();
                    });
                    s.spawn(|| block_on(async {
                        while let Ok(number) = to.get_async().await {
                            from.put_async(number).await.unwrap();
                        }
                        from.shutdown();
                    }));
                    assert_eq!(from.iter().map(u64::from).sum::<u64>(), 999 * 500);
                });
            }

            #[test]
            fn an_item_goes_to_the_next_if_the_one_it_called_is_dropped() {
                let (queue, (_, ignored), (calls, waker)) = (Kind::bounded(2), waker(), waker());
                let mut first = Box::pin(queue.get_async());
                let mut second = pin!(queue.get_async());
                assert!(poll(first.as_mut(), &ignored).is_pending());
                assert!(poll(second.as_mut(), &waker).is_pending());
                queue.put(7).unwrap();
                assert_eq!(calls.0.load(SeqCst), 0, "the first has the call");
                drop(first);
                assert_eq!(calls.0.load(SeqCst), 1, "and passes it on");
                assert_eq!(poll(second.as_mut(), &waker), Poll::Ready(Ok(7)));
            }

            #[test]
            fn one_that_is_dropped_uncalled_takes_nothing_along() {
                let (queue, (_, ignored), (calls, waker)) = (Kind::bounded(2), waker(), waker());
                let mut first = Box::pin(queue.get_async());
                let mut second = pin!(queue.get_async());
                assert!(poll(first.as_mut(), &ignored).is_pending());
                assert!(poll(second.as_mut(), &waker).is_pending());
                drop(first);
                queue.put(7).unwrap();
                assert_eq!(calls.0.load(SeqCst), 1);
                assert_eq!(poll(second.as_mut(), &waker), Poll::Ready(Ok(7)));
            }

            #[test]
            fn a_place_goes_to_the_next_and_an_item_stays_with_its_owner() {
                let (queue, (_, ignored), (calls, waker)) = (full(), waker(), waker());
                let mut kept = Some(2);
                let mut first = Box::pin(queue.put_from_async(&mut kept));
                let mut second = Box::pin(queue.put_async(3));
                assert!(poll(first.as_mut(), &ignored).is_pending());
                assert!(poll(second.as_mut(), &waker).is_pending());
                assert_eq!(queue.get(), Ok(1));
                assert_eq!(calls.0.load(SeqCst), 0, "the first has the call");
                drop(first);
                assert_eq!((kept, calls.0.load(SeqCst)), (Some(2), 1));
                assert!(poll(second.as_mut(), &waker).is_ready());
                assert_eq!(queue.get(), Ok(3));
            }

            #[test]
            fn a_thread_gets_what_a_dropped_future_was_called_for() {
                let (queue, (_, ignored)) = (Kind::bounded(1), waker());
                let mut first = Box::pin(queue.get_async());
                assert!(poll(first.as_mut(), &ignored).is_pending());
                thread::scope(|s| {
                    let thread = s.spawn(|| queue.get());
                    queue.put(7).unwrap();
                    drop(first);
                    assert_eq!(thread.join().unwrap(), Ok(7));
                });
            }

            #[test]
            fn a_timer_ends_the_wait() {
                let queue = full();
                assert_eq!(
                    block_on(queue.put_deadline_async(2, ready(()))),
                    Err(PutTimeoutError::Timeout(2))
                );
                assert_eq!(block_on(queue.get_deadline_async(ready(()))), Ok(1));
                assert_eq!(
                    block_on(queue.get_deadline_async(ready(()))),
                    Err(GetTimeoutError::Timeout)
                );
                assert_eq!(block_on(queue.put_deadline_async(3, pending::<()>())), Ok(()));
                assert!(!block_on(queue.join_deadline_async(ready(()))));
            }

            #[test]
            fn a_shutdown_calls_all() {
                let (full, empty) = (full(), Kind::<u32>::bounded(1));
                let (calls, waker) = waker();
                let mut put = Box::pin(full.put_async(2));
                let mut gets = [(); 2].map(|()| Box::pin(empty.get_async()));
                assert!(poll(put.as_mut(), &waker).is_pending());
                for get in &mut gets {
                    assert!(poll(get.as_mut(), &waker).is_pending());
                }
                full.shutdown();
                assert_eq!(empty.shutdown_now(), []);
                assert_eq!(calls.0.load(SeqCst), 3);
                assert_eq!(poll(put.as_mut(), &waker), Poll::Ready(Err(PutError::Shutdown(2))));
                for get in &mut gets {
                    assert_eq!(poll(get.as_mut(), &waker), Poll::Ready(Err(GetError::Shutdown)));
                }
                assert_eq!(
                    block_on(full.put_deadline_async(4, pending::<()>())),
                    Err(PutTimeoutError::Shutdown(4))
                );
            }

            #[test]
            fn joiners_are_called_by_the_last() {
                let (queue, (calls, waker)) = (full(), waker());
                let mut joins = [(); 2].map(|()| Box::pin(queue.join_async()));
                for join in &mut joins {
                    assert!(poll(join.as_mut(), &waker).is_pending());
                }
                let [first, mut second] = joins;
                drop(first);
                queue.get().unwrap();
                queue.task_done().unwrap();
                assert_eq!(calls.0.load(SeqCst), 1);
                assert!(poll(second.as_mut(), &waker).is_ready());
                block_on(queue.join_async());
            }

            #[test]
            fn a_waker_that_panics_leaves_the_item_inside() {
                struct Panics;
                impl Wake for Panics {
                    fn wake(self: Arc<Self>) {
                        panic!("a waker that panics");
                    }
                }
                let queue = Kind::bounded(2);
                let mut get = Box::pin(queue.get_async());
                assert!(poll(get.as_mut(), &Waker::from(Arc::new(Panics))).is_pending());
                let put = std::panic::AssertUnwindSafe(|| queue.put(7));
                assert!(std::panic::catch_unwind(put).is_err());
                assert_eq!(queue.len(), 1, "the put has taken effect");
                assert_eq!(poll(get.as_mut(), &waker().1), Poll::Ready(Ok(7)));
            }

            #[test]
            fn a_waker_may_use_the_queue_and_drop_what_waits_for_it() {
                type Waits = Pin<Box<dyn Future<Output = Result<u32, GetError>> + Send>>;
                struct Drops(Arc<Kind<u32>>, std::sync::Mutex<Option<Waits>>);
                impl Wake for Drops {
                    fn wake(self: Arc<Self>) {
                        assert_eq!(self.0.len(), 1);
                        *self.1.lock().unwrap() = None;
                    }
                }
                let queue = Arc::new(Kind::bounded(2));
                let same = Arc::clone(&queue);
                let mut other: Waits = Box::pin(async move { same.get_async().await });
                assert!(poll(other.as_mut(), &waker().1).is_pending());
                let drops = Drops(Arc::clone(&queue), std::sync::Mutex::new(Some(other)));
                let drops = Waker::from(Arc::new(drops));
                let mut first = Box::pin(queue.get_async());
                assert!(poll(first.as_mut(), &drops).is_pending());
                // Each item calls one: the first call is the other's, whose waker does nothing.
                queue.put(7).unwrap();
                queue.get().unwrap();
                assert!(poll(first.as_mut(), &drops).is_pending());
                queue.put(8).unwrap();
                assert_eq!(poll(first.as_mut(), &drops), Poll::Ready(Ok(8)));
            }

            #[test]
            fn a_future_that_is_dropped_inside_a_poll_passes_its_call_on() {
                let (queue, (_, ignored), (calls, waker)) = (Kind::bounded(2), waker(), waker());
                let mut first = Some(Box::pin(queue.get_async()));
                let mut second = pin!(queue.get_async());
                let mut outer = pin!(poll_fn(|cx| {
                    assert!(first.as_mut().unwrap().as_mut().poll(cx).is_pending());
                    assert!(poll(second.as_mut(), &waker).is_pending());
                    queue.put(7).unwrap(); // calls the task that is being polled
                    first = None;
                    Poll::Ready(())
                }));
                assert!(poll(outer.as_mut(), &ignored).is_ready());
                assert_eq!(calls.0.load(SeqCst), 1);
                assert_eq!(poll(second.as_mut(), &waker), Poll::Ready(Ok(7)));
            }

            #[test]
            fn a_waker_that_cannot_be_cloned_leaves_no_trace() {
                let queue = Kind::bounded(2);
                let mut get = Box::pin(queue.get_async());
                let (_, first) = waker();
                let stubborn = unclonable();
                let polls = std::panic::AssertUnwindSafe(|| poll(get.as_mut(), &stubborn));
                assert!(std::panic::catch_unwind(polls).is_err(), "as it falls asleep");
                drop(get);
                let (calls, second) = waker();
                let mut get = Box::pin(queue.get_async());
                assert!(poll(get.as_mut(), &first).is_pending());
                let polls = std::panic::AssertUnwindSafe(|| poll(get.as_mut(), &stubborn));
                assert!(std::panic::catch_unwind(polls).is_err(), "as it is replaced");
                let mut next = pin!(queue.get_async());
                assert!(poll(next.as_mut(), &second).is_pending());
                queue.put(7).unwrap();
                drop(get);
                assert_eq!(calls.0.load(SeqCst), 1);
                assert_eq!(poll(next.as_mut(), &second), Poll::Ready(Ok(7)));
                assert!(queue.is_empty());
            }

            #[test]
            #[should_panic(expected = "async fn")]
            fn polled_after_its_end_it_panics() {
                let queue = full();
                let mut get = pin!(queue.get_async());
                assert!(poll(get.as_mut(), Waker::noop()).is_ready());
                let _ = poll(get.as_mut(), Waker::noop());
            }

            #[test]
            #[should_panic(expected = "no item to put")]
            fn from_an_empty_hand_nothing_can_be_put() {
                let _ = block_on(full().put_from_async(&mut None));
            }

            #[test]
            fn a_future_may_be_polled_by_one_thread_and_dropped_by_another() {
                let (queue, (_, waker)) = (Kind::<u32>::bounded(1), waker());
                let mut get = Box::pin(queue.get_async());
                assert!(poll(get.as_mut(), &waker).is_pending());
                thread::scope(|s| s.spawn(move || drop(get)).join().unwrap());
                queue.put(1).unwrap();
                assert_eq!(queue.get(), Ok(1));
            }
        }
    )+};
}

of_each_kind! { queue Queue stack Stack priority_queue PriorityQueue ring Ring }

#[test]
fn a_comparison_that_panics_leaves_the_item_where_it_was() {
    #[derive(PartialEq, Eq)]
    struct Incomparable;
    impl PartialOrd for Incomparable {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Incomparable {
        fn cmp(&self, _: &Self) -> std::cmp::Ordering {
            panic!("incomparable");
        }
    }
    let queue = PriorityQueue::bounded(2);
    block_on(queue.put_async(Incomparable)).unwrap();
    let mut item = Some(Incomparable);
    let put = std::panic::AssertUnwindSafe(|| block_on(queue.put_from_async(&mut item)));
    assert!(std::panic::catch_unwind(put).is_err());
    assert!(item.is_some());
    assert_eq!(queue.len(), 1);
}

#[test]
fn more_wait_than_a_ring_can_count() {
    const MANY: u32 = 40_000; // the event count has 15 bits
    let (ring, (calls, waker)) = (Ring::bounded(4), waker());
    let mut gets: Vec<_> = (0..MANY).map(|_| Box::pin(ring.get_async())).collect();
    for get in &mut gets {
        assert!(poll(get.as_mut(), &waker).is_pending());
    }
    assert_eq!(calls.0.load(SeqCst), MANY - 32_767, "those are to ask again");
    for number in 0..MANY {
        ring.put(number).unwrap();
        let got = poll(gets[number as usize].as_mut(), &waker);
        assert_eq!(got, Poll::Ready(Ok(number)), "in order of arrival");
    }
}

#[test]
fn the_handle_of_a_task_is_a_future() {
    let executor = Executor::new(1);
    let gate = Arc::new(Event::new());
    let (behind, (calls, waker)) = (Arc::clone(&gate), waker());
    let mut waiting = executor.submit(move || {
        behind.wait();
        "done"
    });
    let cancelled = executor.submit(|| unreachable!("it is called off"));
    assert!(poll(Pin::new(&mut waiting), &waker).is_pending());
    assert!(cancelled.cancel());
    assert!(matches!(block_on(cancelled), Err(TaskError::Cancelled)));
    gate.set();
    assert_eq!(block_on(&mut waiting).unwrap(), "done");
    assert!(calls.0.load(SeqCst) <= 1, "the waker was replaced, or called");
    let panics = executor.submit(|| panic!("a task that panics"));
    assert!(matches!(block_on(panics), Err(TaskError::Panicked(_))));
    let over = std::panic::AssertUnwindSafe(|| block_on(&mut waiting));
    assert!(std::panic::catch_unwind(over).is_err(), "it is spent");
}

#[test]
fn a_worker_outlives_a_waker_that_panics() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics");
        }
    }
    let executor = Executor::new(1);
    let gate = Arc::new(Event::new());
    let behind = Arc::clone(&gate);
    let mut waiting = executor.submit(move || behind.wait());
    assert!(poll(Pin::new(&mut waiting), &Waker::from(Arc::new(Panics))).is_pending());
    gate.set();
    assert_eq!(executor.submit(|| 7).result().unwrap(), 7);
    block_on(waiting).unwrap();
}
