//! What an answer says, as far as it is judged.

use serde::Deserialize;
use tollgate_policy::Judged;
use tollgate_wire::chat::{ChatEvent, FinishReason, ResponseFormat};

use crate::run::Run;

/// What an answer says.
#[derive(Debug, Default)]
pub(super) struct Spoken {
    text: String,
    tool_calls: usize,
    refuses: bool,
    finish: Option<FinishReason>,
    /// The sum of its tokens' probabilities, and how many had one.
    probability: f64,
    tokens: u32,
}

/// Most bytes of an answer that are judged; the rest is passed on unread.
const TEXT_BYTES_MAX: usize = 1024 * 1024;

#[derive(Deserialize)]
struct Logprobs {
    content: Option<Vec<Token>>,
}

#[derive(Deserialize)]
struct Token {
    logprob: f64,
}

impl Spoken {
    pub(super) fn note(&mut self, event: &ChatEvent) {
        match event {
            ChatEvent::Text(text) => self.add(text),
            ChatEvent::Refusal(text) => {
                self.refuses = true;
                self.add(text);
            }
            ChatEvent::ToolCallStart { .. } => self.tool_calls = self.tool_calls.saturating_add(1),
            ChatEvent::Logprobs(json) => self.weigh(json.get()),
            ChatEvent::Finish { reason, .. } => self.finish = Some(*reason),
            ChatEvent::UpstreamId(_)
            | ChatEvent::Reasoning(_)
            | ChatEvent::ToolCallArguments { .. }
            | ChatEvent::Image { .. }
            | ChatEvent::Audio(_)
            | ChatEvent::Annotation(_)
            | ChatEvent::StopSequence(_)
            | ChatEvent::ServiceTier(_)
            | ChatEvent::Usage(_) => {}
        }
    }

    /// What the model said, for comparison with others.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The answer as a cascade judges it.
    pub(super) fn judged<'a>(
        &'a self,
        run: &Run,
        schema: Option<&'a serde_json::Value>,
    ) -> Judged<'a> {
        let format = &run.call.params().response_format;
        Judged {
            text: &self.text,
            tool_calls: self.tool_calls,
            finish: self.finish.map(FinishReason::as_str),
            refusal: self.refuses || self.finish == Some(FinishReason::ContentFilter),
            mean_probability: (self.tokens > 0).then(|| self.probability / f64::from(self.tokens)),
            wants_json: matches!(
                format,
                Some(ResponseFormat::JsonObject | ResponseFormat::JsonSchema { .. })
            ),
            schema,
        }
    }

    fn add(&mut self, text: &str) {
        let room = TEXT_BYTES_MAX.saturating_sub(self.text.len());
        self.text.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or_default());
    }

    fn weigh(&mut self, json: &str) {
        let tokens = serde_json::from_str::<Logprobs>(json).ok().and_then(|it| it.content);
        for Token { logprob } in tokens.unwrap_or_default() {
            self.probability += logprob.min(0.0).exp();
            self.tokens = self.tokens.saturating_add(1);
        }
    }
}

/// The JSON Schema that a call asks its answer to fit.
pub(super) fn schema(run: &Run) -> Option<serde_json::Value> {
    // What a dialect other than chat asks for is known in chat.
    let chat = run.call.chat().ok()?;
    match &chat.params().response_format {
        Some(ResponseFormat::JsonSchema { schema, .. }) => schema.clone(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::to_raw_value;

    use super::*;

    #[test]
    fn confidence_is_the_mean_probability_of_all_tokens() {
        let mut spoken = Spoken::default();
        let logprobs = |values: &[f64]| {
            let tokens: Vec<_> = values
                .iter()
                .map(|it| serde_json::json!({ "token": "a", "logprob": it }))
                .collect();
            ChatEvent::Logprobs(to_raw_value(&serde_json::json!({ "content": tokens })).unwrap())
        };
        spoken.note(&logprobs(&[0.5_f64.ln(), 0.0]));
        spoken.note(&logprobs(&[0.25_f64.ln(), 0.25_f64.ln()]));
        let mean = spoken.probability / f64::from(spoken.tokens);
        assert!((mean - 0.5).abs() < 1e-9, "{mean}");
    }

    #[test]
    fn what_is_too_long_is_cut_at_a_character() {
        let mut spoken = Spoken::default();
        spoken.add(&"ö".repeat(TEXT_BYTES_MAX / 2 - 1));
        spoken.add("aö");
        spoken.add("b");
        assert_eq!(spoken.text.len(), TEXT_BYTES_MAX);
        assert!(spoken.text.ends_with("öab"));
    }
}
