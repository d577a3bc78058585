//! Which files a change touches: for `--changed` of `cargo model`, `cargo bugs` and
//! `cargo orderings`.

use std::path::Path;
use std::process::Command;

/// The files that differ from where this branch left `main`, committed or not, from the root of the
/// workspace. On `main` itself: the files that are not committed yet.
///
/// # Errors
///
/// If git fails, with its message.
pub fn files(root: &Path) -> Result<Vec<String>, String> {
    let base = git(root, &["merge-base", "main", "HEAD"])?;
    let mut files = git(root, &["diff", "--name-only", "--relative", base.trim()])?;
    files += &git(root, &["ls-files", "--others", "--exclude-standard"])?;
    let mut files: Vec<_> = files.lines().map(str::to_owned).collect();
    files.sort();
    files.dedup();
    Ok(files)
}

fn git(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .current_dir(root)
        .args(arguments)
        .output()
        .map_err(|error| format!("`--changed` asks git, which cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next().unwrap_or("it said nothing");
    Err(format!("`--changed` asks git for what differs from `main`: {said}"))
}

/// The module that a source file belongs to, as `crate/module`: `lock.rs` and all in `lock/` are
/// `primitives/lock`. `None` for a file that is not source of a shipped crate.
#[must_use]
pub fn module(file: &str) -> Option<(&str, &str)> {
    let (package, rest) = file.split_once("/src/")?;
    if !["primitives", "queues"].contains(&package) {
        return None;
    }
    let module = rest.split('/').next()?;
    Some((package, module.strip_suffix(".rs").unwrap_or(module)))
}
