//! What calls hold before they begin where nobody knows how much a provider will read: whoever has
//! little overspends by one call at most, however many begin at once, and is not refused what costs
//! next to nothing (contract §4.6, §6.2).

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tollgate_ledger::{AccountId, Balance, Kind, Movement, audit};
use tollgate_testkit::{Canned, Protocol, Reply, TestGateway, usd};
use tollgate_types::Usd;

/// Ten dollars a million.
const PRICE: &str = r#"{ input = "10", output = "10", web_search = "0.01" }"#;
/// So many call at once.
const CALLERS: usize = 20;
/// As long as all of them take to come.
const LATE: Duration = Duration::from_millis(400);

/// A form of request, and where it goes.
struct Form {
    name: &'static str,
    protocol: Protocol,
    path: &'static str,
    body: Value,
}

/// An answer of a word in the words of a protocol, which read so many tokens and searched ten times
/// where it can say so.
fn answer(protocol: Protocol, tokens: u64) -> Value {
    match protocol {
        Protocol::Responses => json!({
            "id": "resp_1", "object": "response", "created_at": 1, "status": "completed",
            "model": "m", "output": [{ "type": "message", "id": "m1", "role": "assistant",
                "status": "completed",
                "content": [{ "type": "output_text", "text": "ok", "annotations": [] }] }],
            "usage": { "input_tokens": tokens, "output_tokens": 1, "total_tokens": tokens + 1 },
        }),
        Protocol::Anthropic => json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
            "content": [{ "type": "text", "text": "ok" }], "stop_reason": "end_turn",
            "stop_sequence": null,
            "usage": { "input_tokens": tokens, "output_tokens": 1,
                "server_tool_use": { "web_search_requests": 10 } },
        }),
        Protocol::Gemini => json!({
            "candidates": [{ "content": { "role": "model", "parts": [{ "text": "ok" }] },
                "finishReason": "STOP", "index": 0 }],
            "usageMetadata": { "promptTokenCount": tokens, "candidatesTokenCount": 1,
                "totalTokenCount": tokens + 1 },
            "modelVersion": "m",
        }),
        _ => json!({
            "id": "x", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{ "index": 0, "finish_reason": "stop",
                "message": { "role": "assistant", "content": "ok" } }],
            "usage": { "prompt_tokens": tokens, "completion_tokens": 1,
                "total_tokens": tokens + 1 },
        }),
    }
}

/// A gateway whose only provider bills this much for each call.
async fn world(protocol: Protocol, delay: Duration, tokens: u64) -> (TestGateway, Canned) {
    let answer = answer(protocol, tokens).to_string();
    let provider = Canned::late(delay, "application/json", answer).await;
    let rows = format!(
        "[billing]\nenabled = true\n[upstream]\nfetch_private_addresses = true\n\
         [[provider]]\nslug = \"acme\"\nprotocol = \"{}\"\nbase_url = \"{}\"\napi_key = \"sk\"\n\
         [[model]]\nid = \"acme/m\"\ncontext_length = 1000000\n\
         input = [\"text\", \"image\", \"file\", \"audio\", \"video\"]\n\
         [[endpoint]]\nmodel = \"acme/m\"\nprovider = \"acme\"\nupstream_model = \"m\"\n\
         price = {PRICE}\n",
        protocol.as_str(),
        provider.base_url(),
    );
    (TestGateway::builder().in_memory().config(&rows).start().await, provider)
}

async fn add(gateway: &TestGateway, dollars: &str) {
    let engine = gateway.engine();
    let id = format!("purchase-{dollars}");
    let bought =
        Movement::new(&id, AccountId::default(), Kind::Purchase, usd(dollars), engine.now());
    assert!(engine.stores().ledger.post(vec![bought]).await.unwrap());
}

async fn balance(gateway: &TestGateway) -> Balance {
    let engine = gateway.engine();
    engine.recorder().flush().await;
    engine.purses().give_back_all().await.unwrap();
    assert_eq!(audit(&engine.stores().ledger.books().await.unwrap()), []);
    engine.stores().ledger.balance(&AccountId::default()).await.unwrap()
}

