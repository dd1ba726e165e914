//! A provider dies in the middle of an answer and the next endpoint goes on: the client reads the
//! whole text once, pays once, and the record shows both. Where that can't be, the answer breaks off
//! as ever.

use std::fmt::Write;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tollgate_simulator::Simulator;
use tollgate_testkit::{Protocol, Reply, Streamed, TestGateway, simulator};

/// Quotes, line breaks, spaces of several widths, characters of every length.
const TEXT: &str =
    "Grüße — \"so\",\n\n  two\tthree 🦀🦀 \u{2003}four.\r\n- five\\six\n- seven, eight and ";

/// A client's dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    Chat,
    Completions,
    Responses,
    Messages,
    Gemini,
    Ollama,
}

const CLIENTS: [Client; 6] = [
    Client::Chat,
    Client::Completions,
    Client::Responses,
    Client::Messages,
    Client::Gemini,
    Client::Ollama,
];

/// What a client made of a stream.
#[derive(Debug, Default)]
struct Told {
    text: String,
    thoughts: String,
    /// Ends without an error.
    ended: bool,
    failed: bool,
    prompt_tokens: u64,
    completion_tokens: u64,
}

impl Client {
    async fn asks(self, gateway: &TestGateway, text: &str, more: Value) -> Reply {
        let model = "acme/m";
        let messages = json!([{ "role": "user", "content": text }]);
        let (path, body) = match self {
            Self::Chat => ("/api/v1/chat/completions", json!({ "messages": messages })),
            Self::Completions => ("/api/v1/completions", json!({ "prompt": text })),
            Self::Responses => ("/api/v1/responses", json!({ "input": text })),
            Self::Messages => {
                ("/api/v1/messages", json!({ "messages": messages, "max_tokens": 500 }))
            }
            Self::Gemini => (
                "/api/v1beta/models/acme/m:streamGenerateContent?alt=sse",
                json!({ "contents": [{ "role": "user", "parts": [{ "text": text }] }] }),
            ),
            Self::Ollama => ("/api/chat", json!({ "messages": messages })),
        };
        let mut body = body;
        let members = body.as_object_mut().unwrap();
        if self != Self::Gemini {
            members.insert("model".to_owned(), model.into());
            members.insert("stream".to_owned(), true.into());
        }
        members.extend(more.as_object().unwrap().clone());
        gateway.at("POST", path).key(gateway.key()).json(&body).send().await
    }

    /// Reads a stream as strictly as the dialect's clients do.
    fn reads(self, reply: &Reply) -> Told {
        let stream = reply.text();
        assert_eq!(reply.status, 200, "{stream}");
        let lines = stream.lines().map(str::trim);
        let events: Vec<Value> = lines
            .filter_map(|line| match self {
                Self::Ollama => Some(line),
                _ => line.strip_prefix("data: "),
            })
            .filter(|line| !line.is_empty() && *line != "[DONE]")
            .map(|line| serde_json::from_str(line).unwrap_or_else(|it| panic!("{it}: {line}")))
            .collect();
        let mut told = Told::default();
        match self {
            Self::Chat | Self::Completions => chunks(&events, &stream, &mut told),
            Self::Responses => responses(&events, &mut told),
            Self::Messages => messages(&events, &mut told),
            Self::Gemini => gemini(&events, &mut told),
            Self::Ollama => ollama(&events, &mut told),
        }
        told
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn chunks(events: &[Value], stream: &str, told: &mut Told) {
    assert_eq!(stream.matches("[DONE]").count(), 1, "{stream}");
    let mut speakers = 0;
    for event in events {
        assert!(!told.ended && !told.failed, "{stream}");
        assert_eq!(event["id"], events[0]["id"]);
        let choice = &event["choices"][0];
        told.text.push_str(text(&choice["delta"]["content"]));
        told.text.push_str(text(&choice["text"]));
        told.thoughts.push_str(text(&choice["delta"]["reasoning"]));
        speakers += usize::from(choice["delta"]["role"] == "assistant");
        told.failed = !event["error"].is_null();
        if event["usage"].is_object() {
            told.ended = !told.failed;
            told.prompt_tokens = event["usage"]["prompt_tokens"].as_u64().unwrap();
            told.completion_tokens = event["usage"]["completion_tokens"].as_u64().unwrap();
        }
    }
    assert!(speakers <= 1, "{stream}");
}

fn responses(events: &[Value], told: &mut Told) {
    let mut done = String::new();
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], at, "{event}");
        match text(&event["type"]) {
            "response.output_text.delta" => told.text.push_str(text(&event["delta"])),
            "response.output_text.done" => done.push_str(text(&event["text"])),
            "response.completed" => {
                let output = event["response"]["output"].as_array().unwrap();
                let whole = output.iter().map(|item| text(&item["content"][0]["text"]));
                assert_eq!(whole.collect::<String>(), told.text);
                assert_eq!(done, told.text);
                let usage = &event["response"]["usage"];
                told.prompt_tokens = usage["input_tokens"].as_u64().unwrap();
                told.completion_tokens = usage["output_tokens"].as_u64().unwrap();
                told.ended = true;
            }
            "response.failed" | "error" => told.failed = true,
            _ => {}
        }
    }
}

