//! The book as a site: rendered by mdBook in this process, checked, and held in memory, so that two
//! builders never write to the same place and a broken book replaces nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;

use super::chapter;
use super::places::Places;
use super::watch::Watch;
use super::{Fault, Faults, editor, levels, links, scripts, warnings};

/// A book on disk.
#[derive(Clone, Debug)]
pub struct Book {
    places: Places,
}

/// A chapter as its author wrote it.
struct Written {
    /// Relative to the repository.
    file: PathBuf,
    text: String,
}

impl Book {
    /// The book in `folder`, which stands in the repository whose sources it shows.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let repository = folder.parent().unwrap_or(folder).to_owned();
        Self { places: Places { repository, book: folder.to_owned() } }
    }

    /// The folder of the book.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.places.book
    }

    /// Renders the book, and adds to `watch` the files that its chapters include, whether or not
    /// they can be read.
    ///
    /// # Errors
    ///
    /// [`Faults`] where the mistakes have a place in a chapter; otherwise what mdBook says.
    pub fn render(&self, watch: &mut Watch) -> Result<Site> {
        let folder = &self.places.book;
        let output = tempfile::tempdir().context("cannot make a folder for the pages")?;
        let mut config = Config::from_disk(folder.join("book.toml")).map_err(one_line)?;
        config.build.build_dir = output.path().to_owned();
        let (chapters, warnings) = warnings::caught(|| {
            let mut book = MDBook::load_with_config(folder, config).map_err(one_line)?;
            let chapters = self.expand(&mut book, watch)?;
            let levels = add_levels(&mut book);
            book.build().map_err(one_line)?;
            Ok::<_, anyhow::Error>((chapters, levels))
        });
        let (chapters, levels) = chapters?;
        if !warnings.is_empty() {
            return Err(anyhow!("mdBook warns: {}", warnings.join("; ")));
        }
        let mut site = Site::read(output.path())?;
        scripts::make_small(&mut site.files);
        levels.add(&mut site.files);
        editor::add(folder, &mut site.files).map_err(|what| anyhow!(what))?;
        self.check_links(&site, &chapters)?;
        Ok(site)
    }

    /// Replaces the directives of all chapters. Returns them as they were, by the path of their
    /// page.
    fn expand(&self, book: &mut MDBook, watch: &mut Watch) -> Result<BTreeMap<String, Written>> {
        let source = book.source_dir();
        let source = source.strip_prefix(&self.places.repository).unwrap_or(&source).to_owned();
        let mut chapters = BTreeMap::new();
        let mut faults = Vec::new();
        book.book.for_each_chapter_mut(|chapter| {
            let (Some(path), Some(file)) = (&chapter.path, &chapter.source_path) else { return };
            let file = source.join(file);
            match chapter::expand(&chapter.content, &self.places, watch) {
                Ok(expanded) => {
                    let text = std::mem::replace(&mut chapter.content, expanded);
                    chapters.insert(page(path), Written { file, text });
                }
                Err(mistakes) => {
                    let fault = |(line, what)| Fault::new(&file, line, what);
                    faults.extend(mistakes.into_iter().map(fault));
                }
            }
        });
        if faults.is_empty() { Ok(chapters) } else { Err(Faults(faults).into()) }
    }

    fn check_links(&self, site: &Site, chapters: &BTreeMap<String, Written>) -> Result<()> {
        let mut faults = BTreeSet::new();
        for dead in links::dead(&site.files) {
            let what = format!("dead link `{}`: {}", dead.link, dead.why);
            if let Some(chapter) = chapters.get(&dead.page) {
                faults.insert(Fault::new(&chapter.file, line_of(&chapter.text, &dead.link), what));
            } else if !matches!(&*dead.page, "index.html" | "print.html" | "404.html") {
                // The first two repeat chapters. mdBook gives the third a base, so that the link of
                // its heading leads to the first page. Any other page is the theme's.
                faults.insert(Fault::new(Path::new(&dead.page), 1, what));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Faults(faults.into_iter().collect()).into()) }
    }
}

