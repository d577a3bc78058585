#!/usr/bin/env bash
# loom, shuttle: no Condvar wakes spuriously there, so an `if` where a `while` is needed passes every interleaving
#
# Guess that fails: a checker of all interleavings finds the oldest mistake with conditions, a wait that looks only once.
# Version: loom 0.7.2, shuttle 0.8.1.
# Behaviour: std, POSIX and both checkers' pages say that a wait may return without a notify. In the checkers it never does. A
#   program that looks once and then waits once passes exhaustively in both; with a stray wake, which
#   the system may make, its assertion fails. A model has to bring such wakes itself (a notify at any moment by a thread
#   of its own).
# Seen (loom 0.7.2, shuttle 0.8.1):
#   loom: passes; with a stray notify: fails
#   shuttle: passes; with a stray notify: fails
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "checks"
version = "0.1.0"
edition = "2021"

[dependencies]
loom = "=0.7.2"
shuttle = "=0.8.1"
TOML
cat > "$folder/src/main.rs" <<'RUST'
use std::panic::catch_unwind;

/// The same program for both. A waiter looks once, and another thread makes it true. A third one may notify
/// for no reason.
macro_rules! waits_once {
    ($checker:ident, $stray:expr) => {{
        use std::sync::Arc;
        use $checker::sync::{Condvar, Mutex};
        use $checker::thread;

        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let (setter, stray) = (Arc::clone(&shared), Arc::clone(&shared));
        let setter = thread::spawn(move || {
            *setter.0.lock().unwrap() = true;
            setter.1.notify_one();
        });
        let stray = $stray.then(|| thread::spawn(move || stray.1.notify_one()));
        let mut ready = shared.0.lock().unwrap();
        if !*ready {
            ready = shared.1.wait(ready).unwrap();
        }
        assert!(*ready, "woken, and it is not ready");
        drop(ready);
        setter.join().unwrap();
        stray.map(|stray| stray.join().unwrap());
    }};
}

fn word(passes: bool) -> &'static str {
    if passes { "passes" } else { "fails" }
}

fn main() {
    std::panic::set_hook(Box::new(|_| ()));
    let loom = |stray: bool| catch_unwind(move || loom::model(move || waits_once!(loom, stray))).is_ok();
    let shuttle =
        |stray: bool| catch_unwind(move || shuttle::check_dfs(move || waits_once!(shuttle, stray), None)).is_ok();
    let answers = [("loom", loom(false), loom(true)), ("shuttle", shuttle(false), shuttle(true))];
    for (checker, alone, with_a_stray) in answers {
        println!("{checker}: {}; with a stray notify: {}", word(alone), word(with_a_stray));
        assert!(alone, "the behaviour has changed: it wakes a waiter spuriously");
        assert!(!with_a_stray, "the behaviour has changed: the program is right");
    }
}
RUST
cd "$folder"
cargo run --quiet 2> "$folder/errors" || { cat "$folder/errors"; exit 1; }
