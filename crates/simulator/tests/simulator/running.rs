//! The server itself: keys, records, limits, control, ending.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tollgate_simulator::{Protocol, Simulator, SimulatorConfig, Timing};

use crate::support::{Call, PROTOCOLS, Reply, World};

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn requests_are_recorded_without_their_keys() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        world.call(&Call::new(protocol, "echo", "hi")).await;
    }
    let requests = world.simulator.requests();
    assert_eq!(requests.len(), PROTOCOLS.len());
    for (request, protocol) in requests.iter().zip(PROTOCOLS) {
        let header = match protocol {
            Protocol::Anthropic => "x-api-key",
            Protocol::Gemini => "x-goog-api-key",
            Protocol::Azure | Protocol::AzureResponses => "api-key",
            _ => "authorization",
        };
        assert_eq!(request.protocol, protocol);
        assert_eq!(request.model.as_deref(), Some("echo"));
        assert_eq!(request.method, "POST");
        assert!(request.header(header).unwrap().ends_with("…1234"), "{request:?}");
        assert!(!format!("{:?}", request.headers).contains("sk-test"));
        assert!(request.json().is_object());
    }
    assert_eq!(world.simulator.calls("echo"), u64::try_from(PROTOCOLS.len()).unwrap());
    assert_eq!(world.simulator.connections(), 1, "one kept connection");
    world.simulator.clear();
    assert!(world.simulator.requests().is_empty());
    assert_eq!(world.simulator.calls("echo"), 0);
}

#[tokio::test]
async fn control_endpoints_show_and_change_the_same() {
    let world = World::new().await;
    world.call(&Call::new(Protocol::OpenAi, "echo", "hi")).await;
    let stats = world.http(Method::GET, "/__simulator/stats").await.json();
    assert_eq!(stats["calls"]["echo"], 1);
    assert_eq!(stats["streams_open"], 0);
    assert_eq!(stats["connections"], 1);
    let requests = world.http(Method::GET, "/__simulator/requests").await.json();
    assert_eq!(requests["requests"][0]["path"], "/v1/chat/completions");
    world.http(Method::DELETE, "/__simulator/requests").await;
    assert!(world.simulator.requests().is_empty());
    let path = "/__simulator/script?default=status%3A429;retry-after:3";
    assert_eq!(world.http(Method::POST, path).await.status, 200);
    assert_eq!(world.call(&Call::new(Protocol::OpenAi, "echo", "hi")).await.status, 429);
    for path in ["/__simulator/script?default=stal", "/__simulator/script"] {
        assert_eq!(world.http(Method::POST, path).await.status, 400);
    }
    assert_eq!(world.http(Method::GET, "/__simulator/else").await.status, 404);
}

#[tokio::test]
async fn models_are_listed_in_each_protocol() {
    let world = World::new().await;
    let openai = world.http(Method::GET, "/openai/v1/models").await.json();
    assert_eq!(openai["data"][0]["id"], "echo");
    assert_eq!(world.http(Method::GET, "/v1/models/think").await.json()["id"], "think");
    assert_eq!(world.http(Method::GET, "/v1/models/none").await.status, 404);
    let gemini = world.http(Method::GET, "/v1beta/models?key=AIza").await.json();
    assert_eq!(gemini["models"][0]["name"], "models/echo");
    let one = world.http(Method::GET, "/v1beta/models/tools?key=AIza").await.json();
    assert_eq!(one["name"], "models/tools");
    let reply = world.http(Method::GET, "/v1/nothing").await;
    assert_eq!((reply.status.as_u16(), reply.json()["error"]["type"].is_string()), (404, true));
}

#[tokio::test]
async fn every_base_leads_to_its_protocol() {
    let world = World::new().await;
    let simulator = &world.simulator;
    let vertex = simulator.vertex_base();
    let cases = [
        (format!("{}/responses", simulator.openai_base()), Protocol::Responses),
        (format!("{}/openai/v1/chat/completions", simulator.azure_base()), Protocol::Azure),
        (format!("{vertex}/publishers/google/models/m:generateContent"), Protocol::Vertex),
        (format!("{vertex}/publishers/anthropic/models/m:rawPredict"), Protocol::VertexAnthropic),
        (format!("{vertex}/endpoints/openapi/chat/completions"), Protocol::VertexOpenAi),
        (simulator.token_url(), Protocol::Vertex),
        (format!("{}/model/m/converse", simulator.bedrock_base()), Protocol::Bedrock),
        (format!("{}/v2/chat", simulator.cohere_base()), Protocol::Cohere),
        (format!("{}/chat/completions", simulator.mistral_base()), Protocol::Mistral),
        (format!("{}/api/chat", simulator.ollama_base()), Protocol::Ollama),
    ];
    for (url, protocol) in cases {
        let request = Request::post(&url).body(Full::from("{}")).unwrap();
        world.request(request).await;
        assert_eq!(simulator.requests().pop().unwrap().protocol, protocol, "{url}");
    }
}

