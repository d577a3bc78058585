//! What is worse or better than the table.

use crate::figure::Figure;
use crate::table::{Row, Table};

/// The result of a comparison.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Improvements, and notes on the rest.
    pub(crate) notes: Vec<String>,
    pub(crate) failures: Vec<String>,
}

/// The suffix of operations that call the C library's allocator.
const ALLOCATES: &str = "(allocates)";

/// What the table says and what was counted.
pub(crate) fn compare(was: &Table, is: &Table) -> Verdict {
    let mut verdict = Verdict::default();
    let settings = [
        (&was.setting.compiler, &is.setting.compiler),
        (&was.setting.system, &is.setting.system),
        (&was.setting.libc, &is.setting.libc),
        (&was.setting.valgrind, &is.setting.valgrind),
    ];
    for (was, is) in settings.into_iter().filter(|(was, is)| was != is) {
        verdict.notes.push(format!("the table is of {was}, this is {is}"));
    }
    let same_libc = was.setting.libc == is.setting.libc;
    for now in &is.rows {
        let Some(before) = was.rows.iter().find(|row| row.name == now.name) else {
            verdict.failures.push(format!("{}: not in the table; {MAKE}", now.name));
            continue;
        };
        let held = same_libc || !now.name.ends_with(ALLOCATES);
        let mut compare = |what: &str, was: Figure, is: Figure| {
            let line = format!("{}{what}: was {was} instructions, is {is}", now.name);
            if is > was && held {
                verdict.failures.push(line);
            } else if is > was {
                verdict.notes.push(format!("{line}; not held, for the C library is another"));
            } else if is < was {
                verdict.notes.push(format!("good news: {line}; {MAKE}"));
            }
        };
        compare("", before.ours, now.ours);
        compare(" with the detector", before.detected, now.detected);
        verdict.failures.extend(missed(now));
    }
    for gone in was.rows.iter().filter(|row| is.rows.iter().all(|now| now.name != row.name)) {
        verdict
            .failures
            .push(format!("{}: in the table, and no longer counted; {MAKE}", gone.name));
    }
    verdict
}

const MAKE: &str = "`cargo counts` writes the table again";

/// The row's goal, where it is missed.
fn missed(row: &Row) -> Option<String> {
    let goal = row.goal.filter(|goal| !goal.is_reached(row.ours, row.bare))?;
    Some(format!("{}: is {} instructions, and the goal is {goal}", row.name, row.ours))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goals::Goal;
    use crate::table::tests::{row, setting};

    fn table(rows: Vec<Row>) -> Table {
        Table { setting: setting(), rows }
    }

    #[test]
    fn what_stays_is_no_news() {
        let Verdict { notes, failures } =
            compare(&table(vec![row("Lock", 7)]), &table(vec![row("Lock", 7)]));
        assert!(notes.is_empty() && failures.is_empty());
    }

    #[test]
    fn what_rises_fails_with_both_figures_and_what_falls_is_good_news() {
        let was = table(vec![row("Lock", 7), row("Event", 5)]);
        let is = table(vec![row("Lock", 8), row("Event", 4)]);
        let Verdict { notes, failures } = compare(&was, &is);
        assert_eq!(failures[0], "Lock: was 7 instructions, is 8");
        assert_eq!(failures[1], "Lock with the detector: was 14 instructions, is 16");
        assert_eq!(failures.len(), 2);
        assert!(notes[0].starts_with("good news: Event: was 5 instructions, is 4"));
    }

    #[test]
    fn a_goal_is_held_though_the_table_says_more() {
        let goal = Some(Goal::AtMost(10));
        let missed = table(vec![Row { goal, ..row("Lock: lock + unlock", 11) }]);
        let failures = compare(&missed, &missed).failures;
        assert_eq!(failures, ["Lock: lock + unlock: is 11 instructions, and the goal is ≤ 10"]);
    }

    #[test]
    fn another_compiler_is_said_and_excuses_nothing() {
        let was = table(vec![row("Lock", 7)]);
        let mut is = table(vec![row("Lock", 8)]);
        is.setting.compiler = "rustc 1.99.0".to_owned();
        let Verdict { notes, failures } = compare(&was, &is);
        assert_eq!(notes, ["the table is of rustc 1.95.0 (abc 2026-04-14), this is rustc 1.99.0"]);
        assert_eq!(failures.len(), 2);
    }

    #[test]
    fn another_c_library_excuses_what_allocates_alone() {
        let was = table(vec![row("Timers (allocates)", 500), row("Lock", 7)]);
        let mut is = table(vec![row("Timers (allocates)", 600), row("Lock", 8)]);
        assert_eq!(compare(&was, &is).failures.len(), 4);
        is.setting.libc = "glibc 2.99".to_owned();
        let failures = compare(&was, &is).failures;
        assert!(failures.len() == 2 && failures.iter().all(|line| line.starts_with("Lock")));
    }

    #[test]
    fn a_row_that_comes_or_goes_must_be_written_down() {
        let (was, is) = (table(vec![row("Lock", 7)]), table(vec![row("Event", 3)]));
        assert_eq!(compare(&was, &is).failures.len(), 2);
    }
}
