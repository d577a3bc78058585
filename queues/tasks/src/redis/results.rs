//! Results and chords.

use std::time::{Duration, Instant};

use redis::{Commands, RedisResult};
use serde_json::{Value, json};

use super::{Redis, scripts};
use crate::error::Error;
use crate::exception::Exception;
use crate::id::new_id;
use crate::results::{ChordPart, ChordReady, ResultStore};
use crate::state::{State, StoredResult};

/// How often a waiting connection checks that its server is still there.
const LOOK: Duration = Duration::from_secs(1);

/// How long the starter of a chord's body has before another may start it.
const CLAIM: u64 = 10;

/// How long the end of a chord is remembered, against late copies of its members.
const DONE: u64 = 300;

fn key(id: &str) -> String {
    format!("celery-task-meta-{id}")
}

/// Celery's keys of a chord, in the scripts' order.
fn chord(group: &str) -> [String; 5] {
    [".j", ".d", ".s", ".c", ".t"].map(|end| format!("celery-taskset-meta-{group}{end}"))
}

fn read(id: &str, text: &str) -> Option<StoredResult> {
    StoredResult::from_json(id, &serde_json::from_str(text).ok()?)
}

impl Redis {
    /// It subscribes before it looks, so it misses nothing in between.
    fn wait_once(&self, id: &str, deadline: Option<Instant>) -> RedisResult<Option<StoredResult>> {
        let key = key(id);
        let mut waiting = self.pool.take()?;
        let mut looking = self.pool.take()?;
        let ready = |text: &str| read(id, text).filter(|result| result.state.is_ready());
        let found = {
            let mut subscription = waiting.as_pubsub();
            subscription.subscribe(&key)?;
            loop {
                let known: Option<String> = looking.get(&key)?;
                if let Some(result) = known.as_deref().and_then(ready) {
                    break Some(result);
                }
                let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
                if left.is_some_and(|left| left.is_zero()) {
                    break None;
                }
                let look = left.map_or(LOOK, |left| left.min(LOOK)).max(Duration::from_millis(1));
                subscription.set_read_timeout(Some(look))?;
                match subscription.get_message() {
                    Ok(message) => {
                        let text: String = message.get_payload()?;
                        if let Some(result) = ready(&text) {
                            break Some(result);
                        }
                    }
                    Err(error) if error.is_timeout() => {}
                    Err(error) => return Err(error),
                }
            }
        };
        self.pool.put_back(looking);
        waiting.set_read_timeout(Some(self.pool.answer()))?;
        self.pool.put_back(waiting);
        Ok(found)
    }
}

impl ResultStore for Redis {
    fn put(&self, results: &[StoredResult]) -> Result<(), Error> {
        if results.is_empty() {
            return Ok(());
        }
        let seconds = self.result_expires.as_secs().max(1);
        let mut pipe = redis::pipe();
        for result in results {
            let (key, text) = (key(&result.id), result.to_json().to_string());
            pipe.set_ex(&key, &text, seconds).ignore().publish(&key, &text).ignore();
        }
        self.pool.run(|connection| pipe.query(connection))
    }

    fn get(&self, id: &str) -> Result<Option<StoredResult>, Error> {
        let text: Option<String> = self.pool.run(|connection| connection.get(key(id)))?;
        Ok(text.and_then(|text| read(id, &text)))
    }

    fn wait(&self, id: &str, deadline: Option<Instant>) -> Result<Option<StoredResult>, Error> {
        // A server that restarts meanwhile is asked again; one that stays unreachable is an error
        // when the patience ends.
        self.pool.run(|_| self.wait_once(id, deadline))
    }

    fn revoked(&self, ids: &[&str]) -> Result<Vec<bool>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| key(id)).collect();
        let known: Vec<Option<String>> =
            self.pool.run(|connection| redis::cmd("MGET").arg(&keys).query(connection))?;
        let revoked = |text: Option<String>| {
            text.and_then(|text| read("", &text)).is_some_and(|r| r.state == State::Revoked)
        };
        Ok(known.into_iter().map(revoked).collect())
    }

    fn forget(&self, id: &str) -> Result<(), Error> {
        self.pool.run(|connection| connection.del(key(id)))
    }

    fn chord_begin(&self, group: &str, size: usize) -> Result<(), Error> {
        let [_, _, size_key, claim, _] = chord(group);
        let seconds = self.result_expires.as_secs().max(1);
        let mut pipe = redis::pipe();
        pipe.del(claim).ignore().set_ex(size_key, size, seconds).ignore();
        self.pool.run(|connection| pipe.query(connection))
    }

    fn chord_part(&self, group: &str, part: ChordPart) -> Result<Option<ChordReady>, Error> {
        let (state, result) = match &part.outcome {
            Ok(value) => (State::Success, value.clone()),
            Err(exception) => (State::Failure, exception.to_json()),
        };
        let entry = json!([1, part.id, state.as_str(), result]).to_string();
        let place = part.index.map_or_else(|| "+inf".to_owned(), |index| index.to_string());
        let (token, seconds) = (new_id::<String>(), self.result_expires.as_secs().max(1));
        let keys = chord(group);
        let parts: Vec<String> = self.pool.run(|connection| {
            let mut call = scripts::CHORD_PART.key(&keys[0]);
            for key in &keys[1..] {
                call.key(key);
            }
            call.arg(&part.id).arg(&place).arg(&entry).arg(&token).arg(CLAIM).arg(seconds);
            call.invoke(connection)
        })?;
        if parts.is_empty() {
            return Ok(None);
        }
        let parts = parts.iter().enumerate().filter_map(|(index, text)| {
            let entry: Value = serde_json::from_str(text).ok()?;
            let failed = ["FAILURE", "REVOKED"].contains(&entry[2].as_str()?);
            let outcome = if failed {
                Err(Exception::from_json(&entry[3], None)
                    .unwrap_or_else(|| Exception::python("Exception", entry[3].clone())))
            } else {
                Ok(entry[3].clone())
            };
            Some(ChordPart { id: entry[1].as_str()?.into(), index: Some(index as u64), outcome })
        });
        Ok(Some(ChordReady { parts: parts.collect(), token }))
    }

    fn chord_end(&self, group: &str, token: &str, started: bool) -> Result<(), Error> {
        let keys = chord(group);
        if !started {
            // The size is deleted, so that a late copy of a member does not fail it again.
            return self.pool.run(|connection| connection.del(&keys[2]));
        }
        self.pool.run(|connection| {
            let mut call = scripts::CHORD_END.key(&keys[0]);
            for key in &keys[1..] {
                call.key(key);
            }
            call.arg(token).arg(DONE).invoke::<()>(connection)
        })
    }
}
