//! What the runner prints: a line for each scenario, a table for a failure, a total.

use std::io::{self, Write};
use std::process;
use std::time::Duration;

use serde_json::json;

use super::{Arguments, Reply, TestOutcome};
use crate::report::{Outcome, Verdict};
use crate::world::mutant::Mutant;

/// The defaults, unless a line says otherwise.
const LEGEND: &str = "(complete: any number of preemptions, or as many as the line says; each thread may wake up spuriously \
    once, and time out once though others could still wake it)";

/// `println!` that ends the process without a panic when the reader closes the pipe
/// (`cargo model | head`).
macro_rules! say {
    ($($text:tt)*) => {
        if writeln!(io::stdout(), $($text)*).is_err() {
            process::exit(1);
        }
    };
}

/// A way to print.
pub(super) trait Print {
    /// Before the first.
    fn begin(&mut self, mutant: Option<&Mutant>);
    /// One came out.
    fn one(&mut self, reply: &Reply);
    /// After the last.
    fn end(&mut self, replies: &[Reply], took: Duration, arguments: &Arguments);
}

/// For people.
pub(super) struct Text {
    name: usize,
    group: String,
    /// Names that were given in full: for these the counterexample is shown even if it is expected.
    asked: Vec<String>,
    /// Whether a counterexample of this group was shown; one is enough.
    shown: bool,
}

/// For programs: one object per line.
pub(super) struct Json;

impl Text {
    pub(super) fn new(names: &[String], asked: &[String]) -> Self {
        let short = |name: &String| name.split_once('/').map_or(0, |(_, name)| name.len());
        Self {
            name: names.iter().map(short).max().unwrap_or(0),
            group: String::new(),
            asked: asked.to_vec(),
            shown: false,
        }
    }

    fn outcome(&mut self, name: &str, outcome: &Outcome) {
        let n = outcome.roles.len();
        let threads = format!("{n} thread{}", if n == 1 { " " } else { "s" });
        let reached: Vec<_> = outcome.reached.iter().map(|(what, _)| what.as_str()).collect();
        let found = outcome.counterexample().map(|found| found.kind.text().to_owned());
        say!(
            "  {name:<width$}  {threads}  {executions:>11} executions  {extent:<35}  {seconds:>6.2} s  {said}",
            width = self.name,
            executions = thousands(outcome.executions),
            extent = extent(outcome),
            seconds = outcome.seconds,
            said = found.unwrap_or_else(|| reached.join(", ")),
        );
        match &outcome.verdict {
            Verdict::Holds | Verdict::BadMutant { .. } => {}
            Verdict::FailsAsItMust(_) if !self.asked.contains(&outcome.scenario) => {}
            Verdict::Fails(found) if self.shown && !self.asked.contains(&outcome.scenario) => {
                say!("    To see it: {}", found.replay);
            }
            Verdict::Fails(counterexample) | Verdict::FailsAsItMust(counterexample) => {
                self.shown = true;
                say!("\n    {}\n\n{}\n", outcome.about, indented(&counterexample.to_string()));
            }
            Verdict::Unreached { missing } => {
                let missing = missing.join(", ");
                say!("    Never reached: {missing}. So this is not about what it says.");
            }
            Verdict::Missed { kind } => {
                say!("    There is a {} in it on purpose, and it was not found.", kind.text());
            }
        }
    }

    fn test(&self, name: &str, test: &TestOutcome) {
        let verdict = if test.error.is_none() { "passes" } else { "FAILS" };
        say!(
            "  {name:<width$}  {verdict:<63}  {seconds:>6.2} s",
            width = self.name,
            seconds = test.seconds,
        );
        if let Some(error) = &test.error {
            say!("{}", indented(error));
        }
    }
}

impl Print for Text {
    fn begin(&mut self, mutant: Option<&Mutant>) {
        if let Some(mutant) = mutant {
            say!("with the mutant {mutant}");
        }
    }

    fn one(&mut self, reply: &Reply) {
        let (group, name) = reply.name().split_once('/').unwrap_or(("", reply.name()));
        if self.group != group {
            say!("{group}");
            group.clone_into(&mut self.group);
            self.shown = false;
        }
        match reply {
            Reply::Outcome(outcome) => self.outcome(name, outcome),
            Reply::Test(test) => self.test(name, test),
            Reply::Died { how, .. } => {
                say!("  {name:<width$}  FAILS: its process ended: {how}", width = self.name);
            }
        }
    }

    fn end(&mut self, replies: &[Reply], took: Duration, arguments: &Arguments) {
        let bad: Vec<_> =
            replies.iter().filter(|reply| !reply.is_good()).map(Reply::name).collect();
        let verdict = match bad.as_slice() {
            [] if arguments.mutant.is_some() => "all hold, nothing notices the mutant".to_owned(),
            [] => "all hold".to_owned(),
            bad => format!("{} fail: {}", bad.len(), bad.join(", ")),
        };
        let models = if replies.len() == 1 {
            "1 model".to_owned()
        } else {
            format!("{} models", replies.len())
        };
        say!("{LEGEND}");
        say!(
            "{models}, {} executions, {:.1} s with {} at a time: {verdict}",
            thousands(executions(replies)),
            took.as_secs_f64(),
            arguments.jobs,
        );
    }
}

impl Print for Json {
    fn begin(&mut self, _: Option<&Mutant>) {}

    fn one(&mut self, reply: &Reply) {
        say!("{}", serde_json::to_string(reply).expect("a reply has nothing odd"));
    }

    fn end(&mut self, replies: &[Reply], took: Duration, arguments: &Arguments) {
        let summary = json!({
            "summary": {
                "models": replies.len(),
                "good": replies.iter().filter(|reply| reply.is_good()).count(),
                "executions": executions(replies),
                "seconds": took.as_secs_f64(),
                "jobs": arguments.jobs,
                "mutant": arguments.mutant.as_ref().map(ToString::to_string),
            }
        });
        say!("{summary}");
    }
}

fn executions(replies: &[Reply]) -> u64 {
    replies
        .iter()
        .map(|reply| match reply {
            Reply::Outcome(outcome) => outcome.executions,
            _ => 0,
        })
        .sum()
}

/// The extent of the search.
fn extent(outcome: &Outcome) -> String {
    match outcome.verdict {
        Verdict::FailsAsItMust(_) => return "fails as it must".to_owned(),
        Verdict::Fails(_) => return "FAILS".to_owned(),
        Verdict::Unreached { .. } => return "REACHES TOO LITTLE".to_owned(),
        Verdict::Missed { .. } => return "FINDS NOTHING".to_owned(),
        Verdict::BadMutant { .. } => return "cannot be".to_owned(),
        Verdict::Holds => {}
    }
    let mut extent = if outcome.complete { "complete" } else { "stopped" }.to_owned();
    if let Some(bound) = outcome.bound {
        extent += &format!(", {bound} preemptions");
    }
    if outcome.spurious != 1 {
        extent += &format!(", {} spurious", outcome.spurious);
    }
    if outcome.timeouts != 1 {
        extent += &format!(", {} timeouts", outcome.timeouts);
    }
    extent
}

/// 1234567 as 1,234,567.
fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
