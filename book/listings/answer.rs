//! An answer that is written before the event is set, and read when it is.

use primitives::Event;
use primitives::sync::atomic::{AtomicU32, Ordering::Relaxed};
use primitives::sync::const_fn;

// ANCHOR: question
/// A question that one thread answers, and others wait for.
pub struct Question {
    answer: AtomicU32,
    answered: Event,
}

impl Question {
    /// Writes the answer, and lets all go who wait for it.
    pub fn reply(&self, answer: u32) {
        // Relaxed, here and below: the event makes the order.
        self.answer.store(answer, Relaxed);
        self.answered.set();
    }

    /// The answer, as soon as there is one.
    pub fn ask(&self) -> u32 {
        self.answered.wait();
        self.answer.load(Relaxed)
    }
}
// ANCHOR_END: question

impl Question {
    const_fn! {
        /// No answer yet.
        #[must_use]
        pub const fn new() -> Self {
            Self { answer: AtomicU32::new(0), answered: Event::new() }
        }
    }
}

impl Default for Question {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::Question;
    use std::thread;

    #[test]
    fn everybody_gets_the_answer() {
        let question = Question::new();
        thread::scope(|s| {
            for _ in 0..3 {
                s.spawn(|| assert_eq!(question.ask(), 42));
            }
            question.reply(42);
        });
    }
}
