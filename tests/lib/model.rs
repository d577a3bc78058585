//! Shared by the models: numbers that loom watches, and notes that it does not see.

mod notebook;
mod watched;

pub use notebook::Notebook;
pub use watched::Watched;
