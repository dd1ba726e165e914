use bytes::Bytes;
use serde_json::{Value, json};

use super::Weight;
use crate::operation::{Operation, OperationCall};
use crate::{Address, Call, Dialect};

fn weight(dialect: Dialect, body: &Value) -> Weight {
    let body = Bytes::from(body.to_string());
    let address = Address { model: Some("a/m".to_owned()), ..Address::default() };
    let call = Call::read(dialect, body, address).map_err(|it| it.message().to_owned());
    call.unwrap().weight()
}

/// What of a body is media, its text apart.
fn media(dialect: Dialect, body: &Value) -> Weight {
    Weight { text: 0, ..weight(dialect, body) }
}

fn user(content: &Value) -> Value {
    json!([{ "role": "user", "content": content }])
}

/// Thousand bytes of Base64, bare and as a picture.
fn data() -> (String, String) {
    let data = "A".repeat(1_000);
    let image = format!("data:image/png;base64,{data}");
    (data, image)
}

const OF_IMAGE: u64 = 1_022;

fn inside(images: u64, image_bytes: u64) -> Weight {
    Weight { images, image_bytes, ..Weight::default() }
}

#[test]
fn media_is_told_from_text_in_chat_and_where_it_is_translated() {
    let (data, image) = data();
    let chat = |content: &Value| media(Dialect::Chat, &json!({ "messages": user(content) }));
    let part = |kind: &str, value: Value| json!([{ "type": kind, kind: value }]);
    let recorded = Weight { recorded_bytes: 1_000, ..Weight::default() };
    let document = |document_bytes| Weight { document_bytes, ..Weight::default() };
    let remote = Weight { remote_images: 1, ..Weight::default() };
    let pointed = Weight { pointed_documents: 1, ..Weight::default() };
    let film = Weight { pointed_contexts: 1, ..Weight::default() };
    for (content, found) in [
        (json!([{ "type": "text", "text": data }]), Weight::default()),
        (part("image_url", json!({ "url": image })), inside(1, OF_IMAGE)),
        (part("image_url", json!({ "url": "https://x.test/a.png" })), remote),
        (part("input_audio", json!({ "data": data, "format": "wav" })), recorded),
        (part("video_url", json!({ "url": "https://x.test/a.mp4" })), film),
        (part("file", json!({ "filename": "a.pdf", "file_data": data })), document(1_000)),
        (part("file", json!({ "filename": "a.png", "file_data": image })), inside(1, OF_IMAGE)),
        (part("file", json!({ "file_data": "https://x.test/a.pdf" })), pointed),
        (part("file", json!({ "file_id": "file-1" })), pointed),
    ] {
        assert_eq!(chat(&content), found, "{content}");
    }
    let drawn = json!({ "messages": [
        { "role": "user", "content": "draw" },
        { "role": "assistant", "content": "here",
          "images": [{ "type": "image_url", "image_url": { "url": image } }] },
        { "role": "user", "content": "bluer" },
    ] });
    assert_eq!(media(Dialect::Chat, &drawn), inside(1, OF_IMAGE));
    let ollama = json!({ "messages": [{ "role": "user", "content": "x", "images": [data] }] });
    assert_eq!(media(Dialect::Ollama, &ollama), inside(1, 1_000));
    // Elsewhere in the body it is whatever it is.
    let mut elsewhere = json!({ "messages": user(&json!("x")) });
    elsewhere["prediction"] = json!({ "image_url": { "url": image.repeat(9) } });
    assert_eq!(media(Dialect::Chat, &elsewhere), Weight::default());
    assert!(weight(Dialect::Chat, &elsewhere).text > 9 * OF_IMAGE);
}

