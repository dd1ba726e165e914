//! After the first word there is no failover: the caller keeps what came, learns in the stream
//! that it broke off, and pays nothing (contract §3.3, §6.2). Before it, comments keep the
//! connection open.

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tollgate_simulator::Simulator;
use tollgate_testkit::{Builder, Canned, Event, Protocol, TestGateway, simulator};

const PRICE: &str = r#"{ input = "10", output = "20" }"#;

fn asking(text: &str) -> Value {
    json!({ "model": "acme/m", "messages": [{ "role": "user", "content": text }] })
}

fn one(protocol: Protocol, upstream_model: &str, simulator: &Simulator) -> Builder {
    TestGateway::builder().provider("first", protocol, simulator).endpoint(
        "acme/m",
        "first",
        upstream_model,
        PRICE,
    )
}

async fn breaks_off(protocol: Protocol, fault: &'static str, words: &'static str) {
    let simulator = simulator().await;
    let patience = if fault.starts_with("stall") { 1_000 } else { 20_000 };
    let gateway = one(protocol, &format!("echo+{fault}"), &simulator)
        .provider("second", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "second", "echo", r#"{ input = "99", output = "99" }"#)
        // A busy machine is silent at times: only who is to fall silent is timed closely.
        .config(&format!("[limits]\nidle_timeout_ms = {patience}\nkeep_alive_ms = 60\n"))
        .in_memory()
        .start()
        .await;
    let context = format!("{protocol:?} {fault}");
    let streamed = gateway.chat_stream(asking("one two three four five six")).await;
    let (said, error) = streamed.broken_off();
    assert!("one two three four five six".starts_with(&said.text), "{context}: {}", said.text);
    assert!(said.text.starts_with("one two"), "{context}: {}", streamed.text);
    assert_eq!(said.provider, "First", "{context}");
    assert_eq!(error["metadata"]["provider_name"], "First", "{context}: {error}");
    assert_eq!(said.cost().nanos(), 0, "{context}: {}", said.usage);
    let record = gateway.generation(&said.id).await;
    assert_eq!(record["finish_reason"], "error", "{context}: {record}");
    assert_eq!(record["error"]["status"], error["code"], "{context}: {record}");
    assert_eq!(record["error"]["message"], error["message"], "{context}: {record}");
    assert_eq!(record["total_cost"].as_f64(), Some(0.0), "{context}: {record}");
    assert_eq!(record["cancelled"], false, "{context}: {record}");
    let attempts = record["provider_responses"].as_array().unwrap();
    assert_eq!(attempts.len(), 1, "{context}: {record}");
    let told = attempts.first().unwrap()["fault"].as_str().unwrap();
    assert!(words.split(' ').any(|word| word == told), "{context}: {told}");
    assert_eq!(gateway.spent().await.as_f64(), Some(0.0), "{context}");
    tokio::time::timeout(tollgate_testkit::PATIENCE, simulator.wait_for_open_streams(0))
        .await
        .unwrap();
    // The server goes on.
    let well =
        json!({ "model": "tollgate/echo", "messages": [{ "role": "user", "content": "x" }] });
    assert_eq!(gateway.chat(well).await.said().text, "x", "{context}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_breaks_off_says_so_once() {
    let mut tasks = JoinSet::new();
    for protocol in Protocol::ALL {
        tasks.spawn(each_break(protocol));
    }
    tasks.join_all().await;
}

async fn each_break(protocol: Protocol) {
    for (fault, words) in [
        ("cut-after:2", "truncated"),
        ("reset-after:2", "truncated"),
        ("end-after:2", "truncated"),
        ("garbage-after:2", "broken"),
        ("error-after:2", "broken overloaded rate_limited"),
        ("stall-after:2", "timeout"),
        ("stall-after:2+coalesce", "timeout"),
        ("cut-after:2+drip:7", "truncated"),
    ] {
        Box::pin(breaks_off(protocol, fault, words)).await;
    }
}

/// Nobody goes on with an answer that has taken all the time there is.
#[tokio::test]
async fn a_stream_has_one_timeout_for_all_of_it() {
    for protocol in [Protocol::OpenAi, Protocol::Anthropic, Protocol::Ollama] {
        let simulator = simulator().await;
        let gateway = one(protocol, "prose+tps:20", &simulator)
            .provider("second", Protocol::OpenAi, &simulator)
            .endpoint("acme/m", "second", "prose", r#"{ input = "99", output = "99" }"#)
            .config("[limits]\nstream_timeout_ms = 700\n")
            .in_memory()
            .start()
            .await;
        let streamed = gateway.chat_stream(asking("Tell")).await;
        let (said, error) = streamed.broken_off();
        assert!(!said.text.is_empty(), "{protocol:?}: {}", streamed.text);
        assert_eq!(error["metadata"]["error_type"], "timeout", "{protocol:?}: {error}");
        let record = gateway.generation(&said.id).await;
        let attempts = record["provider_responses"].as_array().unwrap();
        assert_eq!(attempts.len(), 1, "{protocol:?}: {record}");
        assert_eq!(attempts.first().unwrap()["fault"], "timeout", "{protocol:?}: {record}");
        assert_eq!(record["total_cost"].as_f64(), Some(0.0), "{protocol:?}: {record}");
        assert!(record["generation_time"].as_u64().unwrap() >= 700, "{protocol:?}: {record}");
        tokio::time::timeout(tollgate_testkit::PATIENCE, simulator.wait_for_open_streams(0))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_stream_without_its_terminator_or_usage_is_complete_all_the_same() {
    for fault in ["no-done", "no-usage", "no-usage+no-done", "drip:1", "coalesce"] {
        let simulator = simulator().await;
        let gateway = one(Protocol::OpenAi, &format!("echo+{fault}"), &simulator).start().await;
        let said = gateway.chat_stream(asking("one two three")).await.said();
        assert_eq!(
            (said.text.as_str(), said.finish.as_str()),
            ("one two three", "stop"),
            "{fault}"
        );
        assert!(said.cost().nanos() > 0, "{fault}: {}", said.usage);
        let record = gateway.generation(&said.id).await;
        assert_eq!(record["is_estimated"], fault.contains("no-usage"), "{fault}: {record}");
        assert_eq!(said.usage["is_estimated"] == true, fault.contains("no-usage"), "{fault}");
    }
}

#[tokio::test]
async fn nobody_pays_for_more_than_was_asked_for_on_the_strength_of_a_guess() {
    let simulator = simulator().await;
    let gateway = one(Protocol::OpenAi, "echo+no-usage", &simulator).start().await;
    let mut body = asking("oneverylongwordthatissixtimesfourbytes");
    body["max_tokens"] = 2.into();
    let said = gateway.chat_stream(body).await.said();
    assert_eq!(said.usage["is_estimated"], true, "{}", said.usage);
    assert_eq!(said.usage["completion_tokens"], 2, "{}", said.usage);
}

#[tokio::test]
async fn answers_are_the_same_however_their_bytes_are_split() {
    for protocol in Protocol::ALL {
        for split in ["drip:1", "drip:3", "coalesce"] {
            let simulator = simulator().await;
            let gateway = one(protocol, &format!("prose+{split}"), &simulator)
                .endpoint("acme/plain", "first", "prose", PRICE)
                .start()
                .await;
            let split_up = gateway.chat_stream(asking("Tell")).await.said();
            let mut plain = asking("Tell");
            plain["model"] = "acme/plain".into();
            let plain = gateway.chat_stream(plain).await.said();
            assert_eq!(split_up.text, plain.text, "{protocol:?} {split}");
            assert_eq!(split_up.usage, plain.usage, "{protocol:?} {split}");
        }
    }
}

#[tokio::test]
async fn a_slow_first_word_is_bridged_by_comments() {
    for protocol in Protocol::ALL {
        for wait in ["ttft:200", "delay:200"] {
            let simulator = simulator().await;
            let builder = one(protocol, &format!("echo+{wait}"), &simulator);
            let gateway = builder.config("[limits]\nkeep_alive_ms = 40\n").start().await;
            let streamed = gateway.chat_stream(asking("one two")).await;
            let said = streamed.said();
            assert_eq!(said.text, "one two", "{protocol:?}");
            assert!(streamed.comments() >= 2, "{protocol:?}: {}", streamed.text);
            let is_ours =
                |event: &&Event| **event == Event::Comment("OPENROUTER PROCESSING".into());
            assert!(streamed.events.iter().take(2).all(|it| is_ours(&it)), "{}", streamed.text);
            let record = gateway.generation(&said.id).await;
            assert!(record["latency"].as_u64().unwrap() >= 190, "{record}");
        }
    }
}

#[tokio::test]
async fn failover_goes_on_behind_the_comments() {
    for protocol in Protocol::ALL {
        let simulator = simulator().await;
        let gateway = one(protocol, "echo+delay:150+status:500", &simulator)
            .provider("second", Protocol::OpenAi, &simulator)
            .endpoint("acme/m", "second", "echo", r#"{ input = "99", output = "99" }"#)
            .config("[limits]\nkeep_alive_ms = 40\n")
            .start()
            .await;
        let streamed = gateway.chat_stream(asking("one two")).await;
        let said = streamed.said();
        assert!(streamed.comments() >= 1, "{protocol:?}: {}", streamed.text);
        assert_eq!(
            (said.provider.as_str(), said.text.as_str()),
            ("Second", "one two"),
            "{protocol:?}"
        );
        let record = gateway.generation(&said.id).await;
        assert_eq!(record["provider_responses"].as_array().unwrap().len(), 2, "{record}");
    }
}

#[tokio::test]
async fn when_all_fail_behind_the_comments_the_stream_says_so() {
    for (fault, code, kind) in [
        ("delay:150+status:500", 502, "provider_unavailable"),
        ("delay:150+status:429", 429, "rate_limit_exceeded"),
        ("hang", 504, "timeout"),
    ] {
        let simulator = simulator().await;
        let gateway = one(Protocol::Anthropic, &format!("echo+{fault}"), &simulator)
            .config(
                "[limits]\nkeep_alive_ms = 40\nfirst_byte_timeout_ms = 250\n\
                 reasoning_first_byte_timeout_ms = 250\n",
            )
            .start()
            .await;
        let streamed = gateway.chat_stream(asking("one two")).await;
        let (said, error) = streamed.broken_off();
        assert!(streamed.comments() >= 1, "{fault}: {}", streamed.text);
        assert_eq!(said.text, "", "{fault}");
        assert_eq!(error["code"], code, "{fault}: {error}");
        assert_eq!(error["metadata"]["error_type"], kind, "{fault}: {error}");
        let record = gateway.generation(&said.id).await;
        assert_eq!(record["error"]["status"], code, "{fault}: {record}");
        assert_eq!(record["total_cost"].as_f64(), Some(0.0), "{fault}: {record}");
    }
}

/// Whoever opens a stream and never reads it holds its credit no longer than silence may last.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn who_never_reads_is_cut_off() {
    use tokio::io::AsyncWriteExt as _;

    // Thirty megabytes: more than the buffers of connections hold.
    let said = json!({ "id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{ "index": 0, "delta": { "content": "word ".repeat(6_000) } }] });
    let answer = format!("data: {said}\n\n").repeat(1_000);
    let provider = Canned::start("text/event-stream", answer).await;
    let rows = format!(
        "[limits]\nidle_timeout_ms = 1500\n\
         [[provider]]\nslug = \"acme\"\nprotocol = \"openai-chat\"\nbase_url = \"{}\"\n\
         api_key = \"sk\"\n[[model]]\nid = \"acme/m\"\n\
         [[endpoint]]\nmodel = \"acme/m\"\nprovider = \"acme\"\nupstream_model = \"m\"\n\
         price = {PRICE}\n",
        provider.base_url()
    );
    let gateway = TestGateway::builder().config(&rows).in_memory().start().await;
    let mut body = asking("a");
    body["stream"] = true.into();
    let body = body.to_string();
    let mut socket = gateway.connect().await;
    let request = format!(
        "POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        gateway.key(),
        body.len()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let settled = async {
        while gateway.generations().await == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(tollgate_testkit::PATIENCE, settled).await.unwrap();
    drop(socket);
}
