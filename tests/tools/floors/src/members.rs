//! The crates of the workspace, as cargo knows them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// A library or a program.
#[derive(Debug)]
pub struct Member {
    /// Cargo's name for it.
    pub name: String,
    /// Its root file, from the workspace's root.
    pub file: PathBuf,
}

/// Every library and program of the workspace at `root`.
///
/// # Errors
///
/// Cargo's, and an answer that cannot be read.
pub fn members(root: &Path) -> Result<Vec<Member>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value =
        serde_json::from_slice(&output.stdout).context("cargo metadata is no JSON")?;
    let mut members = Vec::new();
    for package in answer["packages"].as_array().context("no packages")? {
        for target in package["targets"].as_array().context("no targets")? {
            let kinds = target["kind"].as_array().context("no kind")?;
            if kinds.iter().any(|kind| kind == "lib" || kind == "bin" || kind == "proc-macro") {
                let file = Path::new(target["src_path"].as_str().context("no path")?);
                members.push(Member {
                    name: target["name"].as_str().context("no name")?.to_owned(),
                    file: file.strip_prefix(root).unwrap_or(file).to_path_buf(),
                });
            }
        }
    }
    Ok(members)
}
