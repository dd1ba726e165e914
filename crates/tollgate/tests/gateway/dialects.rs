//! What a caller can ask of a model is answered the same by every protocol, whole and streamed
//! (contract §2, §3.1–3.3). The configuration is a file as `docs/configuration.md` has it.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tollgate_simulator::Simulator;
use tollgate_testkit::{Dialect, Reply, Said, Streamed, TestGateway, simulator};

/// A gateway with one provider per protocol, each serving `<slug>/<model>` for every model of the
/// simulator.
struct World {
    gateway: TestGateway,
    simulator: Simulator,
}

const MODELS: [&str; 7] = ["echo", "prose", "tools", "json", "think", "vision", "cached"];

const fn slug(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi => "acme",
        Dialect::Anthropic => "bravo",
        Dialect::Gemini => "civic",
    }
}

/// As an operator writes it.
fn file(simulator: &Simulator) -> String {
    let provider = |dialect: Dialect| {
        let (slug, protocol) = (slug(dialect), dialect.protocol());
        let base = dialect.base_url(simulator);
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
    let rows = |dialect| {
        let models = MODELS.iter().map(|name| model(slug(dialect), name));
        provider(dialect) + &models.collect::<String>()
    };
    Dialect::ALL.into_iter().map(rows).collect()
}

impl World {
    async fn new() -> Self {
        let simulator = simulator().await;
        let builder = TestGateway::builder().config(&file(&simulator)).env([("THE_KEY", "sk-1")]);
        Self { gateway: builder.start().await, simulator }
    }

    /// Asks for `model` of `dialect`, whole and streamed. Both must say the same; the whole one is
    /// returned.
    async fn ask(&self, dialect: Dialect, model: &str, mut body: Value) -> Said {
        body["model"] = format!("{}/{model}", slug(dialect)).into();
        let whole = self.gateway.chat(body.clone()).await;
        let streamed = self.gateway.chat_stream(body.clone()).await;
        let context = format!("{dialect:?} {model}: {} {}", whole.text(), streamed.text);
        let (said, spoken) = (whole.said(), streamed.said());
        has_its_form(&whole, &streamed, dialect, &context);
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
fn has_its_form(whole: &Reply, streamed: &Streamed, dialect: Dialect, context: &str) {
    let name = format!("The {} company", slug(dialect));
    for (said, id, provider) in [
        (whole.said(), whole.header("x-generation-id"), whole.header("x-provider-name")),
        (streamed.said(), streamed.header("x-generation-id"), streamed.header("x-provider-name")),
    ] {
        assert_eq!(Some(said.id.as_str()), id, "{context}");
        assert_eq!(provider, Some(name.as_str()), "{context}");
        assert_eq!(said.provider, name, "{context}");
        assert!(said.model.starts_with(slug(dialect)), "{context}");
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
fn native(dialect: Dialect, finish: &str) -> &'static str {
    match (dialect, finish) {
        (Dialect::OpenAi, "stop") => "stop",
        (Dialect::OpenAi, "length") => "length",
        (Dialect::OpenAi, _) => "tool_calls",
        (Dialect::Anthropic, "stop") => "end_turn",
        (Dialect::Anthropic, "length") => "max_tokens",
        (Dialect::Anthropic, _) => "tool_use",
        (Dialect::Gemini, "length") => "MAX_TOKENS",
        (Dialect::Gemini, _) => "STOP",
    }
}

#[tokio::test]
async fn text_goes_through() {
    let world = World::new().await;
    for dialect in Dialect::ALL {
        let text = "Grüße, \"世界\" \u{1F30D}\n\tund zurück";
        let said = world.ask(dialect, "echo", json!({ "messages": user(text) })).await;
        assert_eq!(said.text, text, "{dialect:?}");
        assert_eq!(said.finish, "stop", "{dialect:?}");
        assert_eq!(said.native_finish, native(dialect, "stop"), "{dialect:?}");
        assert_eq!(
            said.cost().nanos(),
            i64::try_from(12 * said.count("/prompt_tokens")).unwrap() * 1000
        );
        let prose = world.ask(dialect, "prose", json!({ "messages": user("Tell me") })).await;
        assert!(prose.text.len() > 200, "{dialect:?}: {}", prose.text);
    }
}

#[tokio::test]
async fn system_and_developer_prompts_arrive_as_the_protocol_has_them() {
    let world = World::new().await;
    for dialect in Dialect::ALL {
        let messages = json!([
            { "role": "system", "content": "Be brief." },
            { "role": "developer", "content": [{ "type": "text", "text": "Speak plainly." }] },
            { "role": "user", "content": [{ "type": "text", "text": "One" }, { "type": "text", "text": "two" }] },
        ]);
        let said = world.ask(dialect, "echo", json!({ "messages": messages })).await;
        assert_eq!(said.text, "One\ntwo", "{dialect:?}");
        let request = world.simulator.requests().pop().unwrap().json().to_string();
        for part in ["Be brief.", "Speak plainly."] {
            assert_eq!(request.matches(part).count(), 1, "{dialect:?}: {request}");
        }
        assert!(said.count("/prompt_tokens") >= 6, "{dialect:?}: {}", said.usage);
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
    for dialect in Dialect::ALL {
        for (text, mut body, expected) in cases.clone() {
            // Gemini has no way to ask for one call at most.
            if dialect == Dialect::Gemini && body.get("parallel_tool_calls").is_some() {
                continue;
            }
            body["messages"] = user(text);
            body["tools"] = tools();
            let said = world.ask(dialect, "tools", body.clone()).await;
            let names: Vec<&str> = said.calls.iter().map(|call| call.name.as_str()).collect();
            assert_eq!(names, expected, "{dialect:?}: {text}");
            if expected.is_empty() {
                assert_eq!(said.finish, "stop", "{dialect:?}: {text}");
                continue;
            }
            assert_eq!(said.finish, "tool_calls", "{dialect:?}: {text}");
            assert_eq!(said.native_finish, native(dialect, "tool_calls"), "{dialect:?}: {text}");
            give_results(&world, dialect, body, &said).await;
        }
    }
}

/// Sends the results of the tools that were called, and reads the answer that uses them.
async fn give_results(world: &World, dialect: Dialect, mut body: Value, said: &Said) {
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
        assert!(!call.id.is_empty(), "{dialect:?}");
        let content = format!("result {index}");
        expected.push(format!("{}: {content}", call.name));
        messages.push(json!({ "role": "tool", "tool_call_id": call.id, "content": content }));
    }
    body["tool_choice"] = "auto".into();
    let said = world.ask(dialect, "tools", body).await;
    for part in &expected {
        assert!(
            said.text.contains(part.rsplit(": ").next().unwrap()),
            "{dialect:?}: {}",
            said.text
        );
    }
    assert_eq!(said.text, format!("Tool results: {}", expected.join("; ")), "{dialect:?}");
    assert_eq!(said.finish, "stop", "{dialect:?}");
}

#[tokio::test]
async fn images_arrive_by_data_uri() {
    let world = World::new().await;
    let image = |kind: &str| json!({ "type": "image_url", "image_url": { "url": format!("data:{kind};base64,AAECAwQF") } });
    for dialect in Dialect::ALL {
        let content =
            json!([{ "type": "text", "text": "Look" }, image("image/png"), image("image/jpeg")]);
        let body = json!({ "messages": [{ "role": "user", "content": content }] });
        let said = world.ask(dialect, "vision", body).await;
        let expected = "I see 2 images.\n[image: image/png, 6 bytes]\n[image: image/jpeg, 6 bytes]";
        assert_eq!(said.text, expected, "{dialect:?}");
        assert!(said.count("/prompt_tokens") >= 170, "{dialect:?}");
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
    for dialect in Dialect::ALL {
        let body = json!({
            "messages": user("How warm is it in Oslo?"),
            "response_format": {
                "type": "json_schema",
                "json_schema": { "name": "weather", "strict": true, "schema": schema },
            },
        });
        let said = world.ask(dialect, "json", body).await;
        let value: Value = serde_json::from_str(&said.text).unwrap();
        assert!(value["city"].is_string() && value["degrees"].is_i64(), "{dialect:?}: {value}");
        assert_eq!(said.finish, "stop", "{dialect:?}");
    }
}

#[tokio::test]
async fn reasoning_is_shown_goes_back_and_can_be_hidden() {
    let world = World::new().await;
    for dialect in Dialect::ALL {
        let mut body = json!({
            "messages": user("Why is the sky blue?"),
            "reasoning": { "effort": "high" },
            "max_tokens": 8000,
        });
        let said = world.ask(dialect, "think", body.clone()).await;
        // A model that is not called `gemini-…` is not asked to show its thoughts.
        let shows = dialect != Dialect::Gemini;
        assert!(
            !shows || said.reasoning.starts_with("The user asks about"),
            "{dialect:?}: {said:?}"
        );
        assert!(said.text.starts_with("About Why is the sky blue?"), "{dialect:?}: {said:?}");
        assert!(!said.details.is_empty(), "{dialect:?}: {said:?}");
        if dialect != Dialect::Anthropic {
            assert!(said.count("/completion_tokens_details/reasoning_tokens") > 0, "{dialect:?}");
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
        let again = world.ask(dialect, "think", body.clone()).await;
        assert!(again.text.starts_with("About And at night?"), "{dialect:?}: {again:?}");
        let request = world.simulator.requests().pop().unwrap().json().to_string();
        // OpenAI takes no reasoning back; the others need it to verify their own.
        let proof =
            |it: &Value| it["signature"].as_str().or(it["data"].as_str()).map(str::to_owned);
        if let Some(proof) = said.details.iter().find_map(proof) {
            assert!(request.contains(&proof), "{dialect:?}: {request}");
        } else {
            assert_eq!(dialect, Dialect::OpenAi, "{said:?}");
        }
        body["reasoning"] = json!({ "effort": "high", "exclude": true });
        let hidden = world.ask(dialect, "think", body).await;
        assert_eq!((hidden.reasoning.as_str(), hidden.details.len()), ("", 0), "{dialect:?}");
        assert!(hidden.text.starts_with("About"), "{dialect:?}: {hidden:?}");
    }
}

#[tokio::test]
async fn a_prefill_is_gone_on_with() {
    let world = World::new().await;
    for dialect in Dialect::ALL {
        let messages = json!([
            { "role": "user", "content": "one two three four" },
            { "role": "assistant", "content": "one two" },
        ]);
        let said = world.ask(dialect, "echo", json!({ "messages": messages })).await;
        assert_eq!(said.text, " three four", "{dialect:?}");
    }
}

#[tokio::test]
async fn stops_and_limits_end_an_answer() {
    let world = World::new().await;
    for dialect in Dialect::ALL {
        let text = "one two three four five";
        let cases = [
            (json!({ "stop": "three" }), "one two ", "stop"),
            (json!({ "stop": ["nine", "four"] }), "one two three ", "stop"),
            (json!({ "max_tokens": 2 }), "one two", "length"),
            (json!({ "max_completion_tokens": 3 }), "one two three", "length"),
        ];
        for (mut body, expected, finish) in cases {
            body["messages"] = user(text);
            let said = world.ask(dialect, "echo", body.clone()).await;
            assert_eq!(said.text, expected, "{dialect:?}: {body}");
            assert_eq!(said.finish, finish, "{dialect:?}: {body}");
            if finish == "length" {
                assert_eq!(said.native_finish, native(dialect, finish), "{dialect:?}: {body}");
            }
        }
    }
}

#[tokio::test]
async fn cached_tokens_are_counted_within_the_prompt() {
    let world = World::new().await;
    for dialect in Dialect::ALL {
        let body = json!({ "messages": user("a b c d e f g h") });
        let said = world.ask(dialect, "cached", body).await;
        assert_eq!(said.count("/prompt_tokens"), 8, "{dialect:?}: {}", said.usage);
        assert_eq!(said.count("/prompt_tokens_details/cached_tokens"), 4, "{dialect:?}");
        // 4 new at $2, 4 cached at $0.50, 8 written at $10 a million.
        assert_eq!(said.cost().nanos(), 90_000, "{dialect:?}: {}", said.usage);
    }
}

#[tokio::test]
async fn log_probabilities_come_through() {
    let world = World::new().await;
    let body = json!({ "messages": user("one two three"), "logprobs": true, "top_logprobs": 2 });
    let said = world.ask(Dialect::OpenAi, "echo", body).await;
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
            let dialect = Dialect::ALL[index % 3];
            let text = format!("call {index} of {}", "word ".repeat(index)).trim().to_owned();
            let said = world.ask(dialect, "echo", json!({ "messages": user(&text) })).await;
            assert_eq!(said.text, text, "{dialect:?}");
            said.id
        });
    }
    let mut ids = calls.join_all().await;
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 60);
    assert_eq!(world.gateway.generations().await, 120);
}