#[test]
fn media_is_told_from_text_in_responses() {
    let (data, image) = data();
    let responses = |input: Value| media(Dialect::Responses, &json!({ "input": input }));
    let content = |part: Value| user(&json!([part]));
    let pointed = Weight { pointed_documents: 1, ..Weight::default() };
    let remote = Weight { remote_images: 1, ..Weight::default() };
    let drawn = json!([
        { "role": "user", "content": "x" },
        { "type": "image_generation_call", "id": "1", "status": "completed",
          "result": data.repeat(9) },
    ]);
    let shot = json!([{ "type": "computer_call_output", "call_id": "a",
        "output": { "type": "computer_screenshot", "image_url": image } }]);
    let document = Weight { document_bytes: 1_000, ..Weight::default() };
    for (input, found) in [
        (content(json!({ "type": "input_image", "image_url": image })), inside(1, OF_IMAGE)),
        (content(json!({ "type": "input_image", "file_id": "file-1" })), remote),
        (content(json!({ "file_id": "file-1", "type": "input_image" })), remote),
        (content(json!({ "type": "input_file", "file_id": "file-1" })), pointed),
        (content(json!({ "type": "input_file", "file_url": "https://x.test/a.pdf" })), pointed),
        (content(json!({ "type": "input_file", "filename": "a", "file_data": data })), document),
        (shot, inside(1, OF_IMAGE)),
        (drawn, inside(1, 9_000)),
    ] {
        assert_eq!(responses(input.clone()), found, "{input}");
    }
    let kept = json!({ "prompt": { "id": "pmpt_1" } });
    assert_eq!(media(Dialect::Responses, &kept), pointed);
}

#[test]
fn media_is_told_from_text_in_messages() {
    let (data, _) = data();
    let messages = |content: Value| {
        media(Dialect::Messages, &json!({ "max_tokens": 5, "messages": user(&content) }))
    };
    let base64 = |kind: &str, media: &str| {
        json!({ "type": kind,
            "source": { "type": "base64", "media_type": media, "data": data } })
    };
    let source = |kind: &str, source: Value| json!([{ "source": source, "type": kind }]);
    let (image, document) = (base64("image", "image/png"), base64("document", "application/pdf"));
    let result = json!([{ "type": "tool_result", "tool_use_id": "1", "content": [image] }]);
    let pointed = Weight { pointed_documents: 1, ..Weight::default() };
    let remote = Weight { remote_images: 1, ..Weight::default() };
    let at = |kind| source(kind, json!({ "type": "url", "url": "https://x.test/a" }));
    let named = source("document", json!({ "type": "file", "file_id": "file_1" }));
    let plain = json!({ "type": "text", "media_type": "text/plain", "data": data });
    for (content, found) in [
        (json!([image]), inside(1, 1_000)),
        (json!([image, document]), Weight { document_bytes: 1_000, ..inside(1, 1_000) }),
        (result, inside(1, 1_000)),
        (at("image"), remote),
        (at("document"), pointed),
        (named, pointed),
        (json!([{ "type": "container_upload", "file_id": "file_1" }]), pointed),
        (source("document", plain), Weight::default()),
    ] {
        assert_eq!(messages(content.clone()), found, "{content}");
    }
}

#[test]
fn media_is_told_from_text_in_googles_form() {
    let (data, _) = data();
    let google = |parts: Value| {
        media(Dialect::Gemini, &json!({ "contents": [{ "role": "user", "parts": parts }] }))
    };
    let inline = |media: &str| json!({ "inlineData": { "data": data, "mimeType": media } });
    let by_address =
        |media: &str| json!([{ "fileData": { "fileUri": "https://x.test/a", "mimeType": media } }]);
    let film = Weight { pointed_contexts: 1, ..Weight::default() };
    let pointed = Weight { pointed_documents: 1, ..Weight::default() };
    let watched = json!([{ "fileData": { "fileUri": "https://www.youtube.com/watch?v=x" } }]);
    let recorded = Weight { recorded_bytes: 1_000, ..Weight::default() };
    let beside = json!([inline("image/png"), inline("application/pdf"), { "text": data }]);
    for (parts, found) in [
        (json!([inline("audio/wav"), { "text": data }]), recorded),
        (beside, Weight { document_bytes: 1_000, ..inside(1, 1_000) }),
        (by_address("image/png"), Weight { remote_images: 1, ..Weight::default() }),
        (by_address("video/mp4"), film),
        (by_address("application/pdf"), pointed),
        (watched, film),
    ] {
        assert_eq!(google(parts.clone()), found, "{parts}");
    }
    let contents = json!([{ "role": "user", "parts": [{ "text": "x" }] }]);
    let cached = json!({ "contents": contents, "cachedContent": "cachedContents/1" });
    assert_eq!(media(Dialect::Gemini, &cached), film);
}