#[tokio::test]
async fn models_have_entries_in_each_protocol() {
    let world = World::new().await;
    for (path, pointer) in [
        ("/foundation-models", "/modelSummaries/0/modelId"),
        ("/mistral/v1/models", "/data/0/id"),
        ("/openai/models?api-version=1", "/data/0/id"),
        ("/cohere/v1/models", "/models/0/name"),
    ] {
        let list = world.http(Method::GET, path).await.json();
        assert_eq!(list.pointer(pointer), Some(&json!("echo")), "{path}");
    }
    let path = "/v1beta1/publishers/google/models/think";
    let one = world.http(Method::GET, path).await.json();
    assert_eq!(one["name"], "publishers/google/models/think");
}

#[tokio::test]
async fn tokens_are_counted_on_demand() {
    let world = World::new().await;
    let client = |path: &str, body: serde_json::Value| {
        Request::post(format!("{}{path}", world.simulator.origin()))
            .header("x-api-key", "k")
            .header("authorization", "Bearer k-1234")
            .header("x-goog-api-key", "k")
            .body(Full::<Bytes>::from(body.to_string()))
            .unwrap()
    };
    let cases = [
        (
            "/v1/messages/count_tokens",
            json!({ "model": "echo", "messages": [{ "role": "user", "content": "one two" }] }),
            json!({ "input_tokens": 2 }),
        ),
        (
            "/v1beta/models/echo:countTokens",
            json!({ "contents": [{ "parts": [{ "text": "one two" }] }] }),
            json!({ "totalTokens": 2 }),
        ),
        (
            "/v1beta/models/echo:countTokens",
            json!({ "generateContentRequest": {
                "model": "models/echo", "systemInstruction": { "parts": [{ "text": "three" }] },
                "contents": [{ "parts": [{ "text": "one two" }] }]
            } }),
            json!({ "totalTokens": 3 }),
        ),
        (
            "/v1/responses/input_tokens",
            json!({ "model": "echo", "input": "one two", "instructions": "three" }),
            json!({ "object": "response.input_tokens", "input_tokens": 3 }),
        ),
        (
            "/model/echo/count-tokens",
            json!({ "input": { "converse": {
                "system": [{ "text": "three" }],
                "messages": [{ "role": "user", "content": [{ "text": "one two" }] }]
            } } }),
            json!({ "inputTokens": 3 }),
        ),
        (
            "/v1/publishers/anthropic/models/count-tokens:rawPredict",
            json!({ "model": "echo", "messages": [{ "role": "user", "content": "one two" }] }),
            json!({ "input_tokens": 2 }),
        ),
    ];
    for (path, body, expected) in cases {
        assert_eq!(http1(&world.simulator, client(path, body)).await.json(), expected);
    }
}

/// Sends one request on a connection of its own.
async fn http1(simulator: &Simulator, request: Request<Full<Bytes>>) -> Reply {
    let socket = TcpStream::connect(simulator.address()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.unwrap();
    let (reply, _) = tokio::join!(
        async {
            let reply = Reply::read(sender.send_request(request).await.unwrap()).await;
            drop(sender);
            reply
        },
        connection
    );
    reply
}

#[tokio::test]
async fn http2_without_tls_is_spoken_on_the_same_port() {
    let world = World::new().await;
    let socket = TcpStream::connect(world.simulator.address()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket))
            .await
            .unwrap();
    let calls = async {
        for (script, text, ended) in
            [("", "one two three", true), ("cut-after:2", "one two", false)]
        {
            let call = Call::new(Protocol::OpenAi, "echo", "one two three").streamed();
            let request = call.simulate(script).request(&world.simulator.origin());
            let reply = Reply::read(sender.send_request(request).await.unwrap()).await;
            assert_eq!(reply.streamed(Protocol::OpenAi).text, text);
            assert_eq!(reply.ended, ended);
        }
        drop(sender);
    };
    let _ended = tokio::join!(calls, connection);
    world.simulator.wait_for_open_streams(0).await;
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let body = Call::new(Protocol::OpenAi, "echo", "hi").request("http://x");
    let length = body.into_body().collect().await.unwrap().to_bytes().len();
    for (body_bytes_max, status) in [(length, 200), (length - 1, 413)] {
        let config = SimulatorConfig { body_bytes_max, ..SimulatorConfig::default() };
        let world = World::with(config).await;
        let reply = world.call(&Call::new(Protocol::OpenAi, "echo", "hi")).await;
        assert_eq!(reply.status, status);
    }
}

#[tokio::test]
async fn connections_have_a_limit_and_wait_for_their_turn() {
    let config = SimulatorConfig { connections_max: 1, ..SimulatorConfig::default() };
    let world = World::with(config).await;
    let first = world.send(&Call::new(Protocol::OpenAi, "echo+stall", "hi").streamed()).await;
    let call = Call::new(Protocol::OpenAi, "echo", "hi");
    assert!(timeout(Duration::from_millis(20), world.send(&call)).await.is_err());
    drop(first);
    assert_eq!(timeout(SOON, world.send(&call)).await.unwrap().status(), 200);
}

