//! What the run prints: a line for each step, the table, the closing line.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::steps::{STEPS, Step};

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It holds; perhaps with a count.
    Passed(Option<String>),
    /// It does not hold, or could not be checked; the reason.
    Failed(String),
    /// It was not checked, because something is missing; the reason.
    Skipped(String),
    /// An earlier step failed.
    NotRun,
}

impl Outcome {
    /// The word in the table, and its colour on a terminal.
    fn word(&self) -> (&'static str, u8) {
        const RED: u8 = 31;
        const GREEN: u8 = 32;
        const YELLOW: u8 = 33;
        const DEFAULT: u8 = 39;
        match self {
            Outcome::Passed(_) => ("passed", GREEN),
            Outcome::Failed(_) => ("FAILED", RED),
            Outcome::Skipped(_) => ("skipped", YELLOW),
            Outcome::NotRun => ("not run", DEFAULT),
        }
    }
}

/// The lines of its output that a failing step shows.
const TAIL: usize = 40;
/// The search for them goes no further back.
const TAIL_BYTES: u64 = 64 * 1024;
/// The live line stays on one row of a terminal of the usual width.
const WIDTH: usize = 79;
/// Removes the live line: goes to the left margin and erases the row.
const ERASE: &str = "\r\x1b[2K";

/// The steps of this run and how they ended.
pub(crate) struct Report {
    /// The workspace's.
    root: PathBuf,
    rows: Vec<Row>,
    /// Is there a terminal for a changing line?
    terminal: bool,
    colour: bool,
    /// Does the steps' output appear between the lines?
    verbose: bool,
    /// How much of the current step's log was shown.
    followed: u64,
    /// The current live line.
    live: String,
}

struct Row {
    step: &'static Step,
    outcome: Outcome,
    time: Duration,
}

