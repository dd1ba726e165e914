//! Nothing that a client says is lost without a name: with any one member more, either the request
//! to the provider is another, or the record names the member.

#![expect(clippy::unwrap_used, reason = "tests should panic where something is not as expected")]

mod named_losses {
    pub(crate) mod said;
}

use std::fmt::Write as _;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderValue, Request};
use memchr::memmem;
use serde_json::{Map, Value, json};
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{ADAPTERS, Adapter, Inbound, Target, dropped, encode};
use tollgate_types::Timestamp;
use tollgate_wire::{Address, Call, Dialect};

use crate::named_losses::said::{SILENT, SUGGESTED, members};

const DIALECTS: [Dialect; 5] =
    [Dialect::Chat, Dialect::Responses, Dialect::Messages, Dialect::Gemini, Dialect::Ollama];

/// Models whose rules differ: one that nothing is known of, and those that take less than their
/// protocol.
const MODELS: [&str; 4] = ["m", "claude-opus-4-1", "claude-sonnet-4-5", "gpt-5"];

/// What endpoints are said to take: anything, or little.
const TAKEN: [&[&str]; 2] = [&[], &["max_tokens", "tools", "stop"]];

fn base(dialect: Dialect) -> Value {
    let turn = json!([{"role": "user", "content": "hi"}]);
    match dialect {
        Dialect::Chat | Dialect::Ollama => json!({"model": "a/b", "messages": turn}),
        Dialect::Messages => json!({"model": "a/b", "max_tokens": 4000, "messages": turn}),
        Dialect::Responses => json!({"model": "a/b", "input": turn}),
        Dialect::Gemini => json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
        Dialect::Completions => json!({"model": "a/b", "prompt": "hi"}),
    }
}

fn call(dialect: Dialect, body: &Value) -> Call {
    let address = Address {
        model: (dialect == Dialect::Gemini).then(|| "a/b".to_owned()),
        stream: (dialect == Dialect::Gemini).then_some(false),
        ..Address::default()
    };
    Call::read(dialect, body.to_string().into(), address).unwrap()
}

/// Puts a value at a path: `options.seed` is a member of a member.
fn put(body: &mut Value, path: &str, value: Value) {
    let place = path.split('.').fold(body, |place, name| {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        &mut place[name]
    });
    *place = value;
}

/// What goes to the provider, and what is said to be left out. `None` where the endpoint refuses
/// the call, so that another is tried.
fn sent(
    adapter: &dyn Adapter,
    model: &str,
    taken: &[String],
    call: &Call,
) -> Option<(Request<Bytes>, Vec<String>)> {
    let quirks = Quirks::default();
    let target = Target {
        base_url: "https://bedrock-runtime.us-east-1.amazonaws.com",
        upstream_model: model,
        credential: Some("key"),
        max_output: Some(8_192),
        supported_parameters: taken,
        auth: Auth::Bearer,
        quirks: &quirks,
        service: tollgate_catalog::Service::default(),
    };
    let now = Timestamp::from_unix_millis(1_000);
    let request = encode(adapter, &Inbound { call, target, end_user: None, now }).ok()?;
    Some((request, dropped(adapter, call, &target)))
}

fn is_same(one: &Request<Bytes>, other: &Request<Bytes>) -> bool {
    let value = |it: &Request<Bytes>| serde_json::from_slice::<Value>(it.body()).unwrap();
    let signs = |name: &HeaderName| name.as_str().starts_with("x-amz") || name == AUTHORIZATION;
    let headers = |it: &Request<Bytes>| -> Vec<HeaderValue> {
        it.headers().iter().filter(|(name, _)| !signs(name)).map(|(_, it)| it.clone()).collect()
    };
    value(one) == value(other) && headers(one) == headers(other)
}

/// Whether a name of the record tells of a member at this path, in its own word or in chat's.
fn tells(dialect: Dialect, name: &str, path: &str) -> bool {
    let plain = |name: &str| name.replace('_', "").to_ascii_lowercase();
    let (first, last) = (path.split('.').next().unwrap(), path.rsplit('.').next().unwrap());
    let chats = SUGGESTED.iter().find(|it| it.0 == dialect && it.1 == path).map(|it| it.2);
    let names = plain(name);
    chats.is_some_and(|chats| chats.contains(&name))
        || names.contains(&plain(last))
        || (first == last && names.starts_with(&plain(first)))
}

