//! The one thread that starts processes and sees them end.
//!
//! Why one thread, which never ends? The kernel kills a child that asked for it
//! (`PR_SET_PDEATHSIG`) when the _thread_ that started the child ends. If a thread of the program
//! started a process and ended, the process would end too.
//!
//! It sleeps in `epoll_wait` on a bell (for requests) and on one pidfd for each process. A pidfd is
//! ready when its process has ended. So the keeper notices each end at once and waits for the
//! process: no zombie remains, whether or not the program joins the process.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Instant;

use primitives::{Condition, Lock};

use super::child::PARENT;
use crate::control::{self, Said};
use crate::identity;

/// A callback for the end of a process. It runs in the keeper's thread, so it must be quick.
pub(crate) type OnEnd = Box<dyn FnOnce(&Ended) + Send>;

/// A child of this process.
pub(crate) struct Child {
    pub(crate) pid: u32,
    pidfd: OwnedFd,
    /// The parent's end of the socket; closed with the last handle, after the child's end.
    control: OwnedFd,
    ended: Lock<Option<Arc<Ended>>>,
    changed: Condition,
}

/// How a child ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` if another part of this program has waited for it.
    pub(crate) status: Option<ExitStatus>,
    /// It has called `init`.
    pub(crate) has_greeted: bool,
    /// Its last message; the first caller takes it.
    pub(crate) said: Lock<Option<(Said, Vec<OwnedFd>)>>,
}

impl Child {
    /// How it ended, if it has.
    pub(crate) fn ended(&self) -> Option<Arc<Ended>> {
        self.ended.lock().clone()
    }

    /// Blocks until it has ended.
    pub(crate) fn wait(&self) -> Arc<Ended> {
        let mut ended = self.ended.lock();
        loop {
            if let Some(ended) = &*ended {
                return Arc::clone(ended);
            }
            self.changed.wait(&mut ended);
        }
    }

    /// Blocks until it has ended, or until `deadline`. Whether it has.
    pub(crate) fn wait_until(&self, deadline: Option<Instant>) -> bool {
        let Some(deadline) = deadline else {
            self.wait();
            return true;
        };
        let mut ended = self.ended.lock();
        while ended.is_none() {
            if self.changed.wait_deadline(&mut ended, deadline).timed_out() {
                return ended.is_some();
            }
        }
        true
    }

    /// Sends a signal, unless the process has ended: a pidfd never refers to another process.
    pub(crate) fn signal(&self, signal: libc::c_int) {
        // SAFETY: numbers and a null. Fails where the process has ended, which is what was wanted.
        unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.pidfd.as_raw_fd(),
                signal,
                std::ptr::null::<libc::siginfo_t>(),
                0,
            )
        };
    }

    fn end(&self) -> Arc<Ended> {
        let mut has_greeted = false;
        let mut last = None;
        while let Ok(Some((said, fds))) = control::receive::<Said>(self.control.as_fd(), false) {
            match said {
                Said::Hello => has_greeted = true,
                said => last = Some((said, fds)),
            }
        }
        Arc::new(Ended { status: wait_for(&self.pidfd), has_greeted, said: Lock::new(last) })
    }
}

/// Waits for a process that has ended.
fn wait_for(pidfd: &OwnedFd) -> Option<ExitStatus> {
    // SAFETY: zeros, which the kernel fills in.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: a descriptor, and a place for what is known.
        let result = unsafe {
            libc::waitid(
                libc::P_PIDFD,
                pidfd.as_raw_fd().cast_unsigned(),
                &raw mut info,
                libc::WEXITED,
            )
        };
        if result == 0 {
            break;
        }
        if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return None;
        }
    }
    // SAFETY: the kernel has filled in what belongs to a child's end.
    let status = unsafe { info.si_status() };
    Some(ExitStatus::from_raw(match info.si_code {
        libc::CLD_EXITED => status << 8,
        libc::CLD_DUMPED => status | 0x80,
        _ => status,
    }))
}

/// The outcome of a request.
type Answer = io::Result<Arc<Child>>;

struct Request {
    start: control::Start,
    fds: Vec<OwnedFd>,
    on_end: Option<OnEnd>,
    answer: Arc<(Lock<Option<Answer>>, Condition)>,
}

struct Keeper {
    requests: Lock<Vec<Request>>,
    bell: File,
    forks: u32,
}

static KEEPER: Lock<Option<Arc<Keeper>>> = Lock::new(None);

