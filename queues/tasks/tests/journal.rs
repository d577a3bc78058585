//! The suite with a journal, and what a crash leaves in it.

mod same;

use watchdog as _;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use redb::{Database, TableDefinition};
use same::{LONG, register, until};
use servers::number;
use tasks::{App, InProcess, Nack, SendOptions, Signature, chord};

/// A folder of a test's own.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Relaxed); // Relaxed: only that no two are the same
        let name = format!("locksmith-journal-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("journal")
    }

    fn app(&self) -> App {
        App::new(InProcess::with_journal(self.file()).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn with_journal(test: fn(&App)) {
    let folder = Folder::new();
    test(&folder.app());
}

suite!(with_journal);

fn claim(app: &App) -> Vec<tasks::Delivery> {
    app.broker().claim(&["celery".into()], 9, Duration::ZERO).unwrap()
}

#[test]
fn what_waits_and_what_ran_is_there_again() {
    let folder = Folder::new();
    let app = folder.app();
    for n in 0..4 {
        app.delay::<()>("t", (n,)).unwrap();
    }
    let broker = app.broker();
    let first = broker.claim(&["celery".into()], 3, Duration::ZERO).unwrap();
    assert_eq!(first.len(), 3);
    broker.ack(&[first[0].receipt.clone()]).unwrap();
    broker.nack(&first[2], Nack::GiveBack).unwrap();
    assert_eq!(broker.len("celery").unwrap(), 2);
    drop(app); // as in a crash: the second is claimed and not done

    let again = folder.app();
    let all = claim(&again);
    let seen: Vec<_> = all
        .iter()
        .map(|one| (one.content.as_ref().unwrap().args[0].clone(), one.redeliveries))
        .collect();
    assert_eq!(seen, [(1.into(), 1), (2.into(), 0), (3.into(), 0)]);
    again.broker().nack(&all[0], Nack::Bury { reason: "a test".into() }).unwrap();
    again.broker().ack(&[all[1].receipt.clone()]).unwrap();
    again.broker().nack(&all[2], Nack::GiveBack).unwrap();
    assert_eq!(again.broker().purge("celery").unwrap(), 1);
    drop(again);
    let last = folder.app();
    assert!(claim(&last).is_empty(), "nothing is left to run");
    assert_eq!(last.broker().dead_letters("celery", 9).unwrap()[0].reason, "a test");
}

/// A task that waits for its time has not killed anything, however often its program dies.
#[test]
fn a_task_for_later_is_not_blamed() {
    let folder = Folder::new();
    let hour = SendOptions::new().countdown(Duration::from_secs(3600));
    folder.app().apply_async::<()>("t", (), hour).unwrap();
    for _ in 0..5 {
        assert_eq!(claim(&folder.app())[0].redeliveries, 0);
    }
}

#[test]
fn revoked_tasks_and_notes_stay() {
    let folder = Folder::new();
    let app = folder.app();
    let revoked = app.delay::<()>("t", ()).unwrap();
    revoked.revoke().unwrap();
    app.broker().set_note("beat", "at nine").unwrap();
    drop((app, revoked));
    let again = folder.app();
    assert_eq!(again.broker().note("beat").unwrap().as_deref(), Some("at nine"));
    assert!(claim(&again)[0].revoked);
}

/// The program dies when one member of two has ended; the body still gets both.
#[test]
fn a_chord_goes_on() {
    let folder = Folder::new();
    let app = folder.app();
    register(&app);
    let add = |n: i64| Signature::new("tasks.add").arg(n).arg(n);
    let in_queue = |n: i64, queue: &str| add(n).queue(queue);
    let members = [in_queue(1, "first"), in_queue(2, "second")];
    let body = Signature::new("tasks.xsum").queue("second").id("the-body");
    let id = app.apply::<i64>(chord(members, body)).unwrap().id().to_owned();
    let worker = app.worker().queues(["first"]).start().unwrap();
    until("the first has ended", || worker.processed() == 1);
    worker.stop();
    drop(app);

    let again = folder.app();
    register(&again);
    let worker = again.worker().queues(["second"]).start().unwrap();
    assert_eq!(again.handle::<i64>(&id).get_timeout(LONG), Ok(6));
    worker.stop();
}

fn refused(path: &Path) -> String {
    let error = InProcess::with_journal(path).map(drop).unwrap_err().to_string();
    assert!(!error.contains('\n') && error.contains(path.to_str().unwrap()), "{error}");
    error
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_the_reason() {
    let folder = Folder::new();
    let says = |path: &Path, word: &str| {
        let error = refused(path);
        assert!(error.contains(word), "{error}");
    };
    let app = folder.app();
    says(&folder.file(), "another program has the journal open");
    drop(app);
    says(&folder.0.join("no/such/folder"), "No such file");
    says(&folder.0, "directory");
    let text = folder.0.join("text");
    std::fs::write(&text, "a shopping list\n".repeat(1000)).unwrap();
    says(&text, "no journal of tasks");
    assert_eq!(std::fs::read(&text).unwrap().len(), 16_000, "it is left as it was");

    let other = folder.0.join("other");
    let write = |path: &Path, table: TableDefinition<'_, &str, u64>, key: &str, value: u64| {
        let store = Database::create(path).unwrap();
        let transaction = store.begin_write().unwrap();
        transaction.open_table(table).unwrap().insert(key, value).unwrap();
        transaction.commit().unwrap();
    };
    write(&other, TableDefinition::new("prices"), "tea", 3);
    says(&other, "no journal of tasks");
    write(&folder.file(), TableDefinition::new("meta"), "version", 2);
    says(&folder.file(), "layout 2, and this program reads layout 1");
}

/// A journal that was cut, or partly overwritten, is refused or read in whole; it never panics.
#[test]
fn a_torn_file_is_an_error() {
    let folder = Folder::new();
    let app = folder.app();
    app.delay_many::<_, ()>("t", (0..200).map(|n| (n,))).unwrap();
    drop(app);
    let whole = std::fs::read(folder.file()).unwrap();
    let torn = folder.0.join("torn");
    let mut refusals = 0;
    let mut check = |bytes: &[u8]| {
        std::fs::write(&torn, bytes).unwrap();
        match InProcess::with_journal(&torn) {
            Ok(broker) => assert_eq!(tasks::Broker::len(&broker, "celery"), Ok(200)),
            Err(error) => {
                refusals += 1;
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    };
    for parts in 1..8 {
        check(&whole[..whole.len() * parts / 8]);
    }
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..16 {
        let mut bytes = whole.clone();
        let at = random.usize(..bytes.len() - 4096);
        bytes[at..at + 4096].fill_with(|| random.u8(..));
        check(&bytes);
    }
    assert!(refusals > 7, "{refusals}");
}

fn start(folder: &Folder, first: u64, end: u64) -> Child {
    Command::new(env!("CARGO_BIN_EXE_journaled"))
        .arg(&folder.0)
        .args([first.to_string(), end.to_string()])
        .spawn()
        .unwrap()
}

fn numbers(folder: &Folder, file: &str) -> HashSet<u64> {
    let text = std::fs::read_to_string(folder.0.join(file)).unwrap_or_default();
    // A line that the kill has cut is a number that was not noted.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().filter_map(|line| line.parse().ok()).collect()
}

/// The program is killed again and again; everything that it has sent is done in the end.
#[test]
fn a_killed_program_loses_nothing() {
    let folder = Folder::new();
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..number("LOCKSMITH_KILLS", 8_u64) {
        let (sent, done) = (numbers(&folder, "sent").len(), numbers(&folder, "done").len());
        let mut program = start(&folder, 1000 * round, 1000 * round + 500);
        until("it has sent and done some", || {
            numbers(&folder, "sent").len() > sent + 5 && numbers(&folder, "done").len() > done + 2
        });
        std::thread::sleep(Duration::from_millis(random.u64(0..30))); // somewhere in the middle
        program.kill().unwrap();
        program.wait().unwrap();
    }
    let mut last = start(&folder, 0, 0);
    let sent = numbers(&folder, "sent");
    until("all that was sent is done", || numbers(&folder, "done").is_superset(&sent));
    last.kill().unwrap();
    last.wait().unwrap();
}
