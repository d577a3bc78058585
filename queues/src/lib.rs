//! The crate `queues`.
