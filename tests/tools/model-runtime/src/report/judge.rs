//! The kind of a failure, in a sentence.

use generated::place;

use super::{Kind, name};
use crate::panicked::Panicked;
use crate::world::failure::Failure;
use crate::world::trace::What;
use crate::world::{At, World};

/// The kind and the sentence; an error if the failure is a mutant that does not fit.
pub(crate) fn judge(
    world: &World,
    panicked: &Panicked,
    cast: &[&str],
) -> Result<(Kind, String), String> {
    let judge = Judge { world, cast };
    match &world.failure {
        Some(Failure::BadMutant { error }) => Err(error.clone()),
        Some(Failure::LostWakeUp { .. }) => Ok((Kind::LostWakeUp, judge.lost_wake_up())),
        None => Ok(judge.panic(panicked)),
    }
}

struct Judge<'a> {
    world: &'a World,
    cast: &'a [&'a str],
}

impl Judge<'_> {
    /// `thread 1 (adds)`
    fn thread(&self, thread: usize) -> String {
        match self.cast.get(thread) {
            Some(role) => format!("thread {thread} ({role})"),
            None => format!("thread {thread}"),
        }
    }

    /// The name of an object; names are only known for a recorded execution.
    fn name(&self, object: usize) -> Option<String> {
        let names = self.world.trace.on.then(|| name::names(&self.world.objects));
        names.map(|names| format!("`{}`", names[object]))
    }

    fn lost_wake_up(&self) -> String {
        let Some(Failure::LostWakeUp { sleepers, joining }) = &self.world.failure else {
            return String::new();
        };
        let asleep: Vec<_> = sleepers
            .iter()
            .map(|sleeper| {
                let on = self.name(sleeper.object).map(|name| format!(" on {name}"));
                format!(
                    "{} sleeps at {}{}",
                    self.thread(sleeper.thread),
                    place(sleeper.at),
                    on.unwrap_or_default(),
                )
            })
            .collect();
        let them = if asleep.len() == 1 { "it" } else { "them" };
        let mut sentence =
            format!("Lost wake-up: {}, no thread is left to wake {them}.", asleep.join(" and "));
        for (thread, other, _) in joining {
            sentence += &format!(
                " {} waits for thread {other} to end.",
                capitalized(&self.thread(*thread)),
            );
        }
        sentence
    }

    fn panic(&self, panicked: &Panicked) -> (Kind, String) {
        let message = panicked.message.trim();
        if message.contains("Causality violation") {
            return (Kind::DataRace, self.data_race(message));
        }
        if message.contains("exceeded maximum number of branches") {
            let sentence = "Endless: after thousands of steps the threads are still running. There is a \
                            loop that waits for a change without sleeping, and the change does not come.";
            return (Kind::Endless, sentence.to_owned());
        }
        let one_line = message.lines().map(str::trim).collect::<Vec<_>>().join(", ");
        if panicked.file.contains("/loom-") {
            let sentence = format!("The checker came to one of its own limits: {one_line}");
            return (Kind::Limit, sentence);
        }
        let at = format!("{}:{}", place::short(&panicked.file), panicked.line);
        let checked = self.world.trace.events.iter().any(|event| event.what == What::Check);
        let sentence = if checked {
            format!(
                "Wrong result: when all threads had ended, the check at {at} failed: {one_line}"
            )
        } else {
            let thread = self.thread(self.world.trace.running);
            format!("{} panicked at {at}: {one_line}", capitalized(&thread))
        };
        (Kind::Panic, sentence)
    }

    /// loom names the two accesses, one per line: `write: thread #2 @ file:line:column`.
    fn data_race(&self, message: &str) -> String {
        let mine = self.world.trace.running;
        let accesses: Vec<_> = message.lines().filter_map(|line| self.access(line)).collect();
        let me = accesses.iter().find(|access| access.thread == mine);
        let other = accesses.iter().find(|access| access.thread != mine);
        let (Some(me), Some(other)) = (me, other) else {
            let first = message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            return format!("Data race: {}", first.trim());
        };
        let object = self.world.trace.events.last().and_then(|event| event.object);
        let what =
            object.and_then(|object| self.name(object)).unwrap_or("the same data".to_owned());
        let consequence = match (me.kind, other.kind) {
            ("read", _) => format!("thread {} may read old data, or half of the new", me.thread),
            (_, "read") => format!("thread {} may read what is only half written", other.thread),
            _ => "the two writes may mix".to_owned(),
        };
        format!(
            "Data race: {mine} {}s {what} at {}, and nothing orders that after the {} by {} at {}: \
             thread {} has seen, by an Acquire, no Release that thread {} made after it. On a real \
             machine {consequence}.",
            me.kind,
            me.at,
            other.kind,
            self.thread(other.thread),
            other.at,
            me.thread,
            other.thread,
            mine = self.thread(me.thread),
        )
    }

    fn access(&self, line: &str) -> Option<Access> {
        let (label, rest) = line.split_once(": thread #")?;
        let (number, at) = rest.split_once(" @ ")?;
        let writes = ["write", "mut", "store"].iter().any(|word| label.contains(word));
        let (file, line_and_column) = at.split_at(at.rfind(".rs:")? + 3);
        let line = line_and_column.trim_start_matches(':').split(':').next()?;
        Some(Access {
            kind: if writes { "write" } else { "read" },
            thread: self.world.thread_named(&format!("ThreadId({number})"))?,
            at: format!("{}:{line}", place::short(file)),
        })
    }
}

/// One of the two accesses of a race.
struct Access {
    kind: &'static str,
    thread: usize,
    at: String,
}

fn place(at: At) -> String {
    format!("{}:{}", place::short(at.file()), at.line())
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
