//! Writing down what a client is told, to keep it once it is whole.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tollgate_wire::KeptAnswer;

use super::{Caching, Entry, Wanted};
use crate::asked::Asked;
use crate::engine::Engine;
use crate::run::Run;

/// What a client has been told so far. One that is dropped keeps nothing.
#[derive(Debug)]
pub(crate) struct Recording {
    engine: Arc<Engine>,
    wanted: Arc<Wanted>,
    heard: Vec<u8>,
    /// Whether it is longer than what is kept, or there was no room for it.
    is_lost: bool,
}

impl Recording {
    /// Of a call whose answer is to be kept.
    pub(crate) fn of<C: Asked>(run: &Run<C>) -> Option<Self> {
        let Caching::Wanted(wanted) = &run.caching else { return None };
        let (engine, wanted) = (Arc::clone(&run.engine), Arc::clone(wanted));
        Some(Self { engine, wanted, heard: Vec::new(), is_lost: false })
    }

    /// Takes what the client is given next.
    pub(crate) fn hear(&mut self, bytes: &[u8]) {
        let cache = self.engine.cache();
        let length = self.heard.len().saturating_add(bytes.len());
        if self.is_lost || length > cache.config.entry_bytes_max {
            return self.lose();
        }
        let all = cache.recording.fetch_add(bytes.len(), Relaxed).saturating_add(bytes.len());
        self.heard.extend_from_slice(bytes);
        if all > cache.config.bytes_max {
            self.lose();
        }
    }

    /// The client has been told all of it. It is kept if it was settled as a good answer.
    pub(crate) fn finish(self, streamed: bool) {
        let Some(made) = self.wanted.made.lock().take().filter(|_| !self.is_lost) else { return };
        let answer = if streamed {
            KeptAnswer::of_stream(&self.heard)
        } else {
            KeptAnswer::of_whole(&self.heard)
        };
        let Some(answer) = answer else { return };
        let ttl_seconds = self.wanted.ttl_seconds;
        self.engine.cache().insert(self.wanted.key, Entry { answer, made, ttl_seconds });
    }

    fn lose(&mut self) {
        self.is_lost = true;
        self.engine.cache().recording.fetch_sub(self.heard.len(), Relaxed);
        self.heard = Vec::new();
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.engine.cache().recording.fetch_sub(self.heard.len(), Relaxed);
    }
}
