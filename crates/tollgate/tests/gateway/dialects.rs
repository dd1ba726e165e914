//! What a caller can ask of a model is answered the same by every protocol, whole and streamed
//! (contract §2, §3.1–3.3). The configuration is a file as `docs/configuration.md` has it.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tollgate_simulator::Simulator;
use tollgate_testkit::{Protocol, Reply, Said, Streamed, TestGateway, simulator};

/// A gateway with one provider per protocol, each serving `<slug>/<model>` for every model of the
/// simulator.
struct World {
    gateway: TestGateway,
    simulator: Simulator,
}

/// The protocols of the first three families, each in depth; the matrix covers the rest.
const PROTOCOLS: [Protocol; 3] = [Protocol::OpenAi, Protocol::Anthropic, Protocol::Gemini];
const MODELS: [&str; 7] = ["echo", "prose", "tools", "json", "think", "vision", "cached"];

const fn slug(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::OpenAi => "acme",
        Protocol::Anthropic => "bravo",
        _ => "civic",
    }
}

/// As an operator writes it.
fn file(simulator: &Simulator) -> String {
    let provider = |protocol: Protocol| {
        let base = protocol.base_url(simulator);
        let (slug, protocol) = (slug(protocol), protocol.as_str());
        format!(
            r#"
            [[provider]]
            slug     = "{slug}"
            name     = "The {slug} company"
            protocol = "{protocol}"
            base_url = "{base}"
            api_key  = "env:THE_KEY"
            region   = "eu"
            "#
        )
    };
    let model = |slug: &str, model: &str| {
        format!(
            r#"
            [[model]]
            id             = "{slug}/{model}"
            name           = "{slug}: {model}"
            context_length = 128000
            input          = ["text", "image"]
            output         = ["text"]

            [[endpoint]]
            model          = "{slug}/{model}"
            provider       = "{slug}"
            upstream_model = "{model}"
            max_output     = 16384
            price          = {{ input = "2", output = "10", cache_read = "0.5" }}
            "#
        )
    };
    let rows = |protocol| {
        let models = MODELS.iter().map(|name| model(slug(protocol), name));
        provider(protocol) + &models.collect::<String>()
    };
    PROTOCOLS.into_iter().map(rows).collect()
}

impl World {
    async fn new() -> Self {
        let simulator = simulator().await;
        let builder = TestGateway::builder().config(&file(&simulator)).env([("THE_KEY", "sk-1")]);
        Self { gateway: builder.start().await, simulator }
    }

    /// Asks for `model` of `protocol`, whole and streamed. Both must say the same; the whole one is
    /// returned.
    async fn ask(&self, protocol: Protocol, model: &str, mut body: Value) -> Said {
        body["model"] = format!("{}/{model}", slug(protocol)).into();
        let whole = self.gateway.chat(body.clone()).await;
        let streamed = self.gateway.chat_stream(body.clone()).await;
        let context = format!("{protocol:?} {model}: {} {}", whole.text(), streamed.text);
        let (said, spoken) = (whole.said(), streamed.said());
        has_its_form(&whole, &streamed, protocol, &context);
        let essence = |it: &Said| {
            let names = |it: &Said| -> Vec<(String, Value)> {
                let json = |text: &str| serde_json::from_str(text).unwrap();
                it.calls.iter().map(|call| (call.name.clone(), json(&call.arguments))).collect()
            };
            (
                it.text.clone(),
                it.reasoning.clone(),
                names(it),
                it.finish.clone(),
                it.native_finish.clone(),
                it.usage.clone(),
            )
        };
        assert_eq!(essence(&said), essence(&spoken), "{context}");
        said
    }
}

/// What §3.1 to §3.3 ask of every answer.
fn has_its_form(whole: &Reply, streamed: &Streamed, protocol: Protocol, context: &str) {
    let name = format!("The {} company", slug(protocol));
    for (said, id, provider) in [
        (whole.said(), whole.header("x-generation-id"), whole.header("x-provider-name")),
        (streamed.said(), streamed.header("x-generation-id"), streamed.header("x-provider-name")),
    ] {
        assert_eq!(Some(said.id.as_str()), id, "{context}");
        assert_eq!(provider, Some(name.as_str()), "{context}");
        assert_eq!(said.provider, name, "{context}");
        assert!(said.model.starts_with(slug(protocol)), "{context}");
        let total = said.count("/prompt_tokens") + said.count("/completion_tokens");
        assert_eq!(said.count("/total_tokens"), total, "{context}");
        assert_eq!(said.usage["is_byok"], false, "{context}");
        assert_eq!(said.usage["cost"], said.usage["cost_details"]["upstream_inference_cost"]);
        for pointer in [
            "/prompt_tokens_details/cached_tokens",
            "/prompt_tokens_details/cache_write_tokens",
            "/completion_tokens_details/reasoning_tokens",
        ] {
            said.count(pointer);
        }
    }
    let message = &whole.json()["choices"][0]["message"];
    assert_eq!(message["role"], "assistant", "{context}");
    for member in ["content", "refusal"] {
        assert!(message.get(member).is_some(), "{member}: {context}");
    }
}

