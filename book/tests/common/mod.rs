//! A small repository with a book in it, to be built and broken.

use std::fs;
use std::path::{Path, PathBuf};

use book::builder::site::Book;

/// The repository; it is removed with this value.
pub(crate) struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    /// Two chapters, a source file and a drawing.
    pub(crate) fn new() -> Self {
        let repository = Self { folder: tempfile::tempdir().unwrap() };
        repository.write("book/book.toml", include_str!("../../book.toml"));
        repository.write("book/theme/book.css", "/* */");
        repository.write("book/theme/explorer.css", "/* */");
        for script in ["explorer", "levels", "map", "predict"] {
            repository.write(&format!("book/theme/{script}.js"), "// nothing");
        }
        repository
            .write("book/src/SUMMARY.md", "# Summary\n\n[Start](index.md)\n\n- [Lock](lock.md)\n");
        repository.write("book/src/index.md", "# Start\n\nSee [the lock](lock.md#states).\n");
        repository
            .write("book/src/lock.md", "# Lock\n\n## States\n\n{{#source code/lock.rs:states}}\n");
        repository.write(
            "code/lock.rs",
            "// ANCHOR: states\nconst UNLOCKED: u32 = 0;\n// ANCHOR_END: states\n",
        );
        repository
    }

    pub(crate) fn book(&self) -> Book {
        Book::new(&self.path("book"))
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        fs::write(path, text).unwrap();
    }
}
