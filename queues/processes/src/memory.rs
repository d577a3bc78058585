//! Memory that several processes have mapped: a file without a name, of a size that cannot change.
//!
//! [memfd_create(2)](https://man7.org/linux/man-pages/man2/memfd_create.2.html) makes a file in
//! memory without a path. It ends with the last process that has it open, so nothing remains in
//! `/dev/shm` after a process was killed. It is then _sealed_: no process can shrink it, so none
//! can make another fail with SIGBUS by cutting off its memory.
//!
//! ```text
//!    0         magic number, version, kind, size, size and alignment of an item     (128 bytes)
//!    128       what was asked for
//! ```
//!
//! The header is written once, before another process can have the file, and each process that
//! opens the file checks it. It refuses, with a named error, a file of another version of this
//! library, of another kind, or of another origin.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicU64};

use bytemuck::{Pod, Zeroable};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::handover;

/// "Locksmit", as bytes.
const MAGIC: u64 = u64::from_le_bytes(*b"Locksmit");
/// The layout of everything that this library puts into shared memory. Another layout has another
/// number.
const VERSION: u32 = 2;
/// The header's size, and the alignment of what follows it.
pub(crate) const HEADER: usize = 128;
/// The kind of a [`SharedMemory`]; the others are those of [`Shared`](crate::segment::Shared).
pub(crate) const BYTES: u32 = 1;
/// What is no longer allowed on the file.
const SEALS: libc::c_int = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;

/// What the memory contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) kind: u32,
    pub(crate) item_size: u32,
    pub(crate) item_align: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Header {
    magic: u64,
    version: u32,
    kind: u32,
    /// Of the whole file, in bytes.
    size: u64,
    item_size: u32,
    item_align: u32,
    reserved: [u64; 12],
}

/// Why a file is not usable shared memory.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// The file is not a sealed memory file: a pipe, a socket, a file on disk, or a memory file
    /// whose size may change.
    Foreign,
    /// The file is too short for the header, or its length differs from what the header says.
    Size {
        /// In bytes.
        found: u64,
        /// In bytes.
        expected: u64,
    },
    /// A sealed memory file that was not made by this library.
    Magic,
    /// Made by another version of this library.
    Version {
        /// The layout of the file.
        found: u32,
        /// The layout that this library knows.
        expected: u32,
    },
    /// Made by this library, but for something else, e.g. a lock where a queue was expected, or a
    /// lock of another type.
    Kind,
    /// The system refused.
    Io(io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => {
                f.write_str("not a memory file that is sealed against a change of its size")
            }
            Self::Size { found, expected } => {
                write!(f, "shared memory of {found} bytes where {expected} are expected")
            }
            Self::Magic => f.write_str("a memory file that this library has not made"),
            Self::Version { found, expected } => {
                write!(f, "shared memory of version {found}: this program knows version {expected}")
            }
            Self::Kind => {
                f.write_str("shared memory that was made for something else, or for another type")
            }
            Self::Io(error) => write!(f, "cannot open shared memory: {error}"),
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if let Self::Io(error) = self { Some(error) } else { None }
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The mapping itself. Its drop unmaps it.
pub(crate) struct Mapping {
    file: File,
    start: NonNull<u8>,
    size: usize,
}

// SAFETY: plain memory. Every method uses atomics, or an address for which its caller is
// responsible.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// A file of `size` zero bytes behind the header.
    pub(crate) fn create(size: usize, format: Format) -> io::Result<Self> {
        let whole =
            size.checked_add(HEADER).filter(|&whole| i64::try_from(whole).is_ok()).ok_or_else(
                || io::Error::new(io::ErrorKind::InvalidInput, "more bytes than a file can have"),
            )?;
        // SAFETY: a name that ends with a zero byte.
        let fd = unsafe {
            libc::memfd_create(c"locksmith".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING)
        };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just made it, and it belongs to no other.
        let file = File::from(unsafe { OwnedFd::from_raw_fd(fd) });
        file.set_len(whole as u64)?;
        let header = Header {
            magic: MAGIC,
            version: VERSION,
            kind: format.kind,
            size: whole as u64,
            item_size: format.item_size,
            item_align: format.item_align,
            reserved: [0; 12],
        };
        file.write_all_at(bytemuck::bytes_of(&header), 0)?;
        // SAFETY: two numbers.
        if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, SEALS) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Self::map(file, whole)
    }

    /// A file that another process has made.
    pub(crate) fn open(fd: OwnedFd, expected: Option<Format>) -> Result<(Self, Format), OpenError> {
        let file = File::from(fd);
        // SAFETY: a number. Fails for a file that is not a memory file.
        let seals = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GET_SEALS) };
        if seals < 0 || seals & libc::F_SEAL_SHRINK == 0 {
            return Err(OpenError::Foreign);
        }
        let found = file.metadata()?.len();
        if found < HEADER as u64 {
            return Err(OpenError::Size { found, expected: HEADER as u64 });
        }
        let mut header = Header::zeroed();
        file.read_exact_at(bytemuck::bytes_of_mut(&mut header), 0)?;
        if header.magic != MAGIC {
            return Err(OpenError::Magic);
        }
        if header.version != VERSION {
            return Err(OpenError::Version { found: header.version, expected: VERSION });
        }
        if header.size != found {
            return Err(OpenError::Size { found, expected: header.size });
        }
        let format = Format {
            kind: header.kind,
            item_size: header.item_size,
            item_align: header.item_align,
        };
        if expected.is_some_and(|expected| expected != format) {
            return Err(OpenError::Kind);
        }
        Ok((Self::map(file, found as usize)?, format))
    }

    fn map(file: File, size: usize) -> io::Result<Self> {
        // SAFETY: a new mapping, to which no address exists yet; the file has that length, and is
        // sealed.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                size,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).expect("the kernel maps nothing at zero");
        Ok(Self { file, start, size })
    }

    /// The first byte behind the header; aligned to 128 bytes.
    #[inline]
    pub(crate) fn start(&self) -> NonNull<u8> {
        // SAFETY: the mapping is longer than its header.
        unsafe { self.start.add(HEADER) }
    }

    /// The bytes behind the header.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.size - HEADER
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped by `map`, and what refers to it borrows it.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.size) };
    }
}