/// What became of a member at an endpoint.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Reached,
    Named,
    /// Neither, or both at once: what is wrong.
    Wrong(&'static str),
    /// It may go either way.
    Untold,
}

fn fate(
    dialect: Dialect,
    path: &str,
    bare: &Request<Bytes>,
    request: &Request<Bytes>,
    names: &[String],
) -> Fate {
    let is_named = names.iter().any(|name| tells(dialect, name, path));
    match (is_same(bare, request), is_named) {
        _ if SILENT.contains(&(dialect, path)) => Fate::Untold,
        (true, true) => Fate::Named,
        (true, false) => Fate::Wrong("is lost without a name"),
        (false, _) if names.is_empty() => Fate::Reached,
        (false, true) => Fate::Wrong("is named and sent"),
        (false, false) => Fate::Wrong("reaches the provider, but another is named"),
    }
}

#[test]
fn what_does_not_reach_a_provider_is_named() {
    let (mut wrong, mut reached, mut told) = (String::new(), 0, 0);
    for dialect in DIALECTS {
        let bare_call = call(dialect, &base(dialect));
        for (path, value) in members(dialect) {
            let mut body = base(dialect);
            put(&mut body, path, value);
            let said = call(dialect, &body);
            for (adapter, model, taken) in endpoints() {
                let taken: Vec<String> = taken.iter().map(|it| (*it).to_owned()).collect();
                let at = format!("{} {model} {taken:?}", adapter.protocol());
                let bare = sent(adapter, model, &taken, &bare_call);
                let Some((bare, none)) = bare else { continue };
                assert_eq!(none, [""; 0], "{dialect:?} at {at}");
                let full = sent(adapter, model, &taken, &said);
                let Some((request, names)) = full else { continue };
                match fate(dialect, path, &bare, &request, &names) {
                    Fate::Reached => reached += 1,
                    Fate::Named => told += 1,
                    Fate::Wrong(why) => {
                        writeln!(wrong, "{dialect:?} {path} at {at} {why}: {names:?}").unwrap();
                    }
                    Fate::Untold => {}
                }
            }
        }
    }
    assert_eq!(wrong, "");
    assert!(reached > 1_000 && told > 1_000, "{reached} reached a provider, {told} were named");
}

fn endpoints() -> impl Iterator<Item = (&'static dyn Adapter, &'static str, &'static [&'static str])>
{
    ADAPTERS.iter().flat_map(|adapter| {
        MODELS
            .iter()
            .flat_map(move |model| TAKEN.iter().map(move |taken| (*adapter, *model, *taken)))
    })
}

#[test]
fn what_earlier_answers_showed_arrives_or_is_named() {
    const PICTURE: &str = "iVBORw0KGgo=";
    let uri = format!("data:image/png;base64,{PICTURE}");
    let picture = json!({"type": "image_url", "image_url": {"url": uri}});
    let answers = [
        ("messages.images", json!({"role": "assistant", "content": "It is.", "images": [picture]})),
        (
            "messages.content",
            json!({"role": "assistant", "content": [{"type": "text", "text": "It is."}, picture]}),
        ),
        ("messages.audio", json!({"role": "assistant", "content": null, "audio": {"id": PICTURE}})),
    ];
    for (name, answer) in answers {
        let turn = json!({"role": "user", "content": "hi"});
        let call = call(Dialect::Chat, &json!({"model": "a/b", "messages": [turn, answer, turn]}));
        for adapter in ADAPTERS {
            let Some((request, names)) = sent(*adapter, "m", &[], &call) else { continue };
            let arrives = memmem::find(request.body(), PICTURE.as_bytes()).is_some();
            let is_named = names.iter().any(|it| it == name);
            assert!(arrives != is_named, "{name} at {}: {names:?}", adapter.protocol());
        }
    }
}
