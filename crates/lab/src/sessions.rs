//! Conversations: which endpoint has one in its cache, and where the gateway holds it to be.

use std::time::Duration;

use tollgate_types::{Usage, UsageSource};

use crate::fleet::Directory;
use crate::stamp;
use crate::traffic::Call;

/// Where conversations are.
#[derive(Debug)]
pub(crate) struct Sessions {
    turns: Vec<Option<LastTurn>>,
}

#[derive(Debug, Clone, Copy)]
struct LastTurn {
    host: usize,
    at: Duration,
    saves: bool,
}

/// How long providers keep a prompt that nobody asks for.
const CACHED_FOR: Duration = Duration::from_mins(5);
/// How long the engine holds a conversation to an endpoint.
const HELD_FOR: Duration = Duration::from_mins(10);

impl Sessions {
    pub(crate) fn new(conversations: usize) -> Self {
        Self { turns: vec![None; conversations] }
    }

    /// Where the gateway holds a conversation to be.
    pub(crate) fn held(&self, conversation: usize, now: Duration) -> Option<usize> {
        let last = self.turns.get(conversation).copied().flatten()?;
        (last.saves && last.at + HELD_FOR > now).then_some(last.host)
    }

    /// An endpoint has answered a turn.
    pub(crate) fn answered(&mut self, conversation: usize, host: usize, saves: bool, at: Duration) {
        if let Some(turn) = self.turns.get_mut(conversation) {
            *turn = Some(LastTurn { host, at, saves });
        }
    }

    /// What a call costs in nano-dollars where so much is written, and how many tokens come from the
    /// cache.
    pub(crate) fn bill(
        &self,
        directory: &Directory,
        call: &Call,
        host: usize,
        written: u32,
    ) -> (i64, u32) {
        let cached = self.cached(call, host);
        let usage = Usage {
            source: UsageSource::Reported,
            prompt_tokens: call.prompt_tokens.into(),
            cached_tokens: cached.into(),
            completion_tokens: written.into(),
            ..Usage::default()
        };
        let first = directory.number(call.model, 0);
        let endpoints = directory.charged(call.model, call.at);
        let endpoint = host.checked_sub(first).and_then(|place| endpoints.get(place));
        let price = endpoint.and_then(|endpoint| endpoint.price.as_ref());
        let cost = price.and_then(|price| price.cost(&usage, stamp(call.at)).ok());
        (cost.map_or(i64::MAX, |cost| cost.total.nanos()), cached)
    }

    fn cached(&self, call: &Call, host: usize) -> u32 {
        let last = call.conversation.and_then(|it| self.turns.get(it).copied().flatten());
        let is_there = last
            .is_some_and(|last| last.saves && last.host == host && last.at + CACHED_FOR > call.at);
        if is_there { call.said_before } else { 0 }
    }
}