/// Starts this program again, to call a function. Blocks until the system says whether it can.
pub(crate) fn spawn(
    start: control::Start,
    fds: Vec<OwnedFd>,
    on_end: Option<OnEnd>,
) -> io::Result<Arc<Child>> {
    let keeper = keeper()?;
    let answer = Arc::new((Lock::new(None), Condition::new()));
    let request = Request { start, fds, on_end, answer: Arc::clone(&answer) };
    keeper.requests.lock().push(request);
    (&keeper.bell).write_all(&1u64.to_ne_bytes())?;
    let (place, answered) = &*answer;
    let mut place = place.lock();
    answered.wait_while(&mut place, |place| place.is_none());
    place.take().expect("it was waited for")
}

/// The keeper of this process. A forked child has the parent's keeper in its memory, but not its
/// thread.
fn keeper() -> io::Result<Arc<Keeper>> {
    let mut keeper = KEEPER.lock();
    if let Some(keeper) = &*keeper
        && keeper.forks == identity::forks()
    {
        return Ok(Arc::clone(keeper));
    }
    // SAFETY: numbers.
    let bell = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    if bell < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made it, and it belongs to no other.
    let bell = File::from(unsafe { OwnedFd::from_raw_fd(bell) });
    // SAFETY: a number.
    let epoll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
    if epoll < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made it, and it belongs to no other.
    let epoll = unsafe { OwnedFd::from_raw_fd(epoll) };
    watch(&epoll, &bell, BELL)?;
    let made = Arc::new(Keeper { requests: Lock::new(Vec::new()), bell, forks: identity::forks() });
    let kept = Arc::clone(&made);
    std::thread::Builder::new().name("keeper".into()).spawn(move || kept.keep(&epoll))?;
    *keeper = Some(Arc::clone(&made));
    Ok(made)
}

/// The number of the bell in `epoll`; a process has its id.
const BELL: u64 = 0;

fn watch(epoll: &OwnedFd, fd: &impl AsRawFd, called: u64) -> io::Result<()> {
    let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: called };
    // SAFETY: descriptors, and an event that outlives the call.
    let result = unsafe {
        libc::epoll_ctl(epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, fd.as_raw_fd(), &raw mut event)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

impl Keeper {
    fn keep(&self, epoll: &OwnedFd) {
        let mut children = HashMap::new();
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
        loop {
            // SAFETY: room for so many events.
            let ready = unsafe {
                libc::epoll_wait(epoll.as_raw_fd(), events.as_mut_ptr(), events.len() as i32, -1)
            };
            for event in &events[..usize::try_from(ready).unwrap_or(0)] {
                match event.u64 {
                    BELL => self.start_all(epoll, &mut children),
                    child => bury(child, &mut children),
                }
            }
        }
    }

    fn start_all(&self, epoll: &OwnedFd, children: &mut HashMap<u64, (Arc<Child>, Option<OnEnd>)>) {
        // An error means that another thread has read it: then there is nothing to read.
        let _ = (&self.bell).read(&mut [0; 8]);
        let requests = std::mem::take(&mut *self.requests.lock());
        for request in requests {
            let child = start(&request.start, &request.fds).and_then(|child| {
                watch(epoll, &child.pidfd, u64::from(child.pid))
                    .inspect_err(|_| child.signal(libc::SIGKILL))?;
                Ok(Arc::new(child))
            });
            if let Ok(child) = &child {
                children.insert(u64::from(child.pid), (Arc::clone(child), request.on_end));
            }
            let (place, answered) = &*request.answer;
            *place.lock() = Some(child);
            answered.notify_one();
        }
    }
}

fn bury(child: u64, children: &mut HashMap<u64, (Arc<Child>, Option<OnEnd>)>) {
    let Some((child, on_end)) = children.remove(&child) else { return };
    let ended = child.end();
    if let Some(on_end) = on_end {
        on_end(&ended);
    }
    *child.ended.lock() = Some(ended);
    child.changed.notify_all();
    // The pidfd leaves the epoll only when the last handle closes it; until then it would always be
    // ready.
}

fn start(start: &control::Start, fds: &[OwnedFd]) -> io::Result<Child> {
    let (ours, theirs) = control::pair(libc::SOCK_SEQPACKET)?;
    // This comes before the child exists, so that the child finds the message.
    control::send(ours.as_fd(), start, fds)?;
    let mut command = Command::new("/proc/self/exe");
    if let Some(name) = std::env::args_os().next() {
        command.arg0(name);
    }
    command.env(PARENT, std::process::id().to_string()).stdin(Stdio::from(theirs));
    let mut started = command.spawn()?;
    let pid = started.id();
    // It was not waited for, so the number is still its own.
    let pidfd = identity::open_pidfd(pid).inspect_err(|_| {
        let _ = started.kill();
        let _ = started.wait();
    })?;
    Ok(Child { pid, pidfd, control: ours, ended: Lock::new(None), changed: Condition::new() })
}
