//! The report for people.

use std::fmt;

use super::{Hold, Report, TO_READ, TO_WRITE, ThreadReport, Verdict};

/// A line with the problem, a paragraph for each thread, and what to do.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        for thread in &self.threads {
            self.paragraph(thread, f)?;
        }
        write!(f, "{}", self.advice())
    }
}

impl Report {
    fn headline(&self) -> String {
        let n = self.threads.len();
        match self.verdict {
            Verdict::Cycle if n == 1 => {
                "deadlock: a thread waits for itself, and will never wake up".to_owned()
            }
            Verdict::Cycle => {
                format!("deadlock: {n} threads wait for each other, and will never wake up")
            }
            Verdict::Stuck if self.threads.iter().any(|thread| thread.ended) => {
                "stuck: a thread waits for what another took to its grave".to_owned()
            }
            Verdict::Stuck if self.threads.iter().any(ThreadReport::waits_for_anyone) => {
                "stuck: every thread of the program sleeps, and no thread is left to wake one"
                    .to_owned()
            }
            Verdict::Stuck => {
                "stuck: a thread waits for threads that wait for each other".to_owned()
            }
            Verdict::Inversion => {
                "lock order: several threads took these locks in opposite orders".to_owned()
            }
            Verdict::Reentry => {
                "reentry: a thread waits for a task with a lock in its hands, runs the \
                                 task itself, and the lock lets it in"
                    .to_owned()
            }
        }
    }

    fn paragraph(&self, thread: &ThreadReport, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = if thread.ended { ", which has ended," } else { "" };
        writeln!(f, "\n  thread '{}'{ended}", thread.name)?;
        let (holds, wants) = match self.verdict {
            Verdict::Inversion => ("held", "then took"),
            Verdict::Reentry => ("holds", "took again"),
            _ => ("holds", "wants"),
        };
        // Coroutines may hold a hundred permits of a kind, all taken in one line.
        let same = |one: &Hold, other: &Hold| (one.label, one.since) == (other.label, other.since);
        for held in thread.holds.chunk_by(same) {
            let (what, since) = (held[0].what(), held[0].since);
            match held.len() {
                1 => writeln!(f, "    {holds} {what}, taken at {since}")?,
                times => writeln!(f, "    {holds} {what} {times} times, taken at {since}")?,
            }
        }
        if let Some(want) = &thread.wants {
            write!(f, "    {wants} {}, at {}", want.what, want.at)?;
            // The end of a thread already names the thread.
            let names: Vec<_> = want.from.iter().filter_map(|id| self.name_of(*id)).collect();
            if !names.is_empty() && !want.what.starts_with("end of") {
                write!(f, ", from '{}'", names.join("', '"))?;
            }
            writeln!(f)?;
        }
        if let Some(place) = thread.polled_at {
            writeln!(f, "    in a coroutine, polled at {place}")?;
        }
        if let Some(backtrace) = &thread.backtrace {
            for line in backtrace.to_string().lines() {
                writeln!(f, "      {line}")?;
            }
        }
        Ok(())
    }

    /// Whether a thread wants to read or write under a lock that it has.
    fn wants_under_a_read(&self, purpose: &str) -> bool {
        self.threads.iter().any(|thread| {
            let wants = thread.wants.as_ref().and_then(|want| want.what.strip_suffix(purpose));
            wants.is_some_and(|what| thread.holds.iter().any(|hold| hold.what() == what))
        })
    }

    fn advice(&self) -> &'static str {
        match self.verdict {
            Verdict::Cycle | Verdict::Stuck
                if self.threads.iter().any(|thread| thread.polled_at.is_some()) =>
            {
                "\n  A coroutine must not block the thread that polls it and others: await the call whose \
                 name ends in `_async`, and release a lock before the next `await`."
            }
            Verdict::Cycle if self.wants_under_a_read(TO_READ) => {
                "\n  A thread that reads must not wait behind a writer, which waits for it: to read \
                 again, use `read_recursive`."
            }
            Verdict::Cycle if self.threads.len() == 1 && self.wants_under_a_read(TO_WRITE) => {
                "\n  A reader cannot become the writer: stop reading first, or ask to write at once."
            }
            Verdict::Cycle if self.threads.len() == 1 => {
                "\n  Release it before taking it again, or use an `RLock`."
            }
            Verdict::Cycle => {
                "\n  Take what one thread needs together in the same order everywhere, or back off: \
                 see `lock_checked`."
            }
            Verdict::Stuck => {
                "\n  No thread will wake them: a release, a notification or a `set` is missing."
            }
            Verdict::Inversion => {
                "\n  Nothing is stuck yet, and these threads may not even have run at the same time. But if \
                 threads do this at the same moment, all of them will: take the locks in one order everywhere."
            }
            Verdict::Reentry => {
                "\n  The task sees a section that is half done. Release the lock before you wait for a \
                 task's result."
            }
        }
    }
}

impl ThreadReport {
    fn waits_for_anyone(&self) -> bool {
        self.wants.as_ref().is_some_and(|want| want.from.is_empty())
    }
}
