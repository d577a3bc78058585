//! The order, and comparisons that panic.

use std::cell::Cell;
use std::cmp::Ordering;
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use super::{PriorityQueue, SmallestFirst};
use crate::{Discipline, GetTimeoutError, PutError};

/// Numbers that look random and are the same each time.
fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(seed), |x| Some(x.wrapping_mul(6_364_136_223_846_793_005) + 1))
        .map(|x| x >> 33)
        .skip(1)
}

/// Compared by its key only.
#[derive(Debug)]
struct Keyed {
    key: u64,
    name: usize,
}

impl PartialEq for Keyed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Keyed {}
impl PartialOrd for Keyed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Keyed {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

#[test]
fn items_come_out_smallest_first_and_ties_in_order_of_arrival() {
    for (kinds, seed) in [(1, 1), (2, 2), (7, 3), (1000, 4)] {
        let queue = PriorityQueue::unbounded();
        let mut model: Vec<(u64, usize)> = Vec::new();
        for (name, number) in numbers(seed).take(if cfg!(miri) { 60 } else { 3000 }).enumerate() {
            if number % 3 > 0 || model.is_empty() {
                let key = number % kinds;
                queue.put(Keyed { key, name }).unwrap();
                // A stable place: behind all items that are not greater.
                let place = model.partition_point(|&(other, _)| other <= key);
                model.insert(place, (key, name));
            } else {
                let Keyed { key, name } = queue.try_get().unwrap();
                assert_eq!((key, name), model.remove(0));
            }
            assert_eq!(queue.len(), model.len());
        }
        let left: Vec<_> =
            queue.shutdown_now().into_iter().map(|Keyed { key, name }| (key, name)).collect();
        assert_eq!(left, model);
    }
}

thread_local! {
    /// How many comparisons succeed before one panics.
    static PATIENCE: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Panics when [`PATIENCE`] runs out; counts its drops, and looks at the queue when it is dropped.
struct Moody {
    key: u64,
    world: Arc<World>,
}

struct World {
    queue: PriorityQueue<Moody>,
    drops: AtomicUsize,
}

impl Moody {
    fn new(key: u64, world: &Arc<World>) -> Self {
        Self { key, world: Arc::clone(world) }
    }
}

impl Drop for Moody {
    fn drop(&mut self) {
        self.world.drops.fetch_add(1, SeqCst);
        let shown = format!("{:?}", self.world.queue);
        assert!(!shown.contains("<locked>"), "dropped under the queue's lock");
    }
}

impl PartialEq for Moody {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Moody {}
impl PartialOrd for Moody {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Moody {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = PATIENCE.get();
        assert!(left > 0, "out of patience");
        PATIENCE.set(left - 1);
        self.key.cmp(&other.key)
    }
}

/// Runs `f` with patience for that many comparisons; `None` if it ran out.
fn with_patience<R>(comparisons: usize, f: impl FnOnce() -> R) -> Option<R> {
    PATIENCE.set(comparisons);
    let result = catch_unwind(AssertUnwindSafe(f)).ok();
    PATIENCE.set(usize::MAX);
    result
}

fn world(keys: impl IntoIterator<Item = u64>) -> Arc<World> {
    let world = Arc::new(World { queue: PriorityQueue::unbounded(), drops: AtomicUsize::new(0) });
    for key in keys {
        world.queue.put(Moody::new(key, &world)).ok().unwrap();
    }
    world
}

fn drain(world: &World) -> Vec<u64> {
    world.queue.shutdown_now().into_iter().map(|item| item.key).collect()
}

/// The keys 1 to `size`; with a stand-in at the top, if there are enough and the 0 has just been
/// taken.
fn world_of(size: u64, stand_in: bool) -> Arc<World> {
    let world = world((u64::from(!stand_in)..=size).rev());
    if stand_in {
        assert_eq!(world.queue.get().ok().unwrap().key, 0);
        world.drops.store(0, SeqCst);
    }
    world
}

#[test]
#[cfg_attr(miri, ignore = "too long for an interpreter")]
fn a_put_whose_comparison_panics_changes_nothing_and_drops_its_item_outside_the_lock() {
    for (size, stand_in) in [1, 2, 3, 4, 7, 8, 30].into_iter().flat_map(|n| [(n, false), (n, true)])
    {
        // An urgent item stays at the top or rises to it; the other stays at the bottom or goes
        // down to it.
        for key in [0, 100] {
            for comparisons in 0.. {
                let world = world_of(size, stand_in);
                let put = || world.queue.put(Moody::new(key, &world));
                if with_patience(comparisons, put).is_some() {
                    assert!(comparisons > 0, "it must compare");
                    let got = if key == 0 { 0..=size } else { 1..=size };
                    assert!(got.chain((key == 100).then_some(100)).eq(drain(&world)));
                    break;
                }
                assert_eq!(world.drops.load(SeqCst), 1, "the item that was refused");
                assert_eq!(world.queue.len(), size as usize);
                assert_eq!(world.queue.unfinished(), size as usize + usize::from(stand_in));
                assert_eq!(drain(&world), (1..=size).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn a_get_whose_comparison_panics_changes_nothing() {
    for size in [2, 3, 4, 7, 8, 30] {
        for comparisons in 0.. {
            let world = world_of(size, true);
            if let Some(got) = with_patience(comparisons, || world.queue.get()) {
                assert!(comparisons > 0, "it must compare");
                assert_eq!(got.ok().unwrap().key, 1);
                assert_eq!(drain(&world), (2..=size).collect::<Vec<_>>());
                break;
            }
            assert_eq!(world.drops.load(SeqCst), 0);
            assert_eq!(world.queue.len(), size as usize);
            assert_eq!(drain(&world), (1..=size).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_place_that_nobody_named_moves_items_and_nothing_worse() {
    for place in [0, 1, 2, 3, usize::MAX] {
        let mut items = SmallestFirst::default();
        for item in 0..5 {
            items.insert(place.min(items.len()), item.to_string());
        }
        items.insert(place, "5".to_owned());
        let mut got: Vec<_> = iter::from_fn(|| items.pop()).collect();
        got.sort_unstable();
        assert_eq!(got, ["0", "1", "2", "3", "4", "5"]);
    }
}

#[test]
fn shutdown_now_whose_comparison_panics_drops_what_is_left_and_the_counts_are_right() {
    for comparisons in [0, 1, 5, 20] {
        let world = world((0..20).rev());
        assert!(with_patience(comparisons, || world.queue.shutdown_now()).is_none());
        assert_eq!(world.drops.load(SeqCst), 20);
        assert_eq!((world.queue.len(), world.queue.unfinished()), (0, 0));
        assert!(matches!(world.queue.put(Moody::new(0, &world)), Err(PutError::Shutdown(_))));
        world.queue.join();
    }
}

#[test]
fn a_comparison_that_lies_loses_and_doubles_nothing() {
    struct Liar(usize);
    impl PartialEq for Liar {
        fn eq(&self, _: &Self) -> bool {
            false
        }
    }
    const ITEMS: usize = if cfg!(miri) { 50 } else { 500 };
    impl Eq for Liar {}
    impl PartialOrd for Liar {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Liar {
        fn cmp(&self, _: &Self) -> Ordering {
            Ordering::Less
        }
    }
    let queue = PriorityQueue::unbounded();
    let mut got = Vec::new();
    for (number, dice) in numbers(9).take(ITEMS).enumerate() {
        queue.put(Liar(number)).ok().unwrap();
        if dice % 2 == 0 {
            got.extend(queue.try_get().map(|item| item.0));
        }
    }
    got.extend(queue.shutdown_now().into_iter().map(|item| item.0));
    got.sort_unstable();
    assert!(got.into_iter().eq(0..ITEMS));
}

#[test]
fn a_full_one_takes_nothing_not_even_a_smaller_item() {
    let queue = PriorityQueue::bounded(1);
    queue.put(5).unwrap();
    assert!(queue.try_put(1).is_err());
    assert_eq!(queue.get_timeout(Duration::ZERO), Ok(5));
    assert_eq!(queue.get_timeout(Duration::ZERO), Err(GetTimeoutError::Timeout));
}

#[test]
#[cfg_attr(miri, ignore = "too long for an interpreter")]
fn the_room_of_a_burst_is_given_back() {
    let mut items = SmallestFirst::default();
    for item in 0..100_000 {
        let place = items.place(&item);
        items.insert(place, item);
    }
    let of_the_burst = items.heap.capacity();
    while items.pop().is_some() {}
    assert!(items.heap.capacity() < of_the_burst / 4, "{}", items.heap.capacity());
}
