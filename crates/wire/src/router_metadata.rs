//! What a caller is told of routing when they ask: `openrouter_metadata` (contract §3.4).

use std::ops::Range;

use serde::Serialize;

use crate::dialect::Dialect;
use crate::json::Scanner;

/// How a call was routed. Sent with answers and errors of callers who ask with
/// `X-OpenRouter-Metadata: enabled`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RouterMetadata {
    /// The model as it was asked for.
    pub requested: String,
    /// How the model was found: `direct`, `alias`, `latest`, `fallback`, or a router's word: `auto`,
    /// `free`, `pareto`, `fusion`, `bodybuilder`.
    pub strategy: &'static str,
    /// The region that the call was kept in.
    pub region: Option<String>,
    /// A sentence for people.
    pub summary: String,
    /// Which attempt answered, from 1; 0 when none did.
    pub attempt: usize,
    /// Whether it was paid at the caller's own account.
    pub is_byok: bool,
    /// What could have answered.
    pub endpoints: EndpointsTold,
    /// What was tried, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptTold>,
    /// What was done to the call on its way: the operator's rules that matched it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pipeline: Vec<StageTold>,
}

/// A step of the pipeline. A rule is told as a plugin, the nearest of the contract's types.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageTold {
    /// `plugin`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `policy`, or the router that has several models asked: `fusion`, `bodybuilder`.
    pub name: &'static str,
    /// The rule and what came of it.
    pub summary: String,
    /// What came of the models that were asked, where a rule had several asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<StrategyTold>,
}

/// What came of models that were asked for one answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StrategyTold {
    /// Each of them.
    pub stages: Vec<ModelTold>,
    /// Which part of them agreed, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
}

/// A model that was asked for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelTold {
    /// Its name, as the rule has it.
    pub model: String,
    /// What came of it: `answered`, or a phrase.
    pub outcome: String,
}

/// The endpoints of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndpointsTold {
    /// How many there are, those left out included.
    pub total: usize,
    /// Those that were not left out.
    pub available: Vec<EndpointTold>,
}

/// An endpoint of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndpointTold {
    /// Display name of its provider.
    pub provider: String,
    /// Its model.
    pub model: String,
    /// Whether it answered.
    pub selected: bool,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttemptTold {
    /// Display name of the provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// Its HTTP status; 0 when there was none.
    pub status: u16,
}

const NAME: &str = "openrouter_metadata";

impl RouterMetadata {
    /// Puts it into a whole answer, which is an object with members.
    pub fn join_answer(&self, dialect: Dialect, body: &mut Vec<u8>) {
        if is_told(dialect)
            && let Some(brace) = memchr::memrchr(b'}', body)
        {
            self.insert(body, brace);
        }
    }

    /// Puts it into the end of a stream, well or badly ended, which begins at `from` in `out`: into
    /// the last chunk of a chat, Messages' `message_stop` or `error`, and the response that Responses'
    /// last event holds. An end of another form is left as it is.
    pub fn join_end(&self, dialect: Dialect, out: &mut Vec<u8>, from: usize) {
        let end = out.get(from..).unwrap_or_default();
        let brace = match dialect {
            Dialect::Chat | Dialect::Completions => {
                let done = memchr::memmem::rfind(end, b"data: [DONE]").unwrap_or(end.len());
                memchr::memrchr(b'}', end.get(..done).unwrap_or_default())
            }
            Dialect::Messages => {
                let ends = [&br#""type":"message_stop""#[..], br#""type":"error""#];
                let has_ended = ends.iter().any(|it| memchr::memmem::rfind(end, it).is_some());
                memchr::memrchr(b'}', end).filter(|_| has_ended)
            }
            Dialect::Responses => response(end).map(|span| span.end.saturating_sub(1)),
            Dialect::Gemini | Dialect::Ollama => None,
        };
        if let Some(brace) = brace {
            self.insert(out, from + brace);
        }
    }

    /// Adds the member before the closing brace of an object that has others.
    fn insert(&self, out: &mut Vec<u8>, brace: usize) {
        let Ok(json) = serde_json::to_string(self) else { return };
        out.splice(brace..brace, format!(r#","{NAME}":{json}"#).into_bytes());
    }
}

/// Whether the contract has a place for it.
const fn is_told(dialect: Dialect) -> bool {
    match dialect {
        Dialect::Chat | Dialect::Completions | Dialect::Messages | Dialect::Responses => true,
        Dialect::Gemini | Dialect::Ollama => false,
    }
}

/// Where the response stands in the last event.
fn response(end: &[u8]) -> Option<Range<usize>> {
    const DATA: &[u8] = b"data: {";
    let start = memchr::memmem::rfind(end, DATA)? + DATA.len() - 1;
    let mut scanner = Scanner::at(end, start);
    scanner.begin_object().ok()?;
    let mut first = true;
    while let Some(key) = scanner.next_member(first).ok()? {
        first = false;
        let span = scanner.value().ok()?;
        if key == b"response" {
            return Some(span);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> RouterMetadata {
        RouterMetadata {
            requested: "a/b".to_owned(),
            strategy: "direct",
            region: None,
            summary: String::new(),
            attempt: 1,
            is_byok: false,
            endpoints: EndpointsTold { total: 0, available: Vec::new() },
            attempts: Vec::new(),
            pipeline: Vec::new(),
        }
    }

    const JSON: &str = r#","openrouter_metadata":{"requested":"a/b","strategy":"direct","region":null,"summary":"","attempt":1,"is_byok":false,"endpoints":{"total":0,"available":[]}}"#;

    #[test]
    fn section_3_4_it_joins_whole_answers_where_the_contract_has_a_place() {
        for (dialect, is_there) in
            [(Dialect::Chat, true), (Dialect::Messages, true), (Dialect::Gemini, false)]
        {
            let mut body = b"{\"id\":\"}\"}\n".to_vec();
            told().join_answer(dialect, &mut body);
            let json = if is_there { JSON } else { "" };
            assert_eq!(String::from_utf8(body).unwrap(), format!("{{\"id\":\"}}\"{json}}}\n"));
        }
    }

    #[test]
    fn section_3_4_it_joins_the_end_of_a_stream() {
        for (dialect, before, after) in [
            (Dialect::Chat, "data: {\"usage\":{}", "}\n\ndata: [DONE]\n\n"),
            (
                Dialect::Completions,
                "data: {\"a\":1}\n\ndata: {\"usage\":{}",
                "}\n\ndata: [DONE]\n\n",
            ),
            (Dialect::Messages, "event: message_stop\ndata: {\"type\":\"message_stop\"", "}\n\n"),
            (
                Dialect::Messages,
                "event: error\ndata: {\"type\":\"error\",\"error\":{\"message\":\"}\"}",
                "}\n\n",
            ),
            (
                Dialect::Responses,
                "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"x\"",
                "},\"sequence_number\":7}\n\n",
            ),
        ] {
            let mut out = format!("data: {{}}\n\n{before}{after}").into_bytes();
            told().join_end(dialect, &mut out, 10);
            let expected = format!("data: {{}}\n\n{before}{JSON}{after}");
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{dialect:?}");
        }
        for (dialect, text) in [
            (Dialect::Messages, "event: error\ndata: {}\n\n"),
            (Dialect::Gemini, "data: {}\n\n"),
            (Dialect::Responses, "data: [DONE]\n\n"),
            (Dialect::Chat, ""),
        ] {
            let mut out = text.as_bytes().to_vec();
            told().join_end(dialect, &mut out, 0);
            assert_eq!(String::from_utf8(out).unwrap(), text, "{dialect:?}");
        }
    }
}
