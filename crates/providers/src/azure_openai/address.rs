//! Where a call goes.

use std::fmt::Write as _;

/// The version of the classic API where the base URL names none: the last one that is not a
/// preview.
const API_VERSION: &str = "2024-10-21";

/// Joins `path` to a base URL that may carry a query.
pub(crate) fn joined(base_url: &str, path: &str) -> String {
    let Base { address, query } = Base::read(base_url);
    match query {
        Some(query) => format!("{address}/{path}?{query}"),
        None => format!("{address}/{path}"),
    }
}

/// Where a model does what `path` says, such as `chat/completions`.
pub(super) fn model(base_url: &str, model: &str, path: &str) -> String {
    let base = Base::read(base_url);
    if base.is_versioned() {
        return joined(base_url, path);
    }
    let deployment = if base.address.contains("/deployments/") {
        base.address.to_owned()
    } else {
        format!("{}/deployments/{}", base.service(), segment(model))
    };
    format!("{deployment}/{path}?{}", base.classic_query())
}

/// Where the models are listed.
pub(super) fn models(base_url: &str) -> String {
    let base = Base::read(base_url);
    if base.is_versioned() {
        return joined(base_url, "models");
    }
    format!("{}/models?{}", base.service(), base.classic_query())
}

/// A base URL and what follows its question mark.
#[derive(Debug, Clone, Copy)]
struct Base<'a> {
    address: &'a str,
    query: Option<&'a str>,
}

impl<'a> Base<'a> {
    fn read(base_url: &'a str) -> Self {
        let (address, query) = match base_url.split_once('?') {
            Some((address, query)) => (address, Some(query).filter(|query| !query.is_empty())),
            None => (base_url, None),
        };
        Self { address: address.trim_end_matches('/'), query }
    }

    /// Whether its last segment is `v1`.
    fn is_versioned(&self) -> bool {
        self.address.rsplit('/').next() == Some("v1")
    }

    /// The classic API's root: operators give the resource with or without `/openai`, and may give
    /// a whole deployment.
    fn service(&self) -> String {
        let root = self.address.split("/deployments/").next().unwrap_or_default();
        if root.rsplit('/').next() == Some("openai") {
            root.to_owned()
        } else {
            format!("{root}/openai")
        }
    }

    fn classic_query(&self) -> String {
        match self.query {
            Some(query) if query.split('&').any(|it| it.starts_with("api-version=")) => {
                query.to_owned()
            }
            Some(query) => format!("{query}&api-version={API_VERSION}"),
            None => format!("api-version={API_VERSION}"),
        }
    }
}

/// A name as one segment of a path (RFC 3986 §3.3).
fn segment(name: &str) -> String {
    let mut segment = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            segment.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            write!(segment, "%{byte:02X}").unwrap_or_default();
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_base_url_leads_to_chat() {
        let classic = "/openai/deployments/gpt-41/chat/completions?api-version=2024-10-21";
        for (base, path) in [
            ("", classic),
            ("/", classic),
            ("/openai", classic),
            ("/openai/deployments/gpt-41", classic),
            ("/openai/v1", "/openai/v1/chat/completions"),
            ("/openai/v1/?api-version=preview", "/openai/v1/chat/completions?api-version=preview"),
            (
                "?api-version=2025-01-01-preview",
                "/openai/deployments/gpt-41/chat/completions?api-version=2025-01-01-preview",
            ),
            (
                "/openai?trace=1",
                "/openai/deployments/gpt-41/chat/completions?trace=1&api-version=2024-10-21",
            ),
        ] {
            let host = "https://acme.openai.azure.test";
            let url = model(&format!("{host}{base}"), "gpt-41", "chat/completions");
            assert_eq!(url, format!("{host}{path}"), "{base}");
        }
    }

    #[test]
    fn a_deployments_name_is_one_segment() {
        let url = model("https://x.test", "a/b ü", "images/edits");
        assert!(url.contains("/deployments/a%2Fb%20%C3%BC/images/edits?"), "{url}");
    }

    #[test]
    fn models_are_listed_by_either_api() {
        for (base, url) in [
            ("https://x.test", "https://x.test/openai/models?api-version=2024-10-21"),
            ("https://x.test/openai/v1", "https://x.test/openai/v1/models"),
            (
                "https://x.test/openai/deployments/d",
                "https://x.test/openai/models?api-version=2024-10-21",
            ),
        ] {
            assert_eq!(models(base), url);
        }
    }
}
