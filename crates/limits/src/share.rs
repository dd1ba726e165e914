//! A part of the room for counters, of one of several who could use it up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What one of several has of the room for counters: as long as a counter lasts that it had made, it
/// has that one's place.
#[derive(Debug, Clone, Default)]
pub struct Share {
    held: Arc<AtomicUsize>,
}

/// A counter's place in a share, which is free again when the counter is gone.
#[derive(Debug)]
pub(crate) struct SharePlace(Arc<AtomicUsize>);

/// So many times what is free for all may be one's own. Whoever is alone so comes to three quarters
/// of the room, and whoever comes later always finds some.
const TIMES_FREE: usize = 3;

impl Share {
    /// How many counters it has.
    pub fn held(&self) -> usize {
        self.held.load(Relaxed)
    }

    /// A place for one more, unless that would be too many where so much is `free` for all.
    pub(crate) fn place(&self, free: usize) -> Option<SharePlace> {
        let most = free.saturating_mul(TIMES_FREE);
        let more = |held: usize| (held < most).then(|| held.saturating_add(1));
        self.held.try_update(Relaxed, Relaxed, more).ok()?;
        Some(SharePlace(Arc::clone(&self.held)))
    }
}

impl Drop for SharePlace {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
