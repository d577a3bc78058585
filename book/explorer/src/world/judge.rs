//! What a state is, and what is wrong with it.

use super::{Region, Status, Thread, World};
use crate::op::{Op, Pending};
use crate::source;
use crate::verdict::{Kind, Verdict};

impl World {
    /// Everything that what comes later depends on, and nothing else: see the crate's page.
    pub(crate) fn key(&self) -> Vec<u64> {
        let mut key = Vec::with_capacity(64);
        for thread in &self.threads {
            let tag = match thread.status {
                Status::Fresh | Status::Ready(_) => 0,
                Status::Asleep(_) => 1,
                Status::Waiting(_) => 2,
                Status::Done => 3,
            };
            let budgets = u64::from(thread.spurious) << 8 | u64::from(thread.timeouts);
            key.extend([u64::from(thread.history), tag, budgets]);
            key.extend(
                thread.read.iter().map(|&w| u64::from(self.memory.is_news(&thread.eyes, w))),
            );
        }
        let eyes = self.threads.iter().map(|t| (t.status != Status::Done).then_some(&t.eyes));
        self.memory.describe(&Vec::from_iter(eyes), &mut key);
        for (i, object) in self.objects.iter().enumerate() {
            key.push(object.missed_wake.into());
            if let Some(cell) = &object.cell {
                key.push(self.value(i).unwrap_or(cell.version.into()));
            }
        }
        key.push(self.verdict.is_some().into());
        key
    }

    /// Two threads where one may be; or no thread can go on, though one has not ended.
    pub(crate) fn judge(&mut self) {
        if self.verdict.is_some() {
            return;
        }
        let inside = |thread: &Thread| match thread.status {
            Status::Ready(Pending { at, .. })
            | Status::Asleep(Pending { at, .. })
            | Status::Waiting(Pending { at, .. }) => {
                let region =
                    |r: &Region| r.file == source::file(at) && r.lines.contains(&at.line());
                self.rules.inside.iter().any(region)
            }
            Status::Fresh | Status::Done => false,
        };
        let both = Vec::from_iter((0..self.threads.len()).filter(|&t| inside(&self.threads[t])));
        if let [a, b, ..] = both[..] {
            let (a, b) = (crate::thread_name(a), crate::thread_name(b));
            self.verdict =
                Some(Verdict::new(Kind::TwoInside, format!("{a} and {b} are both inside")));
            return;
        }
        let ended = self.threads.iter().all(|thread| thread.status == Status::Done);
        if !ended && (0..self.threads.len()).all(|t| self.choices(t) == 0) {
            self.verdict = Some(self.stuck());
        }
    }

    fn stuck(&self) -> Verdict {
        let mut who = Vec::new();
        let (mut asleep, mut missed) = (false, false);
        for (t, thread) in self.threads.iter().enumerate() {
            let name = crate::thread_name(t);
            match thread.status {
                Status::Asleep(Pending {
                    op: Op::Sleep { expected, .. }, object: Some(o), ..
                }) => {
                    asleep = true;
                    // It would not fall asleep now, or a call came too early, or it could do
                    // nothing with it. (Whether it was called is a part of its history, so this
                    // adds nothing to the key.)
                    missed |= self.memory.newest(o) != expected || self.objects[o].missed_wake;
                    missed |= thread.called == Some(o);
                    who.push(format!("{name} sleeps"));
                }
                Status::Done => {}
                _ => who.push(format!("{name} waits in its loop")),
            }
        }
        let others = who.len() - 1;
        let who = who.join(", ");
        match (asleep, missed) {
            (true, true) => {
                Verdict::new(Kind::LostWakeUp, format!("{who}, and no thread will ever call again"))
            }
            (true, false) if others == 0 => {
                Verdict::new(Kind::Deadlock, format!("{who}, and no thread is left to wake it"))
            }
            (true, false) => {
                Verdict::new(Kind::Deadlock, format!("{who}, and each waits for another"))
            }
            _ => Verdict::new(Kind::Endless, format!("{who}, and nothing will ever change")),
        }
    }
}