/// Puts the list of all levels where a chapter has its place.
fn add_levels(book: &mut MDBook) -> levels::Levels {
    let mut levels = levels::Levels::default();
    book.book.for_each_chapter_mut(|chapter| {
        if let Some(file) = &chapter.path {
            levels.read(&page(file), &chapter.name, &mut chapter.content);
        }
    });
    book.book.for_each_chapter_mut(|chapter| {
        if let Some(file) = &chapter.path {
            levels.fill(&page(file), &mut chapter.content);
        }
    });
    levels
}

/// The path of a chapter's page in the site.
fn page(chapter: &Path) -> String {
    let path = chapter.with_extension("html");
    Vec::from_iter(path.components().map(|part| part.as_os_str().to_string_lossy())).join("/")
}

/// The line of a chapter in which a link of its page was written.
fn line_of(chapter: &str, link: &str) -> usize {
    let spellings = [link.replacen(".html", ".md", 1), link.to_owned()];
    let lines = || (1..).zip(chapter.lines());
    let written = |spelling: &String| {
        // As a link first: the same text may stand in the prose above it.
        let at =
            |text: &str| lines().find(|(_, line)| line.contains(text)).map(|(number, _)| number);
        at(&format!("({spelling}")).or_else(|| at(spelling))
    };
    spellings.iter().find_map(written).unwrap_or(1)
}

/// mdBook's error with its causes, in one line.
fn one_line(error: anyhow::Error) -> anyhow::Error {
    let text = format!("{error:#}");
    anyhow!(Vec::from_iter(text.split_whitespace()).join(" "))
}

/// The files of the finished book, by their paths, which are separated by `/`.
#[derive(Clone, Debug)]
pub struct Site {
    files: BTreeMap<String, Vec<u8>>,
}

/// The list, in a folder that the builder wrote, of what it wrote there.
const MANIFEST: &str = ".book-files";

impl Site {
    /// Reads all files in `folder`.
    fn read(folder: &Path) -> Result<Self> {
        fn add(
            files: &mut BTreeMap<String, Vec<u8>>,
            folder: &Path,
            prefix: &str,
        ) -> io::Result<()> {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
                if entry.file_type()?.is_dir() {
                    add(files, &entry.path(), &format!("{path}/"))?;
                } else {
                    files.insert(path, fs::read(entry.path())?);
                }
            }
            Ok(())
        }
        let mut files = BTreeMap::new();
        add(&mut files, folder, "").context("cannot read the pages back")?;
        Ok(Self { files })
    }

    /// The file at `path`.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// All files, in the order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, contents)| (&**path, &**contents))
    }

    /// Writes the files into `folder`, and removes those that an earlier book had left there and
    /// this one does not have. Each file is replaced in one step.
    ///
    /// # Errors
    ///
    /// [`WriteError::Foreign`] if there is something in the folder that no builder wrote; nothing
    /// is touched then.
    pub fn write_to(&self, folder: &Path) -> Result<(), WriteError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| WriteError::Io(path, error)
        };
        fs::create_dir_all(folder).map_err(failed(folder))?;
        let list = folder.join(MANIFEST);
        let before = match fs::read_to_string(&list) {
            Ok(list) => list,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if fs::read_dir(folder).map_err(failed(folder))?.next().is_some() {
                    return Err(WriteError::Foreign(folder.to_owned()));
                }
                String::new()
            }
            Err(error) => return Err(failed(&list)(error)),
        };
        let now = Vec::from_iter(self.files.keys().map(String::as_str)).join("\n");
        // First the list of all files that may be there, so that after an interruption the next run
        // knows every file.
        replace(&list, format!("{before}\n{now}\n").as_bytes()).map_err(failed(&list))?;
        for (path, contents) in &self.files {
            let path = folder.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(failed(parent))?;
            }
            replace(&path, contents).map_err(failed(&path))?;
        }
        for stale in before.lines().filter(|path| !self.files.contains_key(*path)) {
            let mut parts = Path::new(stale).components();
            if !stale.is_empty() && parts.all(|part| matches!(part, Component::Normal(_))) {
                let _ = fs::remove_file(folder.join(stale)); // gone already is as good
            }
        }
        replace(&list, format!("{now}\n").as_bytes()).map_err(failed(&list))
    }
}