async fn send(gateway: &TestGateway, key: &str, form: &Form) -> Reply {
    let call = gateway.at("POST", form.path).key(key);
    let call = if form.protocol == Protocol::Gemini {
        call.no_key().header("x-goog-api-key", key)
    } else {
        call
    };
    call.json(&form.body).send().await
}

/// How many of all who call at once are answered; the others hear that they can't pay.
async fn answered(gateway: &Arc<TestGateway>, key: &str, form: &Arc<Form>) -> usize {
    let mut calls = JoinSet::new();
    for _ in 0..CALLERS {
        let (gateway, key, form) = (Arc::clone(gateway), key.to_owned(), Arc::clone(form));
        calls.spawn(async move { send(&gateway, &key, &form).await });
    }
    let replies = calls.join_all().await;
    let refused = |it: &&Reply| [402, 429].contains(&it.status);
    let ok = replies.iter().filter(|it| it.status == 200).count();
    let refused = replies.iter().filter(refused).count();
    let odd = replies.iter().find(|it| ![200, 402, 429].contains(&it.status));
    assert_eq!(ok + refused, CALLERS, "{} {:?}", form.name, odd.map(Reply::text));
    ok
}

/// What one call costs that is billed 50,000 tokens, and searches where it is told.
fn cost(protocol: Protocol) -> Usd {
    usd(if protocol == Protocol::Anthropic { "0.60001" } else { "0.50001" })
}

fn user(content: &Value) -> Value {
    json!([{ "role": "user", "content": content }])
}

fn chat(name: &'static str, content: &Value) -> Form {
    let body = json!({ "model": "acme/m", "max_tokens": 2, "messages": user(content) });
    Form { name, protocol: Protocol::OpenAi, path: "/api/v1/chat/completions", body }
}

fn responses(name: &'static str, input: &Value) -> Form {
    let body = json!({ "model": "acme/m", "max_output_tokens": 16, "input": input });
    Form { name, protocol: Protocol::Responses, path: "/api/v1/responses", body }
}

fn messages(name: &'static str, content: &Value) -> Form {
    let body = json!({ "model": "acme/m", "max_tokens": 2, "messages": user(content) });
    Form { name, protocol: Protocol::Anthropic, path: "/api/v1/messages", body }
}

fn google(name: &'static str, parts: &Value) -> Form {
    let body = json!({ "contents": [{ "role": "user", "parts": parts }],
        "generationConfig": { "maxOutputTokens": 2 } });
    let path = "/api/v1beta/models/acme/m:generateContent";
    Form { name, protocol: Protocol::Gemini, path, body }
}

/// Requests that point to something, by address or by name, with what an account needs at least.
fn pointed(shelf: &str) -> Vec<(Form, &'static str)> {
    let url = "https://x.test/a.pdf";
    let file = |file: Value| json!([{ "type": "file", "file": file }]);
    let input = |part: Value| user(&json!([part]));
    let document = |source: Value| json!([{ "type": "document", "source": source }]);
    let kept = Form {
        body: json!({ "model": "acme/m", "max_output_tokens": 16, "prompt": { "id": "p" } }),
        ..responses("a prompt that is kept", &json!("x"))
    };
    let mut cached = google("what is cached", &json!([{ "text": "x" }]));
    cached.body["cachedContent"] = "cachedContents/1".into();
    let mut search = messages("a search", &json!("x"));
    search.body["tools"] =
        json!([{ "type": "web_search_20250305", "name": "web_search", "max_uses": 10 }]);
    let watched =
        json!({ "fileUri": "https://www.youtube.com/watch?v=x", "mimeType": "video/mp4" });
    let page = json!({ "fileUri": url, "mimeType": "application/pdf" });
    let (by_url, by_file) =
        (json!({ "type": "url", "url": url }), json!({ "type": "file", "file_id": "file_1" }));
    vec![
        (chat("fetched by the gateway", &file(json!({ "file_data": shelf }))), "0.05"),
        (chat("a file by its name", &file(json!({ "file_id": "file-1" }))), "0.05"),
        (chat("pictures", &json!([{ "type": "image_url", "image_url": { "url": url } }])), "0.03"),
        (responses("file_url", &input(json!({ "type": "input_file", "file_url": url }))), "0.05"),
        (responses("file_id", &input(json!({ "type": "input_file", "file_id": "f" }))), "0.05"),
        (kept, "0.05"),
        (messages("a document by address", &document(by_url)), "0.05"),
        (messages("a document by its name", &document(by_file)), "0.05"),
        (search, "0.1"),
        (google("a film", &json!([{ "fileData": watched }, { "text": "x" }])), "0.3"),
        (google("a document", &json!([{ "fileData": page }, { "text": "x" }])), "0.05"),
        (cached, "0.3"),
    ]
}

