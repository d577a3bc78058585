//! What is set once and read often, beside std's: `cargo results once`.

use std::hint::black_box;

use bench::{Bench, Goal, Row, Run, Sample, floors};

/// A cell that is set once.
trait Cell: Default {
    fn set(&self, value: u64);
    fn get(&self) -> Option<&u64>;
}

macro_rules! cells {
    ($($name:ty),*) => {$(
        impl Cell for $name {
            fn set(&self, value: u64) {
                self.set(value).expect("it is not set");
            }

            #[inline]
            fn get(&self) -> Option<&u64> {
                self.get()
            }
        }
    )*};
}
cells!(primitives::OnceLock<u64>, std::sync::OnceLock<u64>);

fn get<C: Cell>(run: &Run) -> Sample {
    let cell = C::default();
    cell.set(7);
    let cell = black_box(&cell);
    run.alone(100_000, || _ = black_box(cell.get().is_some()))
}

fn rows() -> Vec<Row> {
    vec![
        Row::new("get, when set", "get of a value that is there")
            .goal(Goal::floor(1.02))
            .ours("OnceLock", get::<primitives::OnceLock<u64>>)
            .peer("std", get::<std::sync::OnceLock<u64>>)
            .floor("one load", floors::one_load),
    ]
}

pub(crate) fn bench() -> Bench {
    Bench::new("locks", "OnceLock", rows)
}
