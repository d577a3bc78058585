//! What a demo prints at the end: aligned columns, a bar chart, the verdict, what to try next.
//!
//! In colour where standard output is a terminal and `NO_COLOR` is not set; `console` sees to that.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::time::Duration;

use anyhow::Context;
use console::{Alignment, Term, measure_text_width, pad_str, style, truncate_str};
use indicatif::HumanCount;

use crate::outcome::{Outcome, Verdict};
use crate::texts::Skipped;
use crate::timeline::Picture;

/// The longest bar, in characters, and the shortest that a narrow terminal gets.
const BAR: usize = 40;
const SHORTEST_BAR: usize = 5;
/// The longest label of a bar; longer ones are cut.
const LABEL: usize = 24;

/// Text that is put together first and printed at once.
///
/// On a terminal it is as wide as the terminal: prose is wrapped at blanks, and a table that does
/// not fit is turned into lines.
#[derive(Debug)]
pub(crate) struct Report {
    text: String,
    /// Of the terminal; `None`: a file or a pipe, where lines are as long as they are.
    width: Option<usize>,
}

/// One side of a comparison: the same work with a tool or without it, and what came of it.
pub(crate) struct Side<'a>(pub(crate) &'a str, pub(crate) String);

impl Report {
    pub(crate) fn new(title: impl Display) -> Self {
        let width = width();
        let mut report = Self { text: String::new(), width };
        for line in wrap(&title.to_string(), width) {
            report.drawn(style(line).bold());
        }
        report
    }

    /// A line of prose.
    pub(crate) fn line(&mut self, line: impl Display) {
        wrap(&line.to_string(), self.width).iter().for_each(|line| self.drawn(line));
    }

    /// A line that is to be kept as it is: part of a drawing.
    pub(crate) fn drawn(&mut self, line: impl Display) {
        self.text += &line.to_string();
        self.text.push('\n');
    }

    pub(crate) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A line for each row: the label, the number, and a bar as long as the number is large.
    pub(crate) fn chart(&mut self, rows: &[(&str, usize)]) {
        let longest_label = self.width.map_or(LABEL, |width| LABEL.min(width / 3));
        let labels: Vec<_> =
            rows.iter().map(|(label, _)| truncate_str(label, longest_label, "…")).collect();
        let numbers: Vec<_> = rows.iter().map(|&(_, number)| count(number)).collect();
        let label_width = widest(&labels);
        let number_width = widest(&numbers);
        let beside = 2 + label_width + 2 + number_width + 2;
        let room = self.width.map_or(BAR, |width| width.saturating_sub(beside));
        let longest = room.clamp(SHORTEST_BAR, BAR);
        let most = rows.iter().map(|&(_, number)| number).max().unwrap_or(0);
        for ((label, number), &(_, value)) in labels.iter().zip(&numbers).zip(rows) {
            let label = pad_str(label, label_width, Alignment::Left, None);
            let bar = style(bar(value, most, longest)).cyan();
            self.drawn(format!("  {label}  {number:>number_width$}  {bar}").trim_end());
        }
    }

    /// Lines of two columns, the first as wide as it must be. Where that leaves the second too
    /// little, it stands below.
    pub(crate) fn columns(&mut self, rows: impl IntoIterator<Item = [String; 2]>) {
        let rows: Vec<_> = rows.into_iter().collect();
        let width = rows.iter().map(|[first, _]| measure_text_width(first)).max().unwrap_or(0);
        let beside = 2 + width + 2;
        let widest = |cut: fn(&str) -> usize| rows.iter().map(|[_, second]| cut(second)).max();
        let second_width = widest(measure_text_width).unwrap_or(0);
        let longest_word =
            widest(|second| second.split_whitespace().map(measure_text_width).max().unwrap_or(0));
        let is_narrow = self.width.is_some_and(|terminal| {
            let room = terminal.saturating_sub(beside);
            second_width > room && (beside > room || longest_word.unwrap_or(0) > room)
        });
        for [first, second] in &rows {
            if is_narrow {
                self.line(format_args!("  {first}"));
                if !second.is_empty() {
                    self.line(format_args!("    {second}"));
                }
                continue;
            }
            let first = pad_str(first, width, Alignment::Left, None);
            let room = self.width.map(|terminal| terminal - beside.min(terminal));
            let mut lines = wrap(second, room).into_iter();
            self.drawn(format!("  {first}  {}", lines.next().unwrap_or_default()));
            lines.for_each(|line| self.drawn(format!("{:beside$}{line}", "")));
        }
    }

