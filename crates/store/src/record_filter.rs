//! Which records of calls are asked for: one grammar for lists, counts, exports and live views.
//!
//! Pure. [`RecordFilter::matches`] is the reference: SQL backends say the same in SQL, and the
//! conformance suite holds them to it. Deliberately absent: who may see what, which is decided above
//! and comes in as [`RecordFilter::within`].

use std::borrow::Borrow;
use std::collections::BTreeMap;

use tollgate_types::{GenerationId, KeyHash, Timestamp, Usd};

use crate::{AttemptRecord, GenerationRecord};

/// Values of which one has to be there, and values that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<T> {
    /// One of these; anything, and nothing, when empty.
    pub any_of: Vec<T>,
    /// None of these. What is absent is none of them.
    pub none_of: Vec<T>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallStatus {
    /// With its answer.
    Ok,
    /// With an error that the caller was told.
    Failed,
    /// By the caller.
    Cancelled,
}

/// A status that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedStatus {
    /// An end of this kind.
    Ended(CallStatus),
    /// An error with this HTTP status.
    Code(u16),
}

/// Which records are asked for. What is open asks for everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordFilter {
    /// Admitted at this instant or later.
    pub from: Option<Timestamp>,
    /// Admitted before this instant.
    pub until: Option<Timestamp>,
    /// Of these workspaces, whatever else is asked for: those that are open to whoever asks.
    pub within: Option<Vec<String>>,
    /// The record of this id.
    pub id: Option<GenerationId>,
    /// A part of the name of a model (the one that answered or that was asked for), of an app or of
    /// an end user. Letters of ASCII are the same in either case.
    pub text: Option<String>,
    /// The model that answered.
    pub models: Choice<String>,
    /// The provider that answered; where none did, any that was tried. By its name in configuration.
    pub providers: Choice<String>,
    /// The key that called. A backend finds the calls of keys that a key took the place of, too.
    pub keys: Choice<KeyHash>,
    /// The caller's own user.
    pub users: Choice<String>,
    /// The key's workspace.
    pub workspaces: Choice<String>,
    /// The id of the preset that was applied.
    pub presets: Choice<String>,
    /// The app's name.
    pub apps: Choice<String>,
    /// The conversation.
    pub sessions: Choice<String>,
    /// What kind of call it was, as [`GenerationRecord::api_type`] has it.
    pub api_types: Choice<String>,
    /// How it ended.
    pub statuses: Choice<WantedStatus>,
    /// Whether it was answered as a stream.
    pub streamed: Option<bool>,
    /// Whether it was paid at the caller's own provider account.
    pub byok: Option<bool>,
    /// Whether more than one endpoint was tried.
    pub fallback: Option<bool>,
    /// Values of headers that spend is attributed by, by the header's name.
    pub tags: BTreeMap<String, Choice<String>>,
    /// It cost at least this much.
    pub min_cost: Option<Usd>,
    /// It took at least so many milliseconds to its end.
    pub min_ms: Option<u64>,
}

impl<T> Default for Choice<T> {
    fn default() -> Self {
        Self { any_of: Vec::new(), none_of: Vec::new() }
    }
}

impl<T> Choice<T> {
    /// One of some values.
    pub const fn of(any_of: Vec<T>) -> Self {
        Self { any_of, none_of: Vec::new() }
    }

    /// Anything but some values.
    pub const fn but(none_of: Vec<T>) -> Self {
        Self { any_of: Vec::new(), none_of }
    }

    /// Whether everything is chosen.
    pub const fn is_open(&self) -> bool {
        self.any_of.is_empty() && self.none_of.is_empty()
    }

    /// Whether what has some values is chosen: one that is asked for is among them, and none that is
    /// not wanted.
    fn takes_by(&self, is_there: impl Fn(&T) -> bool) -> bool {
        (self.any_of.is_empty() || self.any_of.iter().any(&is_there))
            && !self.none_of.iter().any(is_there)
    }

    /// Whether what has one value, or none, is chosen.
    pub fn takes<Q>(&self, value: Option<&Q>) -> bool
    where
        T: Borrow<Q>,
        Q: PartialEq + ?Sized,
    {
        self.takes_by(|it| value == Some(it.borrow()))
    }
}

impl CallStatus {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "error",
            Self::Cancelled => "cancelled",
        }
    }

    /// How a call ended that was told this error, or ended by its caller. An error is told first.
    pub const fn of(failed: bool, cancelled: bool) -> Self {
        match (failed, cancelled) {
            (true, _) => Self::Failed,
            (false, true) => Self::Cancelled,
            (false, false) => Self::Ok,
        }
    }
}

