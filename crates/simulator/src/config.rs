//! How a simulator is set up.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::pace::Timing;
use crate::record::REQUESTS_MAX;
use crate::script::Script;

/// Settings of a simulator. The default listens on a free local port and answers at once.
#[derive(Clone, Debug)]
pub struct SimulatorConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Fixes everything that varies: ids, speeds, log probabilities.
    pub seed: u64,
    /// How fast answers come.
    pub timing: Timing,
    /// Whether a request without a key, or with a wrong one, is refused.
    pub require_key: bool,
    /// What goes wrong unless a request says otherwise.
    pub script: Script,
    /// How many of the last requests are kept; 0 keeps none.
    pub requests_max: usize,
    /// The largest request body; a larger one is a 413.
    pub body_bytes_max: usize,
    /// How many connections are served at once; more wait to be accepted.
    pub connections_max: usize,
    /// How long [`Simulator::shutdown`](crate::Simulator::shutdown) waits for open answers.
    pub grace: Duration,
    /// Reads the clock, as Unix time in seconds; tests fix it.
    pub now: fn() -> i64,
}

impl Default for SimulatorConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 0,
            timing: Timing::INSTANT,
            require_key: true,
            script: Script::default(),
            requests_max: REQUESTS_MAX,
            body_bytes_max: 64 << 20,
            connections_max: 32_768,
            grace: Duration::from_secs(2),
            now: system_now,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the real clock comes in")]
fn system_now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.ok().and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or(0)
}
