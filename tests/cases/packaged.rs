//! The crates as they are published, used by a program outside this workspace.
//!
//! The packed files are unpacked into a temporary folder and a program is built on them alone. It
//! compiles without a warning. Its lock file has itself, our crates, and the dependencies of
//! requested features: a lock brings neither a model runtime nor a test library. Nothing is
//! fetched, because everything was built here before.

use watchdog as _;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folders of the crates, each after its dependencies.
const CRATES: [&str; 2] = ["primitives", "queues"];

/// The packed crates, unpacked.
struct Packaged {
    root: tempfile::TempDir,
    /// The name that each has in the registry.
    names: [String; 2],
    folders: [PathBuf; 2],
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("`tests` lies in the workspace's root")
}

fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(folder).stdin(Stdio::null()).env("CARGO_NET_OFFLINE", "true");
    // A sanitizer's flags or another target folder are not meant for this program.
    for name in
        ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_TARGET_DIR"]
    {
        command.env_remove(name);
    }
    command
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `name = "x"` in the first lines of a manifest.
fn field(manifest: &str, key: &str) -> String {
    let line = manifest.lines().find_map(|line| line.strip_prefix(key)?.trim().strip_prefix('='));
    line.unwrap_or_else(|| panic!("a manifest without `{key}`")).trim().trim_matches('"').to_owned()
}

impl Packaged {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let manifest = |folder| repository().join(folder).join("Cargo.toml");
        let names =
            CRATES.map(|folder| field(&fs::read_to_string(manifest(folder)).unwrap(), "name"));
        let mut pack = cargo(repository());
        pack.args(["package", "--quiet", "--offline", "--no-verify", "--allow-dirty"]);
        pack.args(["--exclude-lockfile", "--target-dir"]).arg(root.path());
        pack.args(names.iter().flat_map(|name| ["--package", name]));
        run(&mut pack);
        let version =
            field(&fs::read_to_string(repository().join("Cargo.toml")).unwrap(), "version");
        let folders = names.each_ref().map(|name| {
            let packed = format!("package/{name}-{version}.crate");
            run(Command::new("tar").arg("-xzf").arg(packed).current_dir(root.path()));
            root.path().join(format!("{name}-{version}"))
        });
        Self { root, names, folders }
    }

    /// A program `outside` that asks for these of `CRATES`, with these features.
    fn program(&self, case: &str, wanted: &[usize], features: &[&str], main: &str) -> PathBuf {
        let folder = self.root.path().join(case);
        fs::create_dir_all(folder.join("src")).unwrap();
        let by_path = |which: usize, more: &str| {
            let (name, path) = (&self.names[which], self.folders[which].display().to_string());
            format!("{name} = {{ path = {path:?}{more} }}\n")
        };
        let features = format!(", features = {features:?}");
        let wanted: String = wanted.iter().map(|&which| by_path(which, &features)).collect();
        // The second asks the registry for the first, as any program does.
        let patch = by_path(0, "");
        let manifest = format!(
            "[package]\nname = \"outside\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\n{wanted}\n[patch.crates-io]\n{patch}\n[workspace]\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        fs::write(folder.join("src/main.rs"), main).unwrap();
        folder
    }

    /// The names in the lock file of the program, ours by their folder.
    fn locked(&self, folder: &Path) -> Vec<String> {
        run(cargo(folder).args(["generate-lockfile", "--quiet", "--offline"]));
        let lock_file = fs::read_to_string(folder.join("Cargo.lock")).unwrap();
        let names = lock_file.lines().filter_map(|line| line.strip_prefix("name = "));
        let mut names: Vec<_> = names
            .map(|name| name.trim_matches('"'))
            .map(|name| match self.names.iter().position(|ours| ours == name) {
                Some(which) => CRATES[which].to_owned(),
                None => name.to_owned(),
            })
            .collect();
        names.sort();
        names
    }
}

const LOCKS: &str = "fn main() { assert_eq!(*primitives::Lock::new(7).lock(), 7); }\n";

