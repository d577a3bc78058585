//! What a value of each type takes, as the first page of the documentation says.
#![cfg(all(not(model), target_pointer_width = "64"))]

use watchdog as _;

use std::mem::size_of;

use primitives::{
    Barrier, BoundedSemaphore, Condition, Event, Latch, Lock, Once, OnceLock, RLock, RwLock,
    Semaphore,
};

/// The column of the table that this build should have.
const COLUMN: usize = if cfg!(feature = "deadlock-detection") { 3 } else { 2 };

#[test]
fn each_type_is_as_large_as_the_table_says() {
    let is = [
        ("[`Lock`]`<u8>`", size_of::<Lock<u8>>()),
        ("[`RLock`]`<u8>`", size_of::<RLock<u8>>()),
        ("[`RwLock`]`<u8>`", size_of::<RwLock<u8>>()),
        ("[`Condition`]", size_of::<Condition>()),
        ("[`Semaphore`]", size_of::<Semaphore>()),
        ("[`BoundedSemaphore`]", size_of::<BoundedSemaphore>()),
        ("[`Event`]", size_of::<Event>()),
        ("[`Barrier`]", size_of::<Barrier>()),
        ("[`Latch`]", size_of::<Latch>()),
        ("[`Once`]", size_of::<Once>()),
        ("[`OnceLock`]`<u8>`", size_of::<OnceLock<u8>>()),
    ];
    let page = include_str!("../src/lib.rs");
    let table = page.lines().skip_while(|line| !line.starts_with("//! | type  ")).skip(2);
    let says: Vec<(&str, usize)> = table
        .map_while(|line| {
            let cells: Vec<&str> = line.strip_prefix("//! ")?.split('|').map(str::trim).collect();
            Some((*cells.get(1)?, cells.get(COLUMN)?.parse().expect("a number of bytes")))
        })
        .collect();
    assert_eq!(says, is, "the table in `primitives/src/lib.rs`, and what is");
}
