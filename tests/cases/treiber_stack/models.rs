//! Models of [`TreiberStack`]: every item is popped once, and a top that came back deceives no
//! thread.

use model::Reach::Named;
use model::{Group, Scenario, reached};
use queues::TreiberStack;

use tests::model::Notebook;

/// A stack, and what came out of it.
struct Pile {
    stack: TreiberStack<u32>,
    out: Notebook<u32>,
}

impl Pile {
    /// Two places, and the items 1 and 2 in them.
    fn full() -> Self {
        let pile = Self::empty();
        assert_eq!([1, 2].map(|item| pile.stack.try_push(item)), [Ok(()); 2]);
        pile
    }

    fn empty() -> Self {
        Self { stack: TreiberStack::bounded(2), out: Notebook::new() }
    }

    fn pop(&self) {
        match self.stack.try_pop() {
            Some(item) => self.out.write(item),
            None => reached("found it empty"),
        }
    }

    fn push(&self, item: u32) {
        if self.stack.try_push(item).is_err() {
            reached("found it full");
            self.out.write(item);
        }
    }

    /// All items, popped or still inside.
    fn all(&self) -> Vec<u32> {
        let mut all = self.out.sorted();
        all.extend(std::iter::from_fn(|| self.stack.try_pop()));
        all.sort_unstable();
        all
    }
}

pub(crate) fn group() -> Group {
    Group::new("treiber_stack")
        .scenario(
            Scenario::new(
                "push-and-pop",
                "What is pushed is whole when it is popped.",
                Pile::empty,
            )
            .roles(2, "pushes", |pile| pile.push(1))
            .role("pops", Pile::pop)
            .check(|pile| assert_eq!(pile.all(), [1, 1]))
            .reaches([Named("found it empty")]),
        )
        .scenario(
            Scenario::new("full", "A place is used again when the item is out of it.", Pile::full)
                .role("pushes", |pile| pile.push(3))
                .role("pops", Pile::pop)
                .check(|pile| assert_eq!(pile.all(), [1, 2, 3]))
                .reaches([Named("found it full")]),
        )
        .scenario(
            Scenario::new(
                "aba",
                "While one is about to pop, two others pop both, and the first comes back on top.",
                Pile::full,
            )
            .roles(2, "pops", Pile::pop)
            .role("pops, pushes", |pile| {
                pile.pop();
                pile.push(3);
            })
            .check(|pile| assert_eq!(pile.all(), [1, 2, 3]))
            .bound(Some(2))
            .reaches([Named("found it empty")]),
        )
}
