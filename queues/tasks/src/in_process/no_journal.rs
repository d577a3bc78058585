//! Without the feature `journal`: a type without a value, so that the calls to it cost nothing.

use crate::broker::DeadLetter;
use crate::error::Error;
use crate::message::Message;
use crate::results::ChordPart;

#[derive(Clone, Copy)]
pub(super) enum Journal {}

type Done = Result<(), Error>;

#[rustfmt::skip] // a line each
impl Journal {
    pub(super) fn push(&self, _: &[Message]) -> Result<Vec<u64>, Error> { match *self {} }
    pub(super) fn take(&self, _: &[(u64, u32)]) -> Done { match *self {} }
    pub(super) fn give_back(&self, _: u64, _: u32) -> Done { match *self {} }
    pub(super) fn done(&self, _: &[u64]) -> Done { match *self {} }
    pub(super) fn bury(&self, _: u64, _: &DeadLetter, _: usize) -> Done { match *self {} }
    pub(super) fn revoke(&self, _: &[String], _: usize) -> Done { match *self {} }
    pub(super) fn set_note(&self, _: &str, _: &str) -> Done { match *self {} }
    pub(super) fn chord_begin(&self, _: &str, _: usize) -> Done { match *self {} }
    pub(super) fn chord_part(&self, _: &str, _: &ChordPart) -> Done { match *self {} }
    pub(super) fn chord_end(&self, _: &str) -> Done { match *self {} }
}
