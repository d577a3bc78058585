//! The corner cases of a select; those of std's old `select!`, crossbeam's `Select` and flume's
//! `Selector` are among them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::Select;
use crate::{GetError, GetTimeoutError, PriorityQueue, Queue, Ring, Stack, TryGetError, channel};

const FAR: Duration = Duration::from_secs(3600);

fn filled(items: impl IntoIterator<Item = u32>) -> Queue<u32> {
    let queue = Queue::unbounded();
    queue.put_many(items.into_iter().collect()).unwrap();
    queue
}

/// What a select over two queues returns: which, and the item.
fn over<'a>(mut select: Select<'a, (u32, u32)>, queues: [&'a Queue<u32>; 2]) -> Vec<(u32, u32)> {
    select.queue(queues[0], |item| (0, item)).queue(queues[1], |item| (1, item));
    std::iter::from_fn(|| select.try_select().ok()).collect()
}

#[test]
fn over_nothing_it_has_ended_before_it_begins() {
    let mut select = Select::<()>::new();
    assert_eq!(select.select(), Err(GetError::Shutdown));
    assert_eq!(select.try_select(), Err(TryGetError::Shutdown));
    assert_eq!(select.select_timeout(FAR), Err(GetTimeoutError::Shutdown));
    assert_eq!(select.select_deadline(Instant::now()), Err(GetTimeoutError::Shutdown));
}

#[test]
fn a_fair_one_takes_in_turn_and_a_biased_one_from_the_first() {
    let queues = || (filled([1, 2, 3]), filled([4, 5]));
    let (a, b) = queues();
    assert_eq!(over(Select::new(), [&a, &b]), [(0, 1), (1, 4), (0, 2), (1, 5), (0, 3)]);
    let (a, b) = queues();
    assert_eq!(over(Select::biased(), [&a, &b]), [(0, 1), (0, 2), (0, 3), (1, 4), (1, 5)]);
}

#[test]
fn it_wakes_up_for_every_kind_of_queue_and_every_kind_of_put() {
    let (sender, receiver) = channel(Queue::bounded(4));
    let (queue, stack) = (Arc::new(Queue::bounded(1)), Stack::bounded(4));
    let (urgent, ring) = (PriorityQueue::unbounded(), Ring::bounded(2));
    let mut select = Select::new();
    select.queue(&receiver, |item| item).queue(&queue, |item| item).queue(&stack, |item| item);
    select.queue(&urgent, |item| item).queue(&ring, |item| item);
    let puts: [&(dyn Fn(u32) + Sync); 9] = [
        &|item| sender.put(item).unwrap(),
        &|item| queue.put(item).unwrap(),
        &|item| assert_eq!(queue.force_put(item), Ok(None)),
        &|item| stack.try_put(item).unwrap(),
        &|item| stack.put_many(vec![item]).unwrap(),
        &|item| urgent.put_timeout(item, FAR).unwrap(),
        &|item| ring.put(item).unwrap(),
        &|item| ring.try_put(item).unwrap(),
        &|item| ring.put_many(vec![item]).unwrap(),
    ];
    for (item, put) in puts.into_iter().enumerate() {
        thread::scope(|scope| {
            scope.spawn(move || put(item as u32));
            assert_eq!(select.select(), Ok(item as u32));
        });
        assert_eq!(select.try_select(), Err(TryGetError::Empty));
    }
}

#[test]
fn a_queue_that_has_ended_leaves_and_with_the_last_one_it_ends() {
    let (a, b) = (filled([1]), filled([]));
    let ring = Ring::bounded(1);
    let mut select = Select::new();
    select.queue(&a, |item| item).queue(&b, |item| item).queue(&ring, |item| item);
    a.shutdown();
    assert_eq!(select.select(), Ok(1), "what is inside still comes");
    assert_eq!(select.try_select(), Err(TryGetError::Empty));
    assert_eq!(select.open_queues(), 2);
    thread::scope(|scope| {
        scope.spawn(|| {
            b.shutdown();
            drop(ring.shutdown_now());
        });
        assert_eq!(select.select(), Err(GetError::Shutdown));
    });
    assert_eq!(select.select_timeout(FAR), Err(GetTimeoutError::Shutdown));
}

#[test]
fn the_last_sender_ends_it() {
    let (sender, receiver) = channel(Queue::bounded(1));
    let producer = thread::spawn(move || sender.put(1).unwrap());
    let mut select = Select::new();
    select.queue(&receiver, |item| item);
    assert_eq!((select.select(), select.select()), (Ok(1), Err(GetError::Shutdown)));
    producer.join().unwrap();
}

#[test]
fn one_queue_among_hundreds_is_found_and_each_has_its_turn() {
    let queues: Vec<_> = (0..200).map(|_| filled([])).collect();
    let mut select = Select::new();
    for (number, queue) in queues.iter().enumerate() {
        select.queue(queue, move |item| (number, item));
    }
    for number in [199, 0, 64, 63] {
        queues[number].put(7).unwrap();
        assert_eq!(select.select(), Ok((number, 7)));
    }
    queues.iter().for_each(|queue| queue.put(8).unwrap());
    let mut numbers: Vec<_> = (0..200).map(|_| select.select().unwrap().0).collect();
    assert_eq!(numbers[0], 64, "after the last one that had its turn");
    numbers.sort_unstable();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
}