impl Report {
    /// Forgets the logs of earlier runs of these steps.
    pub(crate) fn new(root: &Path, steps: &[&'static Step], verbose: bool) -> Self {
        for step in steps {
            // Usually there is none.
            _ = std::fs::remove_file(root.join(step.log()));
        }
        let terminal = io::stdout().is_terminal();
        let row =
            |step: &&'static Step| Row { step, outcome: Outcome::NotRun, time: Duration::ZERO };
        Self {
            root: root.to_owned(),
            rows: steps.iter().map(row).collect(),
            terminal,
            colour: terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            verbose,
            followed: 0,
            live: String::new(),
        }
    }

    /// Says that step `number` starts.
    pub(crate) fn begin(&mut self, number: usize) {
        self.followed = 0;
        if self.verbose {
            say(format!("{} {}\n", self.heading(number), self.rows[number].step.shown()));
        } else {
            say(format!("{} ", self.heading(number)));
        }
    }

    /// Shows the progress of step `number`: the new part of its log, or on a terminal the live
    /// line.
    pub(crate) fn tick(&mut self, number: usize, elapsed: Duration, log: &Path) {
        // Output that cannot be read now is shown later, or never: the log itself stays.
        if self.verbose {
            if let Ok(new) = read_from(log, self.followed) {
                self.followed += new.len() as u64;
                say(&new);
            }
        } else if self.terminal {
            let last = last_lines(log, 1).unwrap_or_default().pop().unwrap_or_default();
            let line = format!("{} {:>5} s  {last}", self.heading(number), elapsed.as_secs());
            let line: String = line.chars().take(WIDTH).collect();
            if line != self.live {
                say(format!("{ERASE}{line}"));
                self.live = line;
            }
        }
    }

    /// Notes how step `number` ended, and says so.
    pub(crate) fn end(&mut self, number: usize, outcome: Outcome, time: Duration) {
        let line = format!("{} {}\n", self.coloured(&outcome), seconds(time));
        if self.verbose {
            say(format!("{} {line}", self.heading(number)));
        } else if self.terminal {
            say(format!("{ERASE}{} {line}", self.heading(number)));
        } else {
            say(line);
        }
        let row = &mut self.rows[number];
        row.outcome = outcome;
        row.time = time;
    }

    /// Prints the last lines of step `number`, unless they are already shown.
    pub(crate) fn show_tail(&self, number: usize) {
        if self.verbose {
            return;
        }
        let log = self.root.join(self.rows[number].step.log());
        for line in last_lines(&log, TAIL).unwrap_or_default() {
            say(format!("    {line}\n"));
        }
    }

    /// Prints the table, the failures, and the closing line.
    pub(crate) fn close(&self, total: Duration) {
        say(format!("\n{}\n{}{}\n", self.table(total), self.verdict(), self.counts()));
    }

    /// Did any step fail?
    pub(crate) fn failed(&self) -> bool {
        self.count(|outcome| matches!(outcome, Outcome::Failed(_))) > 0
    }

    fn heading(&self, number: usize) -> String {
        let steps = self.rows.len();
        let name = self.rows[number].step.name;
        format!("[{:>2}/{steps}] {name:<NAME$}", number + 1)
    }

    fn coloured(&self, outcome: &Outcome) -> String {
        let (word, colour) = outcome.word();
        if self.colour {
            format!("\x1b[{colour}m{word:<RESULT$}\x1b[0m")
        } else {
            format!("{word:<RESULT$}")
        }
    }

    fn table(&self, total: Duration) -> String {
        let mut table =
            format!("{:<NAME$} {:<RESULT$} {:>TIME$}  shows\n", "step", "result", "time");
        for Row { step, outcome, time } in &self.rows {
            let shows = match outcome {
                Outcome::Passed(Some(count)) => format!("{}: {count}", step.proves),
                Outcome::Passed(None) | Outcome::NotRun => step.proves.to_owned(),
                Outcome::Failed(why) => format!("{}: {why}", step.proves),
                Outcome::Skipped(why) => why.clone(),
            };
            let time = match outcome {
                Outcome::NotRun | Outcome::Skipped(_) => format!("{:>TIME$}", "-"),
                Outcome::Passed(_) | Outcome::Failed(_) => seconds(*time),
            };
            let outcome = self.coloured(outcome);
            writeln!(table, "{:<NAME$} {outcome} {time}  {shows}", step.name)
                .expect("a String takes all");
        }
        let total = seconds(total);
        writeln!(
            table,
            "{:<NAME$} {:<RESULT$} {total}  output in target/verify/STEP.log",
            "sum", ""
        )
        .expect("a String takes all");
        table
    }

    /// The failure, its reason, and how to reproduce it; empty if nothing failed.
    fn verdict(&self) -> String {
        let Some((step, why)) = self.rows.iter().find_map(|row| match &row.outcome {
            Outcome::Failed(why) => Some((row.step, why)),
            _ => None,
        }) else {
            return String::new();
        };
        let mut verdict = format!(
            "{} failed: {why}\n  repeat, in the workspace's root: {}\n",
            step.name,
            step.shown()
        );
        if self.root.join(step.log()).exists() {
            writeln!(verdict, "  all of its output: {}", step.log()).expect("a String takes all");
        }
        verdict + "\n"
    }

    /// The closing line, for people and for scripts.
    fn counts(&self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.count(|outcome| matches!(outcome, Outcome::Passed(_))),
            self.count(|outcome| matches!(outcome, Outcome::Failed(_))),
            self.count(|outcome| matches!(outcome, Outcome::Skipped(_))),
        )
    }

    fn count(&self, which: impl Fn(&Outcome) -> bool) -> usize {
        self.rows.iter().filter(|row| which(&row.outcome)).count()
    }
}

/// Widths of the columns.
const NAME: usize = 15;
const RESULT: usize = 7;
const TIME: usize = 9;

/// Every step, for `--list`: what it shows, and the command.
pub(crate) fn list() -> String {
    let mut list = String::new();
    for step in STEPS {
        let all = if step.long { " (with --all)" } else { "" };
        writeln!(list, "{:<NAME$} {}{all}", step.name, step.proves).expect("a String takes all");
        writeln!(list, "{:<NAME$}   {}", "", step.shown()).expect("a String takes all");
    }
    list
}

fn seconds(time: Duration) -> String {
    format!("{:>width$.1} s", time.as_secs_f64(), width = TIME - 2)
}

