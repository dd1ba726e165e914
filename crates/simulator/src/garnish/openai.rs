//! OpenAI's chat completions, as the providers that imitate them fill them.

use serde_json::{Value, json};

use super::{Garnish, SOUND, SOURCE, put, with};
use crate::event::{Beat, Events};

/// Into a whole completion.
pub(super) fn whole(garnish: &Garnish, body: &mut Value) {
    for (name, member) in members(garnish) {
        put(body, "/choices/0/message", name, member);
    }
    tier(garnish, body);
}

/// Into the events of a step: what comes with the words comes in a chunk before the last ones.
pub(super) fn step(garnish: &Garnish, beat: Beat<'_>, made: &mut Events) {
    let members = members(garnish);
    if matches!(beat, Beat::Close)
        && !members.is_empty()
        && let Some(first) = made.front()
    {
        let chunk = with(first, |chunk| {
            put(chunk, "/choices/0", "finish_reason", Value::Null);
            for (name, member) in members {
                put(chunk, "/choices/0/delta", name, member);
            }
        });
        made.push_front(chunk);
    }
    if garnish.tier.is_some() {
        for event in made.iter_mut() {
            *event = with(event, |chunk| tier(garnish, chunk));
        }
    }
}

fn tier(garnish: &Garnish, body: &mut Value) {
    if let Some(tier) = &garnish.tier
        && body.get("object").is_some()
    {
        put(body, "", "service_tier", json!(tier));
    }
}

fn members(garnish: &Garnish) -> Vec<(&'static str, Value)> {
    let mut members = Vec::new();
    if let Some(url) = garnish.picture_uri() {
        let image = json!({ "type": "image_url", "image_url": { "url": url }, "index": 0 });
        members.push(("images", json!([image])));
    }
    if garnish.sound {
        let audio = json!({ "id": "audio_1", "data": SOUND, "expires_at": 2_000_000_000 });
        members.push(("audio", audio));
    }
    if garnish.source {
        let (url, title) = SOURCE;
        let cited = json!({ "url": url, "title": title, "start_index": 0, "end_index": 3 });
        members.push(("annotations", json!([{ "type": "url_citation", "url_citation": cited }])));
    }
    members
}