#[test]
fn tools_that_a_provider_runs_are_seen() {
    let messages = |tools: Value| {
        let body = json!({ "max_tokens": 5, "messages": user(&json!("x")), "tools": tools });
        media(Dialect::Messages, &body)
    };
    let responses =
        |tools: Value| media(Dialect::Responses, &json!({ "input": "x", "tools": tools }));
    let google = |tools: Value| {
        let contents = json!([{ "parts": [{ "text": "x" }] }]);
        media(Dialect::Gemini, &json!({ "contents": contents, "tools": tools }))
    };
    let chat = |name: &str, value: Value| {
        let mut body = json!({ "messages": user(&json!("x")) });
        body[name] = value;
        media(Dialect::Chat, &body)
    };
    let search = |kind: &str| json!([{ "type": kind, "name": "web_search" }]);
    let mut ten = search("web_search_20250305");
    ten[0]["max_uses"] = 10.into();
    let schema = json!({ "type": "object", "properties": {} });
    for (found, searches, reads_more) in [
        (messages(ten), 10, true),
        (messages(search("web_search_20250305")), 5, true),
        (messages(json!([{ "type": "web_fetch_20250910", "name": "web_fetch" }])), 0, true),
        (messages(json!([{ "type": "bash_20250124", "name": "bash" }])), 0, false),
        (messages(json!([{ "type": "bash_code_execution_20250825", "name": "b" }])), 0, true),
        (messages(json!([{ "name": "f", "input_schema": schema }])), 0, false),
        (messages(json!([{ "type": "custom", "name": "f", "input_schema": schema }])), 0, false),
        (responses(json!([{ "type": "web_search_preview" }])), 5, true),
        (responses(json!([{ "type": "file_search", "vector_store_ids": ["v"] }])), 0, true),
        (responses(json!([{ "type": "function", "name": "f" }])), 0, false),
        (responses(json!([{ "type": "shell" }])), 0, false),
        (responses(json!([{ "type": "shell", "environment": { "type": "local" } }])), 0, false),
        (
            responses(json!([{ "type": "shell", "environment": { "type": "container_auto" } }])),
            0,
            true,
        ),
        (chat("search_parameters", json!({ "mode": "auto" })), 5, true),
        (chat("enable_search", json!(true)), 5, true),
        (chat("enable_search", json!(false)), 0, false),
        (google(json!([{ "googleSearch": {} }])), 5, true),
        (google(json!({ "google_search": {} })), 5, true),
        (google(json!([{ "urlContext": {} }])), 0, true),
        (google(json!([{ "functionDeclarations": [{ "name": "f" }] }])), 0, false),
    ] {
        assert_eq!(found, Weight { searches, reads_more, ..Weight::default() });
    }
}