#[test]
fn the_same_queue_twice_gives_each_item_once() {
    let queue = filled([1, 2, 3]);
    let mut taken = over(Select::new(), [&queue, &queue]);
    taken.sort_unstable_by_key(|(_, item)| *item);
    assert_eq!(taken, [(0, 1), (1, 2), (0, 3)]);
}

#[test]
fn a_timeout_ends_it_and_loses_nothing() {
    let queue = filled([]);
    let mut select = Select::new();
    select.queue(&queue, |item| item);
    assert_eq!(select.select_timeout(Duration::ZERO), Err(GetTimeoutError::Timeout));
    assert_eq!(select.select_timeout(Duration::from_millis(2)), Err(GetTimeoutError::Timeout));
    assert_eq!(select.select_deadline(Instant::now()), Err(GetTimeoutError::Timeout));
    queue.put(1).unwrap();
    assert_eq!(select.select_deadline(Instant::now()), Ok(1), "a past deadline is one try");
    queue.put(2).unwrap();
    assert_eq!(select.select_timeout(Duration::MAX), Ok(2));
}

#[test]
fn another_thread_may_be_faster_and_the_select_sleeps_on() {
    let queue = filled([1]);
    let mut select = Select::new();
    select.queue(&queue, |item| item);
    assert_eq!(queue.get(), Ok(1));
    assert_eq!(select.try_select(), Err(TryGetError::Empty));
    queue.put(2).unwrap();
    assert_eq!(select.select(), Ok(2));
}

#[test]
fn a_panic_in_the_function_loses_the_item_and_nothing_else() {
    let queue = filled([1, 2]);
    let mut select = Select::new();
    select.queue(&queue, |item| {
        assert!(item > 1, "one is not liked");
        item
    });
    assert!(catch_unwind(AssertUnwindSafe(|| select.select())).is_err());
    assert_eq!(select.try_select(), Ok(2));
    assert_eq!(select.try_select(), Err(TryGetError::Empty));
}

#[test]
fn a_select_that_is_dropped_is_forgotten_by_its_queues_and_another_begins() {
    let (queue, ring) = (filled([1]), Ring::bounded(2));
    for round in 0..3 {
        let mut select = Select::new();
        select.queue(&queue, |item| item).queue(&ring, |item| item);
        assert!(select.select().is_ok());
        assert_eq!(Arc::strong_count(&select.board), 3, "its own, and one for each queue");
        let board = Arc::downgrade(&select.board);
        drop(select);
        assert_eq!(board.strong_count(), 0);
        queue.put(round).unwrap();
    }
    ring.put(9).unwrap();
    assert_eq!((ring.get(), queue.get()), (Ok(9), Ok(2)));
}

#[test]
fn timers_fire_once_and_a_select_with_no_more_of_them_ends() {
    let mut select = Select::new();
    select.at(Instant::now(), || "first").after(Duration::from_millis(2), || "second");
    select.after(Duration::MAX, || "never");
    assert_eq!((select.select(), select.select()), (Ok("first"), Ok("second")));
    assert_eq!(select.select(), Err(GetError::Shutdown));
}

#[test]
fn a_timer_that_is_to_fire_keeps_it_going_when_the_queues_have_ended_and_a_ticker_does_not() {
    let queue = filled([]);
    queue.shutdown();
    let mut select = Select::new();
    select.queue(&queue, |_| "item").every(FAR, || "tick");
    select.after(Duration::from_millis(1), || "timer");
    assert_eq!((select.select(), select.select()), (Ok("timer"), Err(GetError::Shutdown)));
    let mut ticks = Select::new();
    ticks.every(Duration::from_millis(1), || "tick");
    assert!((0..3).all(|_| ticks.select() == Ok("tick")), "with tickers only it goes on");
    assert_eq!(ticks.select_timeout(Duration::ZERO).unwrap_or("tick"), "tick");
}

#[test]
fn a_busy_queue_and_a_ticker_that_is_always_due_take_turns() {
    let queue = filled(0..100);
    let mut select = Select::new();
    // So short that it is due again at each call.
    select.queue(&queue, |_| "item").every(Duration::from_nanos(1), || "tick");
    let results: Vec<_> = (0..20).map(|_| select.select().unwrap()).collect();
    assert_eq!(results.iter().filter(|result| **result == "item").count(), 10, "{results:?}");
}

#[test]
fn ticks_that_were_missed_are_one() {
    let period = Duration::from_millis(2);
    let mut select = Select::new();
    select.every(period, Instant::now);
    let first = select.select().unwrap();
    while first.elapsed() < 10 * period {
        thread::yield_now(); // the thread is busy
    }
    let busy_until = Instant::now();
    assert!(select.select().unwrap() >= busy_until);
    // The next is in step again: not at once, and not later than a period after this one.
    assert!(select.timers[0].at > busy_until);
    assert!(select.timers[0].at <= Instant::now() + period);
}

#[test]
fn a_ticker_without_a_period_is_refused() {
    let refused = catch_unwind(|| _ = Select::<()>::new().every(Duration::ZERO, || ()));
    let message = *refused.unwrap_err().downcast::<&str>().expect("a plain message");
    assert!(message.contains("period 0"), "{message}");
}
