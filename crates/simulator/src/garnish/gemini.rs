//! Gemini's responses.

use serde_json::{Value, json};

use super::{Garnish, LIKELY, SOUND, SOURCE, UNLIKELY, edit_last, put};
use crate::answer::Answer;
use crate::event::{Beat, Events};
use crate::tokens;

/// Into a whole response.
pub(super) fn whole(garnish: &Garnish, body: &mut Value, answer: &Answer) {
    add_parts(garnish, body);
    ground(garnish, body, answer);
    if garnish.logprobs {
        put(body, "/candidates/0", "logprobsResult", logprobs(&answer.text));
    }
    tier(garnish, body);
}

/// Into the items of a step.
pub(super) fn step(garnish: &Garnish, beat: Beat<'_>, answer: &Answer, made: &mut Events) {
    edit_last(made, |item| {
        match beat {
            Beat::Text(piece) if garnish.logprobs => {
                put(item, "/candidates/0", "logprobsResult", logprobs(piece));
            }
            Beat::Close => {
                add_parts(garnish, item);
                ground(garnish, item, answer);
            }
            Beat::Open
            | Beat::Reasoning(_)
            | Beat::Text(_)
            | Beat::CallOpen(..)
            | Beat::CallArguments(..) => {}
        }
        tier(garnish, item);
    });
}

fn add_parts(garnish: &Garnish, body: &mut Value) {
    let Some(parts) = body.pointer_mut("/candidates/0/content/parts").and_then(Value::as_array_mut)
    else {
        return;
    };
    if let Some(data) = &garnish.picture {
        parts.push(json!({ "inlineData": { "mimeType": "image/png", "data": data } }));
    }
    if garnish.sound {
        let kind = "audio/L16;codec=pcm;rate=24000";
        parts.push(json!({ "inlineData": { "mimeType": kind, "data": SOUND } }));
    }
}

fn ground(garnish: &Garnish, body: &mut Value, answer: &Answer) {
    if !garnish.source {
        return;
    }
    let (uri, title) = SOURCE;
    let segment = json!({ "startIndex": 0, "endIndex": answer.text.len(), "text": answer.text });
    let grounding = json!({
        "webSearchQueries": ["sky"],
        "groundingChunks": [{ "web": { "uri": uri, "title": title } }],
        "groundingSupports": [{ "segment": segment, "groundingChunkIndices": [0] }],
    });
    put(body, "/candidates/0", "groundingMetadata", grounding);
}

fn logprobs(text: &str) -> Value {
    let token = |piece: &str, likely: f64| json!({ "token": piece, "tokenId": 1, "logProbability": likely });
    let chosen: Vec<Value> = tokens::pieces(text).map(|piece| token(piece, LIKELY)).collect();
    let candidates =
        |piece: &str| json!({ "candidates": [token(piece, LIKELY), token("?", UNLIKELY)] });
    let top: Vec<Value> = tokens::pieces(text).map(candidates).collect();
    json!({ "avgLogprobs": LIKELY, "chosenCandidates": chosen, "topCandidates": top })
}

fn tier(garnish: &Garnish, body: &mut Value) {
    if let Some(tier) = &garnish.tier {
        put(body, "/usageMetadata", "serviceTier", json!(tier));
    }
}
