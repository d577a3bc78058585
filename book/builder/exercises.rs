//! `cargo run -p book -- exercises`: a reader mends programs, and the model checker judges them.
//!
//! The exercises lie in `exercises`, in the format of [rustlings](https://rustlings.rust-lang.org)
//! 6.5, which can run them as well: `info.toml` lists them, each is a program of its own, and what
//! is done stands in `.rustlings-state.txt`. The judge is the runner of `cargo model`, so what a
//! reader sees of a mistake is its counterexample.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, SystemTime};
use std::{env, fs, thread};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// What is done, and at which exercise the reader is: as rustlings keeps it.
const STATE: &str = ".rustlings-state.txt";

/// Between two looks at the file that a reader works on.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The commands of watch mode.
const KEYS: &str = "h: hint, l: list, n: next, r: run again, q: quit";

#[derive(Deserialize)]
struct Info {
    welcome_message: String,
    final_message: String,
    exercises: Vec<Exercise>,
}

/// An exercise, as `info.toml` has it.
#[derive(Deserialize)]
struct Exercise {
    name: String,
    dir: String,
    hint: String,
}

impl Exercise {
    fn path(&self) -> String {
        format!("exercises/{}/{}.rs", self.dir, self.name)
    }
}

/// All exercises, and what was done of them.
pub struct Course {
    folder: PathBuf,
    info: Info,
    done: BTreeSet<String>,
    current: usize,
}

/// A reader's request for an exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// To see it judged.
    Judge,
    /// A hint.
    Hint,
}

impl Course {
    /// The course in the folder `exercises` of the book.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn open(book: &Path) -> Result<Self> {
        let folder = book.join("exercises");
        let list = folder.join("info.toml");
        let text = fs::read_to_string(&list)
            .with_context(|| format!("cannot read `{}`", list.display()))?;
        let info: Info = toml::from_str(&text).with_context(|| format!("`{}`", list.display()))?;
        let state = fs::read_to_string(folder.join(STATE)).unwrap_or_default();
        let mut course = Self { folder, info, done: BTreeSet::new(), current: 0 };
        // A line that warns, an empty one, the current exercise, an empty one, and what is done.
        let mut lines = state.lines().skip(2);
        let current = lines.next().unwrap_or_default().to_owned();
        let is_known = |name: &&str| course.info.exercises.iter().any(|it| it.name == **name);
        let done = lines.filter(is_known).map(str::to_owned).collect();
        course.done = done;
        let all = &course.info.exercises;
        let current = all.iter().position(|it| it.name == current).unwrap_or(0);
        course.current = current;
        Ok(course)
    }

    /// Writes down what is done: in one step, so that an interruption loses nothing.
    fn keep(&self) -> Result<()> {
        let mut text = "DON'T EDIT THIS FILE!\n\n".to_owned();
        text += &self.info.exercises[self.current].name;
        text += "\n";
        for it in self.info.exercises.iter().filter(|it| self.done.contains(&it.name)) {
            text += "\n";
            text += &it.name;
        }
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(text.as_bytes())?;
        let path = self.folder.join(STATE);
        file.persist(&path).with_context(|| format!("cannot write `{}`", path.display()))?;
        Ok(())
    }

    fn find(&self, name: &str) -> Result<usize> {
        let all = &self.info.exercises;
        let Some(at) = all.iter().position(|it| it.name == name) else {
            let known = Vec::from_iter(all.iter().map(|it| &*it.name)).join(", ");
            bail!("no exercise is called `{name}`; there are {known}");
        };
        Ok(at)
    }

    /// All exercises, and which of them are done.
    #[must_use]
    pub fn list(&self) -> String {
        let all = &self.info.exercises;
        let mut text = String::new();
        for (i, it) in all.iter().enumerate() {
            let mark = match (self.done.contains(&it.name), i == self.current) {
                (true, _) => "✓",
                (false, true) => "▸",
                _ => " ",
            };
            text += &format!("{mark} {:<22} {}\n", it.name, it.path());
        }
        text + &format!("{} of {} done", self.done.len(), all.len())
    }

    /// Executes the request for one exercise. Returns whether it is mended (a hint is always
    /// there).
    ///
    /// # Errors
    ///
    /// If there is no such exercise, or cargo cannot be run.
    pub fn one(&mut self, name: &str, ask: Ask) -> Result<bool> {
        let at = self.find(name)?;
        if ask == Ask::Hint {
            say(self.info.exercises[at].hint.trim());
            return Ok(true);
        }
        self.current = at;
        self.judge()
    }

    /// Builds the current exercise and runs it: it says itself what is wrong.
    fn judge(&mut self) -> Result<bool> {
        let it = &self.info.exercises[self.current];
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args(["run", "--quiet", "--bin", &it.name])
            .current_dir(&self.folder)
            // These replace the flags of the folder, and then the build is not a model.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("CARGO_TARGET_DIR")
            .status()
            .context("cannot run cargo")?;
        if status.success() {
            self.done.insert(it.name.clone());
        } else {
            self.done.remove(&it.name);
        }
        self.keep()?;
        Ok(status.success())
    }

    /// Shows one exercise after the other, and judges each again when its file changes; until all
    /// are done or the reader quits.
    ///
    /// # Errors
    ///
    /// If the files cannot be read or cargo cannot be run.
    pub fn watch(&mut self) -> Result<()> {
        if self.done.is_empty() {
            say(self.info.welcome_message.trim());
            say("\nThe first build takes a minute.");
        }
        if self.done.contains(&self.info.exercises[self.current].name) && !self.next() {
            say(self.info.final_message.trim());
            return Ok(());
        }
        let typed = typed();
        loop {
            let path = self.folder.join(self.info.exercises[self.current].path());
            let seen = changed(&path);
            let position = format!("{} of {} done", self.done.len(), self.info.exercises.len());
            say(&format!("\n── {} ── {position}", path.display()));
            if self.judge()? {
                let it = &self.info.exercises[self.current];
                say(&format!("\nMended. Ours: solutions/{}/{}.rs", it.dir, it.name));
                if !self.next() {
                    say(&format!("\n{}", self.info.final_message.trim()));
                    return Ok(());
                }
                say(&format!("n: next ({}), q: quit", self.info.exercises[self.current].name));
                match wait(&typed, None) {
                    Some(key) if key == "q" => return Ok(()),
                    None => return Ok(()),
                    _ => continue,
                }
            }
            say(&format!("\nChange the file, and it is judged again. {KEYS}"));
            loop {
                match wait(&typed, Some((&path, seen))).as_deref() {
                    None | Some("q") => return Ok(()),
                    Some("h") => say(self.info.exercises[self.current].hint.trim()),
                    Some("l") => say(&self.list()),
                    Some("n") => {
                        if self.next() {
                            break;
                        }
                        say("this is the last one that is not done");
                    }
                    Some("" | "r") => break,
                    Some(other) => say(&format!("`{other}` is not a key; {KEYS}")),
                }
            }
        }
    }

    /// Goes to the next exercise that is not done, from the current one on and around. False if
    /// there is none.
    fn next(&mut self) -> bool {
        let all = self.info.exercises.len();
        let is_open = |at: &usize| !self.done.contains(&self.info.exercises[*at].name);
        let next = (1..all).map(|n| (self.current + n) % all).find(is_open);
        self.current = next.unwrap_or(self.current);
        next.is_some()
    }
}

