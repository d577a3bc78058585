//! Sets up what a step requires, or says in one line what is missing.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::environment;
use crate::report::Outcome;
use crate::runner::cargo;
use crate::steps::{Need, Step};

/// Makes sure that what `step` needs is there. The error is the outcome of the step that cannot
/// run: a failure if it is required, a skip if it is optional.
pub(crate) fn meet(step: &Step, root: &Path) -> Result<(), Outcome> {
    match step.needs {
        Need::Nothing => Ok(()),
        Need::Component { rustup, cargo: subcommand } => component(
            rustup,
            || output(cargo().args([subcommand, "--version"]), root).is_ok(),
            || output(Command::new("rustup").args(["component", "add", rustup]), root),
        )
        .map_err(Outcome::Failed),
        Need::Sanitizer { name, runtime } => {
            sanitizer(name, runtime, root).map_err(Outcome::Skipped)
        }
        Need::Toolchain(name) => toolchain(name, root).map_err(Outcome::Skipped),
        Need::Targets => targets(step, root).map_err(Outcome::Skipped),
        Need::StdSource => std_source(root).map_err(Outcome::Skipped),
        Need::Miri => miri(root).map_err(Outcome::Skipped),
        Need::Chromium => chromium(root).map_err(Outcome::Skipped),
        Need::Valgrind => valgrind(root).map_err(Outcome::Skipped),
    }
}

/// Installs the component `name` unless it is present.
fn component(
    name: &str,
    present: impl Fn() -> bool,
    install: impl FnOnce() -> Result<String, String>,
) -> Result<(), String> {
    if present() {
        return Ok(());
    }
    match install() {
        Ok(_) if present() => Ok(()),
        Ok(_) => Err(format!("{name} is missing, though `rustup component add {name}` succeeded")),
        Err(why) => {
            Err(format!("{name} is missing, and `rustup component add {name}` failed: {why}"))
        }
    }
}

/// Is there a toolchain of this name?
fn toolchain(name: &str, root: &Path) -> Result<(), String> {
    output(Command::new("rustup").args(["run", name, "rustc", "--version"]), root)
        .map(drop)
        .map_err(|_| {
            format!("no toolchain {name}: `rustup toolchain install {name} --profile minimal`")
        })
}

/// Is there a nightly toolchain with this sanitizer's runtime for this machine?
fn sanitizer(name: &str, runtime: &str, root: &Path) -> Result<(), String> {
    toolchain("nightly", root)?;
    let libraries = output(
        Command::new("rustup").args(["run", "nightly", "rustc", "--print", "target-libdir"]),
        root,
    )?;
    let there = std::fs::read_dir(libraries.trim())
        .into_iter()
        .flatten()
        .flatten()
        .any(|file| file.file_name().to_string_lossy().contains(runtime));
    if there { Ok(()) } else { Err(format!("nightly has no {name} for this system")) }
}

/// Is the standard library there for all targets of the step?
fn targets(step: &Step, root: &Path) -> Result<(), String> {
    let missing: Vec<&str> = step.targets().filter(|target| !has_std(target, root)).collect();
    match missing.join(" ") {
        none if none.is_empty() => Ok(()),
        missing => Err(format!("no standard library: `rustup target add {missing}`")),
    }
}

fn has_std(target: &str, root: &Path) -> bool {
    let print = ["--print", "target-libdir", "--target", target];
    output(Command::new("rustc").args(print), root)
        .is_ok_and(|folder| Path::new(folder.trim()).is_dir())
}

/// Is there a nightly toolchain with the source of std, to be compiled for a system for which Rust
/// ships none?
fn std_source(root: &Path) -> Result<(), String> {
    let ask = ["run", "nightly", "rustc", "--print", "sysroot"];
    let there = output(Command::new("rustup").args(ask), root).is_ok_and(|sysroot| {
        Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library").is_dir()
    });
    let how = "no source of std: `rustup toolchain install nightly --profile minimal -c rust-src`";
    if there { Ok(()) } else { Err(how.to_owned()) }
}

/// Is there a nightly toolchain with Miri, and the source of std, which Miri runs?
fn miri(root: &Path) -> Result<(), String> {
    std_source(root)?;
    let ask = ["run", "nightly", "cargo", "miri", "--version"];
    let how = "no Miri: `rustup toolchain install nightly --profile minimal -c miri -c rust-src`";
    output(Command::new("rustup").args(ask), root).map(drop).map_err(|_| how.to_owned())
}

/// Is there a browser for the test of the pages? It tries these names.
fn chromium(root: &Path) -> Result<(), String> {
    let named = std::env::var("CHROMIUM").ok();
    if named.as_deref() == Some("") {
        return Err("CHROMIUM is empty, which says that there is none".to_owned());
    }
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let found = named
        .into_iter()
        .chain(names.map(str::to_owned))
        .any(|name| output(Command::new(name).arg("--version"), root).is_ok());
    let how = "no Chromium: `apt-get install chromium`, or name one in the variable CHROMIUM";
    if found { Ok(()) } else { Err(how.to_owned()) }
}

/// Is there a valgrind, to count instructions with?
fn valgrind(root: &Path) -> Result<(), String> {
    match output(Command::new("valgrind").arg("--version"), root) {
        Ok(_) => Ok(()),
        Err(_) => Err("no valgrind: `apt-get install valgrind`".to_owned()),
    }
}

/// What `command` printed; the error is the first line of its complaint.
fn output(command: &mut Command, root: &Path) -> Result<String, String> {
    environment::clean(command);
    let output = command
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run {}: {error}", command.get_program().display()))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(complaint.lines().next().unwrap_or("it does not say why").to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_present_component_is_not_installed() {
        assert_eq!(component("rustfmt", || true, || panic!("installs")), Ok(()));
    }

    #[test]
    fn a_missing_component_is_installed() {
        let there = Cell::new(false);
        let install = || {
            there.set(true);
            Ok(String::new())
        };
        assert_eq!(component("rustfmt", || there.get(), install), Ok(()));
        assert!(there.get());
    }

    #[test]
    fn a_component_that_cannot_be_had_is_one_clear_line() {
        let error = component("clippy", || false, || Err("error: no network".into())).unwrap_err();
        assert_eq!(
            error,
            "clippy is missing, and `rustup component add clippy` failed: error: no network"
        );
        assert!(component("clippy", || false, || Ok(String::new())).is_err());
    }

    #[test]
    fn a_toolchain_that_is_not_there_comes_with_the_command_that_installs_it() {
        let error = toolchain("0.9.0", Path::new(".")).unwrap_err();
        assert!(error.ends_with("`rustup toolchain install 0.9.0 --profile minimal`"), "{error}");
    }

    #[test]
    fn targets_that_are_not_there_come_with_the_command_that_adds_them() {
        let step = Step::new("x", "", "cargo check --target no-such --target host-less --locked");
        let error = targets(&step, Path::new(".")).unwrap_err();
        assert_eq!(error, "no standard library: `rustup target add no-such host-less`");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = output(&mut Command::new("no-such-program"), Path::new(".")).unwrap_err();
        assert!(error.starts_with("cannot run no-such-program: "), "{error}");
    }
}