/// Writes a file beside its place and moves it there.
fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
    io::Write::write_all(&mut file, contents)?;
    #[cfg(unix)]
    {
        // A temporary file is its owner's alone; a page is to be read.
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path)?;
    Ok(())
}

/// Why a site could not be written.
#[derive(Debug)]
pub enum WriteError {
    /// The folder contains foreign files.
    Foreign(PathBuf),
    /// This file or folder could not be read or written.
    Io(PathBuf, io::Error),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign(folder) => write!(
                f,
                "`{}` holds files that are not a book; name a new folder, an empty one, or an older book",
                folder.display()
            ),
            Self::Io(path, error) => write!(
                f,
                "cannot write to `{}`: {error}; name a folder that can be written",
                path.display()
            ),
        }
    }
}

impl std::error::Error for WriteError {}

#[cfg(test)]
mod tests {
    use super::{MANIFEST, Site, WriteError, line_of};
    use std::fs;

    fn site(files: &[(&str, &str)]) -> Site {
        let files = files.iter().map(|(path, text)| ((*path).into(), (*text).into()));
        Site { files: files.collect() }
    }

    #[test]
    fn a_link_is_found_in_the_line_where_it_was_written() {
        let chapter = "a.md is meant\n[x](a.md#b)\n[y](c.html)\n[z](#d)\n";
        assert_eq!(line_of(chapter, "a.html#b"), 2);
        assert_eq!(line_of(chapter, "a.html"), 2);
        assert_eq!(line_of(chapter, "c.html"), 3);
        assert_eq!(line_of(chapter, "#d"), 4);
        assert_eq!(line_of(chapter, "nowhere"), 1);
    }

    #[test]
    fn an_older_book_is_replaced_and_nothing_else_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("new/out");
        site(&[("index.html", "1"), ("css/old.css", "1")]).write_to(&out).unwrap();
        fs::write(out.join("mine.txt"), "mine").unwrap();
        site(&[("index.html", "2"), ("css/new.css", "2")]).write_to(&out).unwrap();

        assert_eq!(fs::read_to_string(out.join("index.html")).unwrap(), "2");
        assert_eq!(fs::read_to_string(out.join("mine.txt")).unwrap(), "mine");
        assert!(!out.join("css/old.css").exists());
        assert_eq!(fs::read_to_string(out.join(MANIFEST)).unwrap(), "css/new.css\nindex.html\n");
    }

    #[test]
    fn a_list_that_points_elsewhere_removes_nothing_there() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("precious"), "1").unwrap();
        let out = folder.path().join("out");
        fs::create_dir(&out).unwrap();
        let absolute = folder.path().join("precious");
        fs::write(out.join(MANIFEST), format!("../precious\n{}\n", absolute.display())).unwrap();
        site(&[("index.html", "1")]).write_to(&out).unwrap();
        assert!(absolute.exists());
    }

    #[test]
    fn a_folder_of_somebody_else_is_refused_untouched() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("index.html"), "mine").unwrap();
        let error = site(&[("index.html", "1")]).write_to(folder.path()).unwrap_err();
        assert!(matches!(error, WriteError::Foreign(_)));
        assert_eq!(fs::read_to_string(folder.path().join("index.html")).unwrap(), "mine");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_place_that_cannot_be_a_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let error = site(&[]).write_to(&folder.path().join("file/out")).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("file/out`: ") && !error.contains('\n'), "{error}");
    }
}
