//! A web server for one folder, on 127.0.0.1, as small as one can be: `GET`, a thread a connection,
//! one request each. Markdown is served as HTML.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use primitives::{Lock, threads};
use pulldown_cmark::{Options, Parser, html};

use super::fetch::Address;
use crate::interrupt;
use crate::outcome::BadInput;

/// Longest request that is read.
const LIMIT: u64 = 8 * 1024;
/// How long a request may take to arrive.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is served.
pub(crate) struct Site {
    pub(crate) name: String,
    folder: PathBuf,
    /// The page at `/`.
    index: &'static str,
    /// What was asked for before: a file is read, and made into HTML, once.
    made: Lock<HashMap<String, Made>>,
}

/// A file's type, and its bytes.
type Made = (&'static str, Arc<[u8]>);

impl Site {
    /// That in `folder`, or the chapters of the book.
    pub(crate) fn find(folder: Option<&Path>) -> Result<Self, BadInput> {
        let index = |folder: &Path| {
            ["index.html", "SUMMARY.md", "index.md"]
                .into_iter()
                .find(|name| folder.join(name).is_file())
        };
        if let Some(folder) = folder {
            let index = index(folder).ok_or_else(|| {
                BadInput(format!(
                    "--site {folder:?}: a folder with an index.html or index.md is allowed"
                ))
            })?;
            return Ok(Self {
                name: format!("{folder:?}"),
                folder: folder.to_owned(),
                index,
                made: Lock::default(),
            });
        }
        let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let here = env::current_dir().ok();
        let starts = package.iter().chain(&here).flat_map(|start| start.ancestors());
        let places: Vec<_> = starts.map(Path::to_owned).collect();
        for folder in places.iter().map(|up| up.join("book/src")) {
            if let Some(index) = index(&folder) {
                let name = "the book's chapters".into();
                return Ok(Self { name, folder, index, made: Lock::default() });
            }
        }
        Err(BadInput(
            "the book's chapters (book/src) are not here: run this inside the repository, or name a folder by --site DIR"
                .into(),
        ))
    }

    /// The file at a path.
    fn page(&self, path: &str) -> io::Result<Made> {
        if let Some(made) = self.made.lock().get(path) {
            return Ok(made.clone());
        }
        // Without the lock, so that other pages go on: two may make the same.
        let (kind, bytes) = self.read(path)?;
        let made = (kind, bytes.into());
        self.made.lock().insert(path.to_owned(), Made::clone(&made));
        Ok(made)
    }

    fn read(&self, path: &str) -> io::Result<(&'static str, Vec<u8>)> {
        let relative = Path::new(path.trim_start_matches('/'));
        // Names only: no path may lead out of the folder.
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let file = match path {
            "/" => self.folder.join(self.index),
            _ => self.folder.join(relative),
        };
        let bytes = fs::read(&file)?;
        Ok(match file.extension().and_then(|ending| ending.to_str()) {
            Some("html") => ("text/html; charset=utf-8", bytes),
            Some("md") => {
                let mut page = "<!doctype html>".to_owned();
                let text = String::from_utf8_lossy(&bytes);
                html::push_html(&mut page, Parser::new_ext(&text, Options::ENABLE_FOOTNOTES));
                ("text/html; charset=utf-8", page.into_bytes())
            }
            _ => ("application/octet-stream", bytes),
        })
    }
}

/// Serves until the program ends; the address of the first page.
pub(crate) fn start(site: Site, latency: Duration) -> io::Result<Address> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = Address::new(listener.local_addr()?);
    let site = Arc::new(site);
    threads::Builder::new().name("server").spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            let site = Arc::clone(&site);
            let answer = move || drop(answer(&site, &stream, latency)); // the client has gone
            let _ = threads::Builder::new().name("answer").spawn(answer);
        }
    })?;
    Ok(address)
}

fn answer(site: &Site, mut stream: &TcpStream, latency: Duration) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream.take(LIMIT)).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    // The rest of the head; closing before it is read would be an error for the other side.
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    interrupt::sleep(latency); // the simulated network
    let mut words = request.split(' ');
    let found = match (words.next(), words.next()) {
        (Some("GET"), Some(path)) => site.page(path).map_err(|_| "404 Not Found"),
        _ => Err("405 Method Not Allowed"),
    };
    let (status, kind, body) = match found {
        Ok((kind, body)) => ("200 OK", kind, body),
        Err(status) => (status, "text/plain", [].into()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(&body)
}
