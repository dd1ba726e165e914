//! The simulator's own endpoints, for tests that only have HTTP.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::request::Parts;
use serde_json::{Value, json};

use crate::failure::Reply;
use crate::route::{CONTROL, percent_decoded};
use crate::state::State;

/// Answers a request to `/__simulator/…`.
pub(crate) fn answer(state: &State, head: &Parts) -> Reply {
    let path = head.uri.path().strip_prefix(CONTROL).unwrap_or_default();
    match (head.method.as_str(), path) {
        ("GET", "stats") => reply(200, &stats(state)),
        ("GET", "requests") => {
            let requests = state.recorder.lock().all();
            let requests = requests.iter().map(crate::record::RecordedRequest::to_json);
            reply(200, &json!({ "requests": requests.collect::<Vec<_>>() }))
        }
        ("DELETE", "requests") => {
            state.clear();
            reply(200, &json!({ "cleared": true }))
        }
        ("POST", "script") => set_script(state, head.uri.query().unwrap_or_default()),
        _ => reply(404, &json!({ "error": "there is no such control endpoint" })),
    }
}

fn stats(state: &State) -> Value {
    json!({
        "connections": state.connections.load(Ordering::Relaxed),
        "connections_open": state.connections_open.load(Ordering::Relaxed),
        // The request for these numbers is itself an open answer.
        "streams_open": state.streams_open().saturating_sub(1),
        "requests": state.requests.load(Ordering::Relaxed),
        "calls": state.calls.lock().all(),
    })
}

fn set_script(state: &State, query: &str) -> Reply {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let Some((_, text)) = pairs.find(|(name, _)| *name == "default") else {
        return reply(400, &json!({ "error": "the parameter `default` is missing" }));
    };
    match percent_decoded(text).parse() {
        Ok(script) => {
            *state.default_script.write() = script;
            reply(200, &json!({ "script": percent_decoded(text) }))
        }
        Err(error) => reply(400, &json!({ "error": error.to_string() })),
    }
}

fn reply(status: u16, body: &Value) -> Reply {
    Reply { status, headers: Vec::new(), body: Bytes::from(body.to_string()) }
}
