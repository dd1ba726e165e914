//! What clients of Ollama and Gemini ask before they talk: which models there are and what they
//! can. And Gemini's way to embed.

use serde_json::{Value, json};
use tollgate_simulator::Simulator;
use tollgate_testkit::{Protocol, Reply, TestGateway, amount, simulator};
use tollgate_types::Usd;

async fn gateway() -> (TestGateway, Simulator) {
    let simulator = simulator().await;
    let rows = r#"
        [simulator]
        enabled = false
        [[model]]
        id = "acme/seer"
        name = "Acme: Seer"
        description = "Sees"
        created = 1700000000
        context_length = 32000
        input = ["text", "image"]
        supported_parameters = ["temperature", "tools", "reasoning"]
        default_parameters = { temperature = 0.5 }
        [[model.endpoint]]
        provider = "alpha"
        upstream_model = "echo"
        quantization = "fp8"
        max_output = 4096
        [[model]]
        id = "acme/plain"
        supported_parameters = ["temperature"]
        [[model.endpoint]]
        provider = "alpha"
        upstream_model = "echo"
        [[model]]
        id = "acme/vectors"
        input = ["text", "image"]
        output = ["embeddings"]
        [[model.endpoint]]
        provider = "alpha"
        upstream_model = "embed"
        price = { input = "1" }
        [[model]]
        id = "acme/twin"
        output = ["embeddings"]
        [[model.endpoint]]
        provider = "alpha"
        upstream_model = "embed"
        [[model]]
        id = "other/twin"
        output = ["embeddings"]
        [[model.endpoint]]
        provider = "alpha"
        upstream_model = "embed"
        [[model]]
        id = "acme/painter"
        output = ["image"]
        [[model.endpoint]]
        provider = "alpha"
        upstream_model = "image"
    "#;
    let builder =
        TestGateway::builder().config(rows).provider("alpha", Protocol::OpenAi, &simulator);
    (builder.start().await, simulator)
}

fn good(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

fn names<'a>(list: &'a Value, member: &str) -> Vec<&'a str> {
    let models = list["models"].as_array().unwrap();
    let mut names: Vec<&str> = models.iter().map(|it| it[member].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_client_of_ollama_finds_the_models() {
    let (gateway, _simulator) = gateway().await;
    let at = |path: &str| gateway.at("GET", path).send();
    assert_eq!(good(&at("/api/version").await)["version"], "0.12.6");
    assert_eq!(good(&at("/api/ps").await), json!({ "models": [] }));
    let tags = good(&at("/api/tags").await);
    assert_eq!(names(&tags, "name"), ["acme/plain", "acme/seer"], "{tags}");
    let models = tags["models"].as_array().unwrap();
    let seer = models.iter().find(|it| it["name"] == "acme/seer").unwrap();
    assert_eq!(seer["model"], "acme/seer", "{seer}");
    assert_eq!(seer["modified_at"], "2023-11-14T22:13:20.000Z", "{seer}");
    assert_eq!(seer["digest"].as_str().unwrap().len(), 64, "{seer}");
    assert_ne!(models[0]["digest"], models[1]["digest"], "{tags}");
    let details = json!({
        "parent_model": "", "format": "", "family": "acme", "families": ["acme"],
        "parameter_size": "", "quantization_level": "fp8",
    });
    assert_eq!(seer["details"], details);
    let show = |body: Value| gateway.at("POST", "/api/show").json(&body).send();
    let shown = good(&show(json!({ "model": "acme/seer" })).await);
    assert_eq!(shown["capabilities"], json!(["completion", "vision", "tools", "thinking"]));
    assert_eq!(shown["details"], details, "{shown}");
    assert_eq!(shown["parameters"], "temperature 0.5", "{shown}");
    assert_eq!(
        shown["model_info"],
        json!({
            "acme.context_length": 32_000, "general.architecture": "acme",
            "general.basename": "Acme: Seer",
        })
    );
    let plain = good(&show(json!({ "name": "plain" })).await);
    assert_eq!(plain["capabilities"], json!(["completion"]), "{plain}");
    let vectors = good(&show(json!({ "model": "acme/vectors" })).await);
    assert_eq!(vectors["capabilities"], json!(["embedding", "vision"]), "{vectors}");
    for (body, status, words) in [
        (json!({ "model": "acme/see" }), 404, "acme/seer"),
        (json!({ "model": "twin" }), 404, "other/twin"),
        (json!({}), 400, "model"),
    ] {
        let reply = show(body).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        assert!(reply.json()["error"].as_str().unwrap().contains(words), "{}", reply.text());
    }
}

#[tokio::test]
async fn a_client_of_gemini_finds_the_models() {
    let (gateway, _simulator) = gateway().await;
    let at = |path: &str| {
        let key = gateway.key();
        gateway.at("GET", &format!("/api/v1beta/{path}")).header("x-goog-api-key", key).send()
    };
    let list = good(&at("models").await);
    let all = [
        "models/acme/plain",
        "models/acme/seer",
        "models/acme/twin",
        "models/acme/vectors",
        "models/other/twin",
    ];
    assert_eq!(names(&list, "name"), all, "{list}");
    assert_eq!(list.get("nextPageToken"), None, "{list}");
    let seer = good(&at("models/acme/seer").await);
    assert_eq!(
        seer,
        json!({
            "name": "models/acme/seer", "version": "acme/seer", "displayName": "Acme: Seer",
            "description": "Sees", "inputTokenLimit": 32_000, "outputTokenLimit": 4096,
            "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens"],
            "temperature": 0.5, "thinking": true,
        })
    );
    assert_eq!(good(&at("models/seer").await), seer);
    let vectors = good(&at("models/acme/vectors").await);
    assert_eq!(
        vectors["supportedGenerationMethods"],
        json!(["embedContent", "batchEmbedContents"]),
        "{vectors}"
    );
    let mut found = Vec::new();
    let mut query = "models?pageSize=2".to_owned();
    for models in [2, 2, 1] {
        let page = good(&at(&query).await);
        assert_eq!(page["models"].as_array().unwrap().len(), models, "{page}");
        found.extend(names(&page, "name").into_iter().map(str::to_owned));
        query = format!(
            "models?pageSize=2&pageToken={}",
            page["nextPageToken"].as_str().unwrap_or("-")
        );
    }
    found.sort_unstable();
    assert_eq!(found, all);
    assert!(query.ends_with("=-"), "{query}");
    for (path, status, word) in
        [("models?pageToken=x", 400, "INVALID_ARGUMENT"), ("models/acme/none", 404, "NOT_FOUND")]
    {
        let reply = at(path).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        assert_eq!(reply.json()["error"]["status"], word, "{}", reply.text());
    }
    let keyless = gateway.at("GET", "/api/v1beta/models").send().await;
    assert_eq!(keyless.json()["error"]["status"], "UNAUTHENTICATED", "{}", keyless.text());
}

