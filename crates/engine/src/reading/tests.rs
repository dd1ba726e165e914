use bytes::Bytes;
use serde_json::{Value, json};
use tollgate_wire::operation::{Operation, OperationCall};
use tollgate_wire::{Address, Call, Dialect};

use super::{Prompt, Read};
use crate::asked::Asked;

const CONTEXT: u64 = 1_000_000;
/// What tools find.
const FOUND: u64 = 128_000;

fn call(dialect: Dialect, text: String) -> Call {
    let address = Address { model: Some("a/m".to_owned()), ..Address::default() };
    let call = Call::read(dialect, Bytes::from(text), address);
    call.map_err(|it| it.message().to_owned()).unwrap()
}

fn read(call: &impl Asked) -> (Prompt, Prompt) {
    Read::of(call).at(Some(CONTEXT))
}

fn user(content: &Value) -> Value {
    json!([{ "role": "user", "content": content }])
}

/// What providers bill at most for each form is within what is held of an account that has it, and
/// whoever has little needs no more than about what is usual.
#[test]
fn what_is_billed_is_within_what_is_held() {
    let kilobytes = |count: usize| "A".repeat(count * 1_000 * 4 / 3);
    let image = format!("data:image/png;base64,{}", kilobytes(300));
    let url = "https://x.test/a";
    let part = |kind: &str, value: Value| json!([{ "type": kind, kind: value }]);
    let chat = |content: Value| (Dialect::Chat, json!({ "messages": user(&content) }));
    let responses = |input: Value| (Dialect::Responses, json!({ "input": input }));
    let messages = |content: Value, tools: Value| {
        let body = json!({ "messages": user(&content), "max_tokens": 5, "tools": tools });
        (Dialect::Messages, body)
    };
    let google = |part: Value| (Dialect::Gemini, json!({ "contents": [{ "parts": [part] }] }));
    let source = |kind: &str, media: &str, size: usize| {
        json!({ "type": kind, "source":
            { "type": "base64", "media_type": media, "data": kilobytes(size) } })
    };
    let drawn = json!([{ "role": "user", "content": "draw" }, { "role": "assistant",
        "content": "here", "images": [{ "type": "image_url", "image_url": { "url": image } }] }]);
    let call = json!([{ "type": "image_generation_call", "id": "1", "status": "completed",
        "result": kilobytes(300) }]);
    let beside =
        json!([source("image", "image/png", 300), source("document", "application/pdf", 3)]);
    let pictures =
        |url: &str| json!(vec![json!({ "type": "image_url", "image_url": { "url": url } }); 20]);
    let small = "data:image/png;base64,iVBORw0KGgoAAAA";
    let search = json!([{ "type": "web_search_20250305", "name": "web_search", "max_uses": 10 }]);
    let video = json!({ "mimeType": "video/mp4", "fileUri": url });
    let speech = json!({ "data": kilobytes(120), "format": "opus" });
    let pdf = json!({ "filename": "a.pdf",
        "file_data": format!("data:application/pdf;base64,{}", kilobytes(300)) });
    let screen = format!("data:video/mp4;base64,{}", kilobytes(750));
    // What it is, the most that is billed for it as far as is known, what small accounts need.
    for (name, (dialect, body), billed, usual) in [
        ("a picture", chat(part("image_url", json!({ "url": image }))), 4_784, 1_000),
        ("pictures", chat(pictures(small)), 30_000, 17_000),
        ("pictures by address", chat(pictures(url)), 95_000, 17_000),
        ("drawn", (Dialect::Chat, json!({ "messages": drawn })), 1_600, 1_000),
        ("drawn at OpenAI", responses(call), 1_600, 1_000),
        ("file", chat(part("file", json!({ "file_data": image }))), 1_600, 1_000),
        ("document", chat(part("file", json!({ "file_data": url }))), CONTEXT, 2_100),
        ("kept", chat(part("file", json!({ "file_id": "file-1" }))), CONTEXT, 2_100),
        ("inline", chat(part("file", pdf)), 345_000, 20_100),
        ("film", chat(part("video_url", json!({ "url": url }))), CONTEXT, 20_100),
        ("screen", chat(part("video_url", json!({ "url": screen }))), 17_400, 10_100),
        ("speech", chat(part("input_audio", speech)), 1_920, 1_700),
        ("prompt", (Dialect::Responses, json!({ "prompt": { "id": "p" } })), CONTEXT, 2_100),
        ("beside", messages(beside, json!([])), 5_000, 1_100),
        ("search", messages(json!("x"), search), FOUND, 5_100),
        ("at Google", google(json!({ "fileData": video })), CONTEXT, 20_100),
    ] {
        assert_held(name, &self::call(dialect, body.to_string()), billed, usual);
    }
}

