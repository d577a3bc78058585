//! mdBook's warnings, caught. mdBook reports a footnote without a text or a tag without an end
//! through `tracing`, which needs a listener. In this book each of them is a mistake.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Runs `work` and returns its result with every warning and error that it logged in this thread.
pub(crate) fn caught<R>(work: impl FnOnce() -> R) -> (R, Vec<String>) {
    let messages = Arc::default();
    let result = tracing::subscriber::with_default(Listener(Arc::clone(&messages)), work);
    let mut messages = messages.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    (result, std::mem::take(&mut messages))
}

struct Listener(Arc<Mutex<Vec<String>>>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN // the graver, the smaller
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(message.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1) // spans are not told apart
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}
