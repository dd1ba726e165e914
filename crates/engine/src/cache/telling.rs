//! Looking for an answer, and telling it again.

use bytes::Bytes;
use http::HeaderMap;
use parking_lot::Mutex;
use std::sync::Arc;
use tollgate_providers::Progress;
use tollgate_routing::{Funds, Restriction};
use tollgate_wire::operation::{OperationCall, Rendered};
use tollgate_wire::{CacheWish, Call};

use super::key::CacheKey;
use super::{Caching, Entry, Wanted};
use crate::asked::Asked;
use crate::content::Transcript;
use crate::engine::Engine;
use crate::resolve::Routed;
use crate::run::{Ending, Run};
use crate::traffic::{Answer, KeptReply};
use crate::{CallError, Operated, limiting};

/// Whether answers are to be kept and told again.
const WANTED: &str = "x-openrouter-cache";
/// For how many seconds.
const TTL: &str = "x-openrouter-cache-ttl";
/// Whether what is kept is to be forgotten first.
const CLEAR: &str = "x-openrouter-cache-clear";

impl Engine {
    /// For how many seconds the answer to a call that was steered is to be kept; `None` where nobody
    /// asks for it, or it may not be kept.
    pub(crate) fn keeps_for<C: Asked>(&self, run: &Run<C>, headers: &HeaderMap) -> Option<u32> {
        let preset = run.preset.as_ref().map(|it| it.cache).unwrap_or_default();
        if preset.enabled.is_none() && !headers.contains_key(WANTED) {
            return None;
        }
        let asked = CacheWish::of_headers(text(headers, WANTED), text(headers, TTL));
        let ttl_seconds = preset.ttl_with(asked)?;
        let is_kept = self.cache().entries.is_some() && run.batch.is_none();
        // The account's own wish, which is not the request's `provider.zdr` (contract §6.4).
        let keeps_nothing = |it: &Restriction| it.wants.zero_retention;
        let may_be_kept = !run.steering.decision.restrictions.iter().any(keeps_nothing);
        (is_kept && may_be_kept && run.call.kept_as().is_some()).then_some(ttl_seconds)
    }

    /// Looks for the answer to a call, and says where the call goes if it is not there. Nothing is too
    /// dear to be told again, so it is planned as if there was credit; if it is not found, as it is.
    ///
    /// # Errors
    ///
    /// When the call can't be routed, or there are too many of it; if nothing is found, when the
    /// key's limit is spent.
    pub(crate) async fn look_up<C: Asked>(
        &self,
        run: &mut Run<C>,
        (ttl_seconds, headers): (u32, &HeaderMap),
    ) -> Result<Option<Routed>, CallError> {
        let funds = self.funds(&run.key, run.created);
        let routed = self.plan_with(run, Funds { is_spent: false, ..funds })?;
        let Some(kept_as) = run.call.kept_as() else { return Ok(Some(routed)) };
        let key = CacheKey::of(run, kept_as);
        if text(headers, CLEAR).is_some_and(|it| it.trim().eq_ignore_ascii_case("true")) {
            self.cache().remove(&key);
        }
        let found = self.cache().find(&key, run.created);
        let found = found.filter(|entry| entry.may_answer(&routed.plan));
        self.metrics().looked_up(found.is_some());
        if let Some(entry) = found {
            run.take_up(routed);
            let made_at = entry.made_at(&run.plan).cloned();
            let model = entry.model().as_str();
            limiting::admit_request(run, model, made_at.as_deref()).await?;
            run.caching = Caching::Found(entry);
            return Ok(None);
        }
        let made = Mutex::default();
        run.caching = Caching::Wanted(Arc::new(Wanted { key, ttl_seconds, made }));
        if !funds.is_spent {
            return Ok(Some(routed));
        }
        self.refuse_the_spent(run)?;
        self.plan_with(run, funds).map(Some)
    }
}

impl Run {
    /// Tells an answer again.
    pub(crate) fn tell_again(mut self: Box<Self>, entry: &Entry) -> Answer {
        let mut transcript = Transcript::of(&mut self);
        // Dropped before its transcript.
        let mut run = self;
        let body = Bytes::from(run.settle_again(entry));
        let streamed = run.call.params().stream;
        if let Some(transcript) = &mut transcript {
            if streamed { transcript.hear(&body) } else { transcript.answered(body.clone()) }
        }
        let media_type = if streamed { run.call.stream_type() } else { "application/json" };
        Answer::Again(KeptReply {
            id: run.id.clone(),
            provider: entry.made.provider.clone(),
            timing: run.timing(),
            cached: run.caching.told(run.created),
            media_type,
            body,
        })
    }
}

impl Run<OperationCall> {
    /// Tells an answer again.
    pub(crate) fn tell_again(mut self: Box<Self>, entry: &Entry) -> Operated {
        let body = self.settle_again(entry);
        Operated::Whole {
            id: self.id.clone(),
            provider: entry.made.provider.clone(),
            cached: self.caching.told(self.created),
            answer: Rendered { media_type: "application/json".to_owned(), body },
        }
    }
}

impl<C: Asked> Run<C> {
    /// Settles a call whose answer nobody has made, and writes it.
    fn settle_again(&mut self, entry: &Entry) -> Vec<u8> {
        let progress = Progress { finish: entry.made.finish.clone(), ..Progress::default() };
        self.settle(None, &progress, Ending::Complete);
        entry.answer.told(&self.id, self.created)
    }
}

/// What a call is asked for and in which form, where answers of that form are kept.
pub(crate) fn form_of(call: &Call) -> Option<&'static str> {
    use tollgate_wire::Dialect::{Chat, Completions, Gemini, Messages, Ollama, Responses};
    let dialect = call.dialect();
    match dialect {
        Chat | Completions | Responses | Messages => Some(dialect.as_str()),
        Gemini | Ollama => None,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
