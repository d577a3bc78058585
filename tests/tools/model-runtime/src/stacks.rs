//! Keeps the stacks of model threads from one execution to the next.
//!
//! loom gives every thread of every execution a fresh stack: `mmap`, `mprotect` for the guard page,
//! a few page faults, `munmap`. On the model of a condition (two threads, and the coin thread) that
//! was 60 % of the time, and loom has no setting for it. So this module replaces the three calls:
//! it reuses a returned stack with its guard page, and passes everything else to the kernel.
//!
//! The linker prefers these functions to libc's of the same name, in programs that contain this
//! crate, for calls from Rust. libc's own calls (threads of the operating system, `malloc`) bypass
//! it.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use libc::{
    MAP_ANONYMOUS, MAP_PRIVATE, MAP_STACK, PROT_NONE, PROT_READ, PROT_WRITE, SYS_mmap,
    SYS_mprotect, SYS_munmap, c_int, c_void, off_t, size_t, syscall,
};

/// More than the threads of one execution; stacks of failed ones are never returned.
const PLACES: usize = 16;

/// A stack that was allocated once.
struct Place {
    /// Its address; 0 if this place is free.
    address: AtomicUsize,
    length: AtomicUsize,
    in_use: AtomicBool,
    guarded: AtomicBool,
}

static STACKS: [Place; PLACES] = [const {
    Place {
        address: AtomicUsize::new(0),
        length: AtomicUsize::new(0),
        in_use: AtomicBool::new(false),
        guarded: AtomicBool::new(false),
    }
}; PLACES];

/// The place of the stack at this address.
fn place(address: *mut c_void) -> Option<&'static Place> {
    // Acquire: pairs with the Release in `mmap`, so that the length is there with the address.
    let mut places = STACKS.iter().filter(|_| !address.is_null());
    places.find(|place| place.address.load(Ordering::Acquire) == address as usize)
}

/// # Safety
///
/// As the system's.
#[unsafe(no_mangle)]
unsafe extern "C" fn mmap(
    address: *mut c_void,
    length: size_t,
    protection: c_int,
    flags: c_int,
    file: c_int,
    offset: off_t,
) -> *mut c_void {
    let is_stack = address.is_null()
        && flags == MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK
        && protection == PROT_READ | PROT_WRITE;
    if is_stack {
        for place in &STACKS {
            // Relaxed: a hint; the swap decides. Acquire: pairs with the Release in `munmap`, so
            // that the last owner is done with the stack.
            if place.length.load(Ordering::Relaxed) == length
                && !place.in_use.swap(true, Ordering::Acquire)
            {
                return place.address.load(Ordering::Relaxed) as *mut c_void;
            }
        }
    }
    // SAFETY: as the caller has it.
    let mapped = unsafe { syscall(SYS_mmap, address, length, protection, flags, file, offset) };
    if is_stack && mapped > 0 {
        remember(mapped as usize, length);
    }
    mapped as *mut c_void
}

/// Notes a new stack, if there is a place for it.
fn remember(address: usize, length: usize) {
    for place in &STACKS {
        // Relaxed: the thread that sets `in_use` owns the free place.
        if place.length.load(Ordering::Relaxed) == 0 && !place.in_use.swap(true, Ordering::Acquire)
        {
            place.length.store(length, Ordering::Relaxed);
            // Release: pairs with the Acquire in `place`.
            place.address.store(address, Ordering::Release);
            return;
        }
    }
}

/// # Safety
///
/// As the system's.
#[unsafe(no_mangle)]
unsafe extern "C" fn mprotect(address: *mut c_void, length: size_t, protection: c_int) -> c_int {
    let place = place(address).filter(|_| protection == PROT_NONE);
    // Relaxed: only the owner of the stack passes its address here.
    if place.is_some_and(|place| place.guarded.load(Ordering::Relaxed)) {
        return 0;
    }
    // SAFETY: as the caller has it.
    let result = unsafe { syscall(SYS_mprotect, address, length, protection) } as c_int;
    if let Some(place) = place {
        place.guarded.store(result == 0, Ordering::Relaxed);
    }
    result
}

/// # Safety
///
/// As the system's.
#[unsafe(no_mangle)]
unsafe extern "C" fn munmap(address: *mut c_void, length: size_t) -> c_int {
    match place(address) {
        // Relaxed: it was written before the address.
        Some(place) if place.length.load(Ordering::Relaxed) == length => {
            // Release: pairs with the Acquire in `mmap`.
            place.in_use.store(false, Ordering::Release);
            0
        }
        // SAFETY: as the caller has it.
        _ => unsafe { syscall(SYS_munmap, address, length) as c_int },
    }
}
