//! Rows of the log as CSV (RFC 4180): times in ISO 8601, numbers as they are, and no text that a
//! spreadsheet takes for a formula.

use super::view::LogRow;

/// What the columns are called.
pub(super) const COLUMNS: [&str; 34] = [
    "id",
    "created_at",
    "status",
    "model",
    "requested_model",
    "provider",
    "provider_slug",
    "key_hash",
    "key_name",
    "key_label",
    "workspace_id",
    "app",
    "user",
    "session_id",
    "api_type",
    "streamed",
    "byok",
    "preset_id",
    "router",
    "finish_reason",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "cost",
    "latency_ms",
    "generation_time_ms",
    "attempts",
    "error_status",
    "error_type",
    "error_message",
    "cancelled",
    "tried_providers",
    "cache_source",
];

/// Writes the names of the columns.
pub(super) fn write_head(out: &mut String) {
    out.push_str(&COLUMNS.join(","));
    out.push_str("\r\n");
}

/// Writes a row.
pub(super) fn write_row(out: &mut String, row: &LogRow) {
    let error = row.error.as_ref();
    let tried: Vec<&str> = row.attempts.iter().map(|it| it.provider.as_str()).collect();
    let cells: [String; COLUMNS.len()] = [
        text(&row.id),
        text(&row.created_at),
        text(row.status),
        text(&row.model),
        text(&row.requested_model),
        optional(row.provider.as_deref()),
        optional(row.provider_slug.as_deref()),
        text(&row.key_hash),
        optional(row.key_name.as_deref()),
        optional(row.key_label.as_deref()),
        text(&row.workspace_id),
        optional(row.app.as_deref()),
        optional(row.user.as_deref()),
        optional(row.session_id.as_deref()),
        text(&row.api_type),
        row.streamed.to_string(),
        row.byok.to_string(),
        optional(row.preset_id.as_deref()),
        optional(row.router.as_deref()),
        optional(row.finish_reason.as_deref()),
        row.prompt_tokens.to_string(),
        row.cached_tokens.to_string(),
        row.completion_tokens.to_string(),
        row.reasoning_tokens.to_string(),
        row.cost.clone(),
        number(row.latency_ms),
        number(row.generation_time_ms),
        row.attempts.len().to_string(),
        number(error.map(|it| it.status.into())),
        optional(error.map(|it| it.error_type.as_str())),
        optional(error.map(|it| it.message.as_str())),
        row.cancelled.to_string(),
        text(&tried.join(" > ")),
        optional(row.cache_source.as_deref()),
    ];
    out.push_str(&cells.join(","));
    out.push_str("\r\n");
}

fn number(value: Option<u64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn optional(value: Option<&str>) -> String {
    value.map(text).unwrap_or_default()
}

/// A text that no spreadsheet takes for a formula, in quotes where it needs them.
fn text(value: &str) -> String {
    let begins = ['=', '+', '-', '@', '\t', '\r'];
    let defused = if value.starts_with(begins) { format!("'{value}") } else { value.to_owned() };
    if !defused.contains([',', '"', '\r', '\n']) {
        return defused;
    }
    format!("\"{}\"", defused.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_defused_and_quotes_doubled() {
        for (value, expected) in [
            ("", ""),
            ("plain text", "plain text"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=A1,\"\n", "\"'=A1,\"\"\n\""),
        ] {
            assert_eq!(text(value), expected);
        }
    }
}
