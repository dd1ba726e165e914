//! Operations that are not conversations.

use serde_json::{Value, json};

use crate::world::World;

/// A route, its model and the rest of a request.
pub(crate) fn requests() -> Vec<(&'static str, &'static str, Value)> {
    let audio = json!({ "data": to_base64(&one_second()), "format": "wav" });
    vec![
        ("/embeddings", "embed", json!({ "input": ["one", "two"] })),
        ("/rerank", "rerank", json!({ "query": "one", "documents": ["one two", "three"] })),
        ("/images", "image", json!({ "prompt": "A square", "size": "64x64" })),
        ("/images/generations", "image", json!({ "prompt": "A square", "size": "64x64", "n": 2 })),
        ("/audio/speech", "speech", json!({ "input": "Hello", "voice": "alloy" })),
        ("/audio/transcriptions", "transcribe", json!({ "input_audio": audio })),
        ("/moderations", "moderate", json!({ "input": ["kill", "hello"] })),
    ]
}

/// Gemini's methods that embed.
pub(crate) fn gemini_requests() -> Vec<(&'static str, Value)> {
    let one = |text: &str| json!({ "content": { "parts": [{ "text": text }] } });
    let batch = json!({ "requests": [one("one"), one("two")] });
    vec![("embedContent", one("one")), ("batchEmbedContents", batch)]
}

pub(crate) fn of_model(model: &str, mut body: Value) -> Value {
    body["model"] = model.into();
    body
}

pub(crate) async fn run(world: &World) {
    for (route, model, body) in requests() {
        let media_type = if route == "/audio/speech" { "audio/pcm" } else { "application/json" };
        let path = format!("/api/v1{route}");
        let body_of = |model: &str| of_model(model, body.clone());
        let ask = |model: &str| world.ask("POST", &path).about(model).json(&body_of(model));
        ask(&format!("tollgate/{model}")).expect(200, media_type).await;
        let limited = ask(&format!("acme/{model}-limited")).expect(429, "application/json").await;
        assert_eq!(limited.header("retry-after"), Some("7"), "{}", limited.text());
        ask(&format!("acme/{model}-failing")).expect(502, "application/json").await;
    }
    for base in ["/api/v1beta", "/api/v1"] {
        for (method, body) in gemini_requests() {
            let path = format!("{base}/models/{{model}}:{method}");
            let ask = |model: &str| {
                let at = path.replace("{model}", model);
                world.ask("POST", &path).at(at).about(model).json(&body)
            };
            ask("tollgate/embed").ours(true).expect(200, "application/json").await;
            ask("acme/embed-limited").expect(429, "application/json").await;
            ask("acme/embed-failing").expect(502, "application/json").await;
        }
    }
    variants(world).await;
    forms(world).await;
}

/// What changes the form of an answer.
async fn variants(world: &World) {
    let audio = json!({ "data": to_base64(&one_second()), "format": "wav" });
    let heard = |format: &str, more: Value| {
        let mut body = json!({ "input_audio": audio, "response_format": format });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        body
    };
    let both = json!({ "timestamp_granularities": ["word", "segment"] });
    for (route, model, body, media_type) in [
        (
            "/embeddings",
            "embed",
            json!({ "input": "one", "encoding_format": "base64" }),
            "application/json",
        ),
        ("/embeddings", "embed", json!({ "input": [1, 2], "dimensions": 4 }), "application/json"),
        (
            "/rerank",
            "rerank",
            json!({ "query": "a", "documents": [{ "text": "a" }, "b"], "top_n": 1 }),
            "application/json",
        ),
        ("/moderations", "moderate", json!({ "input": "hello" }), "application/json"),
        (
            "/audio/speech",
            "speech",
            json!({ "input": "Hello", "voice": "alloy", "response_format": "mp3" }),
            "audio/mpeg",
        ),
        ("/audio/transcriptions", "transcribe", heard("verbose_json", both), "application/json"),
        ("/audio/transcriptions", "transcribe", heard("text", json!({})), "text/plain"),
        ("/audio/transcriptions", "transcribe", heard("srt", json!({})), "text/plain"),
        ("/audio/transcriptions", "transcribe", heard("vtt", json!({})), "text/vtt"),
    ] {
        let path = format!("/api/v1{route}");
        let about = format!("{model}, another form");
        let body = of_model(&format!("tollgate/{model}"), body);
        world.ask("POST", &path).about(about).json(&body).expect(200, media_type).await;
    }
}

/// Recordings are sent as files by most clients.
async fn forms(world: &World) {
    let mut form = Vec::new();
    for (name, text) in [("model", "tollgate/transcribe"), ("language", "en")] {
        let part =
            format!("--XYZ\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
        form.extend_from_slice(part.as_bytes());
    }
    form.extend_from_slice(
        b"--XYZ\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\
          Content-Type: audio/wav\r\n\r\n",
    );
    form.extend_from_slice(&one_second());
    form.extend_from_slice(b"\r\n--XYZ--\r\n");
    let ask = || world.ask("POST", "/api/v1/audio/transcriptions").about("a form");
    let kind = "multipart/form-data; boundary=XYZ";
    ask().body(kind, form).expect(200, "application/json").await;
    ask().body(kind, "--XYZ--\r\n").expect(400, "application/json").await;
}

/// A second of silence as a WAV file.
fn one_second() -> Vec<u8> {
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(36 + 16_000_u32).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&8_000_u32.to_le_bytes());
    file.extend_from_slice(&16_000_u32.to_le_bytes());
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend_from_slice(&16_000_u32.to_le_bytes());
    file.resize(file.len() + 16_000, 0);
    file
}

fn to_base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
