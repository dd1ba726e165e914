//! Thoughts of Claude that go back to it, wherever it is served.

use tollgate_wire::chat::{ReasoningDetail, ReasoningFormat, ReasoningKind};

/// A thought with the proof that it is Claude's.
#[derive(Debug)]
pub(crate) enum Thought<'a> {
    /// One that can be read.
    Signed {
        /// What was thought.
        text: String,
        /// The proof.
        signature: &'a str,
    },
    /// One that can't.
    Sealed(&'a str),
}

/// Claude's thoughts, in order. Nobody else's can be verified, and unsigned ones are refused. A
/// client may have kept the pieces of the stream, so the pieces of a block are joined until its
/// signature.
pub(crate) fn replayed(details: &[ReasoningDetail]) -> Vec<Thought<'_>> {
    let mut thoughts = Vec::new();
    let mut text = String::new();
    let mut index = None;
    for detail in details.iter().filter(|it| it.format == ReasoningFormat::Anthropic) {
        if index.replace(detail.index) != Some(detail.index) {
            text.clear();
        }
        match detail.kind {
            ReasoningKind::Text => {
                text.push_str(detail.text());
                if let Some(signature) = detail.signature.as_deref().filter(|it| !it.is_empty()) {
                    let text = std::mem::take(&mut text);
                    thoughts.push(Thought::Signed { text, signature });
                }
            }
            ReasoningKind::Encrypted => {
                let data = detail.data.as_deref().filter(|data| !data.is_empty());
                thoughts.extend(data.map(Thought::Sealed));
            }
            ReasoningKind::Summary | ReasoningKind::ServerToolCall => {}
        }
    }
    thoughts
}
