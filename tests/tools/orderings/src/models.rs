//! The models' side: what they execute, and whether one of them notices a weaker ordering.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

/// Models of the runtime itself: of the shipped code they execute only what they use themselves.
const OF_THE_RUNTIME: &str = "runtime/";

/// The runner, built.
pub(crate) struct Models {
    program: PathBuf,
    /// Source paths are relative to it.
    root: PathBuf,
}

/// A job for a worker.
#[derive(Serialize)]
pub(crate) struct Job<'a> {
    pub(crate) name: &'a str,
    pub(crate) mutant: Option<&'a str>,
    /// With main in one role.
    pub(crate) most_executions: Option<u64>,
    pub(crate) most_seconds: Option<f64>,
    pub(crate) no_trace: bool,
}

/// What it answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    Outcome(Box<Outcome>),
    Test(serde::de::IgnoredAny),
}

/// The result of a scenario.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) scenario: String,
    pub(crate) executions: u64,
    pub(crate) complete: bool,
    pub(crate) mutant_reached: bool,
    pub(crate) sites: Vec<Site>,
    pub(crate) verdict: Verdict,
}

/// An executed place.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) operation: String,
    /// None for a wake.
    pub(crate) order: Option<String>,
    pub(crate) failure: Option<String>,
    /// What the runtime can change there.
    pub(crate) changes: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(crate) enum Verdict {
    Holds,
    FailsAsItMust(serde::de::IgnoredAny),
    Fails(Failure),
    Unreached(serde::de::IgnoredAny),
    Missed(serde::de::IgnoredAny),
    BadMutant { error: String },
}

/// An execution that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Failure {
    pub(crate) kind: String,
    pub(crate) sentence: String,
    /// The role of each thread.
    #[serde(default)]
    pub(crate) threads: Vec<String>,
    /// The operations, in order. Empty if no record was wanted.
    #[serde(default)]
    pub(crate) rows: Vec<Row>,
}

/// One operation of one thread.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Row {
    pub(crate) thread: usize,
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) operation: String,
    pub(crate) order: Option<String>,
    pub(crate) note: Option<String>,
}

impl Site {
    /// `compare_exchange(Acquire, Relaxed)`, in the form of the source scan.
    pub(crate) fn text(&self) -> String {
        let orders: Vec<_> = self.order.iter().chain(&self.failure).map(String::as_str).collect();
        format!("{}({})", self.operation, orders.join(", "))
    }

    /// The changes that make an ordering weaker; `cargo bugs` tries the others.
    pub(crate) fn weaker(&self) -> impl Iterator<Item = &str> {
        self.changes.iter().map(String::as_str).filter(|change| !change.contains("wake"))
    }

    pub(crate) fn mutant(&self, change: &str) -> String {
        format!("{}:{}:{}={change}", self.file, self.line, self.column)
    }
}

impl Models {
    /// Builds the models of the workspace at `root`.
    pub(crate) fn build(root: &Path) -> Result<Self> {
        let program = model::build::build(root, "model", &root.join("target"))?;
        Ok(Self { program, root: root.to_owned() })
    }

    /// The names of all scenarios and tests but those of the runtime itself.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let output = self.command().arg("--list").output().context("cannot start the models")?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let names = str::from_utf8(&output.stdout)?.lines();
        Ok(names.filter(|name| !name.starts_with(OF_THE_RUNTIME)).map(str::to_owned).collect())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.root).env_remove("LOCKSMITH_MUTANT").stdin(Stdio::null());
        command
    }
}

/// A process that runs one scenario after the other. It ends by itself when its parent has ended.
pub(crate) struct Worker<'a> {
    models: &'a Models,
    process: Option<Process>,
}

struct Process {
    child: Child,
    jobs: ChildStdin,
    replies: BufReader<ChildStdout>,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(models: &'a Models) -> Self {
        Self { models, process: None }
    }

    /// Runs a job. `None` if it is not a scenario.
    pub(crate) fn run(&mut self, job: &Job<'_>) -> Result<Option<Box<Outcome>>> {
        let mut process = match self.process.take() {
            Some(process) => process,
            None => Process::start(self.models.command())?,
        };
        let reply = process.ask(job)?;
        self.process = Some(process); // where asking failed, the next job gets a new one
        Ok(match reply {
            Reply::Outcome(outcome) => Some(outcome),
            Reply::Test(_) => None,
        })
    }
}

impl Process {
    fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .arg("--worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the models")?;
        let jobs = child.stdin.take().context("its input is piped")?;
        let replies = BufReader::new(child.stdout.take().context("its output is piped")?);
        Ok(Self { child, jobs, replies })
    }

    fn ask(&mut self, job: &Job<'_>) -> Result<Reply> {
        // If it fails, the worker has died, and the read reports how.
        let _ = writeln!(self.jobs, "{}", serde_json::to_string(job)?);
        let mut line = String::new();
        loop {
            line.clear();
            if self.replies.read_line(&mut line)? == 0 {
                bail!("{} died: {}", job.name, self.child.wait()?);
            }
            // A line that does not parse was printed by a scenario.
            if let Ok(reply) = serde_json::from_str(&line) {
                return Ok(reply);
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_of_the_runner_is_understood() {
        let line = r#"{"outcome": {"scenario": "lock/try", "executions": 3, "complete": true,
            "mutant_reached": true, "more": 1, "sites": [{"file": "a/src/b.rs", "line": 1, "column": 2,
            "operation": "compare_exchange", "order": "AcqRel", "failure": "Acquire", "executed": 9,
            "changes": ["Acquire", "failure-Relaxed", "no-wake"]}],
            "verdict": {"is": "fails", "kind": "data_race", "sentence": "Data race", "rows": []}}}"#;
        let Reply::Outcome(outcome) = serde_json::from_str(line).unwrap() else {
            panic!("no test")
        };
        let site = &outcome.sites[0];
        assert_eq!(site.text(), "compare_exchange(AcqRel, Acquire)");
        assert_eq!(site.weaker().collect::<Vec<_>>(), ["Acquire", "failure-Relaxed"]);
        assert_eq!(site.mutant("Acquire"), "a/src/b.rs:1:2=Acquire");
        assert!(matches!(outcome.verdict, Verdict::Fails(failure) if failure.kind == "data_race"));
    }

    #[test]
    fn all_verdicts_are_understood() {
        for verdict in [
            r#"{"is": "holds"}"#,
            r#"{"is": "fails_as_it_must", "kind": "panic", "rows": []}"#,
            r#"{"is": "unreached", "missing": ["slept"]}"#,
            r#"{"is": "missed", "kind": "panic"}"#,
            r#"{"is": "bad_mutant", "error": "it does not fit"}"#,
        ] {
            serde_json::from_str::<Verdict>(verdict).unwrap_or_else(|e| panic!("{verdict}: {e}"));
        }
    }
}
