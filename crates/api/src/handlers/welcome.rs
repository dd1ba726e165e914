//! Where a browser lands when the build has no dashboard.

use axum::response::Html;
use http::header::{HOST, HeaderMap};
use http::{HeaderName, Uri};

use crate::example::example_model;
use crate::listing::counted;
use crate::router::App;

/// Set by proxies that speak TLS for the gateway.
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Says that the gateway runs, how to call it, and how to get a dashboard.
pub(super) fn page(app: &App, uri: &Uri, headers: &HeaderMap) -> Html<String> {
    let prefix = &app.config.path_prefix;
    let installation = app.engine.installation();
    let routable = installation.routable();
    let models = counted(routable.models().len(), "model");
    let providers = counted(routable.providers().len(), "provider");
    let how = match example_model(routable) {
        Some(model) => {
            example(&format!("{}{prefix}", address(uri, headers)), model.id.as_str())
        }
        None => "<p>No model can be called yet: give a provider's key, then start again. <code>tollgate doctor</code> says how.</p>".to_owned(),
    };
    Html(format!(
        r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tollgate</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.6 system-ui, sans-serif; max-width: 42rem; margin: 4rem auto; padding: 0 1rem }}
code, pre {{ font: 14px/1.5 ui-monospace, monospace }}
pre {{ padding: 1rem; overflow-x: auto; border: 1px solid color-mix(in srgb, currentColor 25%, transparent) }}
</style>
<h1>Tollgate is running</h1>
<p>{models} of {providers} can be called at <code>/api/v1</code> with any OpenAI or OpenRouter client.</p>
{how}
<p>This build has no dashboard: <code>make web</code> builds it, which takes Node.js 20.19 or newer, and a build behind that has it.</p>
<p><a href="{prefix}/api/v1/models">Models</a> · <a href="{prefix}/api/v1/providers">Providers</a> · <a href="{prefix}/health/ready">Health</a></p>
</html>
"#
    ))
}

fn example(address: &str, model: &str) -> String {
    format!(
        r#"<pre>curl {address}/api/v1/chat/completions \
  -H "Authorization: Bearer $TOLLGATE_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello"}}]}}'</pre>"#
    )
}

/// How the caller reached this gateway. What is no host, which would be shown as it is, is not
/// repeated.
fn address(uri: &Uri, headers: &HeaderMap) -> String {
    let given = headers.get(HOST).and_then(|value| value.to_str().ok());
    // HTTP/2 says it in the request's target.
    let host = given.or_else(|| uri.authority().map(http::uri::Authority::as_str));
    let is_host_character = |it: char| it.is_ascii_alphanumeric() || "-._~:[]".contains(it);
    let host = host.filter(|host| !host.is_empty() && host.chars().all(is_host_character));
    let proto = headers.get(FORWARDED_PROTO).and_then(|value| value.to_str().ok());
    let scheme = if proto == Some("https") { "https" } else { "http" };
    format!("{scheme}://{}", host.unwrap_or("127.0.0.1:8080"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_the_one_that_was_called() {
        for (host, proto, expected) in [
            (Some("127.0.0.1:9400"), None, "http://127.0.0.1:9400"),
            (Some("[::1]:9400"), None, "http://[::1]:9400"),
            (Some("llm.example"), Some("https"), "https://llm.example"),
            (Some("<script>"), None, "http://127.0.0.1:8080"),
            (None, None, "http://10.0.0.7:81"),
        ] {
            let mut headers = HeaderMap::new();
            headers.extend(host.map(|it| (HOST, it.parse().unwrap())));
            headers.extend(proto.map(|it| (FORWARDED_PROTO, it.parse().unwrap())));
            let uri = if host.is_none() { "http://10.0.0.7:81/" } else { "/" };
            assert_eq!(address(&uri.parse().unwrap(), &headers), expected, "{host:?}");
        }
    }
}
