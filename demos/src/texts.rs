//! The texts that demos work on: the chapters of the book, or the files of any folder.

use std::env;
use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::outcome::BadInput;

/// Files to read, in an order that is the same every time.
#[derive(Debug)]
pub(crate) struct Texts {
    /// What to call them in a sentence.
    pub(crate) name: String,
    pub(crate) files: Vec<PathBuf>,
    /// The folder, to show file names without it.
    folder: PathBuf,
    /// Sub-folders that could not be listed.
    pub(crate) skipped: Vec<Skipped>,
}

/// A file that is not text or cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Skipped {
    file: PathBuf,
    why: String,
}

impl Texts {
    /// Those in `folder`, or the chapters of the book.
    ///
    /// # Errors
    ///
    /// [`BadInput`], if there is no such folder or no file in it.
    pub(crate) fn find(folder: Option<&Path>) -> Result<Self, BadInput> {
        match folder {
            Some(folder) => Self::in_folder(folder),
            None => Self::chapters(),
        }
    }

    /// All files in `folder` and below, sorted by name. Hidden ones and links to folders are left
    /// out.
    fn in_folder(folder: &Path) -> Result<Self, BadInput> {
        let refuse = |why: &str| BadInput(format!("--input {folder:?}: {why}"));
        match fs::metadata(folder) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(refuse("not a folder; a folder with text files is allowed")),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(refuse("no such folder; a folder with text files is allowed"));
            }
            Err(error) => return Err(refuse(&format!("cannot be read: {error}"))),
        }

        let mut texts = Self {
            name: format!("{folder:?}"),
            files: Vec::new(),
            folder: folder.to_owned(),
            skipped: Vec::new(),
        };
        let visible = |entry: &DirEntry| {
            entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".")
        };
        for entry in WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(visible) {
            match entry {
                Ok(entry) if is_text_file(entry.path()) => texts.files.push(entry.into_path()),
                Ok(_) => {}
                Err(error) if error.depth() == 0 => {
                    return Err(refuse(&format!("cannot be read: {}", cause(error))));
                }
                Err(error) => {
                    let at = error.path().unwrap_or(folder).to_owned();
                    let skipped = texts.skip(&at, cause(error));
                    texts.skipped.push(skipped);
                }
            }
        }
        if texts.files.is_empty() && !texts.skipped.is_empty() {
            return Err(texts.none_is_text(&texts.skipped));
        }
        if texts.files.is_empty() {
            return Err(refuse("no file in it; a folder with text files is allowed"));
        }
        Ok(texts)
    }

    /// The Markdown files in `book/src`, looked for where cargo says that this package is, and from
    /// the current folder upwards.
    fn chapters() -> Result<Self, BadInput> {
        let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let here = env::current_dir().ok();
        let starts = package.iter().chain(&here);
        let candidates = starts.flat_map(|start| start.ancestors()).map(|up| up.join("book/src"));
        for folder in candidates.filter(|folder| folder.is_dir()) {
            let Ok(mut texts) = Self::in_folder(&folder) else { continue };
            texts.files.retain(|file| file.extension().is_some_and(|ending| ending == "md"));
            if !texts.files.is_empty() {
                texts.name = "the book's chapters".into();
                return Ok(texts);
            }
        }
        Err(BadInput(
            "the book's chapters (book/src/*.md) are not here: run this inside the repository, or \
             name a folder with text files by --input DIR"
                .into(),
        ))
    }

    /// The whole of a file.
    ///
    /// All of it, because a file is either text or skipped: after its first lines were handed on it
    /// would be too late to find out.
    ///
    /// # Errors
    ///
    /// [`Skipped`], if it cannot be read or is not UTF-8.
    pub(crate) fn read(&self, file: &Path) -> Result<String, Skipped> {
        fs::read_to_string(file).map_err(|error| match error.kind() {
            ErrorKind::InvalidData => self.skip(file, "not UTF-8 text".into()),
            _ => self.skip(file, error.to_string()),
        })
    }

    fn skip(&self, file: &Path, why: String) -> Skipped {
        Skipped { file: file.strip_prefix(&self.folder).unwrap_or(file).to_owned(), why }
    }

    /// What to say if all of them were skipped.
    pub(crate) fn none_is_text(&self, skipped: &[Skipped]) -> BadInput {
        let named = skipped.first().map_or_else(String::new, |first| format!(" ({first})"));
        let name = &self.name;
        BadInput(format!(
            "no text file in {name}, {} skipped{named}; a folder with UTF-8 text files is allowed",
            skipped.len(),
        ))
    }
}

/// Whether to try it: a file, a link to one, or something that only reading it can tell about. Not
/// a pipe or a device, whose end might never come.
fn is_text_file(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |found| found.is_file())
}

fn cause(error: walkdir::Error) -> String {
    io::Error::from(error).to_string()
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.file, self.why)
    }
}
