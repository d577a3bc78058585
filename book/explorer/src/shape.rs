//! How the bits of a word or a cell are to be read.

/// What a word or a cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// A number of so many bits.
    Number(u32),
    /// An address: shown as null or not.
    Pointer,
    /// A cell of a type that cannot be shown.
    Opaque,
}

impl Shape {
    /// The bits that a value of this shape can have.
    pub(crate) fn mask(self) -> u64 {
        match self {
            Self::Bool => 1,
            Self::Number(bits) if bits < 64 => (1 << bits) - 1,
            _ => u64::MAX,
        }
    }

    /// A value as the source would write it.
    #[must_use]
    pub fn text(self, value: u64) -> String {
        match self {
            Self::Bool => (value != 0).to_string(),
            Self::Pointer if value == 0 => "null".into(),
            Self::Pointer => "a pointer".into(),
            Self::Number(_) | Self::Opaque => value.to_string(),
        }
    }
}

/// How to read a cell that holds a plain number or flag, to show it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peek(*const u8);

impl Peek {
    /// Generic code cannot ask whether `T` is `u32`, but a primitive type alone has a name without
    /// a path.
    pub(crate) fn shape<T>() -> Shape {
        match std::any::type_name::<T>() {
            "bool" => Shape::Bool,
            "u8" => Shape::Number(8),
            "u32" => Shape::Number(32),
            "u64" => Shape::Number(64),
            _ => Shape::Opaque,
        }
    }

    pub(crate) fn at(contents: *const u8) -> Self {
        Self(contents)
    }

    /// The value that is there now.
    ///
    /// # Safety
    ///
    /// The cell still exists, has this shape, and no thread runs.
    pub(crate) unsafe fn read(self, shape: Shape) -> u64 {
        // SAFETY: the caller's promise.
        unsafe {
            match shape {
                Shape::Bool | Shape::Number(8) => u64::from(self.0.read()),
                Shape::Number(32) => u64::from(self.0.cast::<u32>().read()),
                Shape::Number(64) => self.0.cast::<u64>().read(),
                _ => 0,
            }
        }
    }
}
