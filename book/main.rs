//! `cargo run -p book`: shows the book in a browser and keeps it up to date.
//! `cargo run -p book -- build`: writes it into a folder.
//! `cargo run -p book -- exercises`: gives the reader programs to mend.
//! `cargo run -p book -- timelines`: runs the demos whose timelines it shows.

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use book::builder::exercises::{Ask, Course};
use book::builder::live::keep_building;
use book::builder::serve::{Pages, serve};
use book::builder::site::Book;
use book::builder::timeline;
use book::builder::watch::Watch;
use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

/// The Locksmith book: shows it on this machine and rebuilds it when a chapter, a listing or an
/// included source changes.
#[derive(Parser)]
#[command(name = "book", args_conflicts_with_subcommands = true)]
struct Arguments {
    /// Port of the address 127.0.0.1 to show the book at [default: a free one]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    port: u16,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Builds the book once, into a folder
    Build {
        /// The folder: a new one, an empty one, or one that holds an older book [default:
        /// book/book]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Programs to be mended, one after the other, with the model checker as the judge
    Exercises {
        /// Judges this one, once
        name: Option<String>,
        /// Says what there is, and what is done
        #[arg(long, conflicts_with_all = ["name", "hint"])]
        list: bool,
        /// Gives a hint for the one that is named
        #[arg(long, requires = "name")]
        hint: bool,
    },
    /// Runs the demos of timelines.toml again and writes what their threads did into
    /// generated/timelines
    Timelines {
        /// Only these
        names: Vec<String>,
        /// Writes nothing, but compares the names of threads, plots and phases with the pictures
        /// that are there
        #[arg(long)]
        check: bool,
    },
}

/// The book has a mistake.
const BROKEN: u8 = 1;
/// What was asked for cannot be done.
const BAD_INPUT: u8 = 2;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error)
            if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) =>
        {
            error.exit()
        }
        Err(error) => {
            // clap's first line names what is wrong; its others do not fit into one.
            let error = error.to_string();
            let error = error.lines().next().unwrap_or_default();
            let error = error.strip_prefix("error: ").unwrap_or(error);
            return refuse(&format!(
                "{error}; allowed: `--port N`, `build`, `build --out DIR`, `exercises [NAME] [--hint]`, \
                 `exercises --list`, `timelines [NAME]... [--check]`"
            ));
        }
    };
    let book = Book::new(Path::new(env!("CARGO_MANIFEST_DIR")));
    match arguments.command {
        Some(Command::Build { out }) => build(&book, out),
        Some(Command::Exercises { name, list, hint }) => {
            exercises(&book, name.as_deref(), list, hint)
        }
        Some(Command::Timelines { names, check }) => timelines(&book, &names, check),
        None => show(&book, arguments.port),
    }
}

fn exercises(book: &Book, name: Option<&str>, list: bool, hint: bool) -> ExitCode {
    let result = Course::open(book.folder()).and_then(|mut course| match name {
        Some(name) => course.one(name, if hint { Ask::Hint } else { Ask::Judge }),
        None if list => {
            say(&course.list());
            Ok(true)
        }
        None => course.watch().map(|()| true),
    });
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(BROKEN),
        Err(error) => refuse(&format!("{error:#}")),
    }
}

fn timelines(book: &Book, names: &[String], check: bool) -> ExitCode {
    let differ = match check {
        true => timeline::check(book.folder(), names, say),
        false => timeline::draw(book.folder(), names, say).map(|()| 0),
    };
    match differ {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(BROKEN),
        Err(error) => refuse(&format!("{error:#}")),
    }
}

fn refuse(error: &str) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(BAD_INPUT)
}

/// Prints a line; a reader who has closed the pipe does not want it.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

fn build(book: &Book, out: Option<PathBuf>) -> ExitCode {
    let started = Instant::now();
    let site = match book.render(&mut Watch::default()) {
        Ok(site) => site,
        Err(error) => {
            eprintln!("{error:#}");
            return ExitCode::from(BROKEN);
        }
    };
    let out = out.unwrap_or_else(|| book.folder().join("book"));
    if let Err(error) = site.write_to(&out) {
        return refuse(&error.to_string());
    }
    let index = out.join("index.html");
    say(&format!("Built in {:.1?}: {}", started.elapsed(), index.display()));
    ExitCode::SUCCESS
}

fn show(book: &Book, port: u16) -> ExitCode {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let (listener, address) = match listener.and_then(|l| l.local_addr().map(|a| (l, a))) {
        Ok(listening) => listening,
        Err(error) => {
            return refuse(&format!(
                "cannot listen on 127.0.0.1:{port}: {error}; \
                 name another port, or none to get a free one"
            ));
        }
    };
    let pages = Arc::new(Pages::new());
    let builder = thread::Builder::new().name("builder".into()).spawn({
        let (book, pages) = (book.clone(), Arc::clone(&pages));
        move || {
            let mut first = true;
            keep_building(&book, &pages, |built| {
                match built {
                    Ok(time) if first => say(&format!("Built in {time:.1?}.")),
                    Ok(time) => say(&format!("Changed: built again in {time:.1?}.")),
                    Err(error) => eprintln!("{error}"),
                }
                if first {
                    say(&format!("The book is at http://{address}/ (Ctrl-C ends)"));
                    first = false;
                }
            })
        }
    });
    if let Err(error) = builder {
        return refuse(&format!("cannot start a thread: {error}"));
    }
    serve(&listener, &pages)
}
