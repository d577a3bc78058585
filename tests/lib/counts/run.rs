//! Runs an operation n times and then 2n times, in a function that callgrind looks
//! for.

use std::hint::black_box;

/// How often the first loop runs an operation; the second does it twice as often.
const TIMES: u32 = 1000;

/// A row of the table, by its name, and what it may take at most.
#[derive(Default)]
pub(crate) struct Run {
    row: &'static str,
    goal: String,
}

impl Run {
    /// Begins a row, to which the next contestants belong.
    pub(crate) fn row(&mut self, name: &'static str) -> &mut Self {
        self.row = name;
        self.goal.clear();
        self
    }

    /// Ours may take so many instructions at most.
    pub(crate) fn at_most(&mut self, instructions: u32) -> &mut Self {
        self.goal = format!("≤ {instructions}");
        self
    }

    /// The most that ours may take, in hundredths of what the bare contestant takes.
    pub(crate) fn at_most_bare(&mut self, hundredths: u32) -> &mut Self {
        self.goal = match hundredths {
            100 => "≤ bare".to_owned(),
            _ => format!("≤ {}.{:02} bare", hundredths / 100, hundredths % 100),
        };
        self
    }

    /// Counts `operation` on `on`.
    ///
    /// The address of `on` is hidden from the compiler once for each loop and not in each
    /// iteration, so it is in a register, as in a program.
    pub(crate) fn of<T>(
        &mut self,
        contestant: &'static str,
        on: &T,
        operation: impl Fn(&T),
    ) -> &mut Self {
        println!("{}\t{contestant}\t{}", self.row, self.goal);
        let mut turns = |times: u32| {
            let on = black_box(on);
            for _ in 0..times {
                operation(on);
                // It takes no instruction, but the compiler cannot merge several iterations.
                black_box(());
            }
        };
        // First-time work is not part of the operation's cost.
        turns(TIMES);
        counted(&mut turns, TIMES);
        counted(&mut turns, 2 * TIMES);
        self
    }
}

/// Callgrind counts only in this function, and writes a profile each time it returns.
#[inline(never)]
fn counted(turns: &mut dyn FnMut(u32), times: u32) {
    turns(black_box(times));
    black_box(());
}
