//! What is going to happen, by time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::time::Duration;

/// What is going to happen to a call, by its place among those under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// An attempt comes to something, or is given up.
    Ends { slot: usize, serial: u64 },
    /// An attempt is late.
    Late { slot: usize, serial: u64 },
    /// An attempt has been silent for too long to be well.
    Silent { slot: usize, serial: u64 },
    /// An answer is whole, or breaks off.
    Finishes { slot: usize, serial: u64 },
    /// A pause is over.
    Again { slot: usize },
}

/// Events by time; those of one moment in the order in which they were planned.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<Planned>>,
    planned: u64,
}

#[derive(Debug, PartialEq, Eq)]
struct Planned {
    at: Duration,
    order: u64,
    event: Event,
}

impl Queue {
    pub(crate) fn plan(&mut self, at: Duration, event: Event) {
        self.planned += 1;
        self.heap.push(Reverse(Planned { at, order: self.planned, event }));
    }

    /// When something happens next.
    pub(crate) fn next_at(&self) -> Option<Duration> {
        self.heap.peek().map(|Reverse(planned)| planned.at)
    }

    pub(crate) fn pop(&mut self) -> Option<(Duration, Event)> {
        self.heap.pop().map(|Reverse(planned)| (planned.at, planned.event))
    }
}

impl Ord for Planned {
    fn cmp(&self, other: &Self) -> Ordering {
        self.at.cmp(&other.at).then(self.order.cmp(&other.order))
    }
}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
