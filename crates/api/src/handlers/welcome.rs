//! `GET /`: where a browser lands until the dashboard is there.

use axum::extract::State;
use axum::response::Html;

use crate::router::App;

/// Says that the gateway runs and how to call it.
pub(crate) async fn welcome(State(app): State<App>) -> Html<String> {
    let installation = app.engine.installation();
    let models = installation.routable().models().len();
    let providers = installation.routable().providers().len();
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
<p>{models} models of {providers} providers can be called at <code>/api/v1</code> with any OpenAI or OpenRouter client.</p>
<pre>curl http://127.0.0.1:8080/api/v1/chat/completions \
  -H "Authorization: Bearer $TOLLGATE_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{{"model": "tollgate/echo", "messages": [{{"role": "user", "content": "Hello"}}]}}'</pre>
<p><a href="/api/v1/models">Models</a> · <a href="/api/v1/providers">Providers</a> · <a href="/health/ready">Health</a></p>
</html>
"#
    ))
}
