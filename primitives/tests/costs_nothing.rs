//! The door to atomics costs nothing in a normal build: behind it are core's own types, so each
//! call compiles to what a bare atomic compiles to.
#![cfg(not(model))]

use watchdog as _;

use std::any::TypeId;
use std::mem::{align_of, size_of};
use std::sync::atomic as bare;

use primitives::sync::{atomic, cell, model_failed};

fn same<A: 'static, B: 'static>() -> bool {
    TypeId::of::<A>() == TypeId::of::<B>()
}

#[test]
fn atomics_are_the_bare_ones() {
    assert!(same::<atomic::AtomicBool, bare::AtomicBool>());
    assert!(same::<atomic::AtomicU32, bare::AtomicU32>());
    assert!(same::<atomic::AtomicU64, bare::AtomicU64>());
    assert!(same::<atomic::AtomicUsize, bare::AtomicUsize>());
    assert!(same::<atomic::AtomicPtr<u8>, bare::AtomicPtr<u8>>());
    assert!(same::<atomic::Ordering, bare::Ordering>());
}

/// A fence has no type of its own, but as a value it has one that no other function has.
#[test]
fn the_fence_is_the_bare_one() {
    fn type_of<F: 'static>(_: F) -> TypeId {
        TypeId::of::<F>()
    }
    assert_eq!(type_of(atomic::fence), type_of(bare::fence));
}

/// The cell is a separate type, so that it can lend its contents to a closure; its content is
/// core's cell.
#[test]
fn the_cell_is_no_larger_than_its_contents() {
    assert_eq!(size_of::<cell::UnsafeCell<[u8; 3]>>(), size_of::<[u8; 3]>());
    assert_eq!(align_of::<cell::UnsafeCell<u64>>(), align_of::<u64>());
    let cell = cell::UnsafeCell::new(7);
    let address = &raw const cell as *const u8;
    assert_eq!(cell.with(|contents| contents as *const u8), address);
}

/// The question whether a model is being torn down is a constant, so it is not in the program.
#[test]
fn nothing_is_asked_about_models() {
    const { assert!(!model_failed()) }
}

/// A build without the deadlock detector has no field for it.
#[cfg(not(feature = "deadlock-detection"))]
#[test]
fn the_detector_takes_no_room_where_it_is_off() {
    assert_eq!(size_of::<primitives::deadlock::Identity>(), 0);
    assert_eq!(size_of::<primitives::Lock<()>>(), size_of::<bare::AtomicU32>());
    assert_eq!(size_of::<primitives::raw::RawLock>(), size_of::<bare::AtomicU32>());
}
