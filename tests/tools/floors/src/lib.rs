//! Imports point one way: the modules of a crate form no circle, and no arrow leads to a higher
//! floor.
//!
//! An arrow leads from a module to each module that it names, in a `use` or in any other path, also
//! within a macro call. A `mod child;` alone is not an arrow, and a file may name the module that
//! owns it: the two are one idea in two files. This does not hold for the root of a crate, which
//! owns all modules. A path leads to its deepest module. So a file that takes `crate::Lock` from
//! the crate's front depends on the front, and the front depends on all: that is a circle. The cure
//! is to name the home module of `Lock`.
//!
//! Code that only tests compile is left out. Names in documentation are not arrows.
//!
//! | module    | idea                                                    |
//! | --------- | ------------------------------------------------------- |
//! | `cfg`     | what only tests compile                                 |
//! | `source`  | the modules of a crate and their arrows, by a parser    |
//! | `paths`   | which modules a file names                              |
//! | `circles` | sets of modules each of which leads to each other       |
//! | `order`   | arrows that lead upward                                 |
//! | `members` | the crates of the workspace                             |

#[cfg(test)]
use watchdog as _;

mod cfg;
mod circles;
mod members;
mod order;
mod paths;
mod source;

pub use circles::circles;
pub use members::{Member, members};
pub use order::{declared, upward};
pub use source::{Arrow, Crate, crate_of};
