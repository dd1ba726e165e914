//! What the server's errors mean beyond their status: the body is `{"error": "a sentence"}`.

use crate::{Fault, FaultKind};

/// How the server, its engines and its cloud say that a prompt is too long.
const TOO_LONG: &[&str] =
    &["exceeds the context", "exceed context", "context length", "context window", "context size"];

/// Corrects a fault by what only this server says. What its model can't do is not the caller's
/// mistake: another endpoint may.
pub(super) fn refined(fault: Fault) -> Fault {
    let message = fault.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    let kind = if says(&["does not support"]) {
        FaultKind::Unsupported
    } else if message.starts_with("model ") && says(&["not found"]) {
        FaultKind::ModelMissing
    } else if says(&["more system memory", "out of memory", "server busy"]) {
        FaultKind::Overloaded
    } else if says(TOO_LONG) {
        FaultKind::ContextLength
    } else {
        fault.kind
    };
    Fault { kind, ..fault }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::Failure;

    #[test]
    fn errors_are_told_apart_by_their_sentence() {
        for (status, message, kind) in [
            (404, "model 'llama9' not found", FaultKind::ModelMissing),
            (500, "model 'llama9' not found", FaultKind::ModelMissing),
            (404, "model \\\"x\\\" not found, try pulling it first", FaultKind::ModelMissing),
            (
                400,
                "registry.ollama.ai/library/gemma:2b does not support tools",
                FaultKind::Unsupported,
            ),
            (400, "\\\"llama3.2\\\" does not support thinking", FaultKind::Unsupported),
            (400, "invalid message role: robot", FaultKind::Rejected),
            (
                500,
                "model requires more system memory (48.0 GiB) than is available (15.2 GiB)",
                FaultKind::Overloaded,
            ),
            (
                503,
                "server busy, please try again.  maximum pending requests exceeded",
                FaultKind::Overloaded,
            ),
            (400, "the input length exceeds the context length", FaultKind::ContextLength),
            (
                400,
                "the prompt is longer than the context length currently available to the model; shorten it",
                FaultKind::ContextLength,
            ),
            (
                400,
                "input length (9000 tokens) exceeds the model's maximum context length (8192 tokens)",
                FaultKind::ContextLength,
            ),
            (
                400,
                "prompt too long; exceeded max context length by 12 tokens",
                FaultKind::ContextLength,
            ),
            (400, "the request exceeds the available context size", FaultKind::ContextLength),
            (401, "unauthorized", FaultKind::Credential),
            (500, "an error was encountered while running the model", FaultKind::Broken),
        ] {
            let body = format!(r#"{{"error":"{message}"}}"#);
            let failure = Failure {
                status: StatusCode::from_u16(status).unwrap(),
                headers: &HeaderMap::new(),
                body: body.as_bytes(),
            };
            let fault = refined(Fault::from_failure(&failure));
            assert_eq!(fault.kind, kind, "{status} {message}");
            assert!(fault.message.is_some(), "{message}");
        }
    }
}
