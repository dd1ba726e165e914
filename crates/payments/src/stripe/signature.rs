//! `Stripe-Signature`: who sent a webhook, and when.
//!
//! <https://docs.stripe.com/webhooks#verify-manually>: `t=SECONDS,v1=HEX[,v1=HEX…]`, where each
//! `v1` is the HMAC-SHA256 of `SECONDS.BODY` under a signing secret of the endpoint. There are
//! several while a secret is being replaced. Other schemes, such as `v0`, are passed over.

use aws_lc_rs::hmac;
use tollgate_types::Timestamp;

use crate::{NoticeError, Secret, Webhook};

/// The header's name.
pub const SIGNATURE_HEADER: &str = "stripe-signature";

/// How old a signature may be, as Stripe's own libraries have it.
pub const TOLERANCE_SECONDS: i64 = 300;

const HASH_BYTES: usize = 32;
/// More signatures than an endpoint has secrets are not looked at.
const SIGNATURES_MAX: usize = 16;

/// Checks a webhook's signature.
///
/// # Errors
///
/// When it is missing, of nobody who has one of the secrets, or too old.
pub(super) fn check(
    webhook: &Webhook<'_>,
    secrets: &[Secret],
    now: Timestamp,
) -> Result<(), NoticeError> {
    let header = webhook.signature.ok_or(NoticeError::Unsigned)?;
    let (signed_at, signatures) = read(header).ok_or(NoticeError::Unsigned)?;
    let mut signed = Vec::with_capacity(webhook.body.len().saturating_add(signed_at.len()));
    signed.extend_from_slice(signed_at.as_bytes());
    signed.push(b'.');
    signed.extend_from_slice(webhook.body);
    let fits = |secret: &Secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        // Compared in constant time.
        signatures.iter().any(|it| hmac::verify(&key, &signed, it).is_ok())
    };
    // An empty secret is nobody's.
    if !secrets.iter().filter(|secret| !secret.expose().is_empty()).any(fits) {
        return Err(NoticeError::Forged);
    }
    let seconds: i64 = signed_at.parse().map_err(|_| NoticeError::Unsigned)?;
    let age = now.unix_seconds().saturating_sub(seconds);
    if age.saturating_abs() > TOLERANCE_SECONDS {
        return Err(NoticeError::Stale(age));
    }
    Ok(())
}

/// The time, as it was signed, and the signatures.
fn read(header: &str) -> Option<(&str, Vec<[u8; HASH_BYTES]>)> {
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let signed_at = parts().find(|(name, _)| *name == "t").map(|(_, value)| value)?;
    let is_number = !signed_at.is_empty() && signed_at.bytes().all(|it| it.is_ascii_digit());
    let signatures = parts().filter(|(name, _)| *name == "v1");
    let signatures = signatures.filter_map(|(_, value)| hash(value)).take(SIGNATURES_MAX);
    is_number.then(|| (signed_at, signatures.collect()))
}

fn hash(text: &str) -> Option<[u8; HASH_BYTES]> {
    let mut bytes = [0; HASH_BYTES];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || pairs.len() != HASH_BYTES {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = nibble(*high)?.checked_mul(16)?.checked_add(nibble(*low)?)?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|it| u8::try_from(it).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_790_000_000;

    fn sign(secret: &str, seconds: i64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signed = [format!("{seconds}.").as_bytes(), body].concat();
        let digits = |byte: &u8| [byte >> 4, byte & 15].map(|it| char::from_digit(it.into(), 16));
        hmac::sign(&key, &signed).as_ref().iter().flat_map(digits).flatten().collect()
    }

    fn checked(header: Option<&str>, body: &[u8], secrets: &[&str]) -> Result<(), NoticeError> {
        let secrets: Vec<Secret> = secrets.iter().map(|it| Secret::new(*it)).collect();
        let now = Timestamp::from_unix_millis(NOW * 1_000 + 999);
        check(&Webhook { signature: header, body }, &secrets, now)
    }

    #[test]
    fn a_signature_computed_elsewhere_fits() {
        // Python: hmac.new(b"whsec_test", b"1790000000.{}", "sha256").hexdigest()
        let known = "1c2847ad1f8158a1da978f36627ac1f07f7fd027321ac9ad40bccc06743f8396";
        let header = format!("t=1790000000,v1={known}");
        assert_eq!(checked(Some(&header), b"{}", &["whsec_test"]), Ok(()));
    }

    #[test]
    fn any_secret_and_any_signature_may_fit() {
        let right = sign("new", NOW, b"{}");
        let other = sign("else", NOW, b"{}");
        for header in [
            format!("t={NOW},v1={right}"),
            format!("t={NOW},v1={other},v1={right},v0=abc"),
            format!("v1={right}, t={NOW}"),
            format!("t={NOW},v1={}", right.to_uppercase()),
        ] {
            assert_eq!(checked(Some(&header), b"{}", &["old", "new"]), Ok(()), "{header}");
            assert_eq!(checked(Some(&header), b"{}", &["old"]), Err(NoticeError::Forged));
        }
    }

    #[test]
    fn what_is_missing_old_or_of_another_is_refused() {
        let right = sign("s", NOW, b"{}");
        for (header, expected) in [
            (None, NoticeError::Unsigned),
            (Some(String::new()), NoticeError::Unsigned),
            (Some(format!("v1={right}")), NoticeError::Unsigned),
            (Some(format!("t=,v1={right}")), NoticeError::Unsigned),
            (Some(format!("t=+{NOW},v1={right}")), NoticeError::Unsigned),
            (Some(format!("t={NOW}")), NoticeError::Forged),
            (Some(format!("t={NOW},v0={right}")), NoticeError::Forged),
            (Some(format!("t={NOW},v1={right}00")), NoticeError::Forged),
            (Some(format!("t={},v1={right}", NOW + 1)), NoticeError::Forged),
        ] {
            assert_eq!(checked(header.as_deref(), b"{}", &["s"]), Err(expected), "{header:?}");
        }
        // A secret that was left empty is no secret.
        let empty = format!("t={NOW},v1={}", sign("", NOW, b"{}"));
        assert_eq!(checked(Some(&empty), b"{}", &["", "s"]), Err(NoticeError::Forged));
        for (age, expected) in [
            (300, Ok(())),
            (301, Err(NoticeError::Stale(301))),
            (-300, Ok(())),
            (-301, Err(NoticeError::Stale(-301))),
        ] {
            let header = format!("t={},v1={}", NOW - age, sign("s", NOW - age, b"{}"));
            assert_eq!(checked(Some(&header), b"{}", &["s"]), expected, "{age}");
        }
    }

    proptest! {
        #[test]
        fn one_changed_byte_and_it_does_not_fit(
            body in prop::collection::vec(any::<u8>(), 1..200),
            at in any::<prop::sample::Index>(),
            change in 1_u8..,
        ) {
            let header = format!("t={NOW},v1={}", sign("s", NOW, &body));
            prop_assert_eq!(checked(Some(&header), &body, &["s"]), Ok(()));
            let mut changed = body.clone();
            changed[at.index(body.len())] ^= change;
            prop_assert_eq!(checked(Some(&header), &changed, &["s"]), Err(NoticeError::Forged));
        }

        #[test]
        fn no_header_breaks_it(header in ".{0,200}") {
            let refused = checked(Some(&header), b"{}", &["s"]);
            prop_assert!(refused.is_err());
        }
    }
}