impl GenerationRecord {
    /// How the call ended.
    pub const fn status(&self) -> CallStatus {
        CallStatus::of(self.error.is_some(), self.cancelled)
    }
}

impl AttemptRecord {
    /// The name in configuration of the provider that was tried.
    pub fn provider_slug(&self) -> &str {
        self.endpoint.split('/').next().unwrap_or_default()
    }
}

impl RecordFilter {
    /// Whether a record is asked for.
    pub fn matches(&self, record: &GenerationRecord) -> bool {
        self.matches_time(record.created_at)
            && self.matches_caller(record)
            && self.matches_answer(record)
            && self.statuses.takes_by(|wanted| wanted.is_of(record))
            && self.text.as_deref().is_none_or(|text| says(record, text))
            && self
                .tags
                .iter()
                .all(|(name, choice)| choice.takes(record.attribution.tags.get(name)))
    }

    /// Whether an instant is in the range.
    pub fn matches_time(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.until.is_none_or(|until| at < until)
    }

    /// The same filter that finds, of each key it names, the calls of keys it took the place of as
    /// well. `successors` are pairs of a key's former hash and the one that counts for it now.
    #[must_use]
    pub fn with_former_keys(&self, successors: &[(KeyHash, KeyHash)]) -> Self {
        let mut filter = self.clone();
        for named in [&mut filter.keys.any_of, &mut filter.keys.none_of] {
            let former = successors.iter().filter(|(_, now)| named.contains(now));
            let former: Vec<KeyHash> = former.map(|(old, _)| *old).collect();
            named.extend(former);
        }
        filter
    }

    /// The keys that it names.
    pub fn named_keys(&self) -> Vec<KeyHash> {
        self.keys.any_of.iter().chain(&self.keys.none_of).copied().collect()
    }

    /// Whether only records of errors can match, so that the others need not be looked at.
    pub fn wants_errors_only(&self) -> bool {
        let is_error = |wanted: &WantedStatus| match wanted {
            WantedStatus::Code(_) | WantedStatus::Ended(CallStatus::Failed) => true,
            WantedStatus::Ended(CallStatus::Ok | CallStatus::Cancelled) => false,
        };
        !self.statuses.any_of.is_empty() && self.statuses.any_of.iter().all(is_error)
    }

    /// The one key whose records can match, if it is one.
    pub fn only_key(&self) -> Option<KeyHash> {
        match self.keys.any_of.as_slice() {
            [key] => Some(*key),
            _ => None,
        }
    }

    fn matches_caller(&self, record: &GenerationRecord) -> bool {
        let (who, workspace) = (&record.attribution, &record.workspace_id);
        self.within.as_ref().is_none_or(|within| within.contains(workspace))
            && self.id.as_ref().is_none_or(|id| *id == record.id)
            && self.keys.takes(Some(&record.key_hash))
            && self.users.takes(who.external_user.as_ref())
            && self.workspaces.takes(Some(workspace))
            && self.presets.takes(record.preset_id.as_ref())
            && self.apps.takes(who.app_title.as_ref())
            && self.sessions.takes(who.session_id.as_ref())
    }

    fn matches_answer(&self, record: &GenerationRecord) -> bool {
        self.models.takes(Some(record.model.as_str()))
            && self.providers.takes_by(|wanted| is_at(record, wanted))
            && self.api_types.takes(Some(&*record.api_type))
            && self.streamed.is_none_or(|wanted| wanted == record.streamed)
            && self.byok.is_none_or(|wanted| wanted == record.is_byok)
            && self.fallback.is_none_or(|wanted| wanted == record.is_fallback())
            && self.min_cost.is_none_or(|least| record.cost >= least)
            && self
                .min_ms
                .is_none_or(|least| record.generation_time_ms.is_some_and(|millis| millis >= least))
    }
}

impl WantedStatus {
    fn is_of(self, record: &GenerationRecord) -> bool {
        match self {
            Self::Ended(status) => record.status() == status,
            Self::Code(code) => record.error.as_ref().is_some_and(|error| error.status == code),
        }
    }
}

fn is_at(record: &GenerationRecord, provider: &str) -> bool {
    match &record.provider_slug {
        Some(answered) => answered.as_str() == provider,
        None => record.attempts.iter().any(|tried| tried.provider_slug() == provider),
    }
}

fn says(record: &GenerationRecord, text: &str) -> bool {
    let wanted = text.to_ascii_lowercase();
    let says = |text: &str| text.to_ascii_lowercase().contains(&wanted);
    let who = &record.attribution;
    says(record.model.as_str())
        || says(&record.requested_model)
        || who.app_title.as_deref().is_some_and(says)
        || who.external_user.as_deref().is_some_and(says)
}
