//! What came of each call of a run.

use std::time::Duration;

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Entry {
    pub(crate) ending: Ending,
    /// From the call to the first token, where one came.
    pub(crate) first_token: Option<Duration>,
    /// Nano-dollars paid to providers, for what failed too.
    pub(crate) paid: i64,
    /// How many attempts were made.
    pub(crate) attempts: u32,
    /// Attempts that were refused.
    pub(crate) refused: u32,
    /// Attempts at endpoints that said nothing.
    pub(crate) stalled: u32,
    /// From the call to the beginning of the attempt that answered.
    pub(crate) detour: Duration,
    /// The part of it that providers took to refuse.
    pub(crate) refusing: Duration,
    /// Tokens read from a cache.
    pub(crate) cached: u32,
    /// Tokens that a cache could have held.
    pub(crate) said_before: u32,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It is not over.
    Open,
    /// The answer was whole.
    Served,
    /// No endpoint answered.
    Failed,
    /// The caller left before the first token.
    Abandoned,
    /// The answer broke off.
    Cut,
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            ending: Ending::Open,
            first_token: None,
            paid: 0,
            attempts: 0,
            refused: 0,
            stalled: 0,
            detour: Duration::ZERO,
            refusing: Duration::ZERO,
            cached: 0,
            said_before: 0,
        }
    }
}

impl Entry {
    pub(crate) fn is_served(&self) -> bool {
        self.ending == Ending::Served
    }
}

/// A whole run.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// By call.
    pub(crate) entries: Vec<Entry>,
    /// The most calls that an endpoint served at once, as a share of its capacity.
    pub(crate) fullest: f64,
    /// Calls that providers think are under way when all is over.
    pub(crate) left_over: u32,
    /// Calls that ended twice.
    pub(crate) ended_twice: u32,
}