fn user(text: &str) -> Value {
    json!([{ "role": "user", "content": text }])
}

/// The provider's words for its reasons to end.
fn native(protocol: Protocol, finish: &str) -> &'static str {
    match (protocol, finish) {
        (Protocol::OpenAi, "stop") => "stop",
        (Protocol::OpenAi, "length") => "length",
        (Protocol::OpenAi, _) => "tool_calls",
        (Protocol::Anthropic, "stop") => "end_turn",
        (Protocol::Anthropic, "length") => "max_tokens",
        (Protocol::Anthropic, _) => "tool_use",
        (Protocol::Gemini, "length") => "MAX_TOKENS",
        _ => "STOP",
    }
}

#[tokio::test]
async fn text_goes_through() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let text = "Grüße, \"世界\" \u{1F30D}\n\tund zurück";
        let said = world.ask(protocol, "echo", json!({ "messages": user(text) })).await;
        assert_eq!(said.text, text, "{protocol:?}");
        assert_eq!(said.finish, "stop", "{protocol:?}");
        assert_eq!(said.native_finish, native(protocol, "stop"), "{protocol:?}");
        assert_eq!(
            said.cost().nanos(),
            i64::try_from(12 * said.count("/prompt_tokens")).unwrap() * 1000
        );
        let prose = world.ask(protocol, "prose", json!({ "messages": user("Tell me") })).await;
        assert!(prose.text.len() > 200, "{protocol:?}: {}", prose.text);
    }
}

#[tokio::test]
async fn system_and_developer_prompts_arrive_as_the_protocol_has_them() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let messages = json!([
            { "role": "system", "content": "Be brief." },
            { "role": "developer", "content": [{ "type": "text", "text": "Speak plainly." }] },
            { "role": "user", "content": [{ "type": "text", "text": "One" }, { "type": "text", "text": "two" }] },
        ]);
        let said = world.ask(protocol, "echo", json!({ "messages": messages })).await;
        assert_eq!(said.text, "One\ntwo", "{protocol:?}");
        let request = world.simulator.requests().pop().unwrap().json().to_string();
        for part in ["Be brief.", "Speak plainly."] {
            assert_eq!(request.matches(part).count(), 1, "{protocol:?}: {request}");
        }
        assert!(said.count("/prompt_tokens") >= 6, "{protocol:?}: {}", said.usage);
    }
}

fn tools() -> Value {
    let tool = |name: &str, parameter: &str| {
        json!({ "type": "function", "function": {
            "name": name,
            "description": format!("Looks up the {name}"),
            "parameters": {
                "type": "object",
                "properties": { parameter: { "type": "string" } },
                "required": [parameter],
            },
        } })
    };
    json!([tool("get_weather", "city"), tool("get_time", "zone")])
}

#[tokio::test]
async fn tools_are_called_one_or_several_and_their_results_come_back() {
    let world = World::new().await;
    let cases = [
        ("Use get_weather for Oslo", json!({}), vec!["get_weather"]),
        ("Use get_weather and get_time for Oslo", json!({}), vec!["get_weather", "get_time"]),
        (
            "Say hello",
            json!({ "tool_choice": { "type": "function", "function": { "name": "get_time" } } }),
            vec!["get_time"],
        ),
        ("Use get_time", json!({ "tool_choice": "none" }), vec![]),
        (
            "Use get_weather and get_time",
            json!({ "tool_choice": "required", "parallel_tool_calls": false }),
            vec!["get_weather"],
        ),
    ];
    for protocol in PROTOCOLS {
        for (text, mut body, expected) in cases.clone() {
            // Gemini has no way to ask for one call at most.
            if protocol == Protocol::Gemini && body.get("parallel_tool_calls").is_some() {
                continue;
            }
            body["messages"] = user(text);
            body["tools"] = tools();
            let said = world.ask(protocol, "tools", body.clone()).await;
            let names: Vec<&str> = said.calls.iter().map(|call| call.name.as_str()).collect();
            assert_eq!(names, expected, "{protocol:?}: {text}");
            if expected.is_empty() {
                assert_eq!(said.finish, "stop", "{protocol:?}: {text}");
                continue;
            }
            assert_eq!(said.finish, "tool_calls", "{protocol:?}: {text}");
            assert_eq!(said.native_finish, native(protocol, "tool_calls"), "{protocol:?}: {text}");
            give_results(&world, protocol, body, &said).await;
        }
    }
}