/// Of many at once on a small account one is answered, and the account is below zero by what that
/// one cost, no more.
#[tokio::test(flavor = "multi_thread")]
async fn of_what_is_pointed_to_one_is_read_where_little_is_left() {
    let document = [b"%PDF-1.4 ".to_vec(), vec![b'x'; 100_000]].concat();
    let shelf = Canned::start("application/pdf", document).await;
    for (form, credit) in pointed(&format!("{}/a.pdf", shelf.base_url())) {
        let (gateway, _provider) = world(form.protocol, LATE, 50_000).await;
        add(&gateway, credit).await;
        let key = gateway.key().to_owned();
        let (gateway, form) = (Arc::new(gateway), Arc::new(form));
        assert_eq!(answered(&gateway, &key, &form).await, 1, "{}", form.name);
        let balance = balance(&gateway).await;
        assert_eq!(balance.spent, cost(form.protocol), "{}", form.name);
        let left = usd(credit).checked_sub(balance.spent).unwrap();
        assert_eq!(balance.available, left, "{}", form.name);
    }
}

/// The same of a key with a limit, and of one with a budget, on an account that has enough.
#[tokio::test(flavor = "multi_thread")]
async fn a_keys_limit_and_its_budget_are_passed_by_one_call() {
    let form = chat("by name", &json!([{ "type": "file", "file": { "file_id": "file-1" } }]));
    let form = Arc::new(form);
    let (gateway, _provider) = world(Protocol::OpenAi, LATE, 50_000).await;
    add(&gateway, "100").await;
    let limited = gateway.key_with(|key| key.limit = Some(usd("0.05"))).await;
    let of_day = json!({ "name": "of a day", "daily_budget": 0.05 });
    let of_day = gateway.call("POST", "/keys").key(gateway.management_key()).json(&of_day);
    let of_day = of_day.send().await.json()["key"].as_str().unwrap().to_owned();
    let gateway = Arc::new(gateway);
    for (key, count) in [(limited, 1), (of_day, 2)] {
        assert_eq!(answered(&gateway, &key, &form).await, 1);
        let spent = balance(&gateway).await.spent;
        assert_eq!(spent.nanos(), cost(Protocol::OpenAi).nanos() * count);
    }
}

/// Who has little, or shares little with others, is not kept from ordinary calls by one that points to
/// something, or searches: not by an account, a key's limit, a budget, or tokens of a minute.
#[tokio::test(flavor = "multi_thread")]
async fn ordinary_calls_go_on_beside_what_is_not_certain() {
    const OTHERS: usize = 30;
    let document = chat("by name", &json!([{ "type": "file", "file": { "file_id": "file-1" } }]));
    let document = Arc::new(document);
    for (credit, limits) in [
        ("0.5", json!({})),
        ("5", json!({})),
        ("9", json!({})),
        ("10.001", json!({})),
        ("100", json!({ "limit": 0.5 })),
        ("100", json!({ "daily_budget": 0.5 })),
        ("100", json!({ "tokens_per_minute": 100_000 })),
        ("100", json!({ "tokens_per_minute": 900_000 })),
        ("100", json!({ "tokens_per_minute": 1_001_000 })),
    ] {
        let (gateway, _provider) = world(Protocol::OpenAi, LATE, 100).await;
        add(&gateway, credit).await;
        let mut key = limits.clone();
        key["name"] = "shared".into();
        let made = gateway.call("POST", "/keys").key(gateway.management_key()).json(&key);
        let key = made.send().await.json()["key"].as_str().unwrap().to_owned();
        let gateway = Arc::new(gateway);
        let mut calls = JoinSet::new();
        for number in 0..=OTHERS {
            let (gateway, key) = (Arc::clone(&gateway), key.clone());
            let form = if number == 0 {
                Arc::clone(&document)
            } else {
                Arc::new(chat("ordinary", &json!("Hi")))
            };
            calls.spawn(async move { send(&gateway, &key, &form).await });
            // The one that is not certain has begun.
            if number == 0 {
                tokio::time::sleep(LATE / 8).await;
            }
        }
        for reply in calls.join_all().await {
            assert_eq!(reply.status, 200, "{credit} {limits}: {}", reply.text());
        }
    }
}