#[tokio::test]
async fn keys_can_be_optional() {
    let config = SimulatorConfig { require_key: false, ..SimulatorConfig::default() };
    let world = World::with(config).await;
    for protocol in PROTOCOLS {
        let call = Call { key: None, ..Call::new(protocol, "echo", "hi") };
        assert_eq!(world.said(&call).await.text, "hi");
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes() {
    let bytes = async |seed| {
        let now = || 1_767_225_600;
        let timing = Timing { jitter_pct: 30, tps_median: 100_000, ..Timing::INSTANT };
        let config = SimulatorConfig { seed, now, timing, ..SimulatorConfig::default() };
        let world = World::with(config).await;
        let mut all = String::new();
        for protocol in PROTOCOLS {
            for model in ["prose", "think", "echo+status:500"] {
                all += &world.call(&Call::new(protocol, model, "hi").streamed()).await.text();
            }
        }
        all
    };
    assert_eq!(bytes(1).await, bytes(1).await);
    assert_ne!(bytes(1).await, bytes(2).await);
}

#[tokio::test]
async fn the_benchmark_model_answers_with_fixed_bytes() {
    let world = World::new().await;
    let call = Call::new(Protocol::OpenAi, "bench", "anything");
    let whole = world.call(&call).await;
    assert_eq!((whole.text().len(), whole.header("content-length")), (947, "947"));
    assert!(!whole.whole(Protocol::OpenAi).text.is_empty());
    let expected: String = (0..100).map(|word| "w".to_owned() + &word.to_string() + " ").collect();
    for (model, coalesced) in [("bench", false), ("bench+coalesce", true)] {
        for usage in [false, true] {
            let options = json!({ "include_usage": usage });
            let call = Call { model: model.to_owned(), ..call.clone().streamed() };
            let reply = world.call(&call.with("stream_options", options)).await;
            let said = reply.streamed(Protocol::OpenAi);
            assert_eq!((said.text.as_str(), said.finish.as_str()), (expected.as_str(), "stop"));
            assert_eq!(said.usage[1], if usage { 100 } else { 0 });
            assert!(reply.text().ends_with("data: [DONE]\n\n"));
            // A client may read one write in several pieces, but never two chunks as one.
            assert_eq!(reply.chunks.len() < 102, coalesced);
        }
    }
    let slow = call.clone().streamed().simulate("end-after:3");
    assert_eq!(world.call(&slow).await.streamed(Protocol::OpenAi).text, "w0 w1 w2");
    assert_eq!(world.simulator.calls("bench"), 4);
    assert_eq!(world.simulator.requests().len(), 1, "only the one that was scripted");
}

#[tokio::test]
async fn killing_breaks_every_connection_and_refuses_new_ones() {
    let world = World::new().await;
    let call = Call::new(Protocol::OpenAi, "echo+stall-after:1", "one two").streamed();
    let response = world.send(&call).await;
    world.simulator.kill();
    timeout(SOON, world.simulator.closed()).await.unwrap();
    let reply = Reply::read(response).await;
    assert!(!reply.ended);
    assert_eq!(world.simulator.open_streams(), 0);
    assert_eq!(world.simulator.open_connections(), 0);
    assert!(!world.try_send(&Call::new(Protocol::OpenAi, "echo", "hi")).await);
}

#[tokio::test]
async fn shutdown_lets_answers_finish_and_ends_silence() {
    let world = World::new().await;
    let words = "word ".repeat(50);
    let call = Call::new(Protocol::OpenAi, "echo+tps:2000", &words).streamed();
    let silent = Call::new(Protocol::OpenAi, "echo+stall", "hi").streamed();
    let (running, silent) = (world.send(&call).await, world.send(&silent).await);
    let World { simulator, .. } = world;
    let origin = simulator.address();
    let (finished, stalled, ()) = timeout(SOON, async {
        tokio::join!(Reply::read(running), Reply::read(silent), simulator.shutdown())
    })
    .await
    .unwrap();
    assert!(finished.ended);
    assert_eq!(finished.streamed(Protocol::OpenAi).text, words);
    assert!(!stalled.ended);
    assert!(TcpStream::connect(origin).await.is_err());
}

#[tokio::test]
async fn a_cancelled_stream_is_seen_to_be_dropped() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let call = Call::new(protocol, "prose+tps:100", "hi").streamed();
        let mut response = world.send(&call).await;
        response.body_mut().frame().await.unwrap().unwrap();
        assert_eq!(world.simulator.open_streams(), 1);
        drop(response);
        timeout(SOON, world.simulator.wait_for_open_streams(0)).await.unwrap();
    }
}