/// Prints at once. If standard output is closed, it does not panic, because a step may be running;
/// the exit status still shows the result.
pub(crate) fn say(text: impl AsRef<[u8]>) {
    let mut stdout = io::stdout();
    _ = stdout.write_all(text.as_ref());
    _ = stdout.flush();
}

fn read_from(log: &Path, offset: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(log)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The last `count` non-empty lines of the log, without control characters.
fn last_lines(log: &Path, count: usize) -> io::Result<Vec<String>> {
    let offset = std::fs::metadata(log)?.len().saturating_sub(TAIL_BYTES);
    let text = String::from_utf8_lossy(&read_from(log, offset)?).into_owned();
    let printable = |line: &str| line.chars().filter(|c| !c.is_control()).collect::<String>();
    let mut lines: Vec<_> = text
        .lines()
        .rev()
        .filter(|line| !line.trim().is_empty())
        .take(count)
        .map(printable)
        .collect();
    lines.reverse();
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    static DOCS: Step = Step::new("docs", "docs without a warning", "cargo doc --locked")
        .env(&[("RUSTDOCFLAGS", "-D warnings")]);
    static TEST: Step = Step::new("test", "unit tests", "cargo test --locked");
    static TSAN: Step = Step::new("tsan", "no data race", "cargo test --test stress");

    /// A report as a pipe sees it.
    fn report(outcomes: [Outcome; 3]) -> Report {
        let rows = [&DOCS, &TEST, &TSAN].into_iter().zip(outcomes).map(|(step, outcome)| Row {
            step,
            outcome,
            time: Duration::from_millis(1250),
        });
        let root = PathBuf::from("no such folder");
        Report {
            root,
            rows: rows.collect(),
            terminal: false,
            colour: false,
            verbose: false,
            followed: 0,
            live: String::new(),
        }
    }

    #[test]
    fn the_table_says_result_time_and_what_was_shown() {
        let report = report([
            Outcome::Passed(None),
            Outcome::Passed(Some("214 tests".into())),
            Outcome::Skipped("no nightly toolchain".into()),
        ]);
        let expected = "\
step            result       time  shows
docs            passed      1.2 s  docs without a warning
test            passed      1.2 s  unit tests: 214 tests
tsan            skipped         -  no nightly toolchain
sum                        61.5 s  output in target/verify/STEP.log
";
        assert_eq!(report.table(Duration::from_millis(61_500)), expected);
        assert_eq!(report.verdict(), "");
    }

    #[test]
    fn a_failure_is_named_with_the_command_to_repeat() {
        let report =
            report([Outcome::Failed("exit status: 101".into()), Outcome::NotRun, Outcome::NotRun]);
        assert!(report.failed());
        assert_eq!(
            report.verdict(),
            "docs failed: exit status: 101\n  \
             repeat, in the workspace's root: RUSTDOCFLAGS='-D warnings' cargo doc --locked\n\n"
        );
        let table = report.table(Duration::ZERO);
        assert!(table.contains("docs            FAILED"), "{table}");
        assert!(table.contains("test            not run         -"), "{table}");
    }

    #[test]
    fn skipped_and_not_run_are_not_passed() {
        let skipped =
            report([Outcome::Passed(None), Outcome::Skipped("why".into()), Outcome::NotRun]);
        assert_eq!(skipped.counts(), "1 passed, 0 failed, 1 skipped");
        assert!(!skipped.failed());
        let failed =
            report([Outcome::Passed(None), Outcome::Failed("why".into()), Outcome::NotRun]);
        assert_eq!(failed.counts(), "1 passed, 1 failed, 0 skipped");
    }

    #[test]
    fn the_list_has_every_step_and_its_command() {
        let list = list();
        for step in STEPS {
            assert!(list.contains(&step.shown()), "{}", step.name);
        }
    }

    #[test]
    fn the_tail_is_the_last_lines_that_hold_anything() {
        let log = std::env::temp_dir().join(format!("locksmith-tail-{}.log", std::process::id()));
        std::fs::write(&log, "one\n\ntwo\x1b\r\n\nthree\n\n").unwrap();
        let tail = last_lines(&log, 2);
        std::fs::remove_file(&log).unwrap();
        assert_eq!(tail.unwrap(), ["two", "three"]);
    }
}
