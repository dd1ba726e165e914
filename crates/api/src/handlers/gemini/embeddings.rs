//! `:embedContent` and `:batchEmbedContents`, as calls of the operation that embeds.
//!
//! <https://ai.google.dev/api/embeddings>

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tollgate_engine::Operated;
use tollgate_wire::GATEWAY_MEMBERS;
use tollgate_wire::error::ErrorType;
use tollgate_wire::json::RawObject;
use tollgate_wire::operation::{Operation, OperationCall};

use crate::auth::InferenceKey;
use crate::error::ApiError;
use crate::handlers::generate::respond;
use crate::handlers::operations::run;
use crate::router::App;

/// Something to embed, and how. Its `title` has no word elsewhere, and its `model` is the path's.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EmbedRequest {
    content: Content,
    #[serde(alias = "task_type")]
    task_type: Option<String>,
    #[serde(alias = "output_dimensionality")]
    output_dimensionality: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct BatchRequest {
    requests: Vec<EmbedRequest>,
}

#[derive(Debug, Deserialize)]
struct Content {
    parts: Vec<Part>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    text: Option<String>,
    #[serde(alias = "inline_data")]
    inline_data: Option<Blob>,
    #[serde(alias = "file_data")]
    file_data: Option<FileData>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Blob {
    #[serde(alias = "mime_type")]
    mime_type: String,
    data: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileData {
    #[serde(alias = "mime_type")]
    mime_type: Option<String>,
    #[serde(alias = "file_uri")]
    file_uri: String,
}

/// Of an answer to the operation, what Gemini's has too.
#[derive(Debug, Deserialize)]
struct Embedded {
    data: Vec<EmbeddedItem>,
}

#[derive(Debug, Deserialize)]
struct EmbeddedItem {
    embedding: Box<RawValue>,
}

#[derive(Debug, Serialize)]
struct OneAnswer {
    embedding: Vector,
}

#[derive(Debug, Serialize)]
struct BatchAnswer {
    embeddings: Vec<Vector>,
}

#[derive(Debug, Serialize)]
struct Vector {
    /// The numbers as they came, digit by digit.
    values: Box<RawValue>,
}

/// `embedContent`: one vector.
pub(super) async fn one(
    app: &App,
    key: InferenceKey,
    headers: &HeaderMap,
    (model, body): (&str, Bytes),
) -> Result<Response, ApiError> {
    let object = RawObject::read(body.clone())?;
    let request = read::<EmbedRequest>(&body)?;
    let call = call(model, &object, vec![request])?;
    embed(app, key, headers, call, |vectors| {
        let embedding = vectors.into_iter().next().ok_or_else(malformed)?;
        serde_json::to_vec(&OneAnswer { embedding }).map_err(|error| ApiError::internal(&error))
    })
    .await
}

/// `batchEmbedContents`: a vector for each request.
pub(super) async fn batch(
    app: &App,
    key: InferenceKey,
    headers: &HeaderMap,
    (model, body): (&str, Bytes),
) -> Result<Response, ApiError> {
    let object = RawObject::read(body.clone())?;
    let batch = read::<BatchRequest>(&body)?;
    let call = call(model, &object, batch.requests)?;
    embed(app, key, headers, call, |embeddings| {
        serde_json::to_vec(&BatchAnswer { embeddings }).map_err(|error| ApiError::internal(&error))
    })
    .await
}

fn read<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(body)
        .map_err(|error| ApiError::bad_request(format!("Invalid request body: {error}")))
}

async fn embed(
    app: &App,
    key: InferenceKey,
    headers: &HeaderMap,
    call: OperationCall,
    write: impl FnOnce(Vec<Vector>) -> Result<Vec<u8>, ApiError>,
) -> Result<Response, ApiError> {
    let Operated::Whole { id, provider, answer, .. } = run(app, key, headers, call).await? else {
        return Err(malformed());
    };
    let embedded: Embedded =
        serde_json::from_slice(&answer.body).map_err(|error| ApiError::internal(&error))?;
    let vectors = embedded.data.into_iter().map(|it| Vector { values: it.embedding }).collect();
    Ok(respond("application/json", id.as_str(), Some(&provider), Body::from(write(vectors)?)))
}

fn malformed() -> ApiError {
    ApiError::new(ErrorType::Server, "Internal Server Error")
}

/// The requests as one call. What is said once for all vectors must be the same in each.
fn call(
    model: &str,
    object: &RawObject,
    requests: Vec<EmbedRequest>,
) -> Result<OperationCall, ApiError> {
    let mut body = Map::new();
    body.insert("model".to_owned(), model.into());
    if let Some(first) = requests.first() {
        let differs = |index: usize, name: &str| {
            ApiError::bad_request(format!(
                "requests.{index}.{name}: Must be the same as in the first request"
            ))
        };
        for (index, request) in requests.iter().enumerate() {
            if request.task_type != first.task_type {
                return Err(differs(index, "taskType"));
            }
            if request.output_dimensionality != first.output_dimensionality {
                return Err(differs(index, "outputDimensionality"));
            }
        }
        let task = first.task_type.clone().filter(|it| it != "TASK_TYPE_UNSPECIFIED");
        body.extend(task.map(|task| ("input_type".to_owned(), task.into())));
        let dimensions = first.output_dimensionality;
        body.extend(dimensions.map(|count| ("dimensions".to_owned(), count.into())));
    }
    let inputs: Result<Vec<Value>, ApiError> = requests.into_iter().map(input).collect();
    body.insert("input".to_owned(), inputs?.into());
    for name in GATEWAY_MEMBERS {
        if let Some(raw) = object.member(name) {
            let value = serde_json::from_str(raw).map_err(|error| ApiError::internal(&error))?;
            body.insert((*name).to_owned(), value);
        }
    }
    let body = serde_json::to_vec(&body).map_err(|error| ApiError::internal(&error))?;
    Ok(OperationCall::read(Operation::Embeddings, Bytes::from(body))?)
}

/// A content as an input. Texts alone are one text, which any model embeds.
fn input(request: EmbedRequest) -> Result<Value, ApiError> {
    let parts = request.content.parts;
    if parts.is_empty() {
        return Err(ApiError::bad_request("content.parts: Must have at least one part"));
    }
    let texts: Option<Vec<&str>> = parts.iter().map(|part| part.text.as_deref()).collect();
    if let Some(texts) = texts {
        return Ok(texts.join("\n").into());
    }
    let parts: Result<Vec<Value>, ApiError> = parts.into_iter().map(part).collect();
    Ok(json!({ "content": parts? }))
}

fn part(part: Part) -> Result<Value, ApiError> {
    if let Some(text) = part.text {
        return Ok(json!({ "type": "text", "text": text }));
    }
    if let Some(Blob { mime_type, data }) = part.inline_data {
        return Ok(media(&mime_type, &format!("data:{mime_type};base64,{data}")));
    }
    if let Some(FileData { mime_type, file_uri }) = part.file_data {
        return Ok(media(mime_type.as_deref().unwrap_or_default(), &file_uri));
    }
    Err(ApiError::bad_request("content.parts: Expected one of text, inlineData, fileData"))
}

/// Media by its kind: an address or a data URI.
fn media(media_type: &str, uri: &str) -> Value {
    match media_type.split('/').next() {
        Some("image") => json!({ "type": "image_url", "image_url": { "url": uri } }),
        Some("audio") => json!({ "type": "input_audio", "input_audio": { "data": uri } }),
        Some("video") => json!({ "type": "input_video", "input_video": { "data": uri } }),
        _ => json!({ "type": "input_file", "input_file": { "data": uri } }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_wire::operation::{EmbeddingInput, InputPart, MediaSource, OperationRequest};

    fn read_call(text: &'static str) -> Result<OperationCall, ApiError> {
        let body = Bytes::from_static(text.as_bytes());
        let object = RawObject::read(body.clone())?;
        let requests = match read::<BatchRequest>(&body) {
            Ok(batch) => batch.requests,
            Err(_) => vec![read::<EmbedRequest>(&body)?],
        };
        call("a/b", &object, requests)
    }

    #[test]
    fn a_batch_is_one_call() {
        let call = read_call(
            r#"{"requests":[
                {"model":"models/x","content":{"parts":[{"text":"one"},{"text":"two"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":8,"title":"t"},
                {"content":{"parts":[{"text":"what"},{"inline_data":{"mime_type":"image/png","data":"AAAA"}},{"fileData":{"mimeType":"application/pdf","fileUri":"https://x.example/a.pdf"}}]},"task_type":"RETRIEVAL_QUERY","output_dimensionality":8}],
                "session_id":"s"}"#,
        )
        .unwrap();
        assert_eq!(call.params().model.as_deref(), Some("a/b"));
        assert_eq!(call.params().session_id.as_deref(), Some("s"));
        let OperationRequest::Embeddings(request) = call.request() else { panic!("{call:?}") };
        assert_eq!(request.input_type.as_deref(), Some("RETRIEVAL_QUERY"));
        assert_eq!(request.dimensions, Some(8));
        let image = MediaSource::inline("image/png", "AAAA").unwrap();
        let document = MediaSource::Address("https://x.example/a.pdf".to_owned());
        assert_eq!(
            request.inputs,
            [
                EmbeddingInput::Text("one\ntwo".to_owned()),
                EmbeddingInput::Parts(vec![
                    InputPart::Text("what".to_owned()),
                    InputPart::Image(image),
                    InputPart::File { name: None, source: document },
                ]),
            ]
        );
    }

    #[test]
    fn what_can_not_be_one_call_is_refused() {
        for (text, words) in [
            (r#"{"requests":[]}"#, "input"),
            (r#"{"content":{"parts":[]}}"#, "content.parts"),
            (r#"{"content":{"parts":[{}]}}"#, "content.parts"),
            (r#"{"content":"x"}"#, "Invalid request body"),
            (
                r#"{"requests":[{"content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"b"}]},"taskType":"CLUSTERING"}]}"#,
                "requests.1.taskType",
            ),
            (
                r#"{"requests":[{"content":{"parts":[{"text":"a"}]},"outputDimensionality":1},{"content":{"parts":[{"text":"b"}]}}]}"#,
                "requests.1.outputDimensionality",
            ),
        ] {
            let error = read_call(text).unwrap_err();
            assert!(format!("{error:?}").contains(words), "{text}: {error:?}");
        }
    }
}