    /// A table: the first column to the left, the others to the right, all as wide as they must be.
    /// Where it is wider than the terminal, each row becomes a block: its first cell, and the
    /// others below with their heads.
    pub(crate) fn table<const N: usize>(&mut self, head: [&str; N], rows: &[[String; N]]) {
        let widths: [usize; N] = std::array::from_fn(|column| {
            let cells = rows.iter().map(|row| measure_text_width(&row[column]));
            cells.chain([measure_text_width(head[column])]).max().unwrap_or(0)
        });
        let total: usize = widths.iter().map(|width| width + 2).sum();
        if self.width.is_some_and(|width| total > width) {
            for row in rows {
                self.line(style(format!("  {}", row[0])).dim());
                let cells = head.iter().zip(row).skip(1).filter(|(_, cell)| !cell.is_empty());
                self.columns(cells.map(|(head, cell)| [format!("  {head}"), cell.clone()]));
            }
            return;
        }
        let row = |cells: [&str; N]| {
            let padded = cells.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
                let side = if column == 0 { Alignment::Left } else { Alignment::Right };
                pad_str(cell, width, side, None)
            });
            format!("  {}", padded.collect::<Vec<_>>().join("  ").trim_end())
        };
        self.drawn(style(row(head)).dim());
        for cells in rows {
            self.drawn(row(cells.each_ref().map(String::as_str)));
        }
    }

    /// The argument of a demo: what came of the work with its tool, what without, and what follows.
    pub(crate) fn argue(&mut self, with: Side<'_>, without: Side<'_>, follows: impl Display) {
        let row = |Side(name, came): Side<'_>| [style(name).bold().to_string(), came];
        self.columns([row(with), row(without)]);
        self.follows(follows);
    }

    /// What follows from the figures above.
    pub(crate) fn follows(&mut self, follows: impl Display) {
        self.line(format_args!("{} {follows}.", style("So:").bold()));
    }

    /// What the demo left out: the number, and the first few by name.
    pub(crate) fn skipped(&mut self, skipped: &[Skipped]) {
        const NAMED: usize = 10;
        if skipped.is_empty() {
            return;
        }
        self.line(format_args!("Skipped {}:", counted(skipped.len(), "file")));
        for file in skipped.iter().take(NAMED) {
            self.line(format_args!("  {file}"));
        }
        if skipped.len() > NAMED {
            self.line(format_args!("  and {} more", count(skipped.len() - NAMED)));
        }
    }

    /// What each thread did, and an empty line.
    pub(crate) fn timeline(&mut self, picture: Option<&Picture>) {
        let Some(picture) = picture else { return };
        let mut lines = picture.lines(self.width);
        let legend = lines.pop();
        lines.into_iter().for_each(|line| self.drawn(line));
        legend.into_iter().for_each(|line| self.line(line));
        self.gap();
    }

    /// The verdict, in a word that can be seen from afar, and in a sentence.
    pub(crate) fn verdict(&mut self, Verdict { outcome, sentence }: &Verdict) {
        let word = match outcome {
            Outcome::Holds => style("ok").green(),
            Outcome::Fails => style("FAILED").red(),
            Outcome::Interrupted => style("interrupted").yellow(),
        };
        self.line(format!("{}: {sentence}", word.bold()));
    }

    /// Commands to try, and why.
    pub(crate) fn next(&mut self, commands: &[(&str, &str)]) {
        self.drawn("Next:");
        self.columns(commands.iter().map(|&(command, why)| [command.to_owned(), why.to_owned()]));
    }

    /// Prints it. A reader that closes the pipe early (`| head -1`) has seen enough: no error.
    ///
    /// # Errors
    ///
    /// Any other, such as a full disk.
    pub(crate) fn print(&self) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        match out.write_all(self.text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            result => result.context("cannot write the report"),
        }
    }
}

/// The columns of the terminal that standard output is; `None`: it is a file or a pipe.
pub(crate) fn width() -> Option<usize> {
    let terminal = Term::stdout();
    terminal.is_term().then(|| usize::from(terminal.size().1))
}

/// `1234567` as `1,234,567`.
pub(crate) fn count(number: usize) -> String {
    HumanCount(number as u64).to_string()
}

/// `1 line`, `2 lines`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// How many times as long one took as another: `1.8`.
pub(crate) fn times(long: Duration, short: Duration) -> String {
    format!("{:.1}", long.as_secs_f64() / short.as_secs_f64().max(f64::MIN_POSITIVE))
}

