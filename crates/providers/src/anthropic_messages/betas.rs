//! Features that are asked for in a header of their own, or in a field of that name (contract §0).
//!
//! <https://docs.anthropic.com/en/api/beta-headers>

use http::HeaderMap;
use http::header::HeaderValue;

use super::encode::BETA;
use crate::Unsupported;

/// How the feature is named that lets tools be strict (contract §2.3).
const STRICT_TOOLS: &str = "structured-outputs-";

/// The features in a list of the caller's. A word about how the caller signed in is not about our
/// credential.
pub(crate) fn named(asked: &str) -> impl Iterator<Item = &str> {
    let features = asked.split(',').map(str::trim);
    features.filter(|feature| !feature.is_empty() && !feature.starts_with("oauth-"))
}

/// Whether the caller asks for what strict tools need.
pub(crate) fn allow_strict_tools(asked: Option<&str>) -> bool {
    asked.is_some_and(|asked| named(asked).any(|feature| feature.starts_with(STRICT_TOOLS)))
}

/// Asks for the features the client asks for, beside those the provider is always asked for.
pub(crate) fn add(headers: &mut HeaderMap, asked: Option<&str>) -> Result<(), Unsupported> {
    let Some(asked) = asked else { return Ok(()) };
    let ours = headers.get(&BETA).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut features: Vec<&str> = Vec::new();
    for feature in ours.split(',').map(str::trim).chain(named(asked)) {
        if !feature.is_empty() && !features.contains(&feature) {
            features.push(feature);
        }
    }
    if features.is_empty() {
        return Ok(());
    }
    let value = HeaderValue::from_str(&features.join(","))
        .map_err(|_| Unsupported("`anthropic-beta` is not a header's value".to_owned()))?;
    headers.insert(BETA, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stands_beside_what_always_is() {
        for (asked, header) in [
            (None, Some("oauth-2025-04-20")),
            (Some(" , "), Some("oauth-2025-04-20")),
            (
                Some("context-1m-2025-08-07, oauth-1,context-1m-2025-08-07"),
                Some("oauth-2025-04-20,context-1m-2025-08-07"),
            ),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(BETA, HeaderValue::from_static("oauth-2025-04-20"));
            add(&mut headers, asked).unwrap();
            let found = headers.get(BETA).map(|it| it.to_str().unwrap());
            assert_eq!(found, header, "{asked:?}");
        }
        assert!(allow_strict_tools(Some("a,structured-outputs-2025-11-13")));
        assert!(!allow_strict_tools(Some("a,oauth-structured-outputs-1")));
        assert!(!allow_strict_tools(None));
    }
}
