//! Runs one step to its end, its output in a log file.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::environment;
use crate::interrupt::{self, Force};
use crate::report::Outcome;
use crate::steps::{Evidence, Step};

/// How often the runner checks the end of the step, Ctrl-C, and the live line.
const TICK: Duration = Duration::from_millis(50);

/// A step that has not ended by then counts as hanging: in a project of locks that is a finding.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// How long the processes of a step may clean up after they were asked to end.
const GRACE: Duration = Duration::from_secs(2);

/// Cargo itself: the one that runs this program, so that a `cargo +toolchain verify` stays with it.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
}

/// Runs `step` in `root`; calls `watch` with the log's path while it runs and once after its end.
pub(crate) fn run(step: &Step, root: &Path, watch: impl FnMut(&Path)) -> Outcome {
    run_limited(step, root, LIMIT, watch)
}

fn run_limited(step: &Step, root: &Path, limit: Duration, mut watch: impl FnMut(&Path)) -> Outcome {
    let log = root.join(step.log());
    let mut child = match start(step, root, &log) {
        Ok(child) => child,
        Err(error) => return Outcome::Failed(format!("cannot start: {error}")),
    };
    let end = wait(&mut child, limit, || watch(&log));
    watch(&log);
    match end {
        Ok(End::Exited(status)) if status.success() => judge(step.evidence, &log),
        Ok(End::Exited(status)) => Outcome::Failed(status.to_string()),
        Ok(End::Interrupted) => Outcome::Failed("interrupted".to_owned()),
        Ok(End::Hung) => Outcome::Failed(format!("not done after {} s, ended", limit.as_secs())),
        Err(error) => Outcome::Failed(format!("cannot wait for it: {error}")),
    }
}

/// Starts the step in its own process group, with output and errors in one log.
fn start(step: &Step, root: &Path, log: &Path) -> io::Result<Child> {
    fs::create_dir_all(log.parent().expect("a log lies in a folder"))?;
    let output = File::create(log)?;
    let mut words = step.command.split_whitespace();
    let mut command = match words.next().expect("a step has a command") {
        "cargo" => cargo(),
        program => Command::new(program),
    };
    environment::clean(&mut command);
    command
        .args(words)
        .envs(step.env.iter().copied())
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}

/// How a step's processes ended.
enum End {
    Exited(ExitStatus),
    Interrupted,
    Hung,
}

fn wait(child: &mut Child, limit: Duration, mut watch: impl FnMut()) -> io::Result<End> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(End::Exited(status));
        }
        if interrupt::requested() {
            return end(child).map(|()| End::Interrupted);
        }
        if start.elapsed() >= limit {
            return end(child).map(|()| End::Hung);
        }
        watch();
        thread::sleep(TICK);
    }
}

/// Ends the child and its descendants: asks them, waits a moment, then kills the rest.
fn end(child: &mut Child) -> io::Result<()> {
    interrupt::end_group(child, Force::Ask);
    let asked = Instant::now();
    while child.try_wait()?.is_none() && asked.elapsed() < GRACE {
        thread::sleep(TICK);
    }
    interrupt::end_group(child, Force::Kill);
    child.wait().map(drop)
}

const NOTHING_RAN: &str = "it ended green, but its output shows nothing that ran";

/// Checks the log for what a green exit status does not show.
fn judge(evidence: Evidence, log: &Path) -> Outcome {
    let output = match fs::read(log) {
        Ok(output) => String::from_utf8_lossy(&output).into_owned(),
        Err(error) => return Outcome::Failed(format!("cannot read its log: {error}")),
    };
    let count = match evidence {
        Evidence::Status => return Outcome::Passed(None),
        Evidence::Tests => counted(tests_passed(&output), "tests"),
        Evidence::Models => models_explored(&output),
        Evidence::Benches => counted(benches_run(&output), "benches"),
    };
    match count {
        Some(count) => Outcome::Passed(Some(count)),
        None => Outcome::Failed(NOTHING_RAN.to_owned()),
    }
}

/// `12 tests`; empty for none.
fn counted(number: usize, what: &str) -> Option<String> {
    (number > 0).then(|| format!("{number} {what}"))
}

/// The sum over libtest's closing lines, `test result: ok. 12 passed; 0 failed; …`.
fn tests_passed(output: &str) -> usize {
    output
        .lines()
        .filter_map(|line| line.strip_prefix("test result: ok. ")?.split_once(" passed"))
        .filter_map(|(passed, _)| passed.parse::<usize>().ok())
        .sum()
}

