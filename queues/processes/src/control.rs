//! The messages between a process and its child besides shared memory: a few messages over a
//! socket, with file descriptors.
//!
//! ```text
//!    parent                                 child
//!      Start { function, arguments } ──▶
//!                                    ◀──    Hello              in `init`
//!                                    ◀──    Ended(…)           what the function returned, or its panic
//!      the end of the parent's socket ──▶   the child ends: the second notice of the parent's death
//! ```
//!
//! The socket keeps messages apart (`SOCK_SEQPACKET`), and never blocks: a payload that might fill
//! it travels as a file in memory.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Write};
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileExt;
use std::ptr;

use primitives::threads;
use serde::{Deserialize, Serialize};

use crate::function::Packed;

/// A longer payload travels as a file.
const INLINE: usize = 32 * 1024;
/// The longest message, including its payload.
const MESSAGE: usize = INLINE + 16 * 1024;
/// The kernel takes 253 at a time (`SCM_MAX_FD`); one may be the payload.
pub(crate) const MOST_FDS: usize = 252;

/// Bytes, in the message or in the file that is the first descriptor.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Payload {
    Inline(Vec<u8>),
    File(u64),
}

/// To the child.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    /// Of the process.
    pub(crate) name: String,
    pub(crate) function: String,
    pub(crate) arguments: Payload,
}

/// From the child.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Said {
    Hello,
    Returned(Payload),
    Panicked { thread: String, message: String, location: Option<(String, u32, u32)> },
    UnknownFunction,
    BadArguments(String),
    BadOutput(String),
}

/// A panic, as another process learns of it.
pub(crate) fn panicked(panic: &threads::PanicError) -> Said {
    let place = |place: &threads::Location| (place.file().to_owned(), place.line(), place.column());
    Said::Panicked {
        thread: panic.thread_name().to_owned(),
        message: panic.message().to_owned(),
        location: panic.location().map(place),
    }
}

/// Splits the payload into the message's bytes and its descriptors.
pub(crate) fn load(packed: Packed) -> io::Result<(Payload, Vec<OwnedFd>)> {
    let Packed { bytes, mut fds } = packed;
    if fds.len() > MOST_FDS {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{} file descriptors at once: at most {MOST_FDS} are allowed", fds.len()),
        ));
    }
    if bytes.len() <= INLINE {
        return Ok((Payload::Inline(bytes), fds));
    }
    // SAFETY: a name that ends with a zero byte.
    let fd = unsafe { libc::memfd_create(c"locksmith".as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made it, and it belongs to no other.
    let mut file = File::from(unsafe { OwnedFd::from_raw_fd(fd) });
    file.write_all(&bytes)?;
    fds.insert(0, file.into());
    Ok((Payload::File(bytes.len() as u64), fds))
}

/// The reverse.
pub(crate) fn unload(payload: Payload, mut fds: Vec<OwnedFd>) -> io::Result<Packed> {
    let bytes = match payload {
        Payload::Inline(bytes) => bytes,
        Payload::File(len) => {
            if fds.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let file = File::from(fds.remove(0));
            let mut bytes = vec![0; usize::try_from(len).map_err(io::Error::other)?];
            file.read_exact_at(&mut bytes, 0)?;
            bytes
        }
    };
    Ok(Packed { bytes, fds })
}

/// Two ends of a socket.
pub(crate) fn pair(kind: libc::c_int) -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends: [RawFd; 2] = [-1; 2];
    // SAFETY: a place for two descriptors.
    if unsafe { libc::socketpair(libc::AF_UNIX, kind | libc::SOCK_CLOEXEC, 0, ends.as_mut_ptr()) }
        != 0
    {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made them, and they belong to no other.
    Ok(unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) })
}

/// Sends one message.
pub(crate) fn send<T: Serialize>(
    socket: BorrowedFd<'_>,
    message: &T,
    fds: &[OwnedFd],
) -> io::Result<()> {
    let bytes = postcard::to_stdvec(message).map_err(io::Error::other)?;
    send_bytes(socket, &bytes, fds).map(|_| ())
}

