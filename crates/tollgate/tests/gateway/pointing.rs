//! Requests that point to pictures and documents, at providers that don't fetch them: the gateway
//! does, and everything else in the request still arrives.

use serde_json::{Value, json};
use tollgate_simulator::{RecordedRequest, Simulator};
use tollgate_testkit::{Canned, Protocol, TestGateway, simulator};

const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n and so on";
const PICTURE_BASE64: &str = "iVBORw0KGgogYW5kIHNvIG9u";
const DOCUMENT: &[u8] = b"%PDF-1.4 and so on";
const DOCUMENT_BASE64: &str = "JVBERi0xLjQgYW5kIHNvIG9u";

/// A gateway with one provider of this protocol, which fetches no images if told so.
async fn world(protocol: Protocol, model: &str, quirks: &str) -> (TestGateway, Simulator) {
    let simulator = simulator().await;
    let base_url = protocol.base_url(&simulator);
    let rows = format!(
        "[upstream]\nfetch_private_addresses = true\n\
         [[provider]]\nslug = \"acme\"\nname = \"Acme\"\nprotocol = \"{}\"\nbase_url = \"{base_url}\"\n\
         api_key = \"sk-acme\"\nquirks = {{ {quirks} }}\n\
         [[model]]\nid = \"acme/m\"\ninput = [\"text\", \"image\", \"file\", \"video\"]\n\
         [[endpoint]]\nmodel = \"acme/m\"\nprovider = \"acme\"\nupstream_model = \"{model}\"\n\
         price = {{ input = \"1\", output = \"2\" }}\n",
        protocol.as_str()
    );
    (TestGateway::builder().in_memory().config(&rows).start().await, simulator)
}

fn arrived(simulator: &Simulator) -> RecordedRequest {
    simulator.requests().pop().unwrap()
}

#[tokio::test]
async fn a_gemini_client_keeps_what_only_gemini_knows() {
    let gallery = Canned::start("image/png", PICTURE).await;
    let (gateway, simulator) = world(Protocol::Gemini, "echo", "takes_image_urls = false").await;
    let safety = json!([{ "category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE" }]);
    let film = "https://www.youtube.com/watch?v=1";
    let body = json!({
        "contents": [{ "role": "user", "parts": [
            { "text": "Look" },
            { "fileData": { "fileUri": format!("{}/a", gallery.base_url()), "mimeType": "image/png" } },
            { "fileData": { "fileUri": film } },
        ] }],
        "safetySettings": safety,
    });
    let call = gateway.at("POST", "/api/v1beta/models/acme/m:generateContent");
    let reply = call.header("x-goog-api-key", gateway.key()).json(&body).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let sent = arrived(&simulator).json();
    assert_eq!(sent["safetySettings"], safety, "{sent}");
    let parts = &sent["contents"][0]["parts"];
    assert_eq!(
        parts[1],
        json!({ "inlineData": { "mimeType": "image/png", "data": PICTURE_BASE64 } })
    );
    assert_eq!(parts[2]["fileData"]["fileUri"], film);
    let record = gateway.generation(reply.headers["x-generation-id"].to_str().unwrap()).await;
    assert_eq!(record["provider_responses"][0].get("dropped"), None, "{record}");
}

#[tokio::test]
async fn a_feature_asked_for_in_a_header_arrives_with_a_fetched_picture() {
    let gallery = Canned::start("image/png", PICTURE).await;
    let (gateway, simulator) =
        world(Protocol::VertexAnthropic, "claude-sonnet-4-5+echo", "takes_image_urls = true").await;
    let source = json!({ "type": "url", "url": format!("{}/a", gallery.base_url()) });
    let body = json!({
        "model": "acme/m", "max_tokens": 100,
        "messages": [{ "role": "user", "content": [{ "type": "image", "source": source }] }],
    });
    let call = gateway.at("POST", "/api/v1/messages").header("x-api-key", gateway.key());
    let call = call.header("anthropic-beta", "context-1m-2025-08-07").json(&body);
    let reply = call.send().await;
    let request = arrived(&simulator);
    assert_eq!(request.header("anthropic-beta"), Some("context-1m-2025-08-07"), "{}", reply.text());
    let found = &request.json()["messages"][0]["content"][0]["source"];
    assert_eq!(found["data"], PICTURE_BASE64, "{found}");
}

#[tokio::test]
async fn openai_gets_documents_as_data_and_pictures_by_address() {
    let shelf = Canned::start("application/pdf", DOCUMENT).await;
    let picture = "https://x.test/a.png";
    let body = |more: Value| {
        let url = format!("{}/a.pdf", shelf.base_url());
        let file = json!({ "type": "file", "file": { "filename": "a.pdf", "file_data": url } });
        let mut content = vec![file];
        content.extend(more.as_array().into_iter().flatten().cloned());
        json!({ "model": "acme/m", "messages": [{ "role": "user", "content": content }] })
    };
    let (gateway, simulator) = world(Protocol::OpenAi, "echo", "").await;
    let reply = gateway.chat(body(json!([]))).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let file = arrived(&simulator).json()["messages"][0]["content"][0]["file"].clone();
    assert_eq!(file["file_data"], format!("data:application/pdf;base64,{DOCUMENT_BASE64}"));
    // One that takes documents by address gets both as they came.
    let (gateway, simulator) = world(Protocol::OpenAi, "echo", "takes_file_urls = true").await;
    let asked = body(json!([{ "type": "image_url", "image_url": { "url": picture } }]));
    let reply = gateway.chat(asked.clone()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(arrived(&simulator).json()["messages"], asked["messages"]);
}

#[tokio::test]
async fn what_can_not_be_fetched_is_the_callers_to_mend() {
    let page = Canned::start("text/html", "<html></html>").await;
    let (gateway, simulator) = world(Protocol::Ollama, "echo", "").await;
    let url = format!("{}/a?secret=1", page.base_url());
    let image = json!({ "type": "image_url", "image_url": { "url": url } });
    let body = json!({ "model": "acme/m", "messages": [{ "role": "user", "content": [image] }] });
    let reply = gateway.chat(body).await;
    let error = reply.json();
    assert_eq!(reply.status, 400, "{error}");
    let expected = format!("{}/a is not an image but text/html", page.base_url());
    assert_eq!(error["error"]["message"], expected);
    assert_eq!(error["error"]["metadata"].get("provider_name"), None, "{error}");
    assert!(simulator.requests().is_empty());
}
