//! Token probabilities in the contract's form (§3.1).

use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;
use tollgate_wire::chat::ChatEvent;

/// `logprobsResult`: the tokens chosen and, beside them, the likeliest ones.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LogprobsResult {
    chosen_candidates: Option<Vec<Token>>,
    top_candidates: Option<Vec<Alternatives>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Alternatives {
    candidates: Option<Vec<Token>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Token {
    token: Option<String>,
    log_probability: Option<f64>,
}

#[derive(Serialize)]
struct Logprobs<'a> {
    content: Vec<Chosen<'a>>,
    refusal: Option<()>,
}

#[derive(Serialize)]
struct Chosen<'a> {
    #[serde(flatten)]
    token: Likely<'a>,
    top_logprobs: Vec<Likely<'a>>,
}

#[derive(Serialize)]
struct Likely<'a> {
    token: &'a str,
    logprob: f64,
    bytes: &'a [u8],
}

impl LogprobsResult {
    /// The probabilities, if there are any.
    pub(super) fn event(&self) -> Option<ChatEvent> {
        let chosen = self.chosen_candidates.as_deref().filter(|list| !list.is_empty())?;
        let mut top = self.top_candidates.as_deref().unwrap_or_default().iter();
        let content = chosen
            .iter()
            .map(|token| {
                let others = top.next().and_then(|it| it.candidates.as_deref());
                let top_logprobs = others.unwrap_or_default().iter().map(likely).collect();
                Chosen { token: likely(token), top_logprobs }
            })
            .collect();
        to_raw_value(&Logprobs { content, refusal: None }).ok().map(ChatEvent::Logprobs)
    }
}

fn likely(token: &Token) -> Likely<'_> {
    let text = token.token.as_deref().unwrap_or_default();
    Likely { token: text, logprob: token.log_probability.unwrap_or(0.0), bytes: text.as_bytes() }
}
