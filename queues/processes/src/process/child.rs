//! The child's side, from the first line of `main` to the end.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::panic::AssertUnwindSafe;
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use primitives::threads;

use crate::control::{self, Said, Start};
use crate::function::{self, NotRun};

/// Set for a child, to the number of its parent.
pub(super) const PARENT: &str = "LOCKSMITH_PROCESS";
/// The exit status of a child whose function panicked, as of a program whose `main` panicked.
const PANICKED: i32 = 101;
/// The exit status of a child whose parent is gone.
const ORPHANED: i32 = 102;

static CALLED: AtomicBool = AtomicBool::new(false);
static NAME: OnceLock<String> = OnceLock::new();

/// Must be the first call of `main` of a program that starts processes.
///
/// A [`Process`](crate::Process) is this same program, started again. In the parent this returns at
/// once, and notes that it was called. In a child it calls the child's function and then **ends the
/// process**: only the parent runs the rest of `main`.
///
/// _Python_: `if __name__ == "__main__":`, and `multiprocessing.freeze_support()`.
///
/// # Panics
///
/// If the system has set up the child differently from [`Process::start`](crate::Process::start).
pub fn init() {
    // Relaxed: only this thread, or one that it starts, reads it.
    CALLED.store(true, Relaxed);
    if let Some(parent) = std::env::var_os(PARENT) {
        let parent = parent.to_str().and_then(|parent| parent.parse().ok());
        live(parent.unwrap_or_else(|| panic!("{PARENT} is not a process id: unset it")));
    }
}

/// Whether `init` was called, so that children find it in `main` too.
pub(super) fn is_initialised() -> bool {
    CALLED.load(Relaxed)
}

/// The name of this process: `MainProcess`, or that of the [`Process`](crate::Process).
///
/// _Python_: `multiprocessing.current_process().name`.
#[must_use]
pub fn current_name() -> &'static str {
    NAME.get().map_or("MainProcess", String::as_str)
}

fn live(parent: u32) -> ! {
    // SAFETY: no other thread reads the environment: this is the first call of `main`. A program
    // that this process starts must not mistake itself for such a child.
    unsafe { std::env::remove_var(PARENT) };
    end_with(parent);
    let socket = take_standard_input().expect("the parent has given a socket for standard input");
    let start = control::receive::<Start>(socket.as_fd(), true);
    let Ok(Some((start, fds))) = start else { process::exit(ORPHANED) };
    let _ = NAME.set(start.name);
    leave_interrupts_to_the_parent();
    say(&socket, &Said::Hello, Vec::new());
    watch(&socket);

    let outcome = run(&start.function, start.arguments, fds);
    let (said, fds, status) = match outcome {
        Ok(packed) => match control::load(packed) {
            Ok((payload, fds)) => (Said::Returned(payload), fds, 0),
            Err(error) => (Said::BadOutput(error.to_string()), Vec::new(), PANICKED),
        },
        Err(said) => (said, Vec::new(), PANICKED),
    };
    let _ = io::stdout().flush();
    say(&socket, &said, fds);
    process::exit(status);
}

fn run(
    name: &str,
    arguments: control::Payload,
    fds: Vec<OwnedFd>,
) -> Result<function::Packed, Said> {
    let function = function::find(name).ok_or(Said::UnknownFunction)?;
    let packed =
        control::unload(arguments, fds).map_err(|error| Said::BadArguments(error.to_string()))?;
    match threads::catch_panic(AssertUnwindSafe(|| (function.run)(packed))) {
        Ok(Ok(packed)) => Ok(packed),
        Ok(Err(NotRun::Arguments(error))) => Err(Said::BadArguments(error)),
        Ok(Err(NotRun::Output(error))) => Err(Said::BadOutput(error)),
        Err(panic) => Err(control::panicked(&panic)),
    }
}

fn say(socket: &OwnedFd, said: &Said, fds: Vec<OwnedFd>) {
    if control::send(socket.as_fd(), said, &fds).is_err() {
        process::exit(ORPHANED);
    }
}

/// Lets the kernel kill this process when the thread that started it ends. That thread of the
/// parent lives as long as the parent.
fn end_with(parent: u32) {
    // SAFETY: numbers.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    // The parent may have ended before.
    if std::os::unix::process::parent_id() != parent {
        process::exit(ORPHANED);
    }
}

/// The second notice: the kernel closes the parent's end of the socket, however the parent ends.
/// The first notice is lost if this process changes its user.
fn watch(socket: &OwnedFd) {
    let socket = socket.try_clone().expect("there is a file descriptor");
    // A small stack is enough: it calls two functions.
    let builder = std::thread::Builder::new().name("parent-watch".into()).stack_size(64 * 1024);
    let watching = builder.spawn(move || {
        let mut poll = libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLRDHUP, revents: 0 };
        // SAFETY: one valid entry.
        while unsafe { libc::poll(&raw mut poll, 1, -1) } <= 0 {}
        // SAFETY: ends the process, at once: there is no one to tell.
        unsafe { libc::_exit(ORPHANED) };
    });
    // Without a thread the first notice must suffice.
    drop(watching);
}

/// Takes the socket in place of standard input, and puts an empty input there.
fn take_standard_input() -> io::Result<OwnedFd> {
    let null = File::open("/dev/null")?;
    // SAFETY: numbers.
    let socket = unsafe { libc::fcntl(libc::STDIN_FILENO, libc::F_DUPFD_CLOEXEC, 3) };
    if socket < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made it, and it belongs to no other.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    // SAFETY: numbers; no object owns standard input.
    if unsafe { libc::dup2(null.as_raw_fd(), libc::STDIN_FILENO) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(socket)
}

/// Ctrl-C goes to every process of the terminal. The parent decides; if it ends, so does this. It
/// is an empty handler and not `SIG_IGN`, which programs that this process starts would inherit.
fn leave_interrupts_to_the_parent() {
    extern "C" fn nothing(_: libc::c_int) {}
    // SAFETY: zeros are an action without flags, and the handler does nothing.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as *const () as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(libc::SIGINT, &raw const action, std::ptr::null_mut());
    }
}
