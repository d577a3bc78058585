//! Keeps the caller's environment from changing what is checked.
//!
//! The worst changes are silent: `RUSTFLAGS` replaces the flags that switch the models on,
//! `LOOM_MAX_DURATION` ends their search early and green, `PROPTEST_CASES=1` leaves one case of a
//! property. Such variables are removed from the environment of every step, and the run says so.

use std::ffi::OsString;
use std::process::Command;

/// Variables by their whole name.
const NAMES: &[&str] = &[
    // Flags of the compilers: they replace those of the steps.
    "RUSTFLAGS",
    "RUSTDOCFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_ENCODED_RUSTDOCFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_RUSTDOCFLAGS",
    "CLIPPY_CONF_DIR",
    // The target and its folder: the models and ThreadSanitizer have their own folders.
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_BUILD_BUILD_DIR",
    "CARGO_BUILD_TARGET",
];

/// Families of variables, by how their names begin.
const FAMILIES: &[&str] = &[
    "CARGO_PROFILE_", // debug assertions, optimisation
    "LOCKSMITH_",     // the project's own switches
    "LOOM_",          // bounds of the search
    "PROPTEST_",      // number of cases
    "RUST_TEST_",     // threads, order
    "TSAN_",          // suppressions, exit status
    "MDBOOK_",        // settings of the book
];

/// Would this variable change what a step checks?
fn changes_meaning(name: &str) -> bool {
    // CARGO_TARGET_<TRIPLE>_RUSTFLAGS and _RUNNER: it overrides `build.rustflags`, and a runner
    // could skip tests.
    let of_target = name.starts_with("CARGO_TARGET_")
        && ["_RUSTFLAGS", "_RUSTDOCFLAGS", "_RUNNER"].iter().any(|end| name.ends_with(end));
    of_target || NAMES.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family))
}

/// The variables among `names` that the steps do not get, sorted.
fn filter(names: impl Iterator<Item = OsString>) -> Vec<String> {
    let mut found: Vec<_> = names
        .filter_map(|name| name.into_string().ok())
        .filter(|name| changes_meaning(name))
        .collect();
    found.sort();
    found
}

/// The caller's variables that the steps do not get.
pub(crate) fn ignored() -> Vec<String> {
    filter(std::env::vars_os().map(|(name, _)| name))
}

/// Gives `command` the caller's environment without them.
pub(crate) fn clean(command: &mut Command) {
    for name in ignored() {
        command.env_remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept_away(names: &[&str]) -> Vec<String> {
        filter(names.iter().map(OsString::from))
    }

    #[test]
    fn what_would_switch_the_models_off_is_kept_away() {
        let names = [
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS",
            "LOCKSMITH_MODEL",
            "LOOM_MAX_PREEMPTIONS",
            "RUSTFLAGS",
        ];
        assert_eq!(kept_away(&names), names);
    }

    #[test]
    fn what_would_weaken_a_test_is_kept_away() {
        let names = ["CARGO_PROFILE_DEV_DEBUG_ASSERTIONS", "PROPTEST_CASES", "TSAN_OPTIONS"];
        assert_eq!(kept_away(&names), names);
    }

    #[test]
    fn what_changes_no_meaning_stays() {
        let names = [
            "PATH",
            "HOME",
            "CARGO",
            "CARGO_HOME",
            "CARGO_BUILD_JOBS",
            "CARGO_NET_OFFLINE",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
            "CARGO_TERM_COLOR",
            "RUSTUP_TOOLCHAIN",
            "RUSTC_WRAPPER",
        ];
        assert!(kept_away(&names).is_empty());
    }

    #[test]
    fn a_cleaned_command_does_not_see_them() {
        // RUST_TEST_THREADS may be set while these tests run; either way no such name is left in.
        let mut command = Command::new("cargo");
        clean(&mut command);
        let removed: Vec<_> = command
            .get_envs()
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .collect();
        assert_eq!(removed, ignored());
    }
}
