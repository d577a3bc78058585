//! Bytes from one process to another through a ring in shared memory: one writes, one reads.
//!
//! Two positions that only grow, each written by one side. The bytes between them are the reader's;
//! the rest is the writer's. A message is published whole, so a writer that is killed in the middle
//! has published nothing.

use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, SeqCst};

/// The bytes of a ring. A power of two.
pub(super) const SIZE: usize = 1 << 18;

/// A position, on its own cache line.
#[repr(C, align(128))]
#[derive(Debug)]
struct Position(AtomicU64);

/// The part of a stream in shared memory, besides its bytes. All zeros are an empty stream.
#[repr(C)]
#[derive(Debug)]
pub(super) struct Ends {
    /// How many bytes were ever published.
    written: Position,
    /// How many were ever read.
    read: Position,
}

impl Ends {
    /// Whether there is something to read.
    #[inline]
    pub(super) fn has_bytes(&self) -> bool {
        // SeqCst: pairs with the publication, around the sleepers' bell.
        self.written.0.load(SeqCst) != self.read.0.load(SeqCst)
    }
}

/// The writing side.
pub(super) struct Writer {
    bytes: NonNull<u8>,
    /// The bytes written, published or not.
    at: u64,
    /// The reader's position when this side last looked.
    read: u64,
}

/// The reading side.
pub(super) struct Reader {
    bytes: NonNull<u8>,
    at: u64,
    /// The published position when this side last looked.
    written: u64,
}

// SAFETY: an address in shared memory, which is mapped as long as its channel lives, and which only
// one side uses.
unsafe impl Send for Writer {}
// SAFETY: as above.
unsafe impl Send for Reader {}

impl Writer {
    /// # Safety
    ///
    /// `bytes` are [`SIZE`] bytes that stay mapped while this is used, and to which no other writer
    /// writes.
    pub(super) unsafe fn new(bytes: NonNull<u8>) -> Self {
        Self { bytes, at: 0, read: 0 }
    }

    /// Whether `len` more bytes fit now.
    #[inline]
    pub(super) fn has_room(&mut self, ends: &Ends, len: usize) -> bool {
        let fits = |read: u64| self.at - read + len as u64 <= SIZE as u64;
        if fits(self.read) {
            return true;
        }
        // Acquire: pairs with the reader's SeqCst store: it has read the bytes that are about to be
        // overwritten.
        self.read = ends.read.0.load(Acquire);
        self.at - self.read + len as u64 <= SIZE as u64
    }

    /// Writes, and publishes nothing yet.
    ///
    /// # Panics
    ///
    /// If the bytes do not fit.
    #[inline]
    pub(super) fn write(&mut self, bytes: &[u8]) {
        assert!(self.at - self.read + bytes.len() as u64 <= SIZE as u64, "there is no room");
        let start = self.at as usize % SIZE;
        let first = bytes.len().min(SIZE - start);
        // SAFETY: inside the ring, and not published: the reader does not look there.
        unsafe {
            self.bytes
                .add(start)
                .copy_from_nonoverlapping(NonNull::from(&bytes[..first]).cast(), first);
            self.bytes.copy_from_nonoverlapping(
                NonNull::from(&bytes[first..]).cast(),
                bytes.len() - first,
            );
        }
        self.at += bytes.len() as u64;
    }

    /// Publishes what was written.
    #[inline]
    pub(super) fn publish(&self, ends: &Ends) {
        // SeqCst: pairs with the reader's load; and comes before the check of its bell.
        ends.written.0.store(self.at, SeqCst);
    }
}

impl Reader {
    /// # Safety
    ///
    /// As [`Writer::new`], with no other reader.
    pub(super) unsafe fn new(bytes: NonNull<u8>) -> Self {
        Self { bytes, at: 0, written: 0 }
    }

    /// Whether that many bytes have arrived.
    #[inline]
    pub(super) fn has(&mut self, ends: &Ends, len: usize) -> bool {
        if self.written - self.at >= len as u64 {
            return true;
        }
        // SeqCst: pairs with the writer's store in `publish`, around the sleepers' bell.
        self.written = ends.written.0.load(SeqCst);
        self.written - self.at >= len as u64
    }

    /// Reads bytes that have arrived.
    ///
    /// # Panics
    ///
    /// If they are not.
    #[inline]
    pub(super) fn read(&mut self, bytes: &mut [u8]) {
        assert!(self.written - self.at >= bytes.len() as u64, "there are not so many bytes");
        let start = self.at as usize % SIZE;
        let first = bytes.len().min(SIZE - start);
        let rest = bytes.len() - first;
        // SAFETY: inside the ring, published, and not given back: the writer leaves them alone.
        unsafe {
            NonNull::from(&mut bytes[..first])
                .cast()
                .copy_from_nonoverlapping(self.bytes.add(start), first);
            NonNull::from(&mut bytes[first..]).cast().copy_from_nonoverlapping(self.bytes, rest);
        }
        self.at += bytes.len() as u64;
    }

    /// Frees the bytes that were read for the writer.
    #[inline]
    pub(super) fn give_back(&self, ends: &Ends) {
        // SeqCst: pairs with the writer's load; and comes before the check of its bell.
        ends.read.0.store(self.at, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_around_the_end_of_the_ring() {
        let mut memory = vec![0u8; SIZE];
        let bytes = NonNull::new(memory.as_mut_ptr()).expect("it is somewhere");
        let position = || Position(AtomicU64::new(0));
        let ends = Ends { written: position(), read: position() };
        // SAFETY: as long as the test.
        let (mut writer, mut reader) = unsafe { (Writer::new(bytes), Reader::new(bytes)) };
        let message: Vec<u8> = (0..100_000).map(|byte| byte as u8).collect();
        for _ in 0..20 {
            assert!(!ends.has_bytes() && !reader.has(&ends, 1));
            assert!(writer.has_room(&ends, SIZE) && !writer.has_room(&ends, SIZE + 1));
            writer.write(&message);
            assert!(!reader.has(&ends, 1), "not published");
            writer.publish(&ends);
            assert!(!writer.has_room(&ends, SIZE));
            assert!(reader.has(&ends, message.len()) && !reader.has(&ends, message.len() + 1));
            let mut found = vec![0; message.len()];
            reader.read(&mut found);
            assert_eq!(found, message);
            reader.give_back(&ends);
        }
    }
}
