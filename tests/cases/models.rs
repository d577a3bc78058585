//! The models: small programs whose every interleaving is tried. Run them with `cargo model`.
//!
//! Each is the file `models.rs` in the folder of a primitive. For scenarios and their output see
//! `tests/tools/model-runtime`.

#[cfg(model)]
use model::Group;

#[cfg(model)]
cases::modules!(models);

// The alias `cargo model` sets the cfg and this variable. A RUSTFLAGS in the environment silently
// replaces the first, and the run would be empty but green.
#[cfg(not(model))]
const _: () = assert!(
    option_env!("LOCKSMITH_MODEL").is_none(),
    "`cargo model` came without `--cfg model`: RUSTFLAGS (or CARGO_ENCODED_RUSTFLAGS) in the environment \
     or `target.*.rustflags` in a cargo configuration replaces the alias's own flags; unset it",
);

/// The name of a folder, and the group that it holds.
#[cfg(model)]
type Case = (&'static str, fn() -> Group);

#[cfg(model)]
fn main() -> std::process::ExitCode {
    let cases: &[Case] = &cases::each!(models::group);
    let groups: Vec<_> = cases.iter().map(|(_, group)| group()).collect();
    model::runner::main(&groups)
}

#[cfg(not(model))]
fn main() {
    println!("the models were compiled without the model runtime: run `cargo model`");
}
