//! Whether a run is being torn down.

/// Whether a thread is unwinding: guards then leave the world as it is.
#[must_use]
pub fn model_failed() -> bool {
    std::thread::panicking()
}
