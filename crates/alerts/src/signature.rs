//! How a receiver knows that an alert is ours: signed as the contract signs its webhooks.

use std::fmt::Write as _;

use aws_lc_rs::hmac;
use tollgate_types::Timestamp;

/// The header of a body that is sent at an instant: `t=<seconds>,v1=<hex>` with HMAC-SHA256 over
/// `<seconds>,<body>`, joined by a comma (contract §1.1).
pub fn signature(secret: &str, body: &[u8], at: Timestamp) -> String {
    let seconds = at.unix_seconds();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{seconds},").as_bytes());
    context.update(body);
    let mut header = format!("t={seconds},v1=");
    for byte in context.sign().as_ref() {
        // Writing to a String can't fail.
        let _written = write!(header, "{byte:02x}");
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_1_1_the_signature_is_over_time_and_body() {
        let at = Timestamp::from_unix_millis(1_790_000_000_999);
        // Python: hmac.new(b"whsec_test", b"1790000000,{}", "sha256").hexdigest()
        assert_eq!(
            signature("whsec_test", b"{}", at),
            "t=1790000000,v1=6f0d13122e3a52b972fc566d1f8b630b9962d44ba525c3c3c74ad151000013f4"
        );
    }
}