/// Sends the results of the tools that were called, and reads the answer that uses them.
async fn give_results(world: &World, protocol: Protocol, mut body: Value, said: &Said) {
    let calls: Vec<Value> = said
        .calls
        .iter()
        .map(|call| {
            let function = json!({ "name": call.name, "arguments": call.arguments });
            json!({ "id": call.id, "type": "function", "function": function })
        })
        .collect();
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(json!({ "role": "assistant", "content": null, "tool_calls": calls }));
    let mut expected = Vec::new();
    for (index, call) in said.calls.iter().enumerate() {
        assert!(!call.id.is_empty(), "{protocol:?}");
        let content = format!("result {index}");
        expected.push(format!("{}: {content}", call.name));
        messages.push(json!({ "role": "tool", "tool_call_id": call.id, "content": content }));
    }
    body["tool_choice"] = "auto".into();
    let said = world.ask(protocol, "tools", body).await;
    for part in &expected {
        assert!(
            said.text.contains(part.rsplit(": ").next().unwrap()),
            "{protocol:?}: {}",
            said.text
        );
    }
    assert_eq!(said.text, format!("Tool results: {}", expected.join("; ")), "{protocol:?}");
    assert_eq!(said.finish, "stop", "{protocol:?}");
}

#[tokio::test]
async fn images_arrive_by_data_uri() {
    let world = World::new().await;
    let image = |kind: &str| json!({ "type": "image_url", "image_url": { "url": format!("data:{kind};base64,AAECAwQF") } });
    for protocol in PROTOCOLS {
        let content =
            json!([{ "type": "text", "text": "Look" }, image("image/png"), image("image/jpeg")]);
        let body = json!({ "messages": [{ "role": "user", "content": content }] });
        let said = world.ask(protocol, "vision", body).await;
        let expected = "I see 2 images.\n[image: image/png, 6 bytes]\n[image: image/jpeg, 6 bytes]";
        assert_eq!(said.text, expected, "{protocol:?}");
        assert!(said.count("/prompt_tokens") >= 170, "{protocol:?}");
    }
}

#[tokio::test]
async fn structured_output_follows_its_schema() {
    let world = World::new().await;
    let schema = json!({
        "type": "object",
        "properties": { "city": { "type": "string" }, "degrees": { "type": "integer" } },
        "required": ["city", "degrees"],
        "additionalProperties": false,
    });
    for protocol in PROTOCOLS {
        let body = json!({
            "messages": user("How warm is it in Oslo?"),
            "response_format": {
                "type": "json_schema",
                "json_schema": { "name": "weather", "strict": true, "schema": schema },
            },
        });
        let said = world.ask(protocol, "json", body).await;
        let value: Value = serde_json::from_str(&said.text).unwrap();
        assert!(value["city"].is_string() && value["degrees"].is_i64(), "{protocol:?}: {value}");
        assert_eq!(said.finish, "stop", "{protocol:?}");
    }
}

