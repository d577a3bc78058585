//! Random sequences of calls, compared with a model that is too simple to be wrong.
//!
//! Every case starts from a fresh random seed, and a failing one is printed in its smallest form:
//! write it down as a named test beside the code that it found wrong. `PROPTEST_CASES=10000` tries
//! more.

use watchdog as _;

cases::modules!(properties);
