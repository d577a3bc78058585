//! Blocks of bytes in shared memory: what items of any length lie in.
//!
//! An item's bytes fill a chain of blocks. Each block names the item that it belongs to, by the
//! item's position in the queue, and never the process:
//!
//! | owner of a block | state of the place of position p, see [`stamp`](super::stamp)  | the block is  |
//! | ---------------- | -------------------------------------------------------------- | ------------- |
//! | none             |                                                                | free          |
//! | p                | `CLAIMED` p or `FULL` p: its put writes, or it waits for a get | in use        |
//! | p                | `BUSY`, at a later position: a get reads                       | in use        |
//! | p                | `EMPTY`, `CLAIMED`, `FULL`, at a later position                | free          |
//!
//! So nothing has to be given back when a process is killed. The rules of the places say when an
//! item is over, and at that moment all its blocks are free: the next put that looks for a block
//! takes it with one compare-exchange. A position occurs once, so the exchange has compared with
//! that very item. A call that ends as usual marks its blocks as free by itself, which saves the
//! next put a look at the place.
//!
//! The search begins behind the last block that was taken. Where items come and go in order, the
//! blocks are used like a ring.

use primitives::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use primitives::sync::atomic::{AtomicU32, AtomicU64};
use std::ptr::NonNull;

use super::stamp::distance;

/// How many bytes of an item a block holds.
pub(super) const BLOCK: usize = 256;
/// The most blocks of a queue: their numbers have 32 bits.
const MOST: usize = u32::MAX as usize;
/// How often a put looks again while a later put has blocks that it may give back.
const PATIENCE: usize = 1000;

/// Whose block it is, and which one follows it.
#[repr(C, align(16))]
struct Head {
    /// The item's position and 1, or 0.
    owner: AtomicU64,
    next: AtomicU32,
}

/// What the place of an item says of its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// The item is over.
    Over,
    /// Its put has not published it, and may still give its blocks back.
    Filling,
    /// It is in the queue, or is read.
    Kept,
}

/// The blocks of a queue, behind its places.
pub(super) struct Blocks {
    heads: NonNull<Head>,
    bytes: NonNull<u8>,
    count: usize,
}

impl Blocks {
    /// How many blocks hold `bytes`, and how much memory they need. `None` if they are too many.
    pub(super) fn layout(bytes: usize) -> Option<(usize, usize)> {
        let count = bytes.div_ceil(BLOCK);
        let memory = count.checked_mul(size_of::<Head>() + BLOCK)?;
        (count <= MOST).then_some((count, memory))
    }

    /// # Safety
    ///
    /// The memory of [`layout`](Self::layout) begins at `start`, is aligned to 16 bytes, was zero
    /// at first, is used as blocks only, and stays mapped while this is used.
    pub(super) unsafe fn new(start: NonNull<u8>, count: usize) -> Self {
        // SAFETY: the heads are inside that memory.
        let bytes = unsafe { start.add(count * size_of::<Head>()) };
        Self { heads: start.cast(), bytes, count }
    }

    /// The longest item, in bytes.
    pub(super) fn most(&self) -> usize {
        self.count * BLOCK
    }

    fn head(&self, block: usize) -> &Head {
        assert!(block < self.count, "block {block} of {}", self.count);
        // SAFETY: inside, by the line above; only atomics.
        unsafe { self.heads.add(block).as_ref() }
    }

    /// Whether blocks for that many bytes seem to be free.
    pub(super) fn have_room(
        &self,
        cursor: &AtomicU32,
        len: usize,
        of: impl Fn(u64) -> Use,
    ) -> bool {
        let free = self.from(cursor).filter(|&block| {
            // Relaxed: a look; the claim compares.
            match self.head(block).owner.load(Relaxed).checked_sub(1) {
                None => true,
                Some(item) => of(item) == Use::Over,
            }
        });
        let needed = len.div_ceil(BLOCK);
        free.take(needed).count() == needed
    }

    /// Copies the bytes into blocks of the item at `position`. Returns the first block, or `None`
    /// if there are too few, and then none of them is the item's.
    ///
    /// The place of that position is this thread's.
    pub(super) fn write(
        &self,
        cursor: &AtomicU32,
        position: u64,
        bytes: &[u8],
        of: impl Fn(u64) -> Use,
    ) -> Option<u32> {
        for _ in 0..PATIENCE {
            let mut later = false;
            let mut chunks = bytes.chunks(BLOCK).peekable();
            let (mut first, mut last, mut claimed) = (0, None, 0);
            for block in self.from(cursor) {
                let Some(chunk) = chunks.peek() else { break };
                match self.claim(block, position, &of) {
                    Ok(()) => {}
                    Err(other) => {
                        later |= other;
                        continue;
                    }
                }
                // SAFETY: the block is the item's, and the item this thread's; no other thread
                // touches its bytes until the item is published.
                unsafe {
                    NonNull::from(*chunk)
                        .cast()
                        .copy_to_nonoverlapping(self.bytes.add(block * BLOCK), chunk.len());
                }
                match last {
                    None => first = block as u32,
                    // Relaxed: published with the item.
                    Some(last) => self.head(last).next.store(block as u32, Relaxed),
                }
                last = Some(block);
                claimed += 1;
                chunks.next();
            }
            if let Some(last) = last {
                // Relaxed: where to look first.
                cursor.store((last as u32).wrapping_add(1), Relaxed);
            }
            if chunks.peek().is_none() {
                return Some(first);
            }
            self.free(first, claimed, position);
            // Of two puts that take blocks from each other, the later one gives up.
            if !later {
                return None;
            }
            std::hint::spin_loop();
        }
        None
    }

