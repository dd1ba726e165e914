//! What is not a conversation: embeddings, reranking, speech, transcription, images, moderation
//! and counting, at every protocol that has it (contract §1.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tollgate_simulator::Simulator;
use tollgate_testkit::{Protocol, Reply, TestGateway, amount, eventually, simulator};

/// What a model of the test writes, the simulator's model, a price, and what the latter is of.
const KINDS: [(&str, &str, &str); 6] = [
    ("embeddings", "embed", r#"{ input = "1" }"#),
    ("rerank", "rerank", r#"{ search_unit = "0.002" }"#),
    ("image", "image", r#"{ output_image = "0.04" }"#),
    ("speech", "speech", r#"{ character = "15" }"#),
    ("transcription", "transcribe", r#"{ audio_second = "0.0001" }"#),
    ("moderation", "moderate", r#"{ input = "0" }"#),
];

/// A gateway where `PROTOCOL/KIND` is a model of that kind at a provider of that protocol.
async fn gateway(protocols: &[Protocol], simulator: &Simulator) -> TestGateway {
    let mut builder = TestGateway::builder();
    for protocol in protocols {
        let slug = format!("at-{}", protocol.as_str());
        builder = builder.provider(&slug, *protocol, simulator);
        for (kind, upstream, price) in KINDS {
            let model = format!("{}/{kind}", protocol.as_str());
            builder = builder.config(&rows(&model, kind, &[(&slug, upstream, price)]));
        }
    }
    builder.start().await
}

/// Rows of a model that writes `kind`, at these providers.
fn rows(model: &str, kind: &str, endpoints: &[(&str, &str, &str)]) -> String {
    let mut rows = format!(
        "[[model]]\nid = \"{model}\"\ncontext_length = 200000\n\
         input = [\"text\", \"image\", \"audio\"]\noutput = [\"{kind}\"]\n"
    );
    for (provider, upstream, price) in endpoints {
        let row = format!(
            "[[endpoint]]\nmodel = \"{model}\"\nprovider = \"{provider}\"\n\
             upstream_model = \"{upstream}\"\nprice = {price}\n"
        );
        rows.push_str(&row);
    }
    rows
}

fn id_of(reply: &Reply) -> String {
    reply.headers["x-generation-id"].to_str().unwrap().to_owned()
}

/// A second of silence, as WAV: 8,000 samples of 16 bits.
fn one_second() -> Vec<u8> {
    let data = [0_u8; 16_000];
    let mut file = Vec::new();
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + 16_000_u32).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&8_000_u32.to_le_bytes());
    file.extend_from_slice(&16_000_u32.to_le_bytes());
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend_from_slice(&16_000_u32.to_le_bytes());
    file.extend_from_slice(&data);
    file
}

/// A form as browsers send it.
fn form(fields: &[(&str, &str)], file: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, text) in fields {
        let part =
            format!("--XYZ\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    body.extend_from_slice(
        b"--XYZ\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\
          Content-Type: audio/wav\r\n\r\n",
    );
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--XYZ--\r\n");
    body
}

#[tokio::test]
async fn texts_are_embedded_by_every_protocol_that_can() {
    use Protocol::{Azure, Bedrock, Cohere, Gemini, Mistral, Ollama, OpenAi, Vertex};
    let simulator = simulator().await;
    let protocols = [OpenAi, Azure, Cohere, Gemini, Mistral, Ollama];
    // These two tell models apart by their names, and take one text at a time.
    let single = [(Vertex, "gemini-embedding-001"), (Bedrock, "amazon.titan-embed-text-v2:0")];
    let gateway = gateway(&protocols, &simulator).await;
    for protocol in protocols {
        let name = protocol.as_str();
        let ask = json!({ "model": format!("{name}/embeddings"), "input": ["one two", "three"] });
        let reply = gateway.post("/embeddings", &ask).await;
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
        let answer = reply.json();
        assert_eq!(answer["object"], "list", "{name}");
        assert_eq!(answer["model"], format!("{name}/embeddings"));
        let vectors = answer["data"].as_array().unwrap();
        assert_eq!(vectors.len(), 2, "{name}");
        let floats: Vec<f32> = vectors[1]["embedding"]
            .as_array()
            .unwrap()
            .iter()
            .map(|number| serde_json::from_value(number.clone()).unwrap())
            .collect();
        assert!(floats.len() >= 8, "{name}: {}", floats.len());
        assert!(answer["usage"]["prompt_tokens"].as_u64().unwrap() > 0, "{name}: {answer}");

        let mut ask = ask;
        ask["encoding_format"] = json!("base64");
        let answer = gateway.post("/embeddings", &ask).await.json();
        let bytes = STANDARD.decode(answer["data"][1]["embedding"].as_str().unwrap()).unwrap();
        let decoded: Vec<f32> =
            bytes.chunks_exact(4).map(|it| f32::from_le_bytes(it.try_into().unwrap())).collect();
        assert_eq!(decoded.len(), floats.len(), "{name}");
        let close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-6;
        assert!(decoded.iter().zip(&floats).all(close), "{name}: {decoded:?} {floats:?}");

        let record = gateway.generation(&id_of(&reply)).await;
        assert_eq!(record["api_type"], "embeddings", "{name}");
        // A dollar per million tokens.
        let tokens = reply.json()["usage"]["prompt_tokens"].as_i64().unwrap();
        assert_eq!(amount(&record["total_cost"]).nanos(), tokens * 1_000, "{name}");
    }
    for (protocol, upstream) in single {
        let name = protocol.as_str();
        let model = format!("{name}/one");
        let text = rows(&model, "embeddings", &[("it", upstream, r#"{ input = "1" }"#)]);
        let gateway =
            TestGateway::builder().provider("it", protocol, &simulator).config(&text).start().await;
        let ask = json!({ "model": model, "input": "one two" });
        let reply = gateway.post("/embeddings", &ask).await;
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
        assert!(!reply.json()["data"][0]["embedding"].as_array().unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn documents_are_ranked_and_echoed() {
    let simulator = simulator().await;
    let protocols = [Protocol::OpenAi, Protocol::Cohere];
    let gateway = gateway(&protocols, &simulator).await;
    for protocol in protocols {
        let name = protocol.as_str();
        let ask = json!({
            "model": format!("{name}/rerank"),
            "query": "capital of France",
            "documents": ["bread and butter", { "text": "Paris is the capital of France" }, "France"],
            "top_n": 2,
        });
        let reply = gateway.post("/rerank", &ask).await;
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
        let answer = reply.json();
        let results = answer["results"].as_array().unwrap();
        assert_eq!(results.len(), 2, "{name}: {answer}");
        assert_eq!(results[0]["index"], 1, "{name}: {answer}");
        assert_eq!(results[0]["document"], json!({ "text": "Paris is the capital of France" }));
        let scores: Vec<f64> =
            results.iter().map(|it| it["relevance_score"].as_f64().unwrap()).collect();
        assert!(scores[0] >= scores[1], "{name}: {answer}");
        let record = gateway.generation(&id_of(&reply)).await;
        assert_eq!(record["api_type"], "rerank");
    }
    // One search for two thousandths of a dollar, where the provider counts searches.
    let ask = json!({ "model": "cohere/rerank", "query": "a", "documents": ["a", "b"] });
    let answer = gateway.post("/rerank", &ask).await.json();
    assert_eq!(answer["usage"]["search_units"], 1, "{answer}");
    assert_eq!(answer["usage"]["cost"], json!(0.002), "{answer}");
}

#[tokio::test]
async fn a_text_is_read_aloud_and_billed_by_its_letters() {
    let simulator = simulator().await;
    let protocols = [Protocol::OpenAi, Protocol::Azure];
    let gateway = gateway(&protocols, &simulator).await;
    for protocol in protocols {
        let name = protocol.as_str();
        for (format, media_type) in [(None, "audio/pcm"), (Some("mp3"), "audio/mpeg")] {
            let mut ask = json!({ "model": format!("{name}/speech"), "input": "Good morning", "voice": "alloy" });
            if let Some(format) = format {
                ask["response_format"] = json!(format);
            }
            let reply = gateway.post("/audio/speech", &ask).await;
            assert_eq!(reply.status, 200, "{name}");
            assert_eq!(reply.headers["content-type"], media_type, "{name}");
            assert!(reply.body.len() > 1_000, "{name}: {}", reply.body.len());
            let record = gateway.generation(&id_of(&reply)).await;
            assert_eq!(record["api_type"], "tts", "{name}");
            // 12 letters at $15 per million.
            assert_eq!(amount(&record["total_cost"]).nanos(), 12 * 15_000, "{name}");
        }
    }
}

#[tokio::test]
async fn speech_is_written_down_from_json_and_from_forms() {
    let simulator = simulator().await;
    let gateway = gateway(&[Protocol::OpenAi], &simulator).await;
    let sound = one_second();
    let audio = json!({ "data": STANDARD.encode(&sound), "format": "wav" });
    let ask = json!({ "model": "openai-chat/transcription", "input_audio": audio });
    let reply = gateway.post("/audio/transcriptions", &ask).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let text = reply.json()["text"].as_str().unwrap().to_owned();
    assert!(!text.is_empty());
    let record = gateway.generation(&id_of(&reply)).await;
    assert_eq!(record["api_type"], "stt");
    // One second at a ten-thousandth of a dollar.
    assert_eq!(amount(&record["total_cost"]).nanos(), 100_000, "{record}");

    let send = |fields: Vec<(&'static str, &'static str)>| {
        let body = form(&fields, &sound);
        gateway
            .call("POST", "/audio/transcriptions")
            .header("content-type", "multipart/form-data; boundary=XYZ")
            .body(body)
            .send()
    };
    let model = ("model", "openai-chat/transcription");
    let reply = send(vec![model]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["text"], text);
    let fields = vec![
        model,
        ("response_format", "verbose_json"),
        ("timestamp_granularities[]", "word"),
        ("timestamp_granularities[]", "segment"),
        ("temperature", "0.2"),
    ];
    let verbose = send(fields).await;
    assert_eq!(verbose.status, 200, "{}", verbose.text());
    let verbose = verbose.json();
    assert_eq!(verbose["task"], "transcribe");
    assert_eq!(verbose["duration"], 1.0, "{verbose}");
    assert!(!verbose["segments"].as_array().unwrap().is_empty());
    let plain = send(vec![model, ("response_format", "text")]).await;
    assert!(plain.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    assert_eq!(plain.text().trim(), text);
    for (fields, complaint) in [
        (vec![model, ("temperature", "hot")], "temperature"),
        (vec![model, ("response_format", "mp3")], "response_format"),
        (vec![("language", "en")], "model"),
    ] {
        let reply = send(fields).await;
        assert_eq!(reply.status, 400, "{}", reply.text());
        assert!(reply.text().to_lowercase().contains(complaint), "{}", reply.text());
    }
}

#[tokio::test]
async fn a_form_that_breaks_off_or_has_no_file_is_refused() {
    let gateway = TestGateway::builder().start().await;
    let whole = form(&[("model", "tollgate/transcribe")], &one_second());
    let cut = &whole[..whole.len() - 30];
    let no_file =
        b"--XYZ\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nx\r\n--XYZ--\r\n";
    for (kind, body) in [
        ("multipart/form-data; boundary=XYZ", cut.to_vec()),
        ("multipart/form-data; boundary=XYZ", no_file.to_vec()),
        ("multipart/form-data", whole.clone()),
        ("multipart/form-data; boundary=ABC", whole.clone()),
    ] {
        let call = gateway.call("POST", "/audio/transcriptions").header("content-type", kind);
        call.body(body).send().await.error(400, "invalid_request");
    }
    assert_eq!(gateway.generations().await, 0);
}

#[tokio::test]
async fn pictures_are_made_and_billed_by_the_piece() {
    let simulator = simulator().await;
    let protocols = [Protocol::OpenAi, Protocol::Azure];
    let gateway = gateway(&protocols, &simulator).await;
    for protocol in protocols {
        let name = protocol.as_str();
        for path in ["/images", "/images/generations"] {
            let ask = json!({
                "model": format!("{name}/image"), "prompt": "a red door", "n": 2,
            });
            let reply = gateway.post(path, &ask).await;
            assert_eq!(reply.status, 200, "{name}: {}", reply.text());
            let answer = reply.json();
            let pictures = answer["data"].as_array().unwrap();
            assert_eq!(pictures.len(), 2, "{name}");
            assert_eq!(pictures[0]["media_type"], "image/png", "{name}");
            let bytes = STANDARD.decode(pictures[0]["b64_json"].as_str().unwrap()).unwrap();
            assert!(bytes.starts_with(b"\x89PNG"), "{name}");
            assert_eq!(answer["usage"]["cost"], json!(0.08), "{name}: {}", answer["usage"]);
            assert_eq!(gateway.generation(&id_of(&reply)).await["api_type"], "image");
        }
    }
    let models = gateway.get("/images/models").await.json();
    let ids: Vec<&Value> = models["data"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert!(ids.contains(&&json!("openai-chat/image")), "{ids:?}");
    let endpoints = gateway.get("/images/models/openai-chat/image/endpoints").await.json();
    let price = json!({ "billable": "output_image", "unit": "image", "cost_usd": 0.04 });
    assert_eq!(endpoints["endpoints"][0]["pricing"], json!([price]));
}

#[tokio::test]
async fn harm_is_found() {
    let simulator = simulator().await;
    let protocols = [Protocol::OpenAi, Protocol::Mistral];
    let gateway = gateway(&protocols, &simulator).await;
    for protocol in protocols {
        let name = protocol.as_str();
        let ask =
            json!({ "model": format!("{name}/moderation"), "input": ["I will kill", "hello"] });
        let reply = gateway.post("/moderations", &ask).await;
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
        let answer = reply.json();
        assert_eq!(answer["results"][0]["flagged"], true, "{name}: {answer}");
        assert_eq!(answer["results"][1]["flagged"], false, "{name}: {answer}");
        assert!(answer["results"][0]["category_scores"].is_object(), "{name}: {answer}");
    }
}

#[tokio::test]
async fn an_operation_fails_over_and_says_why_when_nobody_is_left() {
    let simulator = simulator().await;
    let free = r#"{ input = "0" }"#;
    let dear = r#"{ input = "1" }"#;
    let text = rows(
        "acme/both",
        "embeddings",
        &[("down", "embed+status:503", free), ("up", "embed", dear)],
    ) + &rows("acme/down", "embeddings", &[("down", "embed+status:429", free)])
        + &rows("acme/gone", "speech", &[("down", "speech+status:500", free)]);
    let gateway = TestGateway::builder()
        .config(&text)
        .provider("down", Protocol::OpenAi, &simulator)
        .provider("up", Protocol::OpenAi, &simulator)
        .endpoint("acme/chat", "up", "echo", r#"{ input = "1", output = "1" }"#)
        .start()
        .await;
    let embed = |model: &str| json!({ "model": model, "input": "x" });
    let reply = gateway.post("/embeddings", &embed("acme/both")).await;
    assert_eq!(reply.headers["x-provider-name"], "Up", "{}", reply.text());
    let record = gateway.generation(&id_of(&reply)).await;
    assert_eq!(record["provider_responses"].as_array().unwrap().len(), 2);
    gateway.post("/embeddings", &embed("acme/down")).await.error(429, "rate_limit_exceeded");
    let speak = json!({ "model": "acme/gone", "input": "x", "voice": "alloy" });
    gateway.post("/audio/speech", &speak).await.error(502, "provider_unavailable");
    // A model that talks does not embed, and one that embeds does not talk.
    let reply = gateway.post("/embeddings", &embed("acme/chat")).await;
    assert!(reply.text().contains("output modalities: embeddings"), "{}", reply.text());
    reply.error(404, "not_found");
    let chat = json!({ "model": "acme/both", "messages": [{ "role": "user", "content": "x" }] });
    let reply = gateway.chat(chat).await;
    assert!(reply.text().contains("output modalities: text"), "{}", reply.text());
    reply.error(404, "not_found");
    gateway.post("/embeddings", &json!({ "input": "x" })).await.error(400, "invalid_request");
    gateway.post("/embeddings", &embed("acme/nothing")).await.error(400, "invalid_request");
}

#[tokio::test]
async fn a_sound_that_breaks_off_is_not_a_whole_one_and_not_charged() {
    let simulator = simulator().await;
    let text =
        rows("acme/cut", "speech", &[("acme", "speech+cut-after:1", r#"{ character = "15" }"#)]);
    let gateway = TestGateway::builder()
        .config(&text)
        .provider("acme", Protocol::OpenAi, &simulator)
        .start()
        .await;
    let body =
        json!({ "model": "acme/cut", "input": "Good morning", "voice": "alloy" }).to_string();
    let raw = gateway
        .raw(
            format!(
                "POST /api/v1/audio/speech HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                 Authorization: Bearer {}\r\nContent-Type: application/json\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                gateway.key(),
                body.len(),
            )
            .as_bytes(),
        )
        .await;
    // Either nothing had been sent, and it is an error, or the body has no end.
    assert!(raw.contains(" 502 ") || !raw.ends_with("0\r\n\r\n"), "{}", raw.len());
    eventually("the call is settled", || async {
        (gateway.generations().await == 1).then_some(())
    })
    .await;
    assert_eq!(gateway.spent().await, json!(0));
}

#[tokio::test]
async fn tokens_are_counted_by_the_provider_or_estimated() {
    use Protocol::{Anthropic, Bedrock, Gemini, OpenAi, Responses, Vertex, VertexAnthropic};
    let simulator = simulator().await;
    let price = r#"{ input = "1", output = "1" }"#;
    let counting = [Anthropic, VertexAnthropic, Gemini, Vertex, Responses, Bedrock];
    let mut builder = TestGateway::builder();
    for protocol in counting.into_iter().chain([OpenAi]) {
        let slug = format!("at-{}", protocol.as_str());
        let model = format!("{}/model", protocol.as_str());
        builder =
            builder.provider(&slug, protocol, &simulator).endpoint(&model, &slug, "echo", price);
    }
    let gateway = builder.start().await;
    let ask = |model: &str| json!({ "model": model, "messages": [{ "role": "user", "content": "one two three four" }] });
    for protocol in counting {
        let model = format!("{}/model", protocol.as_str());
        let reply = gateway.post("/messages/count_tokens", &ask(&model)).await;
        assert_eq!(reply.status, 200, "{model}: {}", reply.text());
        assert!(reply.json()["input_tokens"].as_u64().unwrap() >= 4, "{model}: {}", reply.text());
        assert!(!reply.headers.contains_key("x-tollgate-estimated"), "{model}");
        let contents = json!([{ "role": "user", "parts": [{ "text": "one two three four" }] }]);
        for body in [
            json!({ "contents": contents }),
            json!({ "generateContentRequest": { "model": format!("models/{model}"), "contents": contents } }),
        ] {
            let path = format!("/api/v1beta/models/{model}:countTokens");
            let reply = gateway.at("POST", &path).key(gateway.key()).json(&body).send().await;
            assert_eq!(reply.status, 200, "{model}: {}", reply.text());
            assert!(reply.json()["totalTokens"].as_u64().unwrap() >= 4, "{model}");
        }
    }
    let reply = gateway.post("/messages/count_tokens", &ask("openai-chat/model")).await;
    assert_eq!(reply.json(), json!({ "input_tokens": 5 }));
    assert_eq!(reply.headers["x-tollgate-estimated"], "true");
    // Counting is no generation and costs nothing.
    assert_eq!(gateway.generations().await, 0);
    let reply = gateway.post("/messages/count_tokens", &ask("no/such-model")).await;
    assert_eq!(reply.json()["type"], "error", "{}", reply.text());
}
