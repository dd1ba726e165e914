//! Thoughts of other providers, carried in `thoughtSignature`.
//!
//! Gemini's clients keep the signatures on the parts they got and send them back. Its own
//! signatures travel as they are. What another provider signed or encrypted (contract §2.4) is
//! put into an envelope of ours, so that it finds its way back to that provider. The envelope is
//! base64, because the official clients decode and encode the member.

use serde_json::value::RawValue;

use crate::chat::ReasoningDetail;
use crate::translation::base64;

/// What an envelope begins with. Nine bytes, so that its base64 stands for itself.
const MARK: &[u8] = b"tollgate:";

/// The same in base64, in either alphabet.
pub(crate) const MARK_BASE64: &str = "dG9sbGdhdGU6";

/// Puts a detail into an envelope.
pub(super) fn seal(detail: &ReasoningDetail) -> String {
    let mut bytes = MARK.to_vec();
    if serde_json::to_writer(&mut bytes, detail).is_err() {
        bytes.truncate(MARK.len());
    }
    base64::encode(&bytes)
}

/// Whether a signature is an envelope.
pub(super) fn is_sealed(signature: &str) -> bool {
    signature.starts_with(MARK_BASE64)
}

/// Opens an envelope; none for a signature that is not one.
pub(super) fn open(signature: &str) -> Option<ReasoningDetail> {
    if !is_sealed(signature) {
        return None;
    }
    let bytes = base64::decode(signature.as_bytes())?;
    let json: &RawValue = serde_json::from_slice(bytes.get(MARK.len()..)?).ok()?;
    serde_json::from_str(json.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ReasoningFormat;

    #[test]
    fn an_envelope_survives_either_alphabet() {
        assert_eq!(base64::encode(MARK), MARK_BASE64);
        let detail = ReasoningDetail::sealed("ÿÿÿ>>>???".to_owned(), ReasoningFormat::Anthropic, 3);
        let sealed = seal(&detail);
        assert!(is_sealed(&sealed));
        assert_eq!(open(&sealed), Some(detail.clone()));
        assert_eq!(open(&sealed.replace('+', "-").replace('/', "_")), Some(detail));
        assert_eq!(open("CpoBAXLI2nyA"), None);
        assert_eq!(open("dG9sbGdhdGU6e30"), None);
    }
}
