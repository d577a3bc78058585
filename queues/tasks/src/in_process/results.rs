//! The results of this process, and its chords.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use primitives::{Condition, Lock};

use super::journal::Journal;
use crate::error::Error;
use crate::results::{ChordPart, ChordReady};
use crate::state::{State, StoredResult};

/// With this many locks, workers and waiting threads seldom compete.
const SHARDS: usize = 16;

/// More forgotten results than this in a shard, and more than are kept, leave its list of ages.
const FORGOTTEN: usize = 64;

pub(super) struct Results {
    shards: [Shard; SHARDS],
    hasher: RandomState,
    /// How long a result is kept, in nanoseconds.
    keep: AtomicU64,
    chords: Lock<HashMap<String, Chord>>,
    journal: Option<Arc<Journal>>,
}

#[derive(Default)]
struct Shard {
    kept: Lock<Kept>,
    /// One has ended.
    ended: Condition,
}

#[derive(Default)]
struct Kept {
    results: HashMap<Arc<str>, StoredResult, RandomState>,
    /// When each was first stored, oldest first.
    ages: VecDeque<(Instant, Arc<str>)>,
}

struct Chord {
    size: usize,
    /// Task id and place of those that have ended: a redelivered task counts once.
    seen: HashSet<(String, Option<u64>)>,
    parts: Vec<ChordPart>,
    begun: bool,
}

impl Results {
    pub(super) fn new(keep: Duration) -> Self {
        let shards = std::array::from_fn(|_| Shard::default());
        let (hasher, keep) = (RandomState::default(), AtomicU64::new(nanoseconds(keep)));
        Self { shards, hasher, keep, chords: Lock::default(), journal: None }
    }

    /// With the chords that a journal has kept.
    #[cfg(feature = "journal")]
    pub(super) fn restore(
        &mut self,
        journal: Arc<Journal>,
        chords: Vec<(String, usize, Vec<ChordPart>)>,
    ) {
        self.journal = Some(journal);
        for (group, size, parts) in chords {
            let seen = parts.iter().map(|part| (part.id.clone(), part.index)).collect();
            self.chords.get_mut().insert(group, Chord { size, seen, parts, begun: false });
        }
    }

    pub(super) fn set_keep(&self, keep: Duration) {
        self.keep.store(nanoseconds(keep), Relaxed); // Relaxed: a setting, not a signal
    }

    fn shard(&self, id: &str) -> &Shard {
        &self.shards[self.hasher.hash_one(id) as usize % SHARDS]
    }

    pub(super) fn put(&self, result: StoredResult) {
        let shard = self.shard(&result.id);
        let ready = result.state.is_ready();
        let now = Instant::now();
        let mut kept = shard.kept.lock();
        let mut expired = Vec::new(); // dropped without the lock
        let keep = Duration::from_nanos(self.keep.load(Relaxed)); // Relaxed: as above
        while kept.ages.front().is_some_and(|(since, _)| now.duration_since(*since) >= keep) {
            let Some((_, id)) = kept.ages.pop_front() else { break };
            expired.extend(kept.results.remove(&id));
        }
        let kept = &mut *kept;
        let old = match kept.results.entry(Arc::clone(&result.id)) {
            Entry::Occupied(mut old) => Some(old.insert(result)),
            Entry::Vacant(place) => {
                kept.ages.push_back((now, Arc::clone(place.key())));
                place.insert(result);
                None
            }
        };
        if ready {
            shard.ended.notify_all();
        }
        expired.extend(old);
    }

    pub(super) fn get(&self, id: &str) -> Option<StoredResult> {
        self.shard(id).kept.lock().results.get(id).cloned()
    }

    pub(super) fn is_revoked(&self, id: &str) -> bool {
        let kept = self.shard(id).kept.lock();
        kept.results.get(id).is_some_and(|result| result.state == State::Revoked)
    }

    pub(super) fn wait(&self, id: &str, deadline: Option<Instant>) -> Option<StoredResult> {
        let shard = self.shard(id);
        let mut kept = shard.kept.lock();
        loop {
            let ready = kept.results.get(id).filter(|result| result.state.is_ready());
            if let Some(result) = ready {
                return Some(result.clone());
            }
            match deadline {
                None => shard.ended.wait(&mut kept),
                Some(deadline) => {
                    if shard.ended.wait_deadline(&mut kept, deadline).timed_out() {
                        let late = kept.results.get(id).filter(|result| result.state.is_ready());
                        return late.cloned();
                    }
                }
            }
        }
    }

