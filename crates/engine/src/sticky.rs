//! Which endpoint has a conversation in its prompt cache (contract §5.8).
//!
//! A provider that has read a prompt reads it again for a fraction of the price, so the next turn of
//! a conversation belongs where the last one was. What is kept is small and lost with the process:
//! the price of that is one prompt at its full price.

use std::sync::Arc;

use quick_cache::sync::Cache;
use tollgate_catalog::{Endpoint, EndpointId};
use tollgate_policy::Decision;
use tollgate_types::{Timestamp, Usage};

use crate::asked::Asked;
use crate::{Installation, KeyEntry, resolve};

/// A conversation of a caller about a model.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Conversation {
    name: Box<str>,
    /// The caller named it, rather than that it was recognised by how it begins.
    is_named: bool,
}

/// Where conversations are.
#[derive(Debug)]
pub(crate) struct Stickiness {
    held: Cache<Conversation, Held>,
}

#[derive(Debug, Clone)]
struct Held {
    endpoint: EndpointId,
    until: Timestamp,
}

/// How many conversations are remembered: about 20 MB of names.
const CONVERSATIONS_MAX: usize = 100_000;
/// How long after its last turn.
const IDLE_MS: i64 = 600_000;

impl Default for Stickiness {
    fn default() -> Self {
        Self { held: Cache::new(CONVERSATIONS_MAX) }
    }
}

impl Conversation {
    /// A conversation of a workspace about a model: by the session the caller names, else by how it
    /// begins; `None` for a call that has neither.
    pub(crate) fn of(
        workspace: &str,
        model: &str,
        session: Option<&str>,
        opening: impl FnOnce() -> Option<u64>,
    ) -> Option<Self> {
        let is_named = session.is_some();
        let name = match session {
            Some(session) => format!("{workspace}\n{model}\n={session}"),
            None => format!("{workspace}\n{model}\n#{:016x}", opening()?),
        };
        Some(Self { name: name.into(), is_named })
    }
}

impl Stickiness {
    /// Where a conversation is.
    pub(crate) fn endpoint(
        &self,
        conversation: &Conversation,
        now: Timestamp,
    ) -> Option<EndpointId> {
        let held = self.held.get(conversation).filter(|held| held.until > now)?;
        Some(held.endpoint)
    }

    /// Notes that an endpoint has answered. A named conversation is held at once, another when the
    /// provider was seen to read from its cache; neither where that saves nothing.
    pub(crate) fn answered(
        &self,
        conversation: Conversation,
        endpoint: &Arc<Endpoint>,
        usage: &Usage,
        now: Timestamp,
    ) {
        if !saves(endpoint) {
            return;
        }
        let is_there = || self.endpoint(&conversation, now).is_some_and(|it| it == endpoint.id);
        if conversation.is_named || usage.cached_tokens > 0 || is_there() {
            let held = Held { endpoint: endpoint.id.clone(), until: now.plus_millis(IDLE_MS) };
            self.held.insert(conversation, held);
        }
    }
}

/// What a conversation is recognised by, where that could save anything: its model has several
/// endpoints, and one of them reads from its cache for less.
pub(crate) fn conversation(
    key: &KeyEntry,
    call: &impl Asked,
    decision: &Decision,
    installation: &Installation,
    session: Option<&str>,
) -> Option<Conversation> {
    let key_record = Some(&key.record);
    let model = resolve::primary(call, decision, installation, key_record)?;
    let shared = installation.routable().endpoints(model.id.as_str());
    let own = installation.own().beside(&model, shared, &key.record);
    let endpoints = own.as_deref().unwrap_or(shared);
    if endpoints.len() < 2 || !endpoints.iter().any(|endpoint| saves(endpoint)) {
        return None;
    }
    let session = session.or(call.member("prompt_cache_key"));
    let workspace = &key.record.workspace_id;
    Conversation::of(workspace, model.id.as_str(), session, || call.opening())
}

/// Whether an endpoint reads from its cache for less.
pub(crate) fn saves(endpoint: &Endpoint) -> bool {
    let rates = endpoint.price.as_ref().map(|price| price.rates);
    rates.is_some_and(|rates| rates.cache_read.is_some_and(|cached| cached < rates.input))
}
