//! Errors in the words of the dialect a client speaks (contract §4.7).
//!
//! Whatever fails on a dialect's path, the path itself, the method, the key, the body, the call,
//! fails as an [`ApiError`](crate::error::ApiError), which writes the contract's envelope and leaves
//! the error itself with the response. A layer over all routes writes it again in the dialect.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{Method, StatusCode};
use tollgate_types::GenerationId;
use tollgate_wire::error::{ErrorBody, ErrorType};
use tollgate_wire::{Dialect, error_body};

/// The error a response was made of.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    pub(crate) body: Box<ErrorBody>,
    pub(crate) id: Option<GenerationId>,
}

/// Writes a response's error, if it is one, in the dialect of the path that was asked for.
pub(crate) async fn speak_its_dialect(request: Request, next: Next) -> Response {
    let dialect = dialect_of(request.method(), request.uri().path());
    let response = next.run(request).await;
    match dialect {
        Some(dialect) => in_dialect(dialect, response),
        None => response,
    }
}

/// The methods of Gemini's that are known under the paths of models.
pub(crate) const GEMINI_METHODS: [&str; 5] = [
    "generateContent",
    "streamGenerateContent",
    "countTokens",
    "embedContent",
    "batchEmbedContents",
];

/// Whose clients ask for such a path, whether it is there or not. None where errors have the
/// contract's own form.
pub(crate) fn dialect_of(method: &Method, path: &str) -> Option<Dialect> {
    let below = |prefix: &str| {
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if below("/api/v1beta") {
        return Some(Dialect::Gemini);
    }
    if below("/api/v1/responses") {
        return Some(Dialect::Responses);
    }
    if below("/api/v1/messages") {
        return Some(Dialect::Messages);
    }
    if below("/api/v1/models") {
        return is_gemini_method(method, path).then_some(Dialect::Gemini);
    }
    // The contract's batches are under `/api/beta` (§1.1); the rest is where Ollama's clients ask.
    if below("/api/v1") || below("/api/beta") {
        return None;
    }
    path.strip_prefix("/api/").map(|_| Dialect::Ollama)
}

/// Whether a path ends in `:METHOD`, which other paths of models may do too: a variant is named so.
fn is_gemini_method(method: &Method, path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default().replace("%3A", ":").replace("%3a", ":");
    last.rsplit_once(':')
        .is_some_and(|(_, word)| *method == Method::POST || GEMINI_METHODS.contains(&word))
}

/// Writes a response's error, if it is one, in a dialect.
pub(crate) fn in_dialect(dialect: Dialect, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Some(mut failed) = parts.extensions.remove::<Failed>() else {
        return Response::from_parts(parts, body);
    };
    if has_404_for_models(dialect) && is_unknown_model(&failed.body) {
        failed.body.error.code = StatusCode::NOT_FOUND.as_u16();
        failed.body.error.error_type = ErrorType::NotFound.as_str();
        parts.status = StatusCode::NOT_FOUND;
    }
    let mut body = error_body(dialect, &failed.body, failed.id.as_ref());
    if let Some(told) = &failed.body.openrouter_metadata {
        told.join_answer(dialect, &mut body);
    }
    parts.headers.remove(http::header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(body))
}

/// Whether the dialect's own servers answer 404 for a model that they do not know. Clients go by
/// it: Ollama's documentation has them pull the model then. OpenRouter's answer is a 400 (contract
/// §4.5), and its API has neither dialect.
///
/// <https://docs.ollama.com/api/errors>, <https://ai.google.dev/gemini-api/docs/troubleshooting>
const fn has_404_for_models(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Gemini | Dialect::Ollama)
}

fn is_unknown_model(error: &ErrorBody) -> bool {
    error.error.availability.as_ref().is_some_and(|it| it.code == "model_not_found")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_who_asks() {
        for (method, path, expected) in [
            (Method::GET, "/api/v1beta", Some(Dialect::Gemini)),
            (Method::GET, "/api/v1beta/nowhere", Some(Dialect::Gemini)),
            (Method::GET, "/api/v1betas", Some(Dialect::Ollama)),
            (Method::GET, "/api/v1/messages", Some(Dialect::Messages)),
            (Method::POST, "/api/v1/messages/batches", Some(Dialect::Messages)),
            (Method::DELETE, "/api/v1/responses/resp_1", Some(Dialect::Responses)),
            (Method::POST, "/api/v1/models/a/b:generateContent", Some(Dialect::Gemini)),
            (Method::POST, "/api/v1/models/a%2Fb%3AgenerateContent", Some(Dialect::Gemini)),
            (Method::POST, "/api/v1/models/a/b:predict", Some(Dialect::Gemini)),
            (Method::GET, "/api/v1/models/a/b:countTokens", Some(Dialect::Gemini)),
            (Method::GET, "/api/v1/models/a/b:free", None),
            (Method::GET, "/api/v1/models/a/b:free/endpoints", None),
            (Method::GET, "/api/v1/models", None),
            (Method::GET, "/api/v1/chat/completions", None),
            (Method::GET, "/api/beta/batches", None),
            (Method::POST, "/api/generate", Some(Dialect::Ollama)),
            (Method::GET, "/api/chat", Some(Dialect::Ollama)),
            (Method::GET, "/api", None),
            (Method::GET, "/v1/models", None),
        ] {
            assert_eq!(dialect_of(&method, path), expected, "{method} {path}");
        }
    }
}
