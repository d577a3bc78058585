//! The detector's own memory: it comes from the system, and not from the program's allocator.
//!
//! A program may have a global allocator that takes a [`Lock`](crate::Lock). The detector watches
//! that lock too, so the allocator calls the detector. If the detector allocated there, it would
//! call the allocator again: an endless recursion. If it allocated under its own lock, a thread
//! inside the allocator and a thread inside the detector could wait for each other. So all lasting
//! data, and all data made under a lock of the detector, is in these containers, which use
//! [`System`](std::alloc::System) directly.
//!
//! | container     | what it is                                    | in place of     |
//! | ------------- | --------------------------------------------- | --------------- |
//! | [`List`]      | an array that grows                           | `Vec`           |
//! | [`Text`]      | a list of bytes that are UTF-8                | `String`        |
//! | [`Map`]       | pairs in the order of their keys              | `BTreeMap`      |
//! | [`Slab`]      | values by numbers that never return           | -               |
//! | [`Index`]     | finds the places of a slab by a hash          | `HashMap`       |
//!
//! Data made outside of those locks, mainly a report, uses std's types. The thread is then
//! [marked](crate::deadlock) as one that runs the detector, so the locks that it takes meanwhile
//! are not watched.

#![cfg_attr(model, allow(dead_code, reason = "the models need less of it"))]

#[cfg(all(feature = "deadlock-detection", not(model)))]
mod index;
mod list;
mod map;
#[cfg(all(feature = "deadlock-detection", not(model)))]
mod slab;
mod text;

#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) use self::index::Index;
pub use self::list::List;
pub(crate) use self::map::Map;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) use self::slab::{NOWHERE, NUMBER, Slab};
pub(crate) use self::text::Text;
