//! Builds the models as the alias `cargo model` does, for the programs that run them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Builds the models of the workspace at `folder` into `target`. Returns the program.
///
/// # Errors
///
/// If they do not compile: a line with the reason, and then cargo's whole output.
pub fn build(folder: &Path, profile: &str, target: &Path) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "--locked", "--package", "tests", "--test", "models", "--profile", profile])
        .args(["--no-run", "--message-format", "json-render-diagnostics", "--target-dir"])
        .arg(target)
        .env("RUSTFLAGS", "--cfg model")
        .env("LOCKSMITH_MODEL", "1")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let first =
            said.lines().find(|line| line.starts_with("error")).unwrap_or("no reason given");
        bail!("it does not compile: {first}\n\n{}", said.trim());
    }
    str::from_utf8(&output.stdout)?
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo built no program")
}
