//! Models of [`PriorityQueue`]: the smallest comes first, and ties in order of arrival, whichever
//! thread puts or gets.
//!
//! Its blocking, notification and shutdown are those of `LockedQueue`, which the models of `queue`
//! explore.

use std::cmp::Ordering;

use model::Reach::{Named, Slept, Woken};
use model::{Group, Scenario, reached};
use queues::PriorityQueue;

use tests::model::Notebook;

/// Its urgency, which alone is compared, and a name.
#[derive(Clone, Copy, Debug)]
struct Job(u32, char);

impl Ord for Job {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Job {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Job {}

impl PartialEq for Job {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

/// A queue, and the names of the items that came out of it.
struct Desk {
    queue: PriorityQueue<Job>,
    out: Notebook<char>,
}

impl Desk {
    fn of(capacity: usize, jobs: impl IntoIterator<Item = Job>) -> Self {
        let desk = Self { queue: PriorityQueue::bounded(capacity), out: Notebook::new() };
        jobs.into_iter().for_each(|job| desk.put(job));
        desk
    }

    fn put(&self, job: Job) {
        self.queue.put(job).expect("it is not shut down");
    }

    fn get(&self) -> char {
        self.queue.get().expect("it is not shut down").1
    }

    /// All that is left, by name.
    fn rest(&self) -> String {
        self.queue.shutdown_now().into_iter().map(|job| job.1).collect()
    }
}

pub(crate) fn group() -> Group {
    Group::new("priority_queue")
        .scenario(
            Scenario::new(
                "smallest-first",
                "Of those that are inside, the smallest is next.",
                || {
                    // So that it matters which child is smaller, whether it is the last entry, and
                    // whether an item that went down rises again.
                    let jobs =
                        [(2, 'b'), (5, 'e'), (3, 'c'), (6, 'f'), (7, 'g'), (8, 'h'), (4, 'd')];
                    Desk::of(9, jobs.map(|(urgency, name)| Job(urgency, name)))
                },
            )
            .role("puts", |desk| desk.put(Job(1, 'a')))
            .role("gets two", |desk| {
                let two = [desk.get(), desk.get()];
                reached(match two {
                    ['a', 'b'] => "before both",
                    ['b', 'a'] => "between",
                    ['b', 'c'] => "after both",
                    other => panic!("{other:?}"),
                });
                two.into_iter().for_each(|name| desk.out.write(name));
            })
            .check(|desk| {
                let got = desk.out.sorted();
                let sorted: String = ('a'..='h').filter(|name| !got.contains(name)).collect();
                assert_eq!(desk.rest(), sorted);
            })
            .reaches([Named("before both"), Named("between"), Named("after both")]),
        )
        .scenario(
            Scenario::new("ties", "Of equal ones, the one that came first.", || {
                Desk::of(6, [Job(1, 'a'), Job(1, 'b'), Job(1, 'c')])
            })
            .role("puts", |desk| desk.put(Job(1, 'd')))
            .role("puts one that is smaller", |desk| desk.put(Job(0, 'z')))
            .role("gets", |desk| {
                let name = desk.get();
                reached(if name == 'z' { "got the smaller" } else { "got the first" });
                desk.out.write(name);
            })
            .check(|desk| {
                let rest = if desk.out.sorted() == ['z'] { "abcd" } else { "zbcd" };
                assert_eq!(desk.rest(), rest);
            })
            .reaches([Named("got the smaller"), Named("got the first")])
            .bound(Some(2)),
        )
        .scenario(
            Scenario::new(
                "gap",
                "An item that comes after one has gone fills the gap, and what stood in goes back.",
                || {
                    // After a get the stand-in, 3, is the smaller of the two children, beside which
                    // 8 may come.
                    let jobs = [(1, 'a'), (2, 'b'), (9, 'g'), (7, 'd'), (3, 'c')];
                    Desk::of(7, jobs.map(|(urgency, name)| Job(urgency, name)))
                },
            )
            .role("puts two", |desk| {
                desk.put(Job(8, 'f'));
                desk.put(Job(7, 'e')); // as urgent as another, which came before
            })
            .role("gets two", |desk| {
                assert_eq!(desk.get(), 'a');
                assert_eq!(desk.get(), 'b');
            })
            .check(|desk| assert_eq!(desk.rest(), "cdefg"))
            .bound(Some(2)),
        )
        .scenario(
            Scenario::new("full", "An item that waits for room goes in where it belongs.", || {
                Desk::of(2, [Job(1, 'a'), Job(3, 'c')])
            })
            .role("puts", |desk| desk.put(Job(2, 'b')))
            .role("gets", |desk| assert_eq!(desk.get(), 'a'))
            .role("looks", |desk| assert!(desk.queue.len() <= 2))
            .check(|desk| assert_eq!(desk.rest(), "bc"))
            .bound(Some(2))
            .reaches([Slept, Woken]),
        )
}
