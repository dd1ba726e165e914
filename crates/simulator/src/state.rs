//! What all connections share: settings, counters, records.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};
use tokio_util::sync::CancellationToken;

use crate::bench::Bench;
use crate::config::SimulatorConfig;
use crate::random::{self, Random};
use crate::record::{Counts, RecordedRequest, Recorder};
use crate::script::Script;

/// The state of one simulator.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) config: SimulatorConfig,
    pub(crate) default_script: RwLock<Script>,
    pub(crate) recorder: Mutex<Recorder>,
    pub(crate) calls: Mutex<Counts>,
    /// Requests to names with `fail-first`, apart from `calls` so that a script can come late.
    pub(crate) failures: Mutex<Counts>,
    pub(crate) connections: AtomicU64,
    pub(crate) connections_open: AtomicUsize,
    pub(crate) requests: AtomicU64,
    streams_open: AtomicUsize,
    pub(crate) bytes_sent: AtomicU64,
    /// No new work: silence ends, connections finish what they have.
    pub(crate) closing: CancellationToken,
    /// Every connection ends where it stands.
    pub(crate) killed: CancellationToken,
    pub(crate) bench: Bench,
}

impl State {
    pub(crate) fn new(config: SimulatorConfig) -> Self {
        let default_script = RwLock::new(config.script);
        Self {
            config,
            default_script,
            recorder: Mutex::default(),
            calls: Mutex::default(),
            failures: Mutex::default(),
            connections: AtomicU64::new(0),
            connections_open: AtomicUsize::new(0),
            requests: AtomicU64::new(0),
            streams_open: AtomicUsize::new(0),
            bytes_sent: AtomicU64::new(0),
            closing: CancellationToken::new(),
            killed: CancellationToken::new(),
            bench: Bench::new(),
        }
    }

    pub(crate) fn streams_open(&self) -> usize {
        self.streams_open.load(Ordering::Acquire)
    }

    /// A seed of its own for each request, the same for the n-th request of every run.
    pub(crate) fn request_random(&self) -> Random {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        Random::new(random::hash(self.config.seed, &number.to_string()))
    }

    pub(crate) fn record(&self, request: RecordedRequest) {
        self.recorder.lock().push(request, self.config.requests_max);
    }

    /// Forgets requests and counts.
    pub(crate) fn clear(&self) {
        self.recorder.lock().clear();
        self.calls.lock().clear();
        self.failures.lock().clear();
    }
}

/// One answer that is begun and not yet finished; dropping it counts it out.
#[derive(Debug)]
pub(crate) struct OpenStream {
    state: Arc<State>,
}

impl OpenStream {
    /// Counts bytes of its body.
    pub(crate) fn sent(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.state.bytes_sent.fetch_add(bytes, Ordering::AcqRel);
    }

    pub(crate) fn new(state: &Arc<State>) -> Self {
        state.streams_open.fetch_add(1, Ordering::AcqRel);
        Self { state: Arc::clone(state) }
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.state.streams_open.fetch_sub(1, Ordering::AcqRel);
    }
}
