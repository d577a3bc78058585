//! The models: small programs whose every interleaving is tried. Run them with `cargo model`.
//!
//! A file a primitive. What a scenario is, and how to read what it prints: `tests/model`.

#[cfg(model)]
mod banking;
#[cfg(model)]
mod barrier;
#[cfg(model)]
mod bounded_semaphore;
#[cfg(model)]
mod condition;
#[cfg(model)]
mod countdown;
#[cfg(model)]
mod counted;
#[cfg(model)]
mod deadlock;
#[cfg(model)]
mod event;
#[cfg(model)]
mod executor;
#[cfg(model)]
mod listings;
#[cfg(model)]
mod lock;
#[cfg(model)]
mod notebook;
#[cfg(model)]
mod priority_queue;
#[cfg(model)]
mod queue;
#[cfg(model)]
mod ring;
#[cfg(model)]
mod rlock;
#[cfg(model)]
mod runtime;
#[cfg(model)]
mod semaphore;
#[cfg(model)]
mod stack;
#[cfg(model)]
mod task_queue;
#[cfg(model)]
mod thread;
#[cfg(model)]
mod timer;
#[cfg(model)]
mod timers;
#[cfg(model)]
mod treiber_stack;
#[cfg(model)]
mod watched;

// The alias `cargo model` sets the cfg and this variable. A RUSTFLAGS in the environment replaces the
// first without a word, and what was left would be a run of nothing that looks green.
#[cfg(not(model))]
const _: () = assert!(
    option_env!("LOCKSMITH_MODEL").is_none(),
    "`cargo model` came without `--cfg model`: RUSTFLAGS (or CARGO_ENCODED_RUSTFLAGS) in the environment \
     or `target.*.rustflags` in a cargo configuration replaces the alias's own flags; unset it",
);

#[cfg(model)]
fn main() -> std::process::ExitCode {
    model::runner::main(&[
        runtime::group(),
        counted::group(),
        listings::group(),
        lock::group(),
        deadlock::group(),
        rlock::group(),
        condition::group(),
        semaphore::group(),
        bounded_semaphore::group(),
        event::group(),
        barrier::group(),
        countdown::group(),
        timer::group(),
        timers::group(),
        thread::group(),
        queue::group(),
        stack::group(),
        priority_queue::group(),
        ring::group(),
        treiber_stack::group(),
        banking::group(),
        task_queue::group(),
        executor::group(),
    ])
}

#[cfg(not(model))]
fn main() {
    println!("the models were compiled without the model runtime: run `cargo model`");
}
