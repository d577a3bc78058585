//! What is printed: a line for each bug, and a machine-readable total.

use std::time::Instant;

use crate::outcome::Outcome;

/// Prints the outcomes as they arrive.
pub(crate) struct Report {
    width: usize,
    show: bool,
    began: Instant,
    found: usize,
    not: Vec<String>,
    slowest: f64,
}

impl Report {
    pub(crate) fn new(names: impl Iterator<Item = String>, show: bool) -> Self {
        let width = names.map(|name| name.len()).max().unwrap_or(0);
        Self { width, show, began: Instant::now(), found: 0, not: Vec::new(), slowest: 0.0 }
    }

    /// One was tried.
    pub(crate) fn one(&mut self, name: &str, outcome: &Outcome) {
        let width = self.width;
        match outcome {
            Outcome::Found(found) => {
                self.found += 1;
                self.slowest = self.slowest.max(found.seconds);
                let (kind, executions, seconds, by) =
                    (&found.kind, found.executions, found.seconds, &found.by);
                println!(
                    "found   {name:<width$}  {kind:<14}  {executions:>6} executions  {seconds:>5.2} s  {by}"
                );
                if self.show {
                    println!("\n{}", found.shown);
                }
            }
            Outcome::Missed => {
                self.not.push(name.to_owned());
                println!("MISSED  {name:<width$}  what should find it passed");
            }
            Outcome::Broken(why) => {
                self.not.push(name.to_owned());
                println!("BROKEN  {name:<width$}  {why}");
            }
        }
    }

    /// The total. Returns whether all were found.
    pub(crate) fn close(self) -> bool {
        println!(
            "{} bugs found, {} not, in {:.0} s; the longest search took {:.2} s",
            self.found,
            self.not.len(),
            self.began.elapsed().as_secs_f64(),
            self.slowest,
        );
        if !self.not.is_empty() {
            println!("not found: {}", self.not.join(", "));
        }
        println!("{} passed, {} failed", self.found, self.not.len());
        self.not.is_empty() && self.found > 0
    }
}
