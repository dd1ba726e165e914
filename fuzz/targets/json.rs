//! The JSON that is read lazily and edited in place, beside a parser that builds everything.
//!
//! Input: the place a call goes to, then a JSON object.

#![no_main]

use std::collections::{BTreeMap, HashMap};

use arbitrary::Unstructured;
use bytes::Bytes;
use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};
use serde_json::Value;
use serde_json::value::RawValue;
use tollgate_fuzz::json::{check, is_json, strings, value};
use tollgate_fuzz::mutation::mutate;
use tollgate_fuzz::places::Place;
use tollgate_providers::OpenAiChat;
use tollgate_wire::json::{ObjectWriter, RawObject, Scanner, leaves};
use tollgate_wire::{Address, Call, Dialect, GATEWAY_MEMBERS};

fuzz_target!(|data: &[u8]| -> Corpus {
    let mut input = Unstructured::new(data);
    let Ok(bits) = input.arbitrary::<u8>() else { return Corpus::Reject };
    let body = input.take_rest();
    let scanned = scan(body);
    let Ok(object) = RawObject::read(Bytes::copy_from_slice(body)) else {
        assert!(!scanned || body_may_be_refused(body), "an object was refused");
        return Corpus::Keep;
    };
    assert!(scanned, "an object was read that is no value");
    members_are_those_of_a_parser(&object);
    strings_are_those_of_a_parser(&object);
    an_object_written_again_is_the_same(&object);
    a_call_goes_up_as_it_came(bits, body);
    Corpus::Keep
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed)
});

/// Walks a text as one value; what is accepted is JSON.
fn scan(body: &[u8]) -> bool {
    let mut scanner = Scanner::new(body);
    let is_value = scanner.value().is_ok() && scanner.end().is_ok();
    if str::from_utf8(body).is_ok() {
        assert_eq!(is_value, is_json(body), "the readers disagree about what is JSON");
    }
    is_value
}

/// Whether a value is none that a request may be: not an object, not UTF-8, too many members, one
/// of them twice.
fn body_may_be_refused(body: &[u8]) -> bool {
    let Ok(members) = serde_json::from_slice::<HashMap<String, &RawValue>>(body) else {
        return true;
    };
    let mut scanner = Scanner::new(body);
    let mut count = 0;
    scanner.begin_object().unwrap();
    while scanner.next_member(count == 0).unwrap().is_some() {
        scanner.value().unwrap();
        count += 1;
    }
    count > 1_000 || count != members.len()
}

fn members_are_those_of_a_parser(object: &RawObject) {
    let Ok(known) = serde_json::from_str::<BTreeMap<String, &RawValue>>(object.text()) else {
        // Only a key that is no text can't be held by the other reader.
        assert!(value(object.text().as_bytes()).is_none());
        return;
    };
    assert_eq!(object.members().count(), known.len());
    for (name, raw, at) in object.members_at() {
        assert_eq!(known[name].get(), raw);
        assert!(object.text()[at..].starts_with(raw));
        let member = Some(raw).filter(|raw| *raw != "null");
        assert_eq!(object.member(name), member);
    }
}

fn strings_are_those_of_a_parser(object: &RawObject) {
    let text = object.text();
    for (_, raw, offset) in object.members_at() {
        let mut found = Vec::new();
        leaves(text.as_bytes(), offset, |leaf| {
            assert_eq!(&text.as_bytes()[leaf.offset..][..leaf.text.len()], leaf.text);
            found.push((unescaped(leaf.key), unescaped(leaf.text)));
        })
        .unwrap();
        if let Some(known) = strings(raw) {
            let found: Option<Vec<_>> = found.into_iter().map(|(k, t)| k.zip(t)).collect();
            assert_eq!(found, Some(known));
        }
    }
}

fn unescaped(inner: &[u8]) -> Option<String> {
    serde_json::from_slice(&[b"\"", inner, b"\""].concat()).ok()
}

fn an_object_written_again_is_the_same(object: &RawObject) {
    let mut out = Vec::new();
    let mut writer = ObjectWriter::new(&mut out);
    for (name, raw) in object.members() {
        writer.member(name, raw);
    }
    writer.end();
    check("the copy", &out, false);
    let copy = RawObject::read(Bytes::from(out)).unwrap();
    assert!(copy.members().eq(object.members()), "a member changed");
}

/// What the gateway answers for itself: it is taken out, or has a value of its own.
const OURS: &[&str] = &[
    "model",
    "messages",
    "prompt",
    "max_tokens",
    "max_completion_tokens",
    "stream_options",
    "reasoning",
    "reasoning_effort",
    "include_reasoning",
    "user",
    "thinking",
    "enable_thinking",
    "structured_outputs",
    "max_tool_calls",
    "x_search_filter",
    "cache_control",
];

fn a_call_goes_up_as_it_came(bits: u8, body: &[u8]) {
    // An endpoint that knows every parameter; what it does not know would be left out.
    let place = Place::from_bits(bits & 0x7f);
    let bytes = Bytes::copy_from_slice(body);
    let Ok(call) = Call::read(Dialect::Chat, bytes, Address::default()) else { return };
    let Ok(request) = place.encode(&OpenAiChat, &call) else { return };
    let sent = request.into_body();
    let known = value(body);
    check("the request", &sent, known.is_some());
    let (Some(Value::Object(known)), Some(Value::Object(sent))) = (known, value(&sent)) else {
        return;
    };
    assert_eq!(sent.get("model"), Some(&Value::from("m-1")));
    assert_eq!(sent.get("user"), Some(&Value::from("u-1")));
    let is_ours = |name: &str| OURS.contains(&name) || GATEWAY_MEMBERS.contains(&name);
    for (name, value) in known.iter().filter(|(name, _)| !is_ours(name)) {
        let may_lack = name == "n" && value.is_null() || name == "tools";
        assert!(sent.get(name) == Some(value) || may_lack, "{name} did not go up as it came");
    }
    for name in sent.keys().filter(|name| !is_ours(name)) {
        assert!(known.contains_key(name), "{name} is nobody's");
    }
    // To whoever speaks our dialect, messages go as they are.
    if bits.is_multiple_of(4)
        && let Some(messages) = known.get("messages").filter(|it| !it.is_null())
    {
        assert_eq!(sent.get("messages"), Some(messages));
    }
}
