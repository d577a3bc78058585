//! The list of living threads, and which of them is the current one.
//!
//! The list has the threads that were started here, from the call of `spawn` until their closure
//! has returned or panicked. Other threads (`main`, those of std or of a foreign runtime) join it
//! when they first ask for [`current`] or for the list, or start a thread. They leave it by a
//! thread-local destructor when they end. So every thread on the list is alive, and `main`, which
//! starts the others, is on it.
//!
//! A forked child lists the thread that called `fork`, and those that it starts itself.
//!
//! The list's lock is held for a look-up in a map. Meanwhile only the program's allocator can run:
//! no closure, no destructor, no panic hook. So all of those may ask for the list.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem;
use std::sync::Arc;

use crate::lock::Lock;
#[cfg(not(model))]
use crate::sync::OfProcess;
use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};
use crate::sync::{self, thread as native};

/// Every thread on the list, by number, and so in order of their start.
type List = Lock<BTreeMap<u64, Thread>>;

#[cfg(model)]
sync::global! {
    static LIST: List = Lock::new(BTreeMap::new());
}

#[cfg(model)]
fn list() -> &'static List {
    &LIST
}

/// The list of this process. That of a forked child begins with the thread that called `fork`.
#[cfg(not(model))]
fn list() -> &'static List {
    static LIST: OfProcess<List> = OfProcess::new(Lock::new(BTreeMap::new()));

    LIST.get(|| {
        let mine = CURRENT.try_with(|current| current.get().map(|current| current.thread.clone()));
        let threads = mine.ok().flatten().map(|thread| (thread.id(), thread));
        Lock::new(threads.into_iter().collect())
    })
}

/// A thread: its name and its number. Cheap to clone; two are equal if they are the same thread.
///
/// _Python_: `threading.Thread` as `current_thread()` gives it; [`id`](Self::id) is `ident`.
#[derive(Clone)]
pub struct Thread(Arc<Identity>);

struct Identity {
    /// It changes once if the thread took a number before its own code began.
    id: AtomicU64,
    name: String,
}

impl Thread {
    /// The given name, or `Thread-1`, `Thread-2` … if there is none; `main` is the `MainThread`.
    ///
    /// A thread that was not started here has the name that std knows, or `Dummy-` and its number.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The thread's number. It is never zero, and never that of another thread of this process,
    /// even after its end. The thread itself gets the same from
    /// [`sync::thread::id`](crate::sync::thread::id).
    #[must_use]
    #[doc(alias = "ident")]
    pub fn id(&self) -> u64 {
        // Relaxed: only the number is needed.
        self.0.id.load(Relaxed)
    }

    /// Whether it is on the list (see [`enumerate`]). Waits briefly if another thread uses the
    /// list.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let list = list().lock();
        list.contains_key(&self.id()) // under the lock: both change under it
    }

    /// A thread that is about to start here.
    pub(super) fn new(name: Option<String>) -> Self {
        sync::global! { static UNNAMED: AtomicU64 = AtomicU64::new(0); }

        // Relaxed: the numbers only have to differ.
        let name = name.unwrap_or_else(|| format!("Thread-{}", UNNAMED.fetch_add(1, Relaxed) + 1));
        Self(Arc::new(Identity { id: AtomicU64::new(native::reserve()), name }))
    }

    /// The calling thread, which was not started here.
    fn foreign() -> Self {
        let id = native::id();
        let name = match native::current().name() {
            // std gives this name to the thread that runs `main`, and to no other thread by itself.
            Some("main") => "MainThread".to_owned(),
            Some(name) => name.to_owned(),
            None => format!("Dummy-{id}"),
        };
        Self(Arc::new(Identity { id: AtomicU64::new(id), name }))
    }
}

impl PartialEq for Thread {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Thread {}

impl Hash for Thread {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

/// Never blocks.
impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread").field("name", &self.name()).field("id", &self.id()).finish()
    }
}

sync::local! {
    /// The calling thread, after its first call.
    static CURRENT: OnceCell<Current> = const { OnceCell::new() };
}