/// As many short calls begin at once as can be paid for, nearly.
#[tokio::test(flavor = "multi_thread")]
async fn short_calls_hold_little() {
    let (gateway, _provider) = world(Protocol::OpenAi, LATE, 8).await;
    // What is billed for a call is $0.00009.
    add(&gateway, "0.0025").await;
    let key = gateway.key().to_owned();
    let form = Arc::new(chat("ordinary", &json!("Hi")));
    assert_eq!(answered(&Arc::new(gateway), &key, &form).await, CALLERS);
}

/// Many pictures, names that nobody counted, and fields nobody knows: as many begin as can be paid
/// for, and at most one more.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_certain_is_overspent_once() {
    let small = "data:image/png;base64,iVBORw0KGgoAAAA";
    let picture = json!({ "type": "image_url", "image_url": { "url": small } });
    let pictures = chat("pictures", &json!(vec![picture; 20]));
    let mut named = chat("names", &json!("a"));
    named.body["messages"] =
        json!(vec![json!({ "role": "user", "name": "word_".repeat(40), "content": "a" }); 100]);
    let mut known_to_nobody = chat("a field", &json!("a"));
    known_to_nobody.body["prediction"] =
        json!({ "type": "content", "content": "word ".repeat(90) });
    // What the provider bills, what is there, and how many are answered of it at most.
    for (form, tokens, credit, most) in
        [(pictures, 30_000, "1", 4), (named, 5_500, "0.08", 2), (known_to_nobody, 143, "0.002", 2)]
    {
        let (gateway, _provider) = world(form.protocol, LATE, tokens).await;
        add(&gateway, credit).await;
        let (gateway, form) = (Arc::new(gateway), Arc::new(form));
        let key = gateway.key().to_owned();
        let answered = answered(&gateway, &key, &form).await;
        assert!((1..=most).contains(&answered), "{}: {answered}", form.name);
        let one = Usd::from_nanos(i64::try_from(tokens + 1).unwrap() * 10_000);
        let floor = Usd::ZERO.checked_sub(one).unwrap();
        let left = balance(&gateway).await.available;
        assert!(left >= floor, "{}: {left}", form.name);
    }
}

/// Half a dollar is enough for what costs a cent and a half, whatever its body weighs.
#[tokio::test]
async fn what_costs_little_is_not_refused_to_who_has_little() {
    let data = |kilobytes: usize| "A".repeat(kilobytes * 1_000 * 4 / 3);
    let drawn = format!("data:image/png;base64,{}", data(300));
    let source = |kind: &str, media: &str, kilobytes: usize| {
        json!({ "type": kind, "source": { "type": "base64", "media_type": media,
            "data": data(kilobytes) } })
    };
    let inline = |media: &str, kilobytes: usize| json!({ "inlineData": { "mimeType": media, "data": data(kilobytes) } });
    let pdf = json!([{ "type": "file", "file": { "filename": "a.pdf",
        "file_data": format!("data:application/pdf;base64,{}", data(300)) } }]);
    let mut sent_back = chat("a picture sent back", &json!("draw"));
    sent_back.body["messages"] = json!([
        { "role": "user", "content": "draw" },
        { "role": "assistant", "content": "here",
            "images": [{ "type": "image_url", "image_url": { "url": drawn } }] },
        { "role": "user", "content": "bluer" },
    ]);
    let mut filed = chat("metadata", &json!("Hi"));
    let pair = |n: usize| (format!("k{n}"), Value::from("v".repeat(512)));
    filed.body["metadata"] = Value::Object((0..16).map(pair).collect());
    let parts = json!(vec![json!({ "type": "text", "text": "word " }); 2_000]);
    let call = json!([{ "role": "user", "content": "x" }, { "type": "image_generation_call",
        "id": "1", "status": "completed", "result": data(300) }]);
    let beside =
        json!([source("image", "image/png", 300), source("document", "application/pdf", 3)]);
    let file = json!([{ "type": "file", "file": { "filename": "a.png", "file_data": drawn } }]);
    let forms = [
        (chat("a PDF", &pdf), "0.5"),
        (sent_back, "0.5"),
        (responses("a picture as OpenAI has it", &call), "0.5"),
        (messages("a picture beside a document", &beside), "0.5"),
        (
            google(
                "the same at Google",
                &json!([inline("image/png", 300), inline("application/pdf", 3)]),
            ),
            "0.5",
        ),
        (chat("a picture as a file", &file), "0.5"),
        (chat("parts", &parts), "0.3"),
        (filed, "0.03"),
    ];
    for (form, credit) in forms {
        let (gateway, _provider) = world(form.protocol, Duration::ZERO, 1_500).await;
        add(&gateway, credit).await;
        let reply = send(&gateway, gateway.key(), &form).await;
        assert_eq!(reply.status, 200, "{}: {}", form.name, reply.text());
        assert!(balance(&gateway).await.available > Usd::ZERO, "{}", form.name);
    }
}

