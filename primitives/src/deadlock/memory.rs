//! Memory of the detector's own: it comes from the system, and not from the program's allocator.
//!
//! A program may have a global allocator that takes a [`Lock`](crate::Lock). The detector watches
//! that lock as it watches all others, so it is called by the allocator; and if it allocated there,
//! it would call the allocator in turn. That recursion has no end; and where the detector allocated
//! under a lock of its own, a thread inside the allocator and one inside the detector would wait
//! for each other. So what is kept, and all that is made while a lock of the detector is held, lies
//! in these containers, which ask [`System`](std::alloc::System) directly.
//!
//! | container     | what it is                                    | in place of     |
//! | ------------- | --------------------------------------------- | --------------- |
//! | [`List`]      | an array that grows                           | `Vec`           |
//! | [`Text`]      | a list of bytes that are UTF-8                | `String`        |
//! | [`Map`]       | pairs in the order of their keys              | `BTreeMap`      |
//! | [`Slab`]      | values by numbers that never return           | -               |
//! | [`Index`]     | finds the places of a slab by a hash          | `HashMap`       |
//!
//! What is made outside of those locks, above all a report, is made of std's types, in a thread
//! that is
//! [marked](crate::deadlock) as one that runs the detector, so that no lock it takes meanwhile is watched.

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
pub(crate) use self::slab::{NOWHERE, Slab};
pub(crate) use self::text::Text;