#[tokio::test]
async fn a_client_of_gemini_embeds() {
    let (gateway, simulator) = gateway().await;
    let post = |path: &str, body: Value| {
        gateway.at("POST", &format!("/api/{path}")).key(gateway.key()).json(&body).send()
    };
    let texts = ["A cat on a mat", "A dog in the fog"];
    let plain =
        good(&post("v1/embeddings", json!({ "model": "acme/vectors", "input": texts })).await);
    let content = |text: &str| json!({ "content": { "parts": [{ "text": text }] } });
    let batch = json!({ "requests": texts.map(content) });
    let vectors = json!({ "embeddings": [
        { "values": plain["data"][0]["embedding"] },
        { "values": plain["data"][1]["embedding"] },
    ] });
    for base in ["v1beta", "v1"] {
        let reply = post(&format!("{base}/models/acme/vectors:batchEmbedContents"), batch.clone());
        assert_eq!(good(&reply.await), vectors, "{base}");
        let reply = post(&format!("{base}/models/acme/vectors:embedContent"), content(texts[1]));
        let reply = reply.await;
        assert_eq!(good(&reply), json!({ "embedding": vectors["embeddings"][1] }), "{base}");
        let record = gateway.generation(reply.header("x-generation-id").unwrap()).await;
        assert_eq!(record["api_type"], "embeddings", "{record}");
        assert!(amount(&record["total_cost"]) > Usd::ZERO, "{record}");
    }
    let mut wanted = content(texts[0]);
    wanted["outputDimensionality"] = 4.into();
    let reply = good(&post("v1beta/models/acme/vectors:embedContent", wanted).await);
    assert_eq!(reply["embedding"]["values"].as_array().unwrap().len(), 4, "{reply}");
    let sent = simulator.requests().pop().unwrap();
    let sent: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!((&sent["input"], &sent["dimensions"]), (&json!([texts[0]]), &json!(4)), "{sent}");
    for (path, body, status) in [
        ("v1beta/models/acme/none:embedContent", content("x"), 404),
        ("v1beta/models/acme/vectors:embedContent", json!({}), 400),
        ("v1beta/models/acme/vectors:batchEmbedContents", json!({ "requests": [] }), 400),
        ("v1beta/models/acme/vectors:predict", content("x"), 404),
    ] {
        let reply = post(path, body).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        assert_eq!(reply.json()["error"]["code"], status, "{path}: {}", reply.text());
    }
}
