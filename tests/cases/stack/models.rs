//! Models of [`Stack`]: the last item comes out first, whichever thread puts or gets.
//!
//! Its blocking, notification and shutdown are those of `LockedQueue`, which the models of `queue`
//! explore.

use model::Reach::{Named, Slept, Woken};
use model::{Group, Scenario, reached};
use queues::Stack;

use tests::model::Notebook;

/// A stack, and what came out of it.
struct Pile {
    stack: Stack<u32>,
    out: Notebook<u32>,
}

impl Pile {
    fn of(capacity: usize, items: impl IntoIterator<Item = u32>) -> Self {
        let pile = Self { stack: Stack::bounded(capacity), out: Notebook::new() };
        items.into_iter().for_each(|item| pile.put(item));
        pile
    }

    fn put(&self, item: u32) {
        self.stack.put(item).expect("it is not shut down");
    }

    fn get(&self) -> u32 {
        self.stack.get().expect("it is not shut down")
    }
}

pub(crate) fn group() -> Group {
    Group::new("stack")
        .scenario(
            Scenario::new("last-comes-first", "The newest item is the next.", || Pile::of(3, [1]))
                .role("puts two", |pile| {
                    pile.put(2);
                    pile.put(3);
                })
                .role("gets", |pile| {
                    let item = pile.get();
                    reached(["", "got 1", "got 2", "got 3"][item as usize]);
                    pile.out.write(item);
                })
                .check(|pile| {
                    let got = pile.out.sorted();
                    let newest_first: Vec<_> =
                        [3, 2, 1].into_iter().filter(|item| !got.contains(item)).collect();
                    assert_eq!([pile.get(), pile.get()].as_slice(), newest_first);
                })
                .reaches([Named("got 1"), Named("got 2"), Named("got 3")]),
        )
        .scenario(
            Scenario::new("full", "Never more items than fit.", || Pile::of(2, [1, 2]))
                .role("puts", |pile| pile.put(3))
                .role("gets", |pile| assert_eq!(pile.get(), 2))
                .role("looks", |pile| assert!(pile.stack.len() <= 2))
                .check(|pile| assert_eq!([pile.get(), pile.get()], [3, 1]))
                .bound(Some(2))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "left-over",
                "What is left over comes in the order in which it would have been got.",
                || Pile::of(3, [1]),
            )
            .role("puts two", |pile| {
                for item in 2..=3 {
                    if pile.stack.put(item).is_err() {
                        reached("was refused");
                    }
                }
            })
            .role("shuts down now", |pile| {
                let left = pile.stack.shutdown_now();
                assert!(left.iter().copied().eq((1..=left.len() as u32).rev()), "{left:?}");
            })
            .check(|pile| assert_eq!((pile.stack.len(), pile.stack.unfinished()), (0, 0)))
            .reaches([Named("was refused")]),
        )
}
