//! File descriptors among the arguments of a process: the way of a lock or a queue from one process
//! to another.
//!
//! A handle of shared memory is a file descriptor, whose number means nothing in another process.
//! So while the arguments are written as bytes, [`give`] adds a copy of the descriptor to a list
//! and writes its place in that list. The list travels beside the bytes (`SCM_RIGHTS` of a socket),
//! and [`take`] finds the descriptor there.
//!
//! At any other time, e.g. when a handle is written into a JSON file, there is no such list, and it
//! is an error.

use std::cell::RefCell;
use std::os::fd::{BorrowedFd, OwnedFd};

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

thread_local! {
    /// The descriptors that were given while a value is written.
    static GIVEN: RefCell<Option<Vec<OwnedFd>>> = const { RefCell::new(None) };
    /// The received descriptors while a value is read; each is taken once.
    static CAME: RefCell<Vec<Option<OwnedFd>>> = const { RefCell::new(Vec::new()) };
}

/// Writes a value as bytes, and the descriptors that were given on the way.
pub(crate) fn pack<T: Serialize + ?Sized>(
    value: &T,
) -> Result<(Vec<u8>, Vec<OwnedFd>), postcard::Error> {
    let outer = GIVEN.replace(Some(Vec::new()));
    let bytes = postcard::to_stdvec(value);
    let given = GIVEN.replace(outer).unwrap_or_default();
    Ok((bytes?, given))
}

/// Reads a value from bytes, and the descriptors that came with them.
///
/// All bytes must be used: left-over bytes mean another type.
pub(crate) fn unpack<T: for<'de> Deserialize<'de>>(
    bytes: &[u8],
    came: Vec<OwnedFd>,
) -> Result<T, postcard::Error> {
    let outer = CAME.replace(came.into_iter().map(Some).collect());
    let read = postcard::take_from_bytes(bytes);
    CAME.replace(outer);
    let (value, rest) = read?;
    if rest.is_empty() { Ok(value) } else { Err(postcard::Error::DeserializeBadEncoding) }
}

/// Writes a descriptor.
pub(crate) fn give<S: Serializer>(fd: BorrowedFd<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    let place = GIVEN.with_borrow_mut(|given| {
        let given = given.as_mut().ok_or_else(|| {
            S::Error::custom(
                "what processes share goes among the arguments of a process, or through a Pipe",
            )
        })?;
        given.push(fd.try_clone_to_owned().map_err(S::Error::custom)?);
        Ok((given.len() - 1) as u32)
    })?;
    serializer.serialize_u32(place)
}

/// Reads a descriptor.
pub(crate) fn take<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OwnedFd, D::Error> {
    let place = u32::deserialize(deserializer)? as usize;
    CAME.with_borrow_mut(|came| came.get_mut(place).and_then(Option::take))
        .ok_or_else(|| D::Error::custom("no file descriptor came with it"))
}
