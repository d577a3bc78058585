//! The crate `primitives`.