#[tokio::test]
async fn reasoning_is_shown_goes_back_and_can_be_hidden() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let mut body = json!({
            "messages": user("Why is the sky blue?"),
            "reasoning": { "effort": "high" },
            "max_tokens": 8000,
        });
        let said = world.ask(protocol, "think", body.clone()).await;
        // A model that is not called `gemini-…` is not asked to show its thoughts.
        let shows = protocol != Protocol::Gemini;
        assert!(
            !shows || said.reasoning.starts_with("The user asks about"),
            "{protocol:?}: {said:?}"
        );
        assert!(said.text.starts_with("About Why is the sky blue?"), "{protocol:?}: {said:?}");
        assert!(!said.details.is_empty(), "{protocol:?}: {said:?}");
        if protocol != Protocol::Anthropic {
            assert!(said.count("/completion_tokens_details/reasoning_tokens") > 0, "{protocol:?}");
        }
        // The answer goes back as it came, with the signature where there is one.
        let messages = body["messages"].as_array_mut().unwrap();
        messages.push(json!({
            "role": "assistant",
            "content": said.text,
            "reasoning": said.reasoning,
            "reasoning_details": said.details,
        }));
        messages.push(json!({ "role": "user", "content": "And at night?" }));
        world.simulator.clear();
        let again = world.ask(protocol, "think", body.clone()).await;
        assert!(again.text.starts_with("About And at night?"), "{protocol:?}: {again:?}");
        let request = world.simulator.requests().pop().unwrap().json().to_string();
        // OpenAI takes no reasoning back; the others need it to verify their own.
        let proof =
            |it: &Value| it["signature"].as_str().or(it["data"].as_str()).map(str::to_owned);
        if let Some(proof) = said.details.iter().find_map(proof) {
            assert!(request.contains(&proof), "{protocol:?}: {request}");
        } else {
            assert_eq!(protocol, Protocol::OpenAi, "{said:?}");
        }
        body["reasoning"] = json!({ "effort": "high", "exclude": true });
        let hidden = world.ask(protocol, "think", body).await;
        assert_eq!((hidden.reasoning.as_str(), hidden.details.len()), ("", 0), "{protocol:?}");
        assert!(hidden.text.starts_with("About"), "{protocol:?}: {hidden:?}");
    }
}

#[tokio::test]
async fn a_prefill_is_gone_on_with() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let messages = json!([
            { "role": "user", "content": "one two three four" },
            { "role": "assistant", "content": "one two" },
        ]);
        let said = world.ask(protocol, "echo", json!({ "messages": messages })).await;
        assert_eq!(said.text, " three four", "{protocol:?}");
    }
}

#[tokio::test]
async fn stops_and_limits_end_an_answer() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let text = "one two three four five";
        let cases = [
            (json!({ "stop": "three" }), "one two ", "stop"),
            (json!({ "stop": ["nine", "four"] }), "one two three ", "stop"),
            (json!({ "max_tokens": 2 }), "one two", "length"),
            (json!({ "max_completion_tokens": 3 }), "one two three", "length"),
        ];
        for (mut body, expected, finish) in cases {
            body["messages"] = user(text);
            let said = world.ask(protocol, "echo", body.clone()).await;
            assert_eq!(said.text, expected, "{protocol:?}: {body}");
            assert_eq!(said.finish, finish, "{protocol:?}: {body}");
            if finish == "length" {
                assert_eq!(said.native_finish, native(protocol, finish), "{protocol:?}: {body}");
            }
        }
    }
}

#[tokio::test]
async fn cached_tokens_are_counted_within_the_prompt() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let body = json!({ "messages": user("a b c d e f g h") });
        let said = world.ask(protocol, "cached", body).await;
        assert_eq!(said.count("/prompt_tokens"), 8, "{protocol:?}: {}", said.usage);
        assert_eq!(said.count("/prompt_tokens_details/cached_tokens"), 4, "{protocol:?}");
        // 4 new at $2, 4 cached at $0.50, 8 written at $10 a million.
        assert_eq!(said.cost().nanos(), 90_000, "{protocol:?}: {}", said.usage);
    }
}

#[tokio::test]
async fn log_probabilities_come_through() {
    let world = World::new().await;
    let body = json!({ "messages": user("one two three"), "logprobs": true, "top_logprobs": 2 });
    let said = world.ask(Protocol::OpenAi, "echo", body).await;
    assert_eq!(said.logprobs.len(), 3, "{said:?}");
    for token in &said.logprobs {
        assert!(token["token"].is_string() && token["logprob"].is_f64(), "{token}");
        assert_eq!(token["top_logprobs"].as_array().unwrap().len(), 2, "{token}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_at_once_are_not_mixed_up() {
    let world = Arc::new(World::new().await);
    let mut calls = JoinSet::new();
    for index in 0..60 {
        let world = Arc::clone(&world);
        calls.spawn(async move {
            let protocol = PROTOCOLS[index % 3];
            let text = format!("call {index} of {}", "word ".repeat(index)).trim().to_owned();
            let said = world.ask(protocol, "echo", json!({ "messages": user(&text) })).await;
            assert_eq!(said.text, text, "{protocol:?}");
            said.id
        });
    }
    let mut ids = calls.join_all().await;
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 60);
    assert_eq!(world.gateway.generations().await, 120);
}