/// The counts in the closing line of `cargo model`, `12 models, 3,456 executions, 7.8 s …`.
fn models_explored(output: &str) -> Option<String> {
    let (counts, _) = output.lines().last()?.split_once(" executions, ")?;
    let (models, executions) = counts.split_once(" models, ")?;
    let some = |number: &str| number.bytes().any(|digit| (b'1'..=b'9').contains(&digit));
    (some(models) && some(executions)).then(|| format!("{counts} executions"))
}

/// How many benches ran once.
fn benches_run(output: &str) -> usize {
    output.lines().filter(|line| *line == "Success").count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test's own folder, removed at the end.
    struct Scratch(std::path::PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let folder = format!("locksmith-verify-{}-{name}", std::process::id());
            let folder = std::env::temp_dir().join(folder);
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn run(&self, step: &Step, limit: Duration) -> Outcome {
            run_limited(step, &self.0, limit, |_| ())
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_green_step_passes_and_leaves_its_output_in_the_log() {
        let scratch = Scratch::new("green");
        let step = Step::new("green", "", "cargo --version");
        assert_eq!(scratch.run(&step, LIMIT), Outcome::Passed(None));
        let log = fs::read_to_string(scratch.0.join(step.log())).unwrap();
        assert!(log.starts_with("cargo "), "{log}");
    }

    #[test]
    fn a_step_that_fails_says_its_exit_status() {
        let scratch = Scratch::new("red");
        let step = Step::new("red", "", "cargo no-such-subcommand");
        assert_eq!(scratch.run(&step, LIMIT), Outcome::Failed("exit status: 101".to_owned()));
    }

    #[test]
    fn a_step_that_cannot_start_fails() {
        let scratch = Scratch::new("none");
        let step = Step::new("none", "", "no-such-program");
        let outcome = scratch.run(&step, LIMIT);
        assert!(matches!(&outcome, Outcome::Failed(why) if why.starts_with("cannot start")));
    }

    #[test]
    fn a_green_run_of_nothing_fails() {
        let scratch = Scratch::new("empty");
        let step = Step::new("empty", "", "cargo --version").evidence(Evidence::Tests);
        assert_eq!(scratch.run(&step, LIMIT), Outcome::Failed(NOTHING_RAN.to_owned()));
    }

    #[test]
    fn tests_are_summed_over_all_binaries() {
        let output = "test result: ok. 12 passed; 0 failed; 1 ignored\n\
                      running 1 test\n\
                      test result: ok. 30 passed; 0 failed\n\
                      test result: FAILED. 7 passed; 1 failed\n";
        assert_eq!(tests_passed(output), 42);
    }

    #[test]
    fn benches_are_counted_by_their_success() {
        assert_eq!(benches_run("Testing lock/ours\nSuccess\n\nTesting lock/std\nSuccess\n"), 2);
    }

    #[test]
    fn models_are_green_only_if_some_were_explored() {
        let line = "12 models, 3,456 executions, 7.8 s with 2 at a time: all hold";
        let counts = models_explored(&format!("lock\n  two threads  complete\n{line}\n"));
        assert_eq!(counts.as_deref(), Some("12 models, 3,456 executions"));
        assert_eq!(models_explored("12 models, 0 executions, 0.0 s: all hold"), None);
        assert_eq!(models_explored("0 models, 0 executions, 0.0 s: all hold"), None);
        assert_eq!(models_explored("the models were compiled without the model runtime"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_step_that_hangs_is_ended_with_all_that_it_started() {
        let scratch = Scratch::new("hang");
        fs::write(scratch.0.join("hang.sh"), "sleep 1000 & echo $! > pid; wait").unwrap();
        let step = Step::new("hang", "", "sh hang.sh");
        // Wait for the state: the limit is not over before the grandchild's number is written.
        let mut child = start(&step, &scratch.0, &scratch.0.join(step.log())).unwrap();
        let pid = loop {
            match fs::read_to_string(scratch.0.join("pid")).ok().and_then(|p| p.trim().parse().ok())
            {
                Some(pid) => break pid,
                None => thread::yield_now(),
            }
        };
        assert!(matches!(wait(&mut child, Duration::ZERO, || ()), Ok(End::Hung)));
        // SAFETY: signal 0 only asks whether the process is there.
        while unsafe { libc::kill(pid, 0) } == 0 {
            // Killed, but perhaps not yet reaped by init.
            if fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|s| s.contains(") Z ")) {
                break;
            }
            thread::yield_now();
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_step_over_its_limit_says_so() {
        let scratch = Scratch::new("limit");
        let step = Step::new("limit", "", "sleep 1000");
        let outcome = scratch.run(&step, Duration::ZERO);
        assert_eq!(outcome, Outcome::Failed("not done after 0 s, ended".to_owned()));
    }
}
