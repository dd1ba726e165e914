//! A whole answer.

use serde_json::value::{RawValue, to_raw_value};

use super::compose::Composer;
use super::grounding::Grounding;
use super::response::{
    Candidate, Content, LogprobsResult, Part, Parts, Response, UsageMetadata, finish_reason,
};
use super::writer::MALFORMED;
use crate::answer::AnswerBuilder;
use crate::chat::{AnswerHead, ChatEvent, FinishReason, UsageView};
use crate::error::ErrorBody;

/// Collects an answer.
#[derive(Debug)]
pub(super) struct ResponseBuilder {
    composer: Composer,
    parts: Vec<Held>,
    grounding: Grounding,
    logprobs: LogprobsResult,
    finish: Option<(FinishReason, String)>,
}

/// A part that may still grow.
#[derive(Debug, Clone)]
enum Held {
    Text { text: String, thought: bool, signature: Option<String> },
    Written(Box<RawValue>),
}

impl ResponseBuilder {
    /// Starts an answer.
    pub(super) fn new(shows_thoughts: bool) -> Self {
        Self {
            composer: Composer::new(shows_thoughts),
            parts: Vec::new(),
            grounding: Grounding::default(),
            logprobs: LogprobsResult::default(),
            finish: None,
        }
    }
}

impl ResponseBuilder {
    /// The parts as they are written, with what an answer that was not ended has waiting.
    fn settled(&self, failed: bool) -> (Composer, Vec<Box<RawValue>>) {
        let (mut composer, mut parts) = (self.composer.clone(), self.parts.clone());
        let mut sink = |part: &Part<'_>| add(&mut parts, part);
        if failed {
            composer.settle(&mut sink);
        } else {
            composer.finish(FinishReason::Stop, &mut sink);
        }
        if parts.is_empty() {
            add(&mut parts, &Part::text("", false, None));
        }
        (composer, parts.iter().filter_map(Held::written).collect())
    }
}

impl Held {
    fn written(&self) -> Option<Box<RawValue>> {
        match self {
            Self::Text { text, thought, signature } => {
                to_raw_value(&Part::text(text, *thought, signature.as_deref())).ok()
            }
            Self::Written(json) => Some(json.clone()),
        }
    }
}

/// Adds a part: text joins the text before it, a signature without text goes onto it.
fn add(parts: &mut Vec<Held>, part: &Part<'_>) {
    let Some(text) = part.text else {
        parts.extend(to_raw_value(part).ok().map(Held::Written));
        return;
    };
    match parts.last_mut() {
        Some(Held::Text { text: before, thought, signature: signature @ None })
            if *thought == part.thought =>
        {
            before.push_str(text);
            *signature = part.thought_signature.map(str::to_owned);
        }
        _ => parts.push(Held::Text {
            text: text.to_owned(),
            thought: part.thought,
            signature: part.thought_signature.map(str::to_owned),
        }),
    }
}

impl AnswerBuilder for ResponseBuilder {
    fn event(&mut self, event: ChatEvent) {
        self.grounding.take(&event);
        match &event {
            ChatEvent::Logprobs(logprobs) => self.logprobs.add(logprobs),
            event => self.composer.event(event, &mut |part| add(&mut self.parts, part)),
        }
        if let ChatEvent::Finish { reason, native } = event {
            self.finish = Some((reason, native));
        }
    }

    fn build(&self, head: &AnswerHead, usage: &UsageView, error: Option<&ErrorBody>) -> Vec<u8> {
        let (composer, parts) = self.settled(error.is_some());
        let ended = self.finish.as_ref().map_or((FinishReason::Stop, "STOP"), |it| (it.0, &it.1));
        let (finish_reason, finish_message) = match (error, composer.malformed()) {
            (Some(body), _) => ("OTHER", Some(body.error.message.as_str())),
            (None, Some(message)) => (MALFORMED, Some(message)),
            (None, None) => (finish_reason(ended.0, ended.1), None),
        };
        let grounding = self.grounding.metadata();
        let candidate = Candidate {
            content: Content::new(Parts::Written(&parts)),
            finish_reason: Some(finish_reason),
            finish_message,
            index: 0,
            grounding_metadata: grounding.as_ref(),
            logprobs_result: Some(&self.logprobs).filter(|it| !it.is_empty()),
        };
        let response = Response {
            candidates: [candidate],
            usage_metadata: Some(UsageMetadata::new(&usage.usage)),
            model_version: &head.model,
            response_id: head.id.as_str(),
        };
        serde_json::to_vec(&response).unwrap_or_default()
    }
}
