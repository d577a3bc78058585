//! A counterexample as a table: a row an operation, a column a thread.

use std::fmt;
use std::path::Path;

use generated::place;

use super::{Counterexample, Row};

impl Row {
    /// `lock.rs:142`; nothing for what the runtime itself does.
    #[must_use]
    pub fn place(&self) -> String {
        if Path::new(&self.file).starts_with("tests/tools/model-runtime") {
            return String::new();
        }
        format!("{}:{}", place::short(&self.file), self.line)
    }

    /// The text in the thread's column.
    #[must_use]
    pub fn cell(&self) -> String {
        let mut cell = self.operation.clone();
        if let Some(order) = &self.order {
            cell += "  ";
            cell += order;
        }
        if let Some(note) = &self.note {
            cell += &format!("  ({note})");
        }
        cell
    }
}

/// The table, the sentence, the command that reproduces it.
impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads: Vec<_> = (0..)
            .zip(&self.threads)
            .map(|(thread, role)| {
                let main = if thread == 0 { ", main" } else { "" };
                format!("thread {thread}{main}: {role}")
            })
            .collect();
        let step = self.rows.len().to_string().len().max("step".len());
        let place = self.rows.iter().map(|row| width(&row.place())).chain(["line".len()]).max();
        let place = place.unwrap_or_default();
        let columns: Vec<_> = (0..)
            .zip(&heads)
            .map(|(thread, head)| {
                let cells = self.rows.iter().filter(|row| row.thread == thread);
                cells.map(|row| width(&row.cell())).chain([width(head)]).max().unwrap_or(0)
            })
            .collect();

        if !self.rows.is_empty() {
            let mut line = |first: &str, second: &str, cells: &[&str]| {
                let cells = cells.iter().zip(&columns);
                let cells = cells.map(|(cell, column)| format!(" │ {cell:<column$}"));
                let line = format!("{first:>step$}  {second:<place$}{}", cells.collect::<String>());
                writeln!(f, "{}", line.trim_end())
            };
            line("step", "line", &heads.iter().map(String::as_str).collect::<Vec<_>>())?;
            let rules: Vec<_> = columns.iter().map(|&column| "─".repeat(column)).collect();
            let rules: Vec<_> = rules.iter().map(String::as_str).collect();
            line(&"─".repeat(step), &"─".repeat(place), &rules)?;
            for (number, row) in (1..).zip(&self.rows) {
                let cell = row.cell();
                let mut cells = vec![""; columns.len()];
                cells[row.thread] = &cell;
                line(&number.to_string(), &row.place(), &cells)?;
            }
            writeln!(f)?;
        }
        writeln!(f, "{}", wrapped(&self.sentence))?;
        write!(f, "See it again: {}", self.replay)
    }
}

/// Columns on the screen.
fn width(text: &str) -> usize {
    text.chars().count()
}

/// The text in lines that fit a screen.
fn wrapped(text: &str) -> String {
    const WIDTH: usize = 100;
    let mut lines = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        if used > 0 && used + 1 + width(word) > WIDTH {
            lines.push('\n');
            used = 0;
        } else if used > 0 {
            lines.push(' ');
            used += 1;
        }
        lines += word;
        used += width(word);
    }
    lines
}
