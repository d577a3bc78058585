//! CPython in its own process, which executes requests.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

use bench::{Run, Sample, system};

const ROWS: &str = include_str!("rows.py");

/// A running interpreter; copies refer to the same one.
#[derive(Clone)]
pub(crate) struct CPython {
    /// `CPython 3.11.7`
    pub(crate) name: &'static str,
    process: Rc<RefCell<Process>>,
}

struct Process {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl CPython {
    /// Starts `python3`; the error says why there is none.
    pub(crate) fn start() -> io::Result<Self> {
        Self::running(ROWS)
    }

    /// The same, with a program that answers as `rows.py` does.
    pub(crate) fn running(program: &str) -> io::Result<Self> {
        let mut child = Command::new("python3")
            .args(["-I", "-c", program])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        system::counts_as_own(child.id());
        let ask = child.stdin.take().expect("it was piped");
        let answers = BufReader::new(child.stdout.take().expect("it was piped"));
        let mut process = Process { child, ask, answers };
        // Kept for the whole run, like the names of the other contestants.
        let name = process.answer("version", "0")?.trim().to_owned().leak();
        Ok(Self { name, process: Rc::new(RefCell::new(process)) })
    }

    /// What to run for a row, with the number of operations.
    pub(crate) fn row(&self, name: &'static str, times: u64) -> impl FnMut(&Run) -> Sample + use<> {
        let python = self.clone();
        move |run| {
            // Each of eight threads needs an operation, and both sides of a queue need equally
            // many.
            let times = run.scaled(times).next_multiple_of(8);
            let answer = python.process.borrow_mut().answer(name, &times.to_string());
            let answer = answer.unwrap_or_else(|error| panic!("CPython at {name}: {error}"));
            sample(&answer).unwrap_or_else(|| panic!("CPython at {name} answered {answer:?}"))
        }
    }
}

impl Process {
    fn answer(&mut self, name: &str, times: &str) -> io::Result<String> {
        writeln!(self.ask, "{name} {times}")?;
        let mut answer = String::new();
        match self.answers.read_line(&mut answer)? {
            0 => Err(io::Error::other("it has ended")),
            _ => Ok(answer),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; either way no process is left behind.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// `nanoseconds cpu waited`; each of the last two is `-` if it is not known.
fn sample(answer: &str) -> Option<Sample> {
    let [nanoseconds, cpu, waited] = answer.split_whitespace().collect::<Vec<_>>()[..] else {
        return None;
    };
    let waited = if waited == "-" { None } else { Some(waited.parse().ok()?) };
    let nanoseconds = nanoseconds.parse().ok()?;
    let cpu = if cpu == "-" { None } else { Some(cpu.parse().ok()?) };
    Some(Sample { nanoseconds, cpu, fairness: None, tail: None, waited })
}
