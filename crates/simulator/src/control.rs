//! The simulator's own endpoints: for tests that only have HTTP, and for images that are answered
//! with their address.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::request::Parts;
use serde_json::{Value, json};

use crate::failure::Reply;
use crate::picture::{ImageFormat, Picture};
use crate::protocol::header;
use crate::route::{CONTROL, percent_decoded};
use crate::state::State;

/// Where images are.
const IMAGES: &str = "images/";

/// Whether the answer to a good request is an image and not JSON.
pub(crate) fn is_image(path: &str) -> bool {
    path.strip_prefix(CONTROL).is_some_and(|path| path.starts_with(IMAGES))
}

/// The address at which the image called `name` is, as large as `size`; on the host that `head`
/// was sent to.
pub(crate) fn image_url(head: &Parts, size: &str, name: &str) -> String {
    let authority = head.uri.authority().map(http::uri::Authority::as_str);
    let host = authority.or_else(|| header(&head.headers, "host")).unwrap_or("localhost");
    format!("http://{host}{CONTROL}{IMAGES}{size}/{name}.png")
}

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
        ("GET", image) if image.starts_with(IMAGES) => self::image(image),
        ("POST", "script") => set_script(state, head.uri.query().unwrap_or_default()),
        _ => reply(404, &json!({ "error": "there is no such control endpoint" })),
    }
}

fn image(path: &str) -> Reply {
    let named = path.strip_prefix(IMAGES).and_then(|rest| rest.strip_suffix(".png"));
    let picture = named.and_then(|named| named.split_once('/'));
    match picture.and_then(|(size, name)| Picture::of(name, 0, size)) {
        Some(picture) => {
            let body = Bytes::from(picture.file(ImageFormat::Png));
            Reply { status: 200, headers: Vec::new(), body }
        }
        None => reply(404, &json!({ "error": "there is no such image" })),
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
