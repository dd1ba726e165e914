//! Token probabilities in the form that completions have: lists side by side.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// `logprobs` of a choice.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct LegacyLogprobs {
    tokens: Vec<String>,
    token_logprobs: Vec<f64>,
    top_logprobs: Option<Vec<BTreeMap<String, f64>>>,
    text_offset: Vec<u64>,
}

#[derive(Deserialize)]
struct Logprobs {
    #[serde(default)]
    content: Option<Vec<Chosen>>,
    #[serde(default)]
    refusal: Option<Vec<Chosen>>,
}

#[derive(Deserialize)]
struct Chosen {
    token: String,
    logprob: f64,
    #[serde(default)]
    top_logprobs: Option<Vec<Likely>>,
}

#[derive(Deserialize)]
struct Likely {
    token: String,
    logprob: f64,
}

impl LegacyLogprobs {
    /// Whether there are any.
    pub(super) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Takes probabilities in chat's form (contract §3.1). `offset` counts the characters of the
    /// text before them, and moves on.
    pub(super) fn add(&mut self, logprobs: &RawValue, offset: &mut u64) {
        let Ok(read) = serde_json::from_str::<Logprobs>(logprobs.get()) else { return };
        // A refusal is text here.
        for chosen in read.content.into_iter().chain(read.refusal).flatten() {
            let top = chosen.top_logprobs.unwrap_or_default();
            if !top.is_empty() {
                let before = self.tokens.len();
                let all = self.top_logprobs.get_or_insert_default();
                all.resize(before, BTreeMap::new());
                all.push(top.into_iter().map(|it| (it.token, it.logprob)).collect());
            }
            self.text_offset.push(*offset);
            let characters = u64::try_from(chosen.token.chars().count()).unwrap_or(u64::MAX);
            *offset = offset.saturating_add(characters);
            self.tokens.push(chosen.token);
            self.token_logprobs.push(chosen.logprob);
        }
        if let Some(all) = &mut self.top_logprobs {
            all.resize(self.tokens.len(), BTreeMap::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stand_side_by_side() {
        let mut legacy = LegacyLogprobs::default();
        let mut offset = 4;
        for json in [
            r#"{"content":[{"token":"é","logprob":-0.5,"bytes":null,"top_logprobs":[]}]}"#,
            r#"{"content":[{"token":" b","logprob":-1.5,"top_logprobs":[{"token":" b","logprob":-1.5},{"token":"a","logprob":-2}]}],"refusal":null}"#,
            r#"{"content":null,"refusal":[{"token":"c","logprob":0}]}"#,
        ] {
            legacy.add(&RawValue::from_string(json.to_owned()).unwrap(), &mut offset);
        }
        assert_eq!(
            serde_json::to_string(&legacy).unwrap(),
            r#"{"tokens":["é"," b","c"],"token_logprobs":[-0.5,-1.5,0.0],"top_logprobs":[{},{" b":-1.5,"a":-2.0},{}],"text_offset":[4,5,7]}"#
        );
        assert_eq!(offset, 8);
    }
}