/// `-1234567` cents as `-12,345.67`.
pub(crate) fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", HumanCount(cents / 100), cents % 100)
}

fn widest(cells: &[impl AsRef<str>]) -> usize {
    cells.iter().map(|cell| measure_text_width(cell.as_ref())).max().unwrap_or(0)
}

/// The text in lines of at most so many columns, cut at blanks. The lines after the first begin as
/// far to the right as it does. A word that is longer than a line stays whole.
fn wrap(text: &str, width: Option<usize>) -> Vec<String> {
    let Some(width) = width.filter(|&width| measure_text_width(text) > width) else {
        return vec![text.to_owned()];
    };
    let indent = " ".repeat(text.len() - text.trim_start().len());
    let mut lines = vec![indent.clone()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always one");
        let is_empty = line.len() == indent.len();
        if !is_empty && measure_text_width(line) + 1 + measure_text_width(word) > width {
            lines.push(format!("{indent}{word}"));
            continue;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines
}

/// A bar that is `longest` for `most`, to an eighth of a character. Something is never nothing.
fn bar(value: usize, most: usize, longest: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths =
        (value as u128 * longest as u128 * 8).checked_div(most as u128).unwrap_or(0) as usize;
    let eighths = eighths.max(usize::from(value > 0));
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::{BAR, Report, Side, bar, counted, money, wrap};
    use console::measure_text_width;

    /// A report for a terminal of so many columns.
    fn on(width: usize) -> Report {
        Report { text: String::new(), width: Some(width) }
    }

    #[test]
    fn money_is_shown_to_the_cent() {
        assert_eq!(money(1_234_567), "12,345.67");
        assert_eq!(
            [money(0), money(5), money(-5), money(-200)],
            ["0.00", "0.05", "-0.05", "-2.00"]
        );
    }

    #[test]
    fn bars_are_to_scale() {
        assert_eq!(bar(7, 7, BAR), "█".repeat(40));
        assert_eq!(bar(1, 2, BAR), "█".repeat(20));
        assert_eq!(bar(1, 320, BAR), "▏");
        assert_eq!(bar(1, 1_000_000, BAR), "▏", "something is never nothing");
        assert_eq!(bar(0, 7, BAR), "");
        assert_eq!(bar(0, 0, BAR), "");
        assert_eq!(bar(usize::MAX, usize::MAX, BAR), "█".repeat(40));
    }

    #[test]
    fn one_is_not_plural() {
        assert_eq!(counted(1, "line"), "1 line");
        assert_eq!(counted(0, "line"), "0 lines");
        assert_eq!(counted(12_345, "line"), "12,345 lines");
    }

    #[test]
    fn prose_is_cut_at_blanks_and_keeps_its_indent() {
        assert_eq!(wrap("  one two three", Some(9)), ["  one two", "  three"]);
        assert_eq!(wrap("incomprehensible yes", Some(5)), ["incomprehensible", "yes"]);
        assert_eq!(wrap("  one two three", None), ["  one two three"]);
        assert_eq!(wrap("", Some(5)), [""]);
    }

    #[test]
    fn a_narrow_terminal_loses_no_cell() {
        let mut report = on(40);
        let cells = ["worker-1", "1,234", "12.3 ms", "456.7 ms", "of a second"].map(str::to_owned);
        let row = std::slice::from_ref(&cells);
        report.table(["thread", "records", "mean call", "longest call", "share"], row);
        report.chart(&[("a label that is far too long for it", 12_345), ("b", 1)]);
        report
            .columns([["cargo run -- tickets --broken".into(), "the same without a lock".into()]]);
        report.argue(
            Side("with a lock", "each of 240 seats was sold once, in 612 ms".into()),
            Side("without", "31 of 240 seats were sold twice".into()),
            "looking and writing must be one step, and the lock makes them one",
        );
        for line in report.text.lines() {
            assert!(measure_text_width(line) <= 40, "{line}");
        }
        for cell in
            cells.iter().map(String::as_str).chain(["mean call", "So:", "--broken", "twice"])
        {
            assert!(report.text.contains(cell), "{cell}: {}", report.text);
        }
    }

    #[test]
    fn a_table_that_fits_stays_one() {
        let mut report = on(40);
        report.table(["thread", "lines"], &[["worker-1".into(), "12".into()]]);
        assert_eq!(report.text.lines().last(), Some("  worker-1     12"));
    }
}
