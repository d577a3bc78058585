//! The calls in which a thread is, found where its operation is about to be done.
//!
//! The operations tell their own line (`#[track_caller]`). The machine's stack tells the
//! callers of that function: its addresses are noted at each operation, and a table of them
//! is looked up in the program's debug information once for each address. The code of the threads
//! must be compiled without optimisation for that (`[profile.explore]`): a call that comes last
//! would leave no frame.

use std::collections::HashMap;
use std::rc::Rc;

use generated::place;

use crate::graph::Place;
use crate::part::Part;
use crate::source;

/// Frames below a thread's own that are looked at: more than any listing has.
const MOST_FRAMES: usize = 64;

/// The return addresses of this thread, from the innermost outwards.
pub(crate) fn here() -> Rc<[usize]> {
    let mut frames = Vec::with_capacity(MOST_FRAMES);
    backtrace::trace(|frame| {
        let address = frame.ip().addr();
        frames.push(address);
        // The outermost frame of a thread has no caller.
        address != 0 && frames.len() < MOST_FRAMES
    });
    frames.into()
}

/// What addresses mean, as far as the parts that a scenario shows are concerned.
#[derive(Default)]
pub(crate) struct Calls {
    /// The lines of an address, from the innermost outwards; several where a function was inlined.
    known: HashMap<usize, Vec<Place>>,
    /// The lines that are shown, by file.
    shown: HashMap<&'static str, Vec<u32>>,
}

impl Calls {
    pub(crate) fn new(parts: &[Part]) -> Self {
        let mut shown = HashMap::<_, Vec<u32>>::new();
        for part in parts {
            let rows = source::rows_of(part.file, part.anchor);
            shown.entry(part.file).or_default().extend(rows.unwrap_or_default());
        }
        Self { known: HashMap::new(), shown }
    }

    /// The lines of the calls in which an operation at `place` is, from the outermost inwards,
    /// without its own.
    pub(crate) fn of(&mut self, frames: &[usize], place: Place) -> Vec<Place> {
        let mut lines: Vec<Place> = Vec::new();
        for &address in frames {
            let Self { known, shown } = self;
            let found = known.entry(address).or_insert_with(|| resolve(address, shown));
            lines.extend(found.iter().copied());
        }
        // A closure of the same line is no call of its own.
        lines.dedup();
        if lines.first() == Some(&place) {
            lines.remove(0);
        }
        lines.reverse();
        lines
    }
}

/// The lines of an address that are shown.
fn resolve(address: usize, shown: &HashMap<&'static str, Vec<u32>>) -> Vec<Place> {
    let root = source::root();
    let mut places = Vec::new();
    // A return address is behind the call.
    backtrace::resolve(address.saturating_sub(1) as *mut _, |symbol| {
        let (Some(file), Some(line)) = (symbol.filename(), symbol.lineno()) else { return };
        let file = place::without_detours(file.strip_prefix(&root).unwrap_or(file));
        let part = shown.iter().find(|(name, _)| **name == file);
        if let Some((&file, lines)) = part
            && lines.contains(&line)
        {
            places.push(Place { file, line });
        }
    });
    places
}