/// Receives one message. `None` at the end of the socket, or if there is no message and `wait` is
/// false.
pub(crate) fn receive<T: for<'de> Deserialize<'de>>(
    socket: BorrowedFd<'_>,
    wait: bool,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut bytes = vec![0; MESSAGE];
    let (length, fds) = match receive_bytes(socket, &mut bytes, wait) {
        Ok((0, _)) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
        received => received?,
    };
    let message = postcard::from_bytes(&bytes[..length]).map_err(io::Error::other)?;
    Ok(Some((message, fds)))
}

/// Room for the descriptors of one message, aligned as the kernel requires.
#[repr(C, align(8))]
struct Ancillary([u8; 2048]);

/// [sendmsg(2)](https://man7.org/linux/man-pages/man2/sendmsg.2.html); may send fewer bytes, with
/// all descriptors.
pub(crate) fn send_bytes(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    fds: &[OwnedFd],
) -> io::Result<usize> {
    assert!(fds.len() <= MOST_FDS + 1, "more descriptors than a message has");
    let mut ancillary = Ancillary([0; 2048]);
    let slice = IoSlice::new(bytes);
    // SAFETY: zeros are a message without anything.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_iov = (&raw const slice).cast_mut().cast();
    header.msg_iovlen = 1;
    if !fds.is_empty() {
        let data = size_of_val(fds) as u32;
        // SAFETY: the buffer is long enough for `MOST_FDS + 1` descriptors and its header, and
        // aligned.
        unsafe {
            header.msg_control = ancillary.0.as_mut_ptr().cast();
            header.msg_controllen = libc::CMSG_SPACE(data) as usize;
            let first = libc::CMSG_FIRSTHDR(&raw const header);
            (*first).cmsg_level = libc::SOL_SOCKET;
            (*first).cmsg_type = libc::SCM_RIGHTS;
            (*first).cmsg_len = libc::CMSG_LEN(data) as usize;
            let place = libc::CMSG_DATA(first).cast::<RawFd>();
            for (number, fd) in fds.iter().enumerate() {
                place.add(number).write_unaligned(fd.as_raw_fd());
            }
        }
    }
    loop {
        // SAFETY: all that the header points to outlives the call.
        let sent =
            unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const header, libc::MSG_NOSIGNAL) };
        if sent >= 0 {
            return Ok(sent as usize);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// [recvmsg(2)](https://man7.org/linux/man-pages/man2/recvmsg.2.html); 0 bytes are the end.
pub(crate) fn receive_bytes(
    socket: BorrowedFd<'_>,
    bytes: &mut [u8],
    wait: bool,
) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut ancillary = Ancillary([0; 2048]);
    let mut slice = IoSliceMut::new(bytes);
    // SAFETY: zeros are a message without anything.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_iov = (&raw mut slice).cast();
    header.msg_iovlen = 1;
    header.msg_control = ancillary.0.as_mut_ptr().cast();
    header.msg_controllen = ancillary.0.len();
    let flags = libc::MSG_CMSG_CLOEXEC | if wait { 0 } else { libc::MSG_DONTWAIT };
    let received = loop {
        // SAFETY: all that the header points to outlives the call.
        let received = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, flags) };
        if received >= 0 {
            break received as usize;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    };
    let mut fds = Vec::new();
    // SAFETY: the kernel has filled the header in, and each descriptor is ours alone.
    unsafe {
        let mut next = libc::CMSG_FIRSTHDR(&raw const header);
        while let Some(control) = next.as_ref() {
            if control.cmsg_level == libc::SOL_SOCKET && control.cmsg_type == libc::SCM_RIGHTS {
                let data = libc::CMSG_DATA(ptr::from_ref(control)).cast::<RawFd>();
                let head = libc::CMSG_LEN(0) as usize;
                for number in 0..(control.cmsg_len - head) / size_of::<RawFd>() {
                    fds.push(OwnedFd::from_raw_fd(data.add(number).read_unaligned()));
                }
            }
            next = libc::CMSG_NXTHDR(&raw const header, next);
        }
    }
    if header.msg_flags & libc::MSG_CTRUNC != 0 {
        return Err(io::Error::other("no file descriptor is left for those that came"));
    }
    Ok((received, fds))
}