struct Current {
    thread: Thread,
    /// Takes a thread that was not started here off the list. (Those started here leave earlier.)
    _listed: Option<Listed>,
}

/// The calling thread.
///
/// Works in every thread, started here or not, and in the destructors of thread-locals. Reads a
/// thread-local; the first call in a thread that was not started here puts it on the list.
///
/// _Python_: `threading.current_thread()`.
///
/// ```standalone_crate
/// use primitives::threads;
///
/// fn main() -> std::io::Result<()> {
///     assert_eq!(threads::current().name(), "MainThread");
///     let worker = threads::Builder::new().name("worker").spawn(threads::current)?;
///     assert_eq!(worker.join().unwrap().name(), "worker");
///     Ok(())
/// }
/// ```
#[doc(alias = "current_thread")]
#[must_use]
pub fn current() -> Thread {
    let current = CURRENT.try_with(|current| {
        let current = current.get_or_init(|| {
            let thread = Thread::foreign();
            let listed = Listed::new(thread.clone());
            Current { thread, _listed: leaves_by_itself(listed) }
        });
        current.thread.clone()
    });
    // The thread is ending and has destroyed its thread-locals: the same, but not on the list.
    current.unwrap_or_else(|_| Thread::foreign())
}

/// A guard whose drop takes a thread off the list when its thread-locals are destroyed. In a model
/// that comes after the end of the thread and of the list.
fn leaves_by_itself(listed: Listed) -> Option<Listed> {
    if cfg!(model) {
        mem::forget(listed);
        return None;
    }
    Some(listed)
}

/// Sets which thread this is, before any code in it asks. If some code has asked (its allocator, a
/// signal handler), the thread keeps the number that it took then, and is listed under that.
pub(super) fn set_current(thread: &Thread, listed: &mut Listed) {
    let reserved = thread.id();
    let number = native::adopt(reserved);
    if number != reserved {
        listed.move_to(number);
    }
    // An error: the thread has asked for itself as one that was not started here. It has the same
    // number and name.
    let _ = CURRENT.try_with(|current| {
        let _ = current.set(Current { thread: thread.clone(), _listed: None });
    });
}

/// The living threads, in the order in which they were started. The calling thread is among them,
/// unless it is ending and only destructors of its thread-locals remain.
///
/// The answer may be out of date when you read it: good for messages and tests, never for deciding.
/// A thread that was joined is not in it. Waits briefly if another thread uses the list.
///
/// _Python_: `threading.enumerate()`.
///
/// ```
/// use primitives::threads;
///
/// let names: Vec<_> = threads::enumerate().iter().map(|t| t.name().to_owned()).collect();
/// println!("still running: {}", names.join(", "));
/// assert!(threads::enumerate().contains(&threads::current()));
/// ```
#[must_use]
pub fn enumerate() -> Vec<Thread> {
    let _ = current(); // on the list, if it was not
    list().lock().values().cloned().collect()
}

/// How many threads [`enumerate`] would list. _Python_: `threading.active_count()`.
#[must_use]
pub fn active_count() -> usize {
    let _ = current();
    list().lock().len()
}

/// Keeps a thread on the list while it lives.
pub(super) struct Listed(u64);

impl Listed {
    pub(super) fn new(thread: Thread) -> Self {
        let id = thread.id();
        list().lock().insert(id, thread);
        Self(id)
    }
}

impl Listed {
    /// The thread has got another number. It is on the list at every moment.
    fn move_to(&mut self, id: u64) {
        let mut list = list().lock();
        if let Some(thread) = list.remove(&self.0) {
            // Relaxed: code that compares numbers reads them again, and the list's lock orders this
            // with `is_alive`.
            thread.0.id.store(id, Relaxed);
            list.insert(id, thread);
        }
        self.0 = id;
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        // In two steps: the value must be dropped after the lock is released.
        let thread = list().lock().remove(&self.0);
        drop(thread);
    }
}
