//! The corner cases, each named after what it shows.

use super::{ARITY, Due, Entry, FREE, Key, NEVER, NOWHERE, Removed, Schedule, Slot};

impl<T> Schedule<T> {
    /// Panics if anything is not as the essay says.
    pub(super) fn check(&self) {
        for (place, &entry) in self.heap.iter().enumerate() {
            assert_eq!(self.slots[entry.slot as usize].place as usize, place);
            assert!(self.slots[entry.slot as usize].item.is_some());
            assert!(place == 0 || !self.is_before(entry, self.heap[(place - 1) / ARITY]));
        }
        let occupied = self.slots.iter().filter(|slot| slot.id != FREE);
        assert_eq!(occupied.count(), self.occupied);
        let mut free = 0;
        let mut slot = self.first_free;
        while slot != NOWHERE {
            assert_eq!(self.slots[slot as usize].id, FREE);
            assert!(self.slots[slot as usize].item.is_none());
            slot = self.slots[slot as usize].place;
            free += 1;
        }
        assert_eq!(self.occupied + free, self.slots.len());
    }

    fn end_due(&mut self, now: u64) -> Option<T> {
        let Due { key, item, .. } = self.lend_due(now)?;
        assert!(self.end(key));
        Some(item)
    }
}

/// Everything that is due by `now`, in order.
fn drain<T>(schedule: &mut Schedule<T>, now: u64) -> Vec<T> {
    std::iter::from_fn(|| schedule.end_due(now)).collect()
}

#[test]
fn what_is_due_comes_out_earliest_first_and_the_rest_stays() {
    let mut schedule = Schedule::new();
    for deadline in [50, 20, 90, 10, 70, 30] {
        schedule.insert(deadline, deadline);
    }
    assert_eq!(schedule.next_deadline(), Some(10));
    assert_eq!(drain(&mut schedule, 9), []);
    assert_eq!(drain(&mut schedule, 50), [10, 20, 30, 50]);
    assert_eq!((schedule.len(), schedule.next_deadline()), (2, Some(70)));
    schedule.check();
}

#[test]
fn equal_deadlines_come_out_in_the_order_in_which_they_were_set() {
    let mut schedule = Schedule::new();
    for item in 0..100 {
        schedule.insert(7, item);
    }
    // A reused slot must not keep its old place in the order.
    assert_eq!(schedule.end_due(7), Some(0));
    assert_eq!(schedule.end_due(7), Some(1));
    schedule.insert(7, 100);
    schedule.insert(7, 101);
    assert_eq!(drain(&mut schedule, 7), (2..102).collect::<Vec<_>>());
}

#[test]
fn removed_it_is_gone_and_its_key_means_nothing_any_more() {
    let mut schedule = Schedule::new();
    let keys: Vec<Key> = (0..20).map(|n| schedule.insert(n, n)).collect();
    assert_eq!(schedule.remove(keys[7]), Some(Removed::Waiting(7)));
    assert_eq!(schedule.remove(keys[7]), None);
    let in_its_slot = schedule.insert(7, 107);
    assert_eq!(in_its_slot.slot, keys[7].slot);
    assert!(!schedule.contains(keys[7]) && schedule.contains(in_its_slot));
    assert_eq!(schedule.remove(keys[7]), None, "an old key does not reach the new item");
    schedule.check();
    assert_eq!(drain(&mut schedule, 8), [0, 1, 2, 3, 4, 5, 6, 107, 8]);
    assert_eq!(schedule.remove(keys[8]), None, "it came out");
}

#[test]
fn what_never_becomes_due_is_counted_and_can_be_removed() {
    let mut schedule = Schedule::new();
    let never = schedule.insert(NEVER, "never");
    assert_eq!((schedule.len(), schedule.next_deadline()), (1, None));
    assert!(schedule.lend_due(NEVER).is_none());
    schedule.check();
    assert_eq!(schedule.remove(never), Some(Removed::Waiting("never")));
    assert_eq!(schedule.len(), 0);
}

#[test]
fn a_lent_item_is_put_back_unless_it_was_removed_meanwhile() {
    let mut schedule = Schedule::new();
    let key = schedule.insert(10, 'a');
    let due = schedule.lend_due(10).unwrap();
    assert_eq!((due.key, due.deadline, due.item), (key, 10, 'a'));
    assert!(schedule.contains(key) && schedule.lend_due(NEVER).is_none());
    assert_eq!(schedule.put_back(key, 20, 'a'), Ok(()));
    assert_eq!(schedule.next_deadline(), Some(20));

    schedule.lend_due(20).unwrap();
    assert_eq!(schedule.remove(key), Some(Removed::Lent));
    assert_eq!(schedule.put_back(key, 30, 'a'), Err('a'));
    assert!(!schedule.end(key));
    assert_eq!(schedule.len(), 0);
    schedule.check();
}

/// The budget is 64 bytes besides the callback. It includes the pointer to the callback, which
/// takes 16.
#[test]
#[cfg(target_pointer_width = "64")]
fn ten_thousand_take_at_most_64_bytes_each() {
    type Callback = Box<dyn FnMut() + Send>;
    assert_eq!(size_of::<Entry>(), 16);
    assert_eq!(size_of::<Slot<Callback>>(), 32);
    for timers in [1_000, 10_000, 100_000].into_iter().take(if cfg!(miri) { 1 } else { 3 }) {
        let mut schedule = Schedule::<Callback>::new();
        for deadline in 0..timers as u64 {
            schedule.insert(deadline, Box::new(|| ()));
            if schedule.len() >= 1_000 {
                // Not only at the end, but at its worst, when it has just grown.
                let bytes = schedule.heap.capacity() * size_of::<Entry>()
                    + schedule.slots.capacity() * size_of::<Slot<Callback>>();
                assert!(bytes <= 64 * schedule.len(), "{bytes} bytes for {}", schedule.len());
            }
        }
    }
}
