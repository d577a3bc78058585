//! Functions that another process can call by their names.
//!
//! A closure cannot go to another process, because it consists of addresses. A _name_ can. So a
//! function that processes call is registered: [`function!`](crate::function!) puts it into a table
//! that exists before `main` begins. Each process has the same table, because each is the same
//! program.

use std::os::fd::OwnedFd;
use std::sync::OnceLock;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::handover;

/// A function that [`function!`](crate::function!) has registered: other processes can call it.
pub trait Function: Copy + Send + Sync + 'static {
    /// Its arguments, as a tuple, e.g. `(u64,)`.
    type Args: Serialize + DeserializeOwned + 'static;
    /// What it returns.
    type Output: Serialize + DeserializeOwned + 'static;
    /// The path of its module and its name.
    const NAME: &'static str;
    /// Calls it, here.
    fn call(args: Self::Args) -> Self::Output;
}

/// A value that moves to another process and runs there, like a `Process` of Python with a method
/// `run`. [`runnable!`](crate::runnable!) registers its type.
///
/// ```
/// use processes::{Process, Run};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Greeter { name: String }
///
/// impl Run for Greeter {
///     type Output = String;
///     fn run(self) -> String { format!("hello, {}", self.name) }
/// }
/// processes::runnable!(Greeter);
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     processes::init();
///     let greeter = Process::of(Greeter { name: "Ada".into() });
///     greeter.start()?;
///     assert_eq!(greeter.join()?, "hello, Ada");
///     Ok(())
/// }
/// ```
pub trait Run: Serialize + DeserializeOwned + 'static {
    /// What it returns.
    type Output: Serialize + DeserializeOwned + 'static;
    /// Runs in the other process.
    fn run(self) -> Self::Output;
}

/// A [`Run`] that is registered.
pub trait Runnable: Run {
    /// The path of its module and its name.
    const NAME: &'static str;
}

/// Bytes and their file descriptors.
#[derive(Debug)]
#[doc(hidden)]
pub struct Packed {
    pub(crate) bytes: Vec<u8>,
    pub(crate) fds: Vec<OwnedFd>,
}

impl Packed {
    pub(crate) fn new<T: Serialize + ?Sized>(value: &T) -> Result<Self, postcard::Error> {
        let (bytes, fds) = handover::pack(value)?;
        Ok(Self { bytes, fds })
    }

    /// A copy with its own descriptors.
    pub(crate) fn copy(&self) -> std::io::Result<Self> {
        let fds = self.fds.iter().map(OwnedFd::try_clone).collect::<Result<_, _>>()?;
        Ok(Self { bytes: self.bytes.clone(), fds })
    }

    pub(crate) fn open<T: DeserializeOwned>(self) -> Result<T, postcard::Error> {
        handover::unpack(&self.bytes, self.fds)
    }
}

/// Why a registered function returned no value.
#[derive(Debug)]
#[doc(hidden)]
pub enum NotRun {
    Arguments(String),
    Output(String),
}

/// An entry of the table.
#[doc(hidden)]
#[derive(Debug)]
pub struct Registered {
    pub name: &'static str,
    pub run: fn(Packed) -> Result<Packed, NotRun>,
}

inventory::collect!(Registered);

#[doc(hidden)]
pub fn run_function<F: Function>(args: Packed) -> Result<Packed, NotRun> {
    run(args, F::call)
}

#[doc(hidden)]
pub fn run_runnable<R: Run>(args: Packed) -> Result<Packed, NotRun> {
    run(args, R::run)
}

fn run<A: DeserializeOwned, R: Serialize>(args: Packed, f: fn(A) -> R) -> Result<Packed, NotRun> {
    let args = args.open().map_err(|error| NotRun::Arguments(error.to_string()))?;
    Packed::new(&f(args)).map_err(|error| NotRun::Output(error.to_string()))
}

/// The entry with this name.
pub(crate) fn find(name: &str) -> Option<&'static Registered> {
    inventory::iter::<Registered>().find(|entry| entry.name == name)
}

/// All entries, sorted by name, so in the same order in each process of this program.
pub(crate) fn in_order() -> &'static [&'static Registered] {
    static IN_ORDER: OnceLock<Vec<&'static Registered>> = OnceLock::new();
    IN_ORDER.get_or_init(|| {
        let mut all: Vec<_> = inventory::iter::<Registered>().collect();
        all.sort_unstable_by_key(|entry| entry.name);
        all
    })
}

/// The place of a function in that order.
pub(crate) fn place_of<F: Function>() -> usize {
    let place = in_order().binary_search_by_key(&F::NAME, |entry| entry.name);
    place.expect("`function!` registers each `Function` that it implements")
}

/// The names of all registered functions, in order.
///
/// ```
/// processes::function! {
///     fn square(x: u64) -> u64 { x * x }
/// }
/// # fn main() {
/// assert!(processes::registered().iter().any(|name| name.ends_with("::square")));
/// # }
/// ```
#[must_use]
pub fn registered() -> Vec<&'static str> {
    in_order().iter().map(|entry| entry.name).collect()
}

/// Declares functions that other processes can call. Arguments and results travel as bytes, by
/// [`serde`].
///
/// In this process they are ordinary functions. Their names are also values, for a
/// [`Process`](crate::Process) or a [`ProcessPool`](crate::ProcessPool); so no variable of the same
/// module can have such a name.
///
/// ```
/// processes::function! {
///     /// The square of a number.
///     pub fn square(x: u64) -> u64 { x * x }
///
///     fn greet(name: String, times: usize) { println!("{}", format!("hello, {name}! ").repeat(times)) }
/// }
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     processes::init();
///     assert_eq!(square(3), 9);
///     let there = processes::Process::new(square, (4,));
///     there.start()?;
///     assert_eq!(there.join()?, 16);
/// #   let _ = greet;
///     Ok(())
/// }
/// ```
#[macro_export]
macro_rules! function {
    ($(
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $output:ty)? $body:block
    )*) => {$(
        $(#[$attribute])*
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, clippy::allow_attributes)]
        #[derive(Clone, Copy, Debug)]
        $visibility struct $name;

        const _: () = {
            // Another name, so that the function can pass itself on.
            fn function_body($($argument: $type),*) $(-> $output)? $body

            impl ::core::ops::Deref for $name {
                type Target = fn($($type),*) $(-> $output)?;
                fn deref(&self) -> &Self::Target {
                    const FUNCTION: fn($($type),*) $(-> $output)? = function_body;
                    &FUNCTION
                }
            }

            impl $crate::Function for $name {
                type Args = ($($type,)*);
                type Output = $crate::function!(@output $($output)?);
                const NAME: &'static str = concat!(module_path!(), "::", stringify!($name));
                fn call(($($argument,)*): Self::Args) -> Self::Output {
                    function_body($($argument),*)
                }
            }

            $crate::__private::inventory::submit! {
                $crate::__private::Registered {
                    name: <$name as $crate::Function>::NAME,
                    run: $crate::__private::run_function::<$name>,
                }
            }
        };
    )*};
    (@output) => { () };
    (@output $output:ty) => { $output };
}

/// Registers types that implement [`Run`], so that [`Process::of`](crate::Process::of) takes their
/// values.
#[macro_export]
macro_rules! runnable {
    ($($type:ident),+ $(,)?) => {$(
        impl $crate::Runnable for $type {
            const NAME: &'static str = concat!(module_path!(), "::", stringify!($type));
        }

        $crate::__private::inventory::submit! {
            $crate::__private::Registered {
                name: <$type as $crate::Runnable>::NAME,
                run: $crate::__private::run_runnable::<$type>,
            }
        }
    )+};
}
