//! Building the models of a workspace, and running some of them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::outcome::{Found, Outcome};

/// The runner, built.
pub(crate) struct Models {
    program: PathBuf,
    /// Source paths are relative to it.
    folder: PathBuf,
}

/// An executed place.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) operation: String,
}

/// Builds the models of the workspace at `folder`, as the alias `cargo model` does.
pub(crate) fn build(folder: &Path, profile: &str, target: &Path) -> Result<Models> {
    let program = model::build::build(folder, profile, target)?;
    Ok(Models { program, folder: folder.to_owned() })
}

impl Models {
    /// Runs the models that `names` selects until one fails.
    pub(crate) fn run(&self, names: &str, mutant: Option<&str>) -> Result<Outcome> {
        for scenario in self.list(names)? {
            let mut command = self.command();
            command.args([&scenario, "--json", "--jobs", "1"]);
            if let Some(mutant) = mutant {
                command.args(["--mutant", mutant]);
            }
            let output = command.output().context("cannot start the models")?;
            for reply in replies(&output.stdout) {
                if let Some(death) = reply.get("died") {
                    return Ok(Outcome::Broken(format!("{scenario} died: {}", death["how"])));
                }
                let Some(outcome) = reply.get("outcome") else { continue };
                let verdict = &outcome["verdict"];
                // A scenario that no longer reaches its goal has noticed a change, but not the
                // mistake; only a counterexample counts.
                if verdict["is"] == "fails" {
                    return Ok(Outcome::Found(Found {
                        by: scenario,
                        kind: verdict["kind"].as_str().unwrap_or("failure").replace('_', " "),
                        executions: outcome["executions"].as_u64().unwrap_or(0),
                        seconds: outcome["seconds"].as_f64().unwrap_or(0.0),
                        shown: self.show(outcome, mutant),
                    }));
                }
            }
        }
        Ok(Outcome::Missed)
    }

    /// The places that the selected models execute, by scenario.
    pub(crate) fn sites(&self, names: &str) -> Result<Vec<(String, Vec<Site>)>> {
        let output = self.command().args([names, "--json"]).output()?;
        let mut sites = Vec::new();
        for reply in replies(&output.stdout) {
            let Some(outcome) = reply.get("outcome") else { continue };
            let name = outcome["scenario"].as_str().context("an outcome without a scenario")?;
            sites.push((name.to_owned(), Vec::deserialize(&outcome["sites"])?));
        }
        Ok(sites)
    }

    /// All scenarios that `names` selects.
    fn list(&self, names: &str) -> Result<Vec<String>> {
        let output = self.command().args([names, "--list"]).output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(str::from_utf8(&output.stdout)?.lines().map(str::to_owned).collect())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder).env_remove("LOCKSMITH_MUTANT").stdin(Stdio::null());
        command
    }

    /// The counterexample as text. The runner prints it without `--json`.
    fn show(&self, outcome: &Value, mutant: Option<&str>) -> String {
        let Some(scenario) = outcome["scenario"].as_str() else { return String::new() };
        let mut command = self.command();
        command.args([scenario, "--jobs", "1"]);
        if let Some(mutant) = mutant {
            command.args(["--mutant", mutant]);
        }
        let output = command.output();
        output
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .unwrap_or_default()
    }
}

fn replies(output: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(output);
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