    pub(super) fn forget(&self, id: &str) {
        let mut kept = self.shard(id).kept.lock();
        let forgotten = kept.results.remove(id);
        let Kept { results, ages } = &mut *kept;
        if ages.len() > 2 * results.len() + FORGOTTEN {
            ages.retain(|(_, id)| results.contains_key(id));
        }
        drop(kept);
        drop(forgotten);
    }

    pub(super) fn chord_begin(&self, group: &str, size: usize) -> Result<(), Error> {
        if let Some(journal) = &self.journal {
            journal.chord_begin(group, size)?;
        }
        let chord = Chord { size, seen: HashSet::new(), parts: Vec::new(), begun: false };
        self.chords.lock().insert(group.into(), chord);
        Ok(())
    }

    pub(super) fn chord_part(
        &self,
        group: &str,
        part: ChordPart,
    ) -> Result<Option<ChordReady>, Error> {
        let mut chords = self.chords.lock();
        let Some(chord) = chords.get_mut(group) else { return Ok(None) };
        let member = (part.id.clone(), part.index);
        if !chord.seen.contains(&member) {
            if let Some(journal) = &self.journal {
                journal.chord_part(group, &part)?;
            }
            chord.seen.insert(member);
            chord.parts.push(part);
        }
        if chord.parts.len() < chord.size || chord.begun {
            return Ok(None);
        }
        chord.begun = true;
        let mut parts = std::mem::take(&mut chord.parts);
        parts.sort_by_key(|part| part.index.unwrap_or(u64::MAX));
        Ok(Some(ChordReady { parts, token: String::new() }))
    }

    pub(super) fn chord_end(&self, group: &str) -> Result<(), Error> {
        if let Some(journal) = &self.journal {
            journal.chord_end(group)?;
        }
        self.chords.lock().remove(group);
        Ok(())
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn results_expire() {
        let results = Results::new(Duration::ZERO);
        let ids = ["a", "b", "c", "d", "e", "f"].map(|id| id.repeat(20));
        for _ in 0..2 {
            for id in &ids {
                results.put(StoredResult::new(id.as_str(), State::Success, json!(1)));
            }
        }
        let kept: usize = results.shards.iter().map(|shard| shard.kept.lock().results.len()).sum();
        assert!(kept <= ids.len());
        let ages: usize = results.shards.iter().map(|shard| shard.kept.lock().ages.len()).sum();
        assert_eq!(kept, ages);
    }

    #[test]
    fn what_is_forgotten_takes_no_memory() {
        let results = Results::new(Duration::from_secs(60));
        for number in 0..10_000 {
            let id = number.to_string();
            results.put(StoredResult::new(id.as_str(), State::Success, json!(1)));
            results.forget(&id);
        }
        let ages: usize = results.shards.iter().map(|shard| shard.kept.lock().ages.len()).sum();
        assert!(ages <= SHARDS * (FORGOTTEN + 1), "{ages}");
    }

    #[test]
    fn a_chord_is_ready_once_and_in_order() {
        let results = Results::new(Duration::from_secs(60));
        results.chord_begin("g", 2).unwrap();
        let part = |id: &str, index| ChordPart {
            id: id.into(),
            index: Some(index),
            outcome: Ok(json!(id)),
        };
        assert_eq!(results.chord_part("g", part("b", 1)), Ok(None));
        assert_eq!(results.chord_part("g", part("b", 1)), Ok(None), "redelivered");
        let ready = results.chord_part("g", part("a", 0)).unwrap().unwrap();
        assert_eq!(ready.parts.iter().map(|p| p.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(results.chord_part("g", part("a", 0)), Ok(None), "it has begun");
        results.chord_end("g").unwrap();
        assert_eq!(results.chord_part("g", part("a", 0)), Ok(None));
    }

    #[test]
    fn a_wait_gives_up_in_time() {
        let results = Results::new(Duration::from_secs(60));
        results.put(StoredResult::new("a", State::Started, json!(null)));
        assert_eq!(results.wait("a", Some(Instant::now())), None);
    }
}
