//! The identities of processes and threads, and whether a process still exists.
//!
//! A process id alone is not enough: the kernel reuses it when the process has ended. Together with
//! its start time it names one process permanently (as far as ticks of 10 ms distinguish two). Both
//! fit in one word, so one atomic operation claims an entry of a table, or finds it dead.
//!
//! A library may call `fork` without notice. The child then has this memory and another identity. A
//! `pthread_atfork` handler clears the identity that is stored here, so that the child does not
//! pass for its parent.

use std::cell::Cell;
use std::fs;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Once;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};

/// Process ids are below 2²² on every 64-bit Linux (`PID_MAX_LIMIT`).
const PID_BITS: u32 = 22;

/// One process: its id in the low bits, the tick at which it started above them. Never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity(u64);

/// This process, or 0 until it is asked.
static ME: AtomicU64 = AtomicU64::new(0);
/// How often this memory was copied by `fork` on the way to this process.
static FORKS: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static THREAD: Cell<u32> = const { Cell::new(0) };
}

impl Identity {
    /// This process.
    pub(crate) fn me() -> Self {
        // Relaxed, here and below: every thread would compute the same value.
        match ME.load(Relaxed) {
            0 => Self::find_me(),
            me => Self(me),
        }
    }

    #[cold]
    fn find_me() -> Self {
        watch_forks();
        let pid = std::process::id();
        let started = started(pid).expect("/proc/self/stat can be read");
        let me = u64::from(pid) | started.at << PID_BITS;
        ME.store(me, Relaxed);
        Self(me)
    }

    pub(crate) fn from_word(word: u64) -> Option<Self> {
        (word != 0).then_some(Self(word))
    }

    pub(crate) fn to_word(self) -> u64 {
        self.0
    }

    /// The process id.
    pub(crate) fn pid(self) -> u32 {
        (self.0 & ((1 << PID_BITS) - 1)) as u32
    }

    /// Whether the process has not ended. A process that has ended but was not yet waited for (a
    /// zombie) counts as dead.
    ///
    /// Reads a file of `/proc` and makes three system calls: about 10 µs.
    pub(crate) fn is_alive(self) -> bool {
        if self == Self::me() {
            return true;
        }
        match started(self.pid()) {
            None => false,
            Some(found) if found.at != self.0 >> PID_BITS => false,
            // A first thread that has ended looks like a zombie while the other threads run on.
            Some(found) if found.ended => !has_exited(self.pid()),
            Some(_) => true,
        }
    }
}

struct Started {
    /// In clock ticks since the machine started.
    at: u64,
    ended: bool,
}

/// Reads [proc_pid_stat(5)](https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
fn started(pid: u32) -> Option<Started> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in brackets, which may contain any characters, even brackets.
    let name_ends = stat.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(stat.get(name_ends + 2..)?).ok()?;
    let mut fields = rest.split(' ');
    let ended = matches!(fields.next()?, "Z" | "X");
    Some(Started { at: fields.nth(18)?.parse().ok()?, ended })
}

/// Whether all threads of the process have ended, by its pidfd.
fn has_exited(pid: u32) -> bool {
    match open_pidfd(pid) {
        Ok(pidfd) => {
            let mut poll = libc::pollfd { fd: pidfd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: one valid entry, and no wait.
            unsafe { libc::poll(&raw mut poll, 1, 0) == 1 }
        }
        Err(_) => true,
    }
}

/// [pidfd_open(2)](https://man7.org/linux/man-pages/man2/pidfd_open.2.html).
pub(crate) fn open_pidfd(pid: u32) -> std::io::Result<OwnedFd> {
    // SAFETY: two numbers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made it, and it belongs to no other.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as libc::c_int) })
}

/// The kernel's number of this thread.
#[inline]
pub(crate) fn thread() -> u32 {
    match THREAD.get() {
        0 => find_thread(),
        thread => thread,
    }
}

#[cold]
fn find_thread() -> u32 {
    watch_forks();
    // SAFETY: has no arguments, and always succeeds.
    let thread = unsafe { libc::gettid() }.cast_unsigned();
    THREAD.set(thread);
    thread
}

/// How often this memory was copied by `fork`: a value that was stored under another number belongs
/// to a parent.
pub(crate) fn forks() -> u32 {
    watch_forks();
    FORKS.load(Relaxed)
}

fn watch_forks() {
    static WATCHED: Once = Once::new();
    extern "C" fn in_the_child() {
        ME.store(0, Relaxed);
        FORKS.fetch_add(1, Relaxed);
        // The thread that called `fork` runs this, and it is the only one in the child.
        let _ = THREAD.try_with(|thread| thread.set(0));
    }
    // SAFETY: the handler touches nothing but words.
    WATCHED.call_once(|| unsafe { in_each_child(in_the_child) });
}

/// Has `handler` called in each child of `fork`, by the only thread that is there.
///
/// # Safety
///
/// It does nothing but what a signal handler may do.
pub(crate) unsafe fn in_each_child(handler: unsafe extern "C" fn()) {
    // SAFETY: the handler is one that a child of `fork` may run.
    let result = unsafe { libc::pthread_atfork(None, None, Some(handler)) };
    assert_eq!(result, 0, "no memory to watch for `fork`");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_has_its_id() {
        let me = Identity::me();
        assert_eq!(me.pid(), std::process::id());
        assert!(me.is_alive());
        assert_eq!(Identity::from_word(me.to_word()), Some(me));
        assert_eq!(Identity::from_word(0), None);
    }

    #[test]
    fn a_process_that_has_ended_is_dead_even_before_it_is_waited_for() {
        let mut child = std::process::Command::new("/bin/cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("there is a cat");
        let started = started(child.id()).expect("it runs").at;
        let it = Identity(u64::from(child.id()) | started << PID_BITS);
        assert!(it.is_alive());
        let another = Identity(u64::from(child.id()) | (started + 1) << PID_BITS);
        assert!(!another.is_alive(), "the same number, at another time");

        let pidfd = open_pidfd(child.id()).expect("it runs");
        child.kill().expect("it can be killed");
        let mut poll = libc::pollfd { fd: pidfd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one valid entry.
        assert_eq!(unsafe { libc::poll(&raw mut poll, 1, -1) }, 1);
        assert!(!it.is_alive(), "a zombie");
        child.wait().expect("it is ours");
        assert!(!it.is_alive());
    }

    #[test]
    fn each_thread_has_a_number_of_its_own() {
        let here = thread();
        assert_eq!(here, thread());
        let there = std::thread::spawn(thread).join().expect("it ends");
        assert_ne!(here, there);
    }
}