/// Whatever a body is written like, it is what a provider takes it for.
#[test]
fn what_is_written_otherwise_is_the_same() {
    let (data, _) = data();
    let pointed = Weight { pointed_documents: 1, ..Weight::default() };
    let watched = Weight { pointed_contexts: 1, ..Weight::default() };
    let document = |document_bytes| Weight { document_bytes, ..Weight::default() };
    let chat = |part: &str| format!(r#"{{"messages":[{{"role":"user","content":[{part}]}}]}}"#);
    let file = |inner: &str| chat(&format!(r#"{{"type":"file","file":{{{inner}}}}}"#));
    let responses = |part: &str| format!(r#"{{"input":[{{"role":"user","content":[{part}]}}]}}"#);
    let google = |part: &str| format!(r#"{{"contents":[{{"parts":[{part}]}}]}}"#);
    let image =
        |url: &str| chat(&format!(r#"{{"type":"image_url","image_url":{{"url":"{url}"}}}}"#));
    let in_image = format!("data:application/pdf;base64,{data}");
    let beside = r#""contents":[{"parts":[{"text":"x"}]}]"#;
    for (dialect, body, found) in [
        (Dialect::Chat, file(r#""file\u005fid":"file-1""#), pointed),
        (Dialect::Chat, file(r#""file_data":"\u0068ttp://x.test/a""#), pointed),
        (Dialect::Chat, file(r#""file_data":" \thttps:\/\/x.test/a""#), pointed),
        (Dialect::Chat, file(r#""file_data":"gs://bucket/a.pdf""#), pointed),
        (Dialect::Responses, responses(r#"{"type":"input\u005ffile","file_url":"x:a"}"#), pointed),
        (
            Dialect::Gemini,
            google(r#"{"fileData":{"fileUri":"x:a","mimeType":"video\/mp4"}}"#),
            watched,
        ),
        (
            Dialect::Gemini,
            google(
                r#"{"fileData":{"fileUri":"https:\/\/m.YouTube.com\/watch","mimeType":"image/png"}}"#,
            ),
            Weight { images: 1, ..watched },
        ),
        (
            Dialect::Gemini,
            format!(
                r#"{{{beside},"systemInstruction":{{"parts":[{{"fileData":{{"fileUri":"x:a"}}}}]}}}}"#
            ),
            pointed,
        ),
        (
            Dialect::Gemini,
            google(&format!(r#"{{"inlineData":{{"mimeType":"image\/png","data":"{data}"}}}}"#)),
            inside(1, 1_000),
        ),
        (Dialect::Chat, image("https://youtu.be/x"), Weight { images: 1, ..watched }),
        (Dialect::Chat, image(&in_image), Weight { images: 1, ..document(1_028) }),
    ] {
        let call = Call::read(
            dialect,
            Bytes::from(body.clone()),
            Address { model: Some("a/m".to_owned()), ..Address::default() },
        );
        let weight = call.map_err(|it| it.message().to_owned()).unwrap().weight();
        assert_eq!(Weight { text: 0, ..weight }, found, "{body}");
    }
}

/// White space is read by nobody, and what a request is filed under by no model.
#[test]
fn text_is_what_a_model_reads() {
    let tool = json!({ "type": "function", "function": { "name": "f", "parameters": {
        "type": "object", "properties": { "a": { "type": "string", "description": "what" } },
    } } });
    let body = json!({ "messages": user(&json!("Hi")), "tools": vec![tool; 50],
        "metadata": { "k": "v".repeat(500) }, "a_field_nobody_knows": "word ".repeat(1_000) });
    let read = |text: String| {
        let call = Call::read(Dialect::Chat, Bytes::from(text), Address::default());
        call.map_err(|it| it.message().to_owned()).unwrap().weight()
    };
    let (compact, pretty) = (body.to_string(), serde_json::to_string_pretty(&body).unwrap());
    assert!(pretty.len() > compact.len() + 5_000);
    let length = u64::try_from(compact.len()).unwrap();
    let (compact, pretty) = (read(compact).text, read(pretty).text);
    assert_eq!(compact, pretty);
    assert!((length - 590..length - 510).contains(&compact), "{compact} of {length}");
}

/// What is around a message that says "Hi", and how it is to be answered, is not text.
#[test]
fn frames_and_settings_are_no_text() {
    let body = json!({ "model": "acme/model", "messages": user(&json!("Hi")), "max_tokens": 10,
        "temperature": 0.5, "stream": true, "stream_options": { "include_usage": true },
        "provider": { "sort": "price" }, "user": "somebody" });
    assert!(weight(Dialect::Chat, &body).text < 20);
    let mut more = body;
    more["messages"] = json!(vec![json!({ "role": "user", "content": "Hi", "name": "Ann" }); 10]);
    assert!((120..220).contains(&weight(Dialect::Chat, &more).text));
}

#[test]
fn what_nobody_knows_of_an_operation_is_text() {
    let embedded = |body: Value| {
        let body = Bytes::from(body.to_string());
        let call = OperationCall::read(Operation::Embeddings, body);
        call.map_err(|it| it.message().to_owned()).unwrap().weight()
    };
    let plain = json!({ "model": "a/m", "input": "word", "encoding_format": "float", "user": "u" });
    assert_eq!(embedded(plain.clone()).text, 4);
    let mut more = plain;
    more["instruction"] = "word ".repeat(100).into();
    assert_eq!(embedded(more).text, 4 + 11 + 502);
}
