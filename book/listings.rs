//! The programs that the book shows: each a module, compiled like everything else, and each run by the
//! models (`cargo model listings`). What a chapter calls broken must fail there, and what it calls right
//! must not.

pub mod after_the_end;
pub mod batches;
pub mod counted_sleepers;
pub mod empty_then_get;
pub mod ending;
pub mod fenced_flags;
pub mod forgotten_permit;
pub mod gate;
pub mod if_for_while;
pub mod kept_panic;
pub mod late_batch;
pub mod locks_twice;
pub mod look_then_sleep;
pub mod mailbox;
pub mod missed_ring;
pub mod not_a_lock;
pub mod one_condition;
pub mod one_increment;
pub mod owner_too_late;
pub mod peterson;
pub mod peterson_fenced;
pub mod peterson_swap;
pub mod sentinel_left;
pub mod sleeping_lock;
pub mod spin_lock;
pub mod start_all_join_all;
pub mod start_then_join;
pub mod store_buffering;
pub mod too_early;
pub mod turnstile;
pub mod two_gets;
pub mod two_increments;
pub mod vanished_panic;
pub mod with_lock;