/// Tokens of a minute are taken for what is usual where what is read at most never fits.
#[tokio::test]
async fn a_document_passes_where_its_every_byte_would_not() {
    let (gateway, _provider) = world(Protocol::OpenAi, Duration::ZERO, 6_000).await;
    add(&gateway, "10").await;
    let minute = json!({ "name": "of a minute", "tokens_per_minute": 60_000 });
    let minute = gateway.call("POST", "/keys").key(gateway.management_key()).json(&minute);
    let minute = minute.send().await.json()["key"].as_str().unwrap().to_owned();
    let data = format!("data:application/pdf;base64,{}", "A".repeat(400_000));
    let file = json!([{ "type": "file", "file": { "filename": "a.pdf", "file_data": data } }]);
    let form = chat("a PDF", &file);
    for _ in 0..6 {
        let reply = send(&gateway, &minute, &form).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    // What is left, 24,000 tokens, is enough for one more, and 18,000 are not.
    assert_eq!(send(&gateway, &minute, &form).await.status, 200);
    let reply = send(&gateway, &minute, &form).await;
    assert_eq!(reply.status, 429, "{}", reply.text());
    assert!(reply.header("retry-after").is_some());
}

/// What nobody knows of an operation is sent on, so it is held for, too.
#[tokio::test]
async fn members_of_operations_that_nobody_knows_are_held_for() {
    let answer = json!({ "object": "list", "model": "m",
        "data": [{ "object": "embedding", "index": 0, "embedding": [0.5] }],
        "usage": { "prompt_tokens": 25_000, "total_tokens": 25_000 } });
    let provider = Canned::start("application/json", answer.to_string()).await;
    let rows = format!(
        "[billing]\nenabled = true\n[[provider]]\nslug = \"acme\"\n\
         protocol = \"openai-chat\"\nbase_url = \"{}\"\napi_key = \"sk\"\n\
         [[model]]\nid = \"acme/m\"\ncontext_length = 200000\noutput = [\"embeddings\"]\n\
         [[endpoint]]\nmodel = \"acme/m\"\nprovider = \"acme\"\nupstream_model = \"m\"\n\
         price = {{ input = \"10\", output = \"0\" }}\n",
        provider.base_url(),
    );
    let gateway = TestGateway::builder().in_memory().config(&rows).start().await;
    add(&gateway, "0.01").await;
    let body =
        |instruction: &str| json!({ "model": "acme/m", "input": "x", "instruction": instruction });
    let long = body(&"word ".repeat(20_000));
    let reply = gateway.post("/embeddings", &long).await;
    assert_eq!(reply.status, 402, "{}", reply.text());
    assert_eq!(balance(&gateway).await.spent, Usd::ZERO);
    assert_eq!(gateway.post("/embeddings", &body("short")).await.status, 200);
}