/// Bytes that several processes share.
///
/// A clone is another handle of the same bytes. Pass one to a [`Process`](crate::Process) as an
/// argument, and the process has it too. The memory ends with the last handle of the last process,
/// however the processes end.
///
/// No lock guards the bytes: [`read`](Self::read) and [`write`](Self::write) copy, and a process
/// may read bytes that another has half written. For a value that is read and written as a whole
/// use a [`SharedLock`](crate::SharedLock); to pass values on use a
/// [`SharedQueue`](crate::SharedQueue).
///
/// _Python_: `multiprocessing.shared_memory.SharedMemory`, which has a name in `/dev/shm`. One
/// process must unlink it and all must close it; if they are killed, it stays.
///
/// ```
/// use processes::SharedMemory;
///
/// let memory = SharedMemory::new(1024)?;
/// let the_same = memory.clone();
/// memory.write(16, b"hello");
/// let mut found = [0; 5];
/// the_same.read(16, &mut found);
/// assert_eq!(&found, b"hello");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct SharedMemory {
    mapping: Arc<Mapping>,
}

impl SharedMemory {
    /// `len` zero bytes. Costs about 20 µs, and no memory until a page is touched.
    ///
    /// # Errors
    ///
    /// What the system says: no file descriptor is left, no address space is left, or `len` is more
    /// than a file can have.
    pub fn new(len: usize) -> io::Result<Self> {
        let format = Format { kind: BYTES, item_size: 1, item_align: 1 };
        Ok(Self { mapping: Arc::new(Mapping::create(len, format)?) })
    }

    /// Opens memory that another process has made, by a file descriptor that came over a socket or
    /// by inheritance.
    ///
    /// # Errors
    ///
    /// If it is not such memory: see [`OpenError`].
    pub fn from_fd(fd: OwnedFd) -> Result<Self, OpenError> {
        let format = Format { kind: BYTES, item_size: 1, item_align: 1 };
        Ok(Self { mapping: Arc::new(Mapping::open(fd, Some(format))?.0) })
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.mapping.len()
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies the bytes from `offset` on into `bytes`.
    ///
    /// # Panics
    ///
    /// If they are not all inside.
    pub fn read(&self, offset: usize, bytes: &mut [u8]) {
        self.check(offset, bytes.len());
        let mut done = 0;
        while done < bytes.len() {
            let here = offset + done;
            // Relaxed, here and below: bytes without a lock have no order.
            if here.is_multiple_of(8) && bytes.len() - done >= 8 {
                let word = self.word(here).load(Relaxed);
                bytes[done..done + 8].copy_from_slice(&word.to_ne_bytes());
                done += 8;
            } else {
                bytes[done] = self.byte(here).load(Relaxed);
                done += 1;
            }
        }
    }

    /// Copies `bytes` to the memory that begins at `offset`.
    ///
    /// # Panics
    ///
    /// If they do not all fit.
    pub fn write(&self, offset: usize, bytes: &[u8]) {
        self.check(offset, bytes.len());
        let mut done = 0;
        while done < bytes.len() {
            let here = offset + done;
            match bytes[done..].first_chunk() {
                Some(word) if here.is_multiple_of(8) => {
                    self.word(here).store(u64::from_ne_bytes(*word), Relaxed);
                    done += 8;
                }
                _ => {
                    self.byte(here).store(bytes[done], Relaxed);
                    done += 1;
                }
            }
        }
    }

    /// The word at `offset`, for counters that several processes add to.
    ///
    /// # Panics
    ///
    /// If it is not inside, or `offset` is not a multiple of 8.
    #[must_use]
    pub fn atomic(&self, offset: usize) -> &AtomicU64 {
        self.check(offset, 8);
        assert!(offset.is_multiple_of(8), "offset {offset} is not a multiple of 8");
        self.word(offset)
    }

    #[track_caller]
    fn check(&self, offset: usize, len: usize) {
        let fits = offset.checked_add(len).is_some_and(|end| end <= self.len());
        assert!(fits, "{len} bytes at {offset} of {} bytes of shared memory", self.len());
    }

    fn word(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: inside, by `check`; aligned, by the caller; any bytes are a number, and all
        // access is atomic.
        unsafe { self.mapping.start().add(offset).cast().as_ref() }
    }

    fn byte(&self, offset: usize) -> &AtomicU8 {
        // SAFETY: as above.
        unsafe { self.mapping.start().add(offset).cast().as_ref() }
    }
}

impl AsFd for SharedMemory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.mapping.fd()
    }
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMemory").field("len", &self.len()).finish()
    }
}

impl Serialize for SharedMemory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        handover::give(self.as_fd(), serializer)
    }
}

impl<'de> Deserialize<'de> for SharedMemory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_fd(handover::take(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