/// The same of what is around texts and beside them.
#[test]
fn frames_are_within_what_is_held() {
    let chat = |messages: &Value| json!({ "messages": messages });
    let named =
        json!(vec![json!({ "role": "user", "content": "a", "name": "word_".repeat(40) }); 500]);
    let letters = json!(vec![json!({ "role": "user", "content": "a" }); 2_000]);
    let parts = json!(vec![json!({ "type": "text", "text": "word " }); 2_000]);
    let pairs: serde_json::Map<String, Value> =
        (0..16).map(|n| (format!("k{n}"), "v".repeat(512).into())).collect();
    let filed = json!({ "messages": user(&json!("Hi")), "metadata": pairs });
    for (name, body, billed, usual) in [
        ("names", chat(&named), 27_501, 35_000),
        ("letters", chat(&letters), 10_001, 10_500),
        ("parts", chat(&user(&parts)), 10_001, 20_000),
        ("metadata", filed, 8, 10),
    ] {
        assert_held(name, &call(Dialect::Chat, body.to_string()), billed, usual);
    }
}

/// However much is pointed to, no more is held for than fits.
#[test]
fn no_more_than_fits_is_held_for() {
    let file = json!({ "type": "file", "file": { "file_id": "file-1" } });
    let body = json!({ "messages": user(&json!(vec![file; 8])) }).to_string();
    let documents = call(Dialect::Chat, body);
    assert_eq!(read(&documents).0.tokens, CONTEXT);
    assert_eq!(Read::of(&documents).at(Some(200_000)).0.tokens, 200_000);
    assert_eq!(Read::of(&documents).at(None).0.tokens, CONTEXT);
}

fn assert_held(name: &str, call: &Call, billed: u64, usual: u64) {
    let (most, least) = read(call);
    assert!(most.tokens >= billed, "{name}: {most:?}");
    assert!(least.tokens <= usual, "{name}: {least:?}");
    assert!(least.tokens <= most.tokens, "{name}");
}

/// Ten searches are paid for where there is enough for them, one where there is not.
#[test]
fn searches_are_held_for() {
    let body = json!({ "messages": user(&json!("x")), "max_tokens": 5, "tools":
        [{ "type": "web_search_20250305", "name": "web_search", "max_uses": 10 }] });
    let (most, least) = read(&call(Dialect::Messages, body.to_string()));
    assert_eq!((most.searches, least.searches), (10, 1));
}

/// What is text and nothing else is held for alike, however much there is: next to nothing is
/// uncertain.
#[test]
fn text_is_a_token_for_two_bytes() {
    for (text, tokens) in [("a b c d e f g h", 10), (&"word ".repeat(2_000), 5_002)] {
        let body = json!({ "messages": user(&json!(text)) }).to_string();
        let (most, least) = read(&call(Dialect::Chat, body));
        assert_eq!(least.tokens, tokens);
        assert!((tokens..tokens + 12).contains(&most.tokens), "{most:?}");
    }
    // Even where it should not fit.
    let body = json!({ "messages": user(&json!("word ".repeat(2_000))) }).to_string();
    let (most, least) = Read::of(&call(Dialect::Chat, body)).at(Some(100));
    assert_eq!((most.tokens, least.tokens), (5_002, 5_002));
}

/// A schema is text as messages are, and a token of it four bytes at least.
#[test]
fn white_space_is_not_paid_for() {
    let tool = json!({ "type": "function", "function": { "name": "f", "parameters": {
        "type": "object", "properties": { "a": { "type": "string", "description": "what" } },
    } } });
    let schema = json!({ "type": "json_schema", "json_schema": { "name": "s", "schema": tool } });
    let body = json!({ "messages": user(&json!("Hi")), "tools": vec![tool; 100],
        "response_format": schema });
    let least = |text: String| read(&call(Dialect::Chat, text)).1.tokens;
    let compact = least(body.to_string());
    assert_eq!(least(serde_json::to_string_pretty(&body).unwrap()), compact);
    let long =
        json!({ "messages": user(&json!("x")), "a_field_nobody_knows": "word ".repeat(20_000) });
    let (most, least) = read(&call(Dialect::Chat, long.to_string()));
    assert!(least.tokens >= 25_000 && most.tokens >= 50_000, "{most:?} {least:?}");
}

#[test]
fn what_nobody_knows_of_an_operation_is_held_for() {
    let body = json!({ "model": "a/m", "input": "x", "instruction": "word ".repeat(20_000) });
    let call = OperationCall::read(Operation::Embeddings, Bytes::from(body.to_string()));
    let call = call.map_err(|it| it.message().to_owned()).unwrap();
    let (most, least) = read(&call);
    assert!(least.tokens >= 25_000 && most.tokens >= 50_000, "{most:?} {least:?}");
}