fn messages(events: &[Value], told: &mut Told) {
    let (mut blocks, mut open) = (0, None);
    for (at, event) in events.iter().enumerate() {
        assert!(!told.failed, "{events:?}");
        let index = event["index"].as_u64();
        match text(&event["type"]) {
            "message_start" => assert_eq!(at, 0, "{events:?}"),
            "content_block_start" => {
                assert_eq!((index, open), (Some(blocks), None), "{events:?}");
                open = index;
                blocks += 1;
            }
            "content_block_delta" => {
                assert!(open.is_some() && open == index, "{events:?}");
                told.text.push_str(text(&event["delta"]["text"]));
                told.thoughts.push_str(text(&event["delta"]["thinking"]));
            }
            "content_block_stop" => {
                assert!(open.is_some() && open == index, "{events:?}");
                open = None;
            }
            "message_delta" => {
                assert!(open.is_none(), "{events:?}");
                told.prompt_tokens = event["usage"]["input_tokens"].as_u64().unwrap();
                told.completion_tokens = event["usage"]["output_tokens"].as_u64().unwrap();
            }
            "message_stop" => told.ended = true,
            "error" => told.failed = true,
            "ping" => {}
            other => panic!("{other}"),
        }
    }
}

fn gemini(events: &[Value], told: &mut Told) {
    for event in events {
        assert!(!told.failed, "{events:?}");
        told.failed = !event["error"].is_null();
        let candidate = &event["candidates"][0];
        let parts = candidate["content"]["parts"].as_array();
        for part in parts.into_iter().flatten() {
            let place = if part["thought"] == true { &mut told.thoughts } else { &mut told.text };
            place.push_str(text(&part["text"]));
        }
        told.ended |= candidate["finishReason"] == "STOP";
        let count = |name: &str| event["usageMetadata"][name].as_u64().unwrap_or_default();
        told.prompt_tokens = count("promptTokenCount");
        told.completion_tokens = count("candidatesTokenCount") + count("thoughtsTokenCount");
    }
}

fn ollama(events: &[Value], told: &mut Told) {
    for event in events {
        assert!(!told.failed && !told.ended, "{events:?}");
        told.failed = !event["error"].is_null();
        told.text.push_str(text(&event["message"]["content"]));
        told.thoughts.push_str(text(&event["message"]["thinking"]));
        told.ended = event["done"] == true;
        told.prompt_tokens = event["prompt_eval_count"].as_u64().unwrap_or_default();
        told.completion_tokens = event["eval_count"].as_u64().unwrap_or_default();
    }
}

/// `acme/m` at three providers, the cheapest first. Each goes on with what another began.
async fn world(simulator: &Simulator, endpoints: &[(Protocol, &str)], limits: &str) -> TestGateway {
    let mut rows = format!("[limits]\n{limits}\n[[model]]\nid = \"acme/m\"\noutput = [\"text\"]\n");
    for (at, (protocol, model)) in endpoints.iter().enumerate() {
        let slug = ["first", "second", "third"][at];
        let (base_url, price) = (protocol.base_url(simulator), [1, 10, 20][at]);
        let (name, protocol) = (slug.to_uppercase(), protocol.as_str());
        writeln!(
            rows,
            "[[provider]]\nslug = \"{slug}\"\nname = \"{name}\"\nprotocol = \"{protocol}\"\n\
             base_url = \"{base_url}\"\napi_key = \"sk-{slug}\"\nquirks = {{ prefill = \"plain\" }}\n\
             [[endpoint]]\nmodel = \"acme/m\"\nprovider = \"{slug}\"\nupstream_model = \"{model}\"\n\
             price = {{ input = \"{price}\", output = \"{}\" }}",
            price * 2
        )
        .unwrap();
    }
    TestGateway::builder().in_memory().config(&rows).start().await
}

