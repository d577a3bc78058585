//! The source files, in which names are looked up.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::{env, fs};

use crate::world::At;

thread_local! {
    static FILES: RefCell<HashMap<String, Rc<Vec<String>>>> = RefCell::default();
}

/// The line where something happens, without its indentation.
pub(super) fn line(at: At) -> String {
    let lines = lines(at.file());
    lines.get(at.line() as usize - 1).map(|line| line.trim().to_owned()).unwrap_or_default()
}

/// The lines of a file, which the compiler names from the root of the workspace; none if it cannot
/// be read.
pub(super) fn lines(file: &str) -> Rc<Vec<String>> {
    FILES.with_borrow_mut(|files| {
        Rc::clone(files.entry(file.to_owned()).or_insert_with(|| {
            let text = fs::read_to_string(find(file)).unwrap_or_default();
            Rc::new(text.lines().map(str::to_owned).collect())
        }))
    })
}

/// Tests run in the folder of their crate, somewhere below the root.
fn find(file: &str) -> PathBuf {
    let here = env::current_dir().unwrap_or_default();
    here.ancestors().map(|folder| folder.join(file)).find(|path| path.exists()).unwrap_or_default()
}
