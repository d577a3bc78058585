//! What a demo prints at the end: aligned columns, a bar chart, the verdict, what to try next.
//!
//! In colour where standard output is a terminal and `NO_COLOR` is not set; `console` sees to that.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use anyhow::Context;
use console::{Alignment, Term, measure_text_width, pad_str, style, truncate_str};
use indicatif::HumanCount;

use crate::outcome::{Outcome, Verdict};
use crate::texts::Skipped;
use crate::timeline::Picture;

/// The longest bar, in characters.
const BAR: usize = 40;
/// The longest label of a bar; longer ones are cut.
const LABEL: usize = 24;

/// Text that is put together first and printed at once.
#[derive(Debug)]
pub(crate) struct Report(String);

impl Report {
    pub(crate) fn new(title: impl Display) -> Self {
        let mut report = Self(String::new());
        report.line(style(title).bold());
        report
    }

    pub(crate) fn line(&mut self, line: impl Display) {
        self.0 += &line.to_string();
        self.0.push('\n');
    }

    pub(crate) fn gap(&mut self) {
        self.0.push('\n');
    }

    /// A line for each row: the label, the number, and a bar as long as the number is large.
    pub(crate) fn chart(&mut self, rows: &[(&str, usize)]) {
        let labels: Vec<_> =
            rows.iter().map(|(label, _)| truncate_str(label, LABEL, "…")).collect();
        let numbers: Vec<_> = rows.iter().map(|&(_, number)| count(number)).collect();
        let label_width = widest(&labels);
        let number_width = widest(&numbers);
        let most = rows.iter().map(|&(_, number)| number).max().unwrap_or(0);
        for ((label, number), &(_, value)) in labels.iter().zip(&numbers).zip(rows) {
            let label = pad_str(label, label_width, Alignment::Left, None);
            let line =
                format!("  {label}  {number:>number_width$}  {}", style(bar(value, most)).cyan());
            self.line(line.trim_end());
        }
    }

    /// Lines of two columns, the first as wide as it must be.
    pub(crate) fn columns(&mut self, rows: impl IntoIterator<Item = [String; 2]>) {
        let rows: Vec<_> = rows.into_iter().collect();
        let width = rows.iter().map(|[first, _]| measure_text_width(first)).max().unwrap_or(0);
        for [first, second] in &rows {
            self.line(format!("  {}  {second}", pad_str(first, width, Alignment::Left, None)));
        }
    }

    /// A table: the first column to the left, the others to the right, all as wide as they must be.
    pub(crate) fn table<const N: usize>(&mut self, head: [&str; N], rows: &[[String; N]]) {
        let widths: [usize; N] = std::array::from_fn(|column| {
            let cells = rows.iter().map(|row| measure_text_width(&row[column]));
            cells.chain([measure_text_width(head[column])]).max().unwrap_or(0)
        });
        let row = |cells: [&str; N]| {
            let padded = cells.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
                let side = if column == 0 { Alignment::Left } else { Alignment::Right };
                pad_str(cell, width, side, None)
            });
            format!("  {}", padded.collect::<Vec<_>>().join("  ").trim_end())
        };
        self.line(style(row(head)).dim());
        for cells in rows {
            self.line(row(cells.each_ref().map(String::as_str)));
        }
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
        let terminal = Term::stdout();
        let width = terminal.is_term().then(|| usize::from(terminal.size().1));
        picture.lines(width).into_iter().for_each(|line| self.line(line));
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
        self.line("Next:");
        self.columns(commands.iter().map(|&(command, why)| [command.to_owned(), why.to_owned()]));
    }

    /// Prints it. A reader that closes the pipe early (`| head -1`) has seen enough: no error.
    ///
    /// # Errors
    ///
    /// Any other, such as a full disk.
    pub(crate) fn print(&self) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        match out.write_all(self.0.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            result => result.context("cannot write the report"),
        }
    }
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

/// `-1234567` cents as `-12,345.67`.
pub(crate) fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", HumanCount(cents / 100), cents % 100)
}

fn widest(cells: &[impl AsRef<str>]) -> usize {
    cells.iter().map(|cell| measure_text_width(cell.as_ref())).max().unwrap_or(0)
}

/// A bar that is [`BAR`] long for `most`, to an eighth of a character. Something is never nothing.
fn bar(value: usize, most: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (value as u128 * BAR as u128 * 8).checked_div(most as u128).unwrap_or(0) as usize;
    let eighths = eighths.max(usize::from(value > 0));
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::{bar, counted, money};

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
        assert_eq!(bar(7, 7), "█".repeat(40));
        assert_eq!(bar(1, 2), "█".repeat(20));
        assert_eq!(bar(1, 320), "▏");
        assert_eq!(bar(1, 1_000_000), "▏", "something is never nothing");
        assert_eq!(bar(0, 7), "");
        assert_eq!(bar(0, 0), "");
        assert_eq!(bar(usize::MAX, usize::MAX), "█".repeat(40));
    }

    #[test]
    fn one_is_not_plural() {
        assert_eq!(counted(1, "line"), "1 line");
        assert_eq!(counted(0, "line"), "0 lines");
        assert_eq!(counted(12_345, "line"), "12,345 lines");
    }
}