    /// Takes a block. An error says whether a later put has it.
    fn claim(&self, block: usize, position: u64, of: impl Fn(u64) -> Use) -> Result<(), bool> {
        let owner = &self.head(block).owner;
        // Acquire: pairs with the Release in `free`; the last item was read before.
        let found = owner.load(Acquire);
        if let Some(item) = found.checked_sub(1) {
            match of(item) {
                Use::Over => {}
                Use::Filling => return Err(distance(item, position) > 0),
                Use::Kept => return Err(false),
            }
        }
        // AcqRel: as above, if another thread was faster.
        owner.compare_exchange(found, position + 1, AcqRel, Relaxed).map_err(|_| true).map(drop)
    }

    /// Copies an item's bytes out of its blocks. `None` if they are not a chain of that length,
    /// which no process that follows the rules has written.
    pub(super) fn read(&self, first: u32, len: usize, position: u64) -> Option<Vec<u8>> {
        if len > self.most() {
            return None;
        }
        let mut bytes: Vec<u8> = Vec::with_capacity(len);
        let mut block = first as usize;
        while bytes.len() < len {
            if block >= self.count || self.head(block).owner.load(Relaxed) != position + 1 {
                return None;
            }
            let here = BLOCK.min(len - bytes.len());
            // SAFETY: the block is the item's, and the item this thread's, which took it: its put
            // has written these bytes and published them. There is room for `len` in all.
            unsafe {
                let end = bytes.as_mut_ptr().add(bytes.len());
                self.bytes.add(block * BLOCK).as_ptr().copy_to_nonoverlapping(end, here);
                bytes.set_len(bytes.len() + here);
            }
            // Relaxed, here and above: published with the item.
            block = self.head(block).next.load(Relaxed) as usize;
        }
        Some(bytes)
    }

    /// Marks the first `count` blocks of an item's chain as free. The item is this thread's.
    pub(super) fn free(&self, first: u32, count: usize, position: u64) {
        let mut block = first as usize;
        for _ in 0..count {
            if block >= self.count {
                return;
            }
            // Relaxed: this thread's, or published with the item.
            let next = self.head(block).next.load(Relaxed);
            // Release: pairs with the Acquire in `claim`: it was read before the next item is
            // written. An exchange, so that a false chain cannot free another item's block.
            let _ = self.head(block).owner.compare_exchange(position + 1, 0, Release, Relaxed);
            block = next as usize;
        }
    }

    /// All blocks, from the cursor around.
    fn from(&self, cursor: &AtomicU32) -> impl Iterator<Item = usize> + use<> {
        // Relaxed: where to look first.
        let start = cursor.load(Relaxed) as usize % self.count.max(1);
        (start..self.count).chain(0..start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(bytes: usize) -> (Vec<u128>, usize) {
        let (count, memory) = Blocks::layout(bytes).expect("not too many");
        (vec![0; memory.div_ceil(16)], count)
    }

    #[test]
    fn the_bytes_of_an_item_come_back_and_its_blocks_are_reused() {
        let (mut memory, count) = memory(10 * BLOCK);
        let start = NonNull::new(memory.as_mut_ptr()).expect("it is somewhere").cast();
        // SAFETY: zero, aligned, long enough, and alive until the end of the test.
        let blocks = unsafe { Blocks::new(start, count) };
        let cursor = AtomicU32::new(7);
        let kept = |_| Use::Kept;
        for (position, len) in [0, 1, BLOCK, BLOCK + 1, 10 * BLOCK].into_iter().enumerate() {
            let position = position as u64;
            let bytes: Vec<u8> = (0..len).map(|byte| byte as u8).collect();
            assert!(blocks.have_room(&cursor, len, kept));
            let first = blocks.write(&cursor, position, &bytes, kept).expect("there is room");
            assert!(!blocks.have_room(&cursor, 10 * BLOCK + 1, kept));
            assert_eq!(blocks.read(first, len, position), Some(bytes));
            blocks.free(first, len.div_ceil(BLOCK), position);
        }
        assert!(blocks.have_room(&cursor, 10 * BLOCK, kept));
    }

    #[test]
    fn the_blocks_of_an_item_that_is_over_are_free_and_others_are_not() {
        let (mut memory, count) = memory(4 * BLOCK);
        let start = NonNull::new(memory.as_mut_ptr()).expect("it is somewhere").cast();
        // SAFETY: as above.
        let blocks = unsafe { Blocks::new(start, count) };
        let cursor = AtomicU32::new(0);
        let of = |item| if item == 5 { Use::Over } else { Use::Kept };
        blocks.write(&cursor, 5, &[1; 3 * BLOCK], of).expect("there is room");
        let kept = blocks.write(&cursor, 6, &[2; BLOCK], of).expect("there is room");
        assert!(!blocks.have_room(&cursor, BLOCK, |_| Use::Kept));
        assert_eq!(blocks.write(&cursor, 7, &[3; BLOCK], |_| Use::Kept), None);
        assert_eq!(blocks.write(&cursor, 7, &[3; 4 * BLOCK], of), None, "all or none");
        let first = blocks.write(&cursor, 8, &[4; 3 * BLOCK], of).expect("those of item 5");
        assert_eq!(blocks.read(first, 3 * BLOCK, 8), Some(vec![4; 3 * BLOCK]));
        assert_eq!(blocks.read(kept, BLOCK, 6), Some(vec![2; BLOCK]));
        assert_eq!(blocks.read(kept, 2 * BLOCK, 6), None, "not so long a chain");
    }
}
