//! Functions that another process can call: found by their names.
//!
//! A closure cannot go to another process, for it is an address, and what it captured are more of them. A _name_ can. So a
//! function that processes call is registered: [`function!`](crate::function!) notes it in a table that is there
//! before `main` begins, in each process alike, since each is the same program.

use std::os::fd::OwnedFd;
use std::sync::OnceLock;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::handover;

/// A function that [`function!`](crate::function!) has made: other processes can call it.
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

/// A value that is moved to another process and runs there, as a `Process` of Python's with a method `run`. Registered by
/// [`runnable!`](crate::runnable!).
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
    /// Runs, in the other process.
    fn run(self) -> Self::Output;
}

/// A [`Run`] that is registered.
pub trait Runnable: Run {
    /// The path of its module and its name.
    const NAME: &'static str;
}

/// Bytes, and the file descriptors that go with them.
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

    /// Another one, with descriptors of its own.
    pub(crate) fn copy(&self) -> std::io::Result<Self> {
        let fds = self.fds.iter().map(OwnedFd::try_clone).collect::<Result<_, _>>()?;
        Ok(Self { bytes: self.bytes.clone(), fds })
    }

    pub(crate) fn open<T: DeserializeOwned>(self) -> Result<T, postcard::Error> {
        handover::unpack(&self.bytes, self.fds)
    }
}

/// Why a registered function gave nothing back.
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

/// All entries, by name: in the same order in each process of this program.
pub(crate) fn in_order() -> &'static [&'static Registered] {
    static IN_ORDER: OnceLock<Vec<&'static Registered>> = OnceLock::new();
    IN_ORDER.get_or_init(|| {
        let mut all: Vec<_> = inventory::iter::<Registered>().collect();
        all.sort_unstable_by_key(|entry| entry.name);
        all
    })
}

/// Where a function stands in that order.
pub(crate) fn place_of<F: Function>() -> usize {
    let place = in_order().binary_search_by_key(&F::NAME, |entry| entry.name);
    place.expect("whoever implements `Function` has registered it, by `function!`")
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

/// Declares functions that other processes can call. Arguments and what they return go there and back as bytes, by
/// [`serde`].
///
/// Here they are called as any function. Their names are also values, to give to a [`Process`](crate::Process) or a
/// [`ProcessPool`](crate::ProcessPool); so no variable of the same module can have such a name.
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
            // Another name, so that the function can hand itself on.
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

/// Registers types that implement [`Run`], so that [`Process::of`](crate::Process::of) takes their values.
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
