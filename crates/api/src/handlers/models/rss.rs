//! The model list as a feed (RSS 2.0), for those who watch for new models.

use std::fmt::Write as _;
use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderName};
use tollgate_catalog::Model;
use tollgate_types::Timestamp;

/// Renders the feed.
pub(crate) fn feed(models: &[Arc<Model>]) -> ([(HeaderName, &'static str); 1], String) {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel><title>Tollgate models</title><link>/api/v1/models</link><description>Models this gateway can route</description>\n",
    );
    for model in models {
        let created = Timestamp::from_unix_millis(model.created.saturating_mul(1_000));
        // Writing to a String can't fail.
        let _ = writeln!(
            xml,
            "<item><title>{}</title><link>/api/v1/models/{id}/endpoints</link><guid isPermaLink=\"false\">{id}</guid><description>{}</description><pubDate>{}</pubDate></item>",
            escape(&model.name),
            escape(&model.description),
            created.to_rfc2822(),
            id = escape(model.id.as_str()),
        );
    }
    xml.push_str("</channel></rss>\n");
    ([(CONTENT_TYPE, "application/rss+xml; charset=utf-8")], xml)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