async fn record_of(gateway: &TestGateway, id: Option<&str>) -> Value {
    gateway.generation(id.unwrap()).await
}

/// A chat whose stream is held to all that the contract says of one.
async fn chats(gateway: &TestGateway, asked: &str, more: Value) -> Streamed {
    let mut body = json!({ "model": "acme/m", "messages": [{ "role": "user", "content": asked }] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    gateway.chat_stream(body).await
}

fn attempts(record: &Value) -> Vec<(&str, bool, bool)> {
    let attempts = record["provider_responses"].as_array().unwrap();
    let of = |it: &'_ Value| (it["fault"].is_string(), it["continued"] == true);
    attempts.iter().map(|it| (text(&it["provider_name"]), of(it).0, of(it).1)).collect()
}

/// Cuts the first endpoint's answer after every one of its events.
async fn cut_everywhere(client: Client, first: Protocol, second: Protocol) {
    let simulator = simulator().await;
    for at in 1.. {
        let model = format!("echo+cut-after:{at}");
        let gateway = world(&simulator, &[(first, &model), (second, "echo")], "").await;
        let streamed = client.asks(&gateway, TEXT, json!({})).await;
        let context = format!("{client:?} {first:?} {second:?} {at}: {}", streamed.text());
        let told = client.reads(&streamed);
        assert_eq!(told.text, TEXT, "{context}");
        assert!(told.ended && !told.failed, "{context}");
        let record = record_of(&gateway, streamed.header("x-generation-id")).await;
        let attempts = attempts(&record);
        if attempts.len() == 1 {
            assert!(at > 5, "{context}");
            return;
        }
        assert_eq!(attempts, [("FIRST", true, false), ("SECOND", false, true)], "{context}");
        assert_eq!(record["error"], Value::Null, "{record}");
        assert_eq!(record["finish_reason"], "stop", "{record}");
        assert_eq!(record["tokens_completion"], told.completion_tokens, "{record}");
        assert!(told.completion_tokens > 5, "{record}");
        let whole = gateway.spent().await.as_f64().unwrap();
        assert!((record["total_cost"].as_f64().unwrap() - whole).abs() < 1e-12, "{record}");
        assert!(whole > 0.0, "{record}");
    }
}

async fn all(pairs: Vec<(Client, Protocol, Protocol)>) {
    let mut tasks = JoinSet::new();
    for (client, first, second) in pairs {
        tasks.spawn(cut_everywhere(client, first, second));
    }
    tasks.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_relays_and_is_cut_is_continued() {
    all(vec![
        (Client::Chat, Protocol::OpenAi, Protocol::OpenAi),
        (Client::Chat, Protocol::Azure, Protocol::Mistral),
        (Client::Messages, Protocol::Anthropic, Protocol::Anthropic),
        (Client::Messages, Protocol::VertexAnthropic, Protocol::OpenAi),
        (Client::Gemini, Protocol::Gemini, Protocol::Gemini),
        (Client::Gemini, Protocol::Vertex, Protocol::Bedrock),
        (Client::Ollama, Protocol::Ollama, Protocol::Ollama),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_of_a_translated_answer_is_told_the_rest() {
    let firsts = [Protocol::Bedrock, Protocol::Cohere, Protocol::Mistral];
    let seconds = [Protocol::Ollama, Protocol::Anthropic, Protocol::Gemini];
    let pairs = CLIENTS
        .iter()
        .enumerate()
        .map(|(at, client)| (*client, firsts[at % firsts.len()], seconds[at % seconds.len()]));
    all(pairs.collect()).await;
}

#[tokio::test]
async fn every_kind_of_death_is_survived() {
    let simulator = simulator().await;
    for (fault, word) in [
        ("reset-after:3", "truncated"),
        ("end-after:3", "truncated"),
        ("garbage-after:3", "broken"),
        ("error-after:3", "broken overloaded rate_limited"),
        ("stall-after:3", "timeout"),
        ("cut-after:3+drip:5", "truncated"),
        ("stall-after:3+coalesce", "timeout"),
    ] {
        for first in [Protocol::OpenAi, Protocol::Anthropic, Protocol::Gemini, Protocol::Ollama] {
            let patience = if fault.starts_with("stall") { 1_000 } else { 20_000 };
            let limits = format!("idle_timeout_ms = {patience}\nkeep_alive_ms = 60");
            let model = format!("echo+{fault}");
            let endpoints = [(first, model.as_str()), (Protocol::Mistral, "echo")];
            let gateway = world(&simulator, &endpoints, &limits).await;
            let streamed = chats(&gateway, TEXT, json!({})).await;
            let context = format!("{first:?} {fault}: {}", streamed.text);
            let said = streamed.said();
            assert_eq!(said.text, TEXT, "{context}");
            assert_eq!(said.finish, "stop", "{context}");
            let record = record_of(&gateway, streamed.header("x-generation-id")).await;
            let told = text(&record["provider_responses"][0]["fault"]);
            assert!(word.split(' ').any(|it| it == told), "{context}: {record}");
        }
    }
}

#[tokio::test]
async fn what_was_asked_for_is_the_rest_and_no_more() {
    let simulator = simulator().await;
    let endpoints = [(Protocol::OpenAi, "echo+cut-after:2"), (Protocol::Anthropic, "echo")];
    let gateway = world(&simulator, &endpoints, "").await;
    let asked = "one two three four five six";
    let more = json!({ "max_tokens": 100, "reasoning": { "effort": "high" } });
    let said = chats(&gateway, asked, more).await.said();
    assert_eq!(said.text, asked);
    let sent = simulator.requests().pop().unwrap().json();
    let messages = sent["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2, "{sent}");
    let begun = text(&messages[1]["content"][0]["text"]);
    assert!(asked.starts_with(begun) && begun.starts_with("one two"), "{sent}");
    assert_eq!(begun.trim_end(), begun, "{sent}");
    let left = sent["max_tokens"].as_u64().unwrap();
    assert!((95..100).contains(&left), "{sent}");
    assert_ne!(sent["thinking"]["type"], "enabled", "{sent}");
}

/// Who has thoughts told already is not asked for more.
#[tokio::test]
async fn whoever_goes_on_is_not_asked_to_think() {
    let simulator = simulator().await;
    let endpoints = [(Protocol::OpenAi, "echo+cut-after:2"), (Protocol::OpenAi, "echo")];
    let gateway = world(&simulator, &endpoints, "").await;
    let more = json!({ "reasoning": { "effort": "high" } });
    let said = chats(&gateway, "one two three four five six", more).await.said();
    assert_eq!(said.text, "one two three four five six");
    let sent = simulator.requests();
    assert_eq!(sent[0].json()["reasoning_effort"], "high");
    assert_ne!(sent[1].json()["reasoning_effort"], "high");
}

/// The beginning at the first price, the rest at the second, the question once.
#[tokio::test]
async fn each_share_is_priced_once() {
    let simulator = simulator().await;
    let endpoints = [(Protocol::OpenAi, "echo+cut-after:3"), (Protocol::Mistral, "echo")];
    let gateway = world(&simulator, &endpoints, "").await;
    let streamed = chats(&gateway, "one two three four five six", json!({})).await;
    let said = streamed.said();
    let prompt = said.count("/prompt_tokens");
    let completion = said.count("/completion_tokens");
    let record = record_of(&gateway, streamed.header("x-generation-id")).await;
    assert_eq!(record["is_estimated"], true, "{record}");
    // The simulator counts what it writes: the rest of the words.
    let rest = 3;
    let begun = completion - rest;
    assert!((2..5).contains(&begun), "{record}");
    let nanos = prompt * 1_000 + begun * 2_000 + rest * 20_000;
    assert_eq!(u64::try_from(said.cost().nanos()).unwrap(), nanos, "{record}");
    // The second question is the operator's: what was asked and what was said until then.
    let upstream = record["upstream_inference_cost"].as_f64().unwrap() * 1e9;
    let question = upstream - f64::from(u32::try_from(nanos).unwrap());
    assert!(question >= 6.0 * 10_000.0 - 0.5, "{record}");
    assert_eq!(record["usage"].as_f64(), gateway.spent().await.as_f64(), "{record}");
}

#[tokio::test]
async fn whoever_goes_on_may_die_too() {
    let simulator = simulator().await;
    let endpoints = [
        (Protocol::Anthropic, "echo+cut-after:3"),
        (Protocol::Gemini, "echo+cut-after:3"),
        (Protocol::Ollama, "echo"),
    ];
    for client in [Client::Chat, Client::Messages, Client::Responses] {
        let gateway = world(&simulator, &endpoints, "").await;
        let streamed = client.asks(&gateway, TEXT, json!({})).await;
        let told = client.reads(&streamed);
        assert_eq!(told.text, TEXT, "{client:?}: {}", streamed.text());
        let record = record_of(&gateway, streamed.header("x-generation-id")).await;
        let expected = [("FIRST", true, false), ("SECOND", true, true), ("THIRD", false, true)];
        assert_eq!(attempts(&record), expected, "{record}");
        assert_eq!(record["tokens_completion"], told.completion_tokens, "{record}");
    }
}

#[tokio::test]
async fn the_next_one_is_asked_when_one_refuses() {
    let simulator = simulator().await;
    let endpoints = [
        (Protocol::OpenAi, "echo+cut-after:3"),
        (Protocol::Mistral, "echo+status:503"),
        (Protocol::Gemini, "echo+delay:500"),
    ];
    let gateway = world(&simulator, &endpoints, "").await;
    let streamed = chats(&gateway, TEXT, json!({})).await;
    assert_eq!(streamed.said().text, TEXT, "{}", streamed.text);
    let record = record_of(&gateway, streamed.header("x-generation-id")).await;
    let expected = [("FIRST", true, false), ("SECOND", true, true), ("THIRD", false, true)];
    assert_eq!(attempts(&record), expected, "{record}");
    // The client's first word came long before.
    assert!(record["latency"].as_u64().unwrap() < 500, "{record}");
    assert!(record["generation_time"].as_u64().unwrap() >= 500, "{record}");
}

#[tokio::test]
async fn when_nobody_goes_on_the_answer_breaks_off_as_ever() {
    let simulator = simulator().await;
    let endpoints =
        [(Protocol::OpenAi, "echo+cut-after:3"), (Protocol::Mistral, "echo+status:500")];
    for client in CLIENTS {
        let gateway = world(&simulator, &endpoints, "").await;
        let streamed = client.asks(&gateway, TEXT, json!({})).await;
        let told = client.reads(&streamed);
        assert!(told.failed && !told.ended, "{client:?}: {}", streamed.text());
        assert!(!told.text.is_empty() && TEXT.starts_with(&told.text), "{}", streamed.text());
        let record = record_of(&gateway, streamed.header("x-generation-id")).await;
        let expected = [("FIRST", true, false), ("SECOND", true, true)];
        assert_eq!(attempts(&record), expected, "{record}");
        assert_eq!(record["provider_responses"][0]["fault"], "truncated", "{record}");
        assert_eq!(record["total_cost"].as_f64(), Some(0.0), "{record}");
        assert_eq!(gateway.spent().await.as_f64(), Some(0.0));
        // Nothing is counted twice for having been tried.
        let alone = world(&simulator, &endpoints[..1], "").await;
        let streamed = client.asks(&alone, TEXT, json!({})).await;
        let before = record_of(&alone, streamed.header("x-generation-id")).await;
        for counted in ["tokens_prompt", "tokens_completion", "upstream_inference_cost"] {
            assert_eq!(record[counted], before[counted], "{record}");
        }
    }
}

#[tokio::test]
async fn what_can_not_be_said_again_is_not_continued() {
    let simulator = simulator().await;
    let tool = json!([{ "type": "function", "function": { "name": "add", "parameters": {
        "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"] } } }]);
    let schema = json!({ "type": "json_schema", "json_schema": { "name": "x", "strict": true, "schema": {
        "type": "object", "properties": {}, "additionalProperties": false } } });
    for (model, more) in [
        ("tools+cut-after:2", json!({ "tools": tool })),
        ("echo+cut-after:2", json!({ "response_format": schema })),
        ("echo+cut-after:2", json!({ "response_format": { "type": "json_object" } })),
        ("echo+cut-after:2", json!({ "logprobs": true })),
    ] {
        let endpoints = [(Protocol::OpenAi, model), (Protocol::OpenAi, "echo")];
        let gateway = world(&simulator, &endpoints, "").await;
        let asked = "one two three four five six seven eight";
        let streamed = chats(&gateway, asked, more.clone()).await;
        streamed.broken_off();
        let record = record_of(&gateway, streamed.header("x-generation-id")).await;
        assert_eq!(attempts(&record), [("FIRST", true, false)], "{record}");
    }
}

/// Thoughts are told once; whoever goes on thinks no more, and before the first text anybody may.
#[tokio::test]
async fn thoughts_are_not_thought_twice() {
    let simulator = simulator().await;
    let asked = "Tell me of the harbour";
    let more = json!({ "reasoning": { "effort": "high" } });
    let whole = {
        let gateway = world(&simulator, &[(Protocol::OpenAi, "think")], "").await;
        chats(&gateway, asked, more.clone()).await.said()
    };
    assert!(!whole.reasoning.is_empty());
    for at in 1..200 {
        let model = format!("think+cut-after:{at}");
        let endpoints = [(Protocol::OpenAi, model.as_str()), (Protocol::OpenAi, "think")];
        let gateway = world(&simulator, &endpoints, "").await;
        let streamed = chats(&gateway, asked, more.clone()).await;
        let said = streamed.said();
        assert_eq!(said.text, whole.text, "{at}: {}", streamed.text);
        assert!(whole.reasoning.starts_with(&said.reasoning), "{at}: {}", streamed.text);
        let record = record_of(&gateway, streamed.header("x-generation-id")).await;
        if attempts(&record).len() == 1 {
            assert_eq!(said.reasoning, whole.reasoning);
            return;
        }
    }
    panic!("the answer has no end");
}

/// What the caller wrote of the answer and what was told of it are one beginning, where the provider
/// that died goes on with such; one that does not began anew.
#[tokio::test]
async fn an_answer_that_the_caller_began_goes_on_too() {
    let simulator = simulator().await;
    let asked = "one two three four five six seven eight";
    let more = json!({ "messages": [
        { "role": "user", "content": asked },
        { "role": "assistant", "content": "one two" },
    ] });
    for first in [Protocol::OpenAi, Protocol::Anthropic, Protocol::Bedrock] {
        let endpoints = [(first, "echo+cut-after:2"), (Protocol::Mistral, "echo")];
        let gateway = world(&simulator, &endpoints, "").await;
        let said = chats(&gateway, asked, more.clone()).await.said();
        assert_eq!(said.text, " three four five six seven eight", "{first:?}");
        let sent = simulator.requests().pop().unwrap().json();
        let messages = sent["messages"].as_array().unwrap();
        assert_eq!(messages.len(), 2, "{sent}");
        assert!(messages[1].to_string().contains("one two three"), "{sent}");
    }
    let endpoints = [(Protocol::Azure, "echo+cut-after:2"), (Protocol::Mistral, "echo")];
    let gateway = world(&simulator, &endpoints, "").await;
    chats(&gateway, asked, more).await.broken_off();
}

/// Neither a tick nor a patience lies between the fault and the next request.
#[tokio::test]
async fn nothing_waits_between_the_fault_and_the_next_request() {
    let simulator = simulator().await;
    let endpoints = [(Protocol::OpenAi, "echo+cut-after:3"), (Protocol::Mistral, "echo")];
    let gateway = world(&simulator, &endpoints, "keep_alive_ms = 5000").await;
    let mut times = Vec::new();
    for _ in 0..9 {
        let begin = tokio::time::Instant::now();
        assert_eq!(chats(&gateway, TEXT, json!({})).await.said().text, TEXT);
        times.push(begin.elapsed());
    }
    times.sort();
    assert!(times[4] < std::time::Duration::from_millis(250), "{times:?}");
}

/// A client that leaves while the next endpoint is asked pays for what it was told.
#[tokio::test]
async fn who_hangs_up_in_between_pays_the_beginning() {
    let simulator = simulator().await;
    let endpoints = [(Protocol::OpenAi, "echo+cut-after:3"), (Protocol::Mistral, "echo+hang")];
    let gateway = world(&simulator, &endpoints, "").await;
    let body = json!({ "model": "acme/m", "messages": [{ "role": "user", "content": TEXT }] });
    let mut stream = gateway.open_stream(body).await;
    let id = stream.id();
    stream.next_text().await;
    tollgate_testkit::eventually("the next is asked", || async {
        (simulator.requests().len() >= 2).then_some(())
    })
    .await;
    drop(stream);
    let record = gateway.generation(&id).await;
    assert_eq!(record["cancelled"], true, "{record}");
    assert_eq!(record["provider_name"], "FIRST", "{record}");
    let cost = record["total_cost"].as_f64().unwrap();
    assert!(cost > 0.0, "{record}");
    assert_eq!(gateway.spent().await.as_f64(), Some(cost), "{record}");
}
