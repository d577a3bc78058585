//! Where the things lie that chapters name.

use std::path::PathBuf;

/// Where the things lie that chapters name.
#[derive(Clone, Debug)]
pub struct Places {
    /// The repository: the paths in `{{#source …}}` count from here.
    pub repository: PathBuf,
    /// The folder of the book, with `figures` and `generated`.
    pub book: PathBuf,
}
