//! What of an answer was given already.
//!
//! The protocol says everything up to four times: in deltas, at the end of a piece, of an item and
//! of the response. Providers that imitate it leave out some of these. So each place of the answer
//! is remembered, and what comes again is passed over.

use std::collections::HashMap;

use crate::Fault;

/// A place inside an output item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    /// Text, with the character of the answer at which it begins.
    Text(u64),
    /// A refusal.
    Refusal(u64),
    /// Citations of a text.
    Citations(u64),
    /// A piece of a summary, with the number of its detail.
    Summary(u64),
    /// A piece of thought, with the number of its detail.
    Thought(u64),
    /// Sealed thoughts.
    Seal,
    /// A call, with its number.
    Call,
    /// A call's arguments.
    Arguments,
    /// An image.
    Image,
    /// A search of the web.
    Search,
}

/// Places and a number for each.
#[derive(Debug, Default)]
pub(super) struct Places(HashMap<(u64, Slot), u64>);

/// No answer has so many pieces; one that does is not one.
const PLACES_MAX: usize = 65_536;

impl Places {
    /// The number of a place, if something was given there.
    pub(super) fn get(&self, item: u64, slot: Slot) -> Option<u64> {
        self.0.get(&(item, slot)).copied()
    }

    /// Whether something was given there.
    pub(super) fn has(&self, item: u64, slot: Slot) -> bool {
        self.get(item, slot).is_some()
    }

    /// Remembers that something is given there.
    pub(super) fn put(&mut self, item: u64, slot: Slot, number: u64) -> Result<(), Fault> {
        if self.0.len() >= PLACES_MAX {
            return Err(Fault::malformed("it has too many pieces"));
        }
        self.0.insert((item, slot), number);
        Ok(())
    }
}