/// Prints a line; a reader who has closed the pipe does not want it.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// When a file was changed; a file that is just being replaced has no time.
fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}

/// The lines that are typed. It ends with standard input.
fn typed() -> Receiver<String> {
    let (to, from) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if to.send(line.trim().to_lowercase()).is_err() {
                return;
            }
        }
    });
    from
}

/// Waits for a line, which is returned, or for a change of the file, which counts as an empty line.
/// `None` if there is no more input and no file to wait for.
fn wait(typed: &Receiver<String>, file: Option<(&Path, Option<SystemTime>)>) -> Option<String> {
    loop {
        match typed.recv_timeout(LOOK_EVERY) {
            Ok(line) => return Some(line),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
        if let Some((path, seen)) = file {
            let now = changed(path);
            if now.is_some() && now != seen {
                return Some(String::new());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ask, Course, STATE};
    use std::fs;
    use std::path::Path;

    /// A course of three.
    fn course(book: &Path) -> Course {
        fs::create_dir_all(book.join("exercises")).unwrap();
        let exercise =
            |name| format!("[[exercises]]\nname = \"{name}\"\ndir = \"1\"\nhint = \"{name}!\"\n");
        let list = ["a", "b", "c"].map(exercise).concat();
        let info =
            format!("format_version = 1\nwelcome_message = \"\"\nfinal_message = \"\"\n{list}");
        fs::write(book.join("exercises/info.toml"), info).unwrap();
        Course::open(book).unwrap()
    }

    #[test]
    fn what_is_done_is_kept_and_the_next_one_is_found() {
        let book = tempfile::tempdir().unwrap();
        let mut one = course(book.path());
        one.done.insert("b".into());
        assert!(one.next());
        assert_eq!(one.current, 2, "b is done");
        one.keep().unwrap();
        let state = fs::read_to_string(book.path().join("exercises").join(STATE)).unwrap();
        assert_eq!(state, "DON'T EDIT THIS FILE!\n\nc\n\nb", "as rustlings writes it");

        let mut again = course(book.path());
        assert_eq!((again.current, again.done.len()), (2, 1));
        assert!(again.list().ends_with("1 of 3 done") && again.list().contains("▸ c"));
        again.done.extend(["a".into(), "c".into()]);
        assert!(!again.next(), "all are done");
    }

    #[test]
    fn a_name_that_is_none_is_told_what_there_is() {
        let book = tempfile::tempdir().unwrap();
        let error = course(book.path()).one("d", Ask::Hint).unwrap_err().to_string();
        assert_eq!(error, "no exercise is called `d`; there are a, b, c");
    }
}
