//! The tables of sums and times, which both SQL backends have, and how they are asked.

use crate::{ActivityQuery, Span, Together};

/// The table of sums that answers a question.
pub fn table_of_sums(query: &ActivityQuery) -> &'static str {
    match (query.span_of_sums(), query.together()) {
        (_, Together::Models) => "key_total_day",
        (Span::Minute, Together::Nothing) => "activity_minute",
        (Span::Hour, Together::Nothing) => "activity_hour",
        (Span::Day, Together::Nothing) => "activity_day",
        (Span::Minute, Together::Keys) => "total_minute",
        (Span::Hour, Together::Keys) => "total_hour",
        (Span::Day, Together::Keys) => "total_day",
    }
}

/// The table of times that answers a question, and what its parts of days are.
pub fn table_of_times(query: &ActivityQuery) -> (&'static str, Span) {
    match (query.span_of_sums(), query.together()) {
        (Span::Minute, Together::Keys) => ("total_time_minute", Span::Minute),
        (Span::Hour, Together::Keys) => ("total_time_hour", Span::Hour),
        (Span::Day, Together::Keys) => ("total_time_day", Span::Day),
        (_, Together::Models) => ("key_total_time_day", Span::Day),
        (Span::Minute, _) => ("time_minute", Span::Minute),
        (..) => ("time_hour", Span::Hour),
    }
}

/// What rows are told apart by besides tag and key: as columns, and how they are named. `span` is what
/// the table has a row for.
pub fn names(query: &ActivityQuery, span: Span) -> (String, String) {
    let part = named(span);
    let row = match query.parts_of_row(span) {
        Some(1) => part.to_owned(),
        Some(parts) => format!("{part} / {parts}"),
        None => "CAST(0 AS BIGINT)".to_owned(),
    };
    let (mut columns, mut names) =
        (format!("{row} AS part, workspace_id"), "part, workspace_id".to_owned());
    for (column, is_told_apart) in query.served.columns() {
        let (column_of, name_of) = if is_told_apart {
            (format!(", {column}"), format!(", {column}"))
        } else {
            (format!(", CAST('' AS TEXT) AS {column}"), String::new())
        };
        columns.push_str(&column_of);
        names.push_str(&name_of);
    }
    (columns, names)
}

/// The name of a span.
pub const fn named(span: Span) -> &'static str {
    match span {
        Span::Minute => "minute",
        Span::Hour => "hour",
        Span::Day => "day",
    }
}
