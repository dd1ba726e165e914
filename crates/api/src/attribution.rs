//! Who a call is for: the attribution headers (contract §0) and those the operator listed.

use http::HeaderMap;
use http::header::{HeaderName, ORIGIN, REFERER, USER_AGENT};
use tollgate_store::Attribution;
use tollgate_wire::chat::ChatParams;

/// Longest header value kept.
const VALUE_CHARACTERS_MAX: usize = 500;
/// An app may name two categories per request.
const CATEGORIES_MAX: usize = 2;

/// Collects what a request says about itself. `tags` are further headers to record.
pub(crate) fn attribution(
    headers: &HeaderMap,
    params: &ChatParams,
    tags: &[HeaderName],
) -> Attribution {
    let text = |name: &str| value(headers, name);
    let categories = text("x-openrouter-categories").unwrap_or_default();
    let categories = categories.split(',').map(str::trim).filter(|it| !it.is_empty());
    let tagged = tags.iter().filter_map(|name| {
        let tag = value(headers, name.as_str())?;
        Some((name.as_str().to_owned(), tag))
    });
    Attribution {
        http_referer: text("http-referer").or_else(|| text(REFERER.as_str())),
        app_title: text("x-openrouter-title").or_else(|| text("x-title")),
        app_categories: categories.take(CATEGORIES_MAX).map(str::to_owned).collect(),
        origin: text(ORIGIN.as_str()),
        user_agent: text(USER_AGENT.as_str()),
        external_user: params.user.clone(),
        session_id: params.session_id.clone().or_else(|| text("x-session-id")),
        tags: tagged.collect(),
    }
}

fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(headers.get(name)?.as_bytes());
    Some(text.chars().take(VALUE_CHARACTERS_MAX).collect())
}
