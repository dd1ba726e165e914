//! Secrets other than keys: codes and invitations. They are random, and kept as their hashes.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tollgate_organisation::{Challenge, ChallengeMethod};

use crate::error::ApiError;
use crate::router::App;

/// A new secret.
pub(crate) fn new(app: &App, prefix: &str) -> Result<String, ApiError> {
    let random = app.engine.new_secret().map_err(|error| ApiError::internal(&error))?;
    Ok([prefix, &URL_SAFE_NO_PAD.encode(random)].concat())
}

/// What a secret is kept as.
pub(crate) fn hashed(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, secret.as_bytes()))
}

/// Whether a verifier answers a challenge (RFC 7636, 4.6).
pub(crate) fn answers(challenge: &Challenge, verifier: &str) -> bool {
    let told = match challenge.method {
        ChallengeMethod::S256 => hashed(verifier),
        ChallengeMethod::Plain => verifier.to_owned(),
    };
    verify_slices_are_equal(told.as_bytes(), challenge.text.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    #[test]
    fn verifiers_answer_their_challenges() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let text = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned();
        let hashed = Challenge { method: ChallengeMethod::S256, text: text.clone() };
        assert!(answers(&hashed, verifier));
        assert!(!answers(&hashed, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"));
        let plain = Challenge { method: ChallengeMethod::Plain, text };
        assert!(!answers(&plain, verifier));
        assert!(answers(&plain, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
    }
}
