//! Thoughts of other providers in Anthropic's blocks.
//!
//! A client sends thinking blocks back as it got them, and the provider that wrote them wants its
//! own signature, id and seal again (contract §2.4). Where a block has no place for these, all of
//! them go into its `signature` or `data`, which clients treat as opaque: a prefix no signature of
//! Anthropic's has, then the detail as JSON.

use crate::chat::{ReasoningDetail, ReasoningFormat, ReasoningKind};
use crate::messages::fields::Escaped;

/// How a sealed detail begins.
pub(crate) const PREFIX: &str = "tollgate:";

/// Whether a detail fits into Anthropic's blocks as it is.
pub(super) fn is_native(detail: &ReasoningDetail) -> bool {
    detail.format == ReasoningFormat::Anthropic && detail.kind != ReasoningKind::Summary
}

/// Seals what a block has no place for.
pub(super) fn seal(detail: &ReasoningDetail) -> String {
    let json = serde_json::to_string(detail).unwrap_or_default();
    format!("{PREFIX}{json}")
}

/// The detail inside a seal of ours; `None` for anybody else's.
pub(super) fn unseal(seal: Escaped<'_>) -> Option<ReasoningDetail> {
    if !seal.as_str().starts_with(PREFIX) {
        return None;
    }
    let text = seal.unescaped();
    serde_json::from_str(text.strip_prefix(PREFIX)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_holds_the_whole_detail() {
        let sealed = ReasoningDetail::sealed("AB+/=".into(), ReasoningFormat::OpenAi, 3);
        let detail = ReasoningDetail { id: Some("rs_1\"".to_owned()), ..sealed };
        let json = serde_json::to_string(&seal(&detail)).unwrap();
        assert_eq!(unseal(Escaped::of(&json).unwrap()), Some(detail));
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        for json in [r#""EqQBCg==""#, r#""""#, r#""tollgate:""#, r#""tollgate:{\"type\":1}""#] {
            assert_eq!(unseal(Escaped::of(json).unwrap()), None, "{json}");
        }
    }
}