const QUEUES: &str = "fn main() {\n    let queue = queues::Queue::bounded(1);\n    \
    queue.put(7).unwrap();\n    assert_eq!(queue.get().unwrap(), 7);\n}\n";

/// The examples of each crate, and those that need the detector.
const EXAMPLES: [(&[&str], &str); 2] = [
    (&["server", "cache"], "deadlock"),
    (&["worker_server", "house", "cached_lookups"], "stuck_pipeline"),
];

/// Runs the examples that lie in the packages, as programs outside that copied them.
#[test]
fn the_examples_in_the_packages_run() {
    let packaged = Packaged::new();
    for detector in [false, true] {
        let features: &[&str] = if detector { &["deadlock-detection"] } else { &[] };
        let case = if detector { "examples-detector" } else { "examples" };
        let outside = packaged.program(case, &[0, 1], features, LOCKS);
        fs::create_dir(outside.join("src/bin")).unwrap();
        let mut programs = Vec::new();
        for (folder, (plain, watched)) in packaged.folders.iter().zip(EXAMPLES) {
            let examples = if detector { &[watched][..] } else { plain };
            for example in examples {
                let source = folder.join(format!("examples/{example}.rs"));
                fs::copy(source, outside.join(format!("src/bin/{example}.rs"))).unwrap();
                programs.push(*example);
            }
        }
        let mut build = cargo(&outside);
        run(build.args(["build", "--quiet", "--offline"]).env("RUSTFLAGS", "-D warnings"));
        for program in programs {
            let said = run(&mut Command::new(outside.join("target/debug").join(program)));
            assert!(said.lines().count() > 0, "{program} says what it has shown");
        }
    }
    for (folder, (plain, _)) in packaged.folders.iter().zip(EXAMPLES) {
        let there = fs::read_dir(folder.join("examples")).unwrap().count();
        assert_eq!(there, plain.len() + 1, "each example in {} is run here", folder.display());
    }
}

/// The files that a package needs beside its source, and that the manifest names what is there.
#[test]
fn a_package_has_its_licences_and_its_first_page() {
    let packaged = Packaged::new();
    for folder in &packaged.folders {
        for name in ["LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"] {
            let packed = fs::read_to_string(folder.join(name)).unwrap();
            let ours = fs::read_to_string(repository().join(name)).unwrap();
            assert!(packed == ours, "{name} in {}", folder.display());
        }
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        for key in ["description", "readme", "license", "repository", "rust-version", "keywords"] {
            assert!(manifest.contains(&format!("\n{key} = ")), "{key} in {}", folder.display());
        }
        assert!(fs::read_to_string(folder.join("README.md")).unwrap().contains("```rust"));
    }
}

/// Its name, which crate it depends on, with which features, its source, and what its lock file
/// holds.
type Case<'a> = (&'a str, usize, &'a [&'a str], &'a str, Vec<&'a str>);

#[test]
fn a_program_outside_gets_ours_and_what_it_asked_for() {
    let packaged = Packaged::new();
    let every_feature = ["portable", "lock_api", "deadlock-detection"];
    let detector = ["deadlock-detection"];
    let (libc, lock_api) = (["libc", "outside", "primitives"], ["lock_api", "scopeguard"]);
    let cases: [Case; 4] = [
        ("locks", 0, &[], LOCKS, libc.to_vec()),
        ("locks-all", 0, &every_feature, LOCKS, [&libc[..], &lock_api].concat()),
        ("queues", 1, &[], QUEUES, [&libc[..], &["queues"]].concat()),
        ("queues-detector", 1, &detector, QUEUES, [&libc[..], &["queues"]].concat()),
    ];
    for (case, which, features, main, mut expected) in cases {
        let folder = packaged.program(case, &[which], features, main);
        expected.sort_unstable();
        assert_eq!(packaged.locked(&folder), expected, "{case}");
    }
    // Compiling once shows that the package is complete; the features are compiled in the
    // workspace.
    let queues = packaged.root.path().join("queues");
    run(cargo(&queues)
        .args(["run", "--quiet", "--offline", "--locked"])
        .env("RUSTFLAGS", "-D warnings"));
}
