//! Who takes what is compressed, and what is.

use axum::extract::Request;
use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, HeaderValue};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

/// Long answers of what is on the path of no call are compressed for who takes that; events never
/// are.
pub(crate) fn compressed() -> CompressionLayer {
    CompressionLayer::new().quality(CompressionLevel::Fastest)
}

/// Says in one word what a request says of compression. The layer takes one that accepts nothing for
/// a refusal of what was done already.
pub(crate) async fn said_in_a_word(mut request: Request) -> Request {
    if request.headers().contains_key(ACCEPT_ENCODING) {
        if takes_gzip(request.headers()) {
            request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        } else {
            request.headers_mut().remove(ACCEPT_ENCODING);
        }
    }
    request
}

/// Whether somebody takes what is compressed (RFC 9110, 12.5.3).
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut takes_any = false;
    for coding in accepted.flat_map(|value| value.split(',')) {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| {
            let (name, weight) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| weight.trim().parse::<f32>().ok())?
        });
        let is_taken = weight.is_none_or(|it| it > 0.0);
        if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            return is_taken;
        }
        takes_any |= name == "*" && is_taken;
    }
    takes_any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_what_is_compressed_says_so() {
        for (accepted, takes) in [
            ("gzip, deflate, br, zstd", true),
            ("br, GZIP;q=0.5", true),
            ("x-gzip", true),
            ("*", true),
            ("br;q=1.0, *;q=0.1", true),
            ("gzip;q=0, br", false),
            ("gzip; Q=0", false),
            ("gzip;q=0, *", false),
            ("*;q=0", false),
            ("identity", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            assert_eq!(takes_gzip(&headers), takes, "{accepted}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
