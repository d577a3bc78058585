use super::block_on;
use crate::park::{self, Place, Seat};
use crate::sync::atomic::{AtomicU32, Ordering::SeqCst};
use crate::{Event, Semaphore};
use std::future::{Future, pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

/// A waker that counts its calls.
#[derive(Default)]
struct Calls(AtomicU32);

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Calls {
    fn so_far(&self) -> u32 {
        self.0.load(SeqCst)
    }
}

fn waker() -> (Arc<Calls>, Waker) {
    let calls = Arc::new(Calls::default());
    (Arc::clone(&calls), Waker::from(calls))
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

#[test]
fn a_future_that_is_ready_is_polled_once() {
    let mut polls = 0;
    block_on(poll_fn(|_| {
        polls += 1;
        Poll::Ready(())
    }));
    assert_eq!((polls, block_on(ready(7))), (1, 7));
}

#[test]
fn a_wake_during_the_poll_is_not_lost_and_wakers_may_be_kept() {
    let mut kept = Vec::new();
    block_on(poll_fn(|cx| {
        kept.push(cx.waker().clone());
        cx.waker().wake_by_ref();
        if kept.len() < 4 { Poll::Pending } else { Poll::Ready(()) }
    }));
    kept.into_iter().for_each(Waker::wake); // the call is long over
}

#[test]
fn a_waker_of_another_thread_ends_the_sleep() {
    let (place, left) = (Arc::new(Mutex::new(None::<Waker>)), Arc::new(AtomicU32::new(0)));
    let caller = thread::spawn({
        let (place, left) = (Arc::clone(&place), Arc::clone(&left));
        move || loop {
            if let Some(waker) = place.lock().unwrap().take() {
                left.store(1, SeqCst);
                return waker.wake();
            }
            thread::yield_now();
        }
    });
    block_on(poll_fn(|cx| {
        *place.lock().unwrap() = Some(cx.waker().clone());
        if left.load(SeqCst) == 1 { Poll::Ready(()) } else { Poll::Pending }
    }));
    caller.join().unwrap();
}

#[test]
fn the_line_is_first_come_first_served_and_each_is_woken_once() {
    let word = AtomicU32::new(0);
    let places = [const { Place::new() }; 3].map(Box::pin);
    let wakers = [(); 3].map(|()| waker());
    for (place, (_, waker)) in places.iter().zip(&wakers) {
        assert_eq!(place.as_ref().look(waker), Seat::Awake);
        assert!(!place.as_ref().sleep(&word, 1, waker), "the word is 0");
        assert!(place.as_ref().sleep(&word, 0, waker));
        assert!(!place.as_ref().sleep(&word, 0, waker), "it sleeps already");
        assert_eq!(place.as_ref().look(waker), Seat::Asleep);
    }
    assert!(!places[0].as_ref().leave(), "it was not woken");
    assert!(park::wake_one(&word));
    let called = || wakers.each_ref().map(|(calls, _)| calls.so_far());
    assert_eq!(called(), [0, 1, 0]);
    assert_eq!(places[1].as_ref().look(&wakers[1].1), Seat::Woken);
    assert_eq!(places[1].as_ref().look(&wakers[1].1), Seat::Awake, "it says so once");
    park::wake_all(&word);
    assert_eq!(called(), [0, 1, 1]);
    assert!(places[2].as_ref().leave(), "woken, and dropped before it looked");
    assert!(!park::wake_one(&word));
}

#[test]
fn the_waker_of_the_last_poll_is_the_one_that_is_called() {
    let (event, (first, old), (second, new)) = (Event::new(), waker(), waker());
    let mut future = pin!(event.wait_async());
    assert!(poll(future.as_mut(), &old).is_pending());
    assert!(poll(future.as_mut(), &new).is_pending());
    assert_eq!(Arc::strong_count(&first), 2, "the old one is not kept");
    event.set();
    assert_eq!((first.so_far(), second.so_far()), (0, 1));
    event.clear();
    assert!(poll(future.as_mut(), &new).is_ready(), "`set` has reached it");
}

#[test]
fn a_permit_that_came_to_a_future_that_is_dropped_goes_to_the_next() {
    let (seats, (_, ignored), (next, waker)) = (Semaphore::new(0), waker(), waker());
    let mut first = Box::pin(seats.acquire_async());
    let mut second = pin!(seats.acquire_async());
    assert!(poll(first.as_mut(), &ignored).is_pending());
    assert!(poll(second.as_mut(), &waker).is_pending());
    seats.release(1);
    assert_eq!(next.so_far(), 0, "it is the first one's");
    drop(first);
    assert_eq!(next.so_far(), 1);
    let Poll::Ready(permit) = poll(second.as_mut(), &waker) else { panic!("there is one") };
    permit.forget();
    assert_eq!(seats.available(), 0);
}

#[test]
fn a_timer_ends_the_wait_and_what_has_come_counts_for_more() {
    let seats = Semaphore::new(0);
    assert!(block_on(seats.acquire_deadline_async(ready(()))).is_none());
    seats.release(1);
    assert!(block_on(seats.acquire_deadline_async(ready(()))).is_some());
    assert_eq!(seats.available(), 1);
    let event = Event::new();
    assert!(!block_on(event.wait_deadline_async(ready("over"))));
    event.set();
    assert!(block_on(event.wait_deadline_async(pending::<()>())));
}

#[test]
fn threads_and_coroutines_stand_in_one_line() {
    let seats = Arc::new(Semaphore::new(0));
    let (calls, waker) = waker();
    let mut first = Box::pin(seats.acquire_async());
    assert!(poll(first.as_mut(), &waker).is_pending());
    // Behind a coroutine a thread does not sleep in the kernel; nor does it overtake.
    let thread = thread::spawn({
        let seats = Arc::clone(&seats);
        move || seats.acquire().forget()
    });
    drop(first); // in whichever order: the thread gets the permit
    seats.release(1);
    thread.join().unwrap();
    assert_eq!((calls.so_far(), seats.available()), (0, 0));
}

#[test]
fn a_waker_that_panics_does_not_keep_the_others_asleep() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics");
        }
    }
    let (event, (calls, waker)) = (Event::new(), waker());
    let mut bad = pin!(event.wait_async());
    let mut good = pin!(event.wait_async());
    assert!(poll(bad.as_mut(), &Waker::from(Arc::new(Panics))).is_pending());
    assert!(poll(good.as_mut(), &waker).is_pending());
    let set = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| event.set()));
    assert!(set.is_err(), "the panic goes on, after all were woken");
    assert!(event.is_set());
    assert_eq!(calls.so_far(), 1);
    assert!(poll(bad.as_mut(), &waker).is_ready() && poll(good.as_mut(), &waker).is_ready());
}

#[test]
fn a_waker_may_drop_futures_of_the_same_line() {
    struct Drops(Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>);
    impl Wake for Drops {
        fn wake(self: Arc<Self>) {
            *self.0.lock().unwrap() = None;
        }
    }
    static EVENT: Event = Event::new();
    let event = &EVENT;
    let mut other: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(event.wait_async());
    assert!(poll(other.as_mut(), &waker().1).is_pending());
    let drops = Waker::from(Arc::new(Drops(Mutex::new(Some(other)))));
    let mut first = Box::pin(event.wait_async());
    assert!(poll(first.as_mut(), &drops).is_pending());
    event.set();
    assert!(poll(first.as_mut(), &drops).is_ready());
}

#[test]
#[should_panic(expected = "async fn")]
fn a_future_that_is_over_is_spent() {
    let event = Event::new();
    event.set();
    let mut future = pin!(event.wait_async());
    assert!(poll(future.as_mut(), Waker::noop()).is_ready());
    let _ = poll(future.as_mut(), Waker::noop());
}
