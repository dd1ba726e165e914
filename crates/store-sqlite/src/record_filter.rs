//! What a filter asks for, as SQL.
//!
//! Each condition is true or false of every row, never null, so that it can be turned round.

use sqlx::{QueryBuilder, Sqlite, SqlitePool};
use tollgate_store::columns::{SEVERAL_ATTEMPTS, TAGS_BEGIN, provider_needle, tag_needle};
use tollgate_store::{
    CallStatus, Choice, GenerationCursor, RecordFilter, StoreError, WantedStatus,
};
use tollgate_types::{KeyHash, Timestamp};

use crate::columns::{Columns, held};
use crate::error::failed;

/// The part of the log that a statement goes through, in the order of an index.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    /// The oldest place in it.
    from: (i64, String),
    /// The place behind the newest.
    before: (i64, String),
    /// Of this key only.
    key: Option<KeyHash>,
    /// Errors only.
    errors_only: bool,
    /// This record only.
    id: Option<String>,
}

impl Stretch {
    /// What a filter can be in, behind a place if one is given.
    pub(crate) fn of(filter: &RecordFilter, before: Option<&GenerationCursor>) -> Self {
        let from = filter.from.map_or(i64::MIN, Timestamp::unix_millis);
        let end = (i64::MAX, "\u{10ffff}".to_owned());
        let until = filter.until.map_or(end, |until| (until.unix_millis(), String::new()));
        let before = before.map(|at| (at.created_at.unix_millis(), at.id.as_str().to_owned()));
        Self {
            from: (from, String::new()),
            before: before.map_or_else(|| until.clone(), |before| before.min(until.clone())),
            key: filter.only_key(),
            errors_only: filter.wants_errors_only(),
            id: filter.id.as_ref().map(|id| id.as_str().to_owned()),
        }
    }

    /// Its errors.
    pub(crate) fn errors(self) -> Self {
        Self { errors_only: true, ..self }
    }

    /// Down to a place, which is in it.
    pub(crate) fn down_to(self, last: Option<&GenerationCursor>) -> Self {
        let Some(last) = last else { return self };
        Self { from: (last.created_at.unix_millis(), last.id.as_str().to_owned()), ..self }
    }

    /// Down to an instant.
    pub(crate) fn since(self, millis: Option<i64>) -> Self {
        let Some(millis) = millis else { return self };
        Self { from: (millis, String::new()), ..self }
    }

    /// Pushes what a row has to be to lie in it.
    pub(crate) fn push(&self, sql: &mut QueryBuilder<Sqlite>) {
        sql.push(" FROM generation WHERE (created_at, id) >= (").push_bind(self.from.0);
        sql.push(", ").push_bind(self.from.1.clone());
        sql.push(") AND (created_at, id) < (").push_bind(self.before.0);
        sql.push(", ").push_bind(self.before.1.clone()).push(")");
        if let Some(key) = self.key {
            sql.push(" AND key_hash = ").push_bind(key.as_bytes().to_vec());
        }
        if self.errors_only {
            sql.push(" AND error_status IS NOT NULL");
        }
        if let Some(id) = &self.id {
            sql.push(" AND id = ").push_bind(id.clone());
        }
    }
}

/// The filter that finds calls of rotated keys, too.
pub(crate) async fn with_former_keys(
    filter: &RecordFilter,
    readers: &SqlitePool,
) -> Result<RecordFilter, StoreError> {
    let named = filter.named_keys();
    if named.is_empty() {
        return Ok(filter.clone());
    }
    let mut sql = QueryBuilder::new("SELECT old_hash, new_hash FROM key_successor WHERE new_hash");
    push_list(&mut sql, named.iter().map(|key| key.as_bytes().to_vec()));
    let rows = sql.build().fetch_all(readers).await.map_err(failed)?;
    let pair = |row| {
        let columns = Columns::of("key_successor", row);
        Ok((columns.key_hash("old_hash")?, columns.key_hash("new_hash")?))
    };
    Ok(filter.with_former_keys(&rows.iter().map(pair).collect::<Result<Vec<_>, StoreError>>()?))
}

/// Pushes what a row has to be, besides where it lies.
pub(crate) fn push_conditions(sql: &mut QueryBuilder<Sqlite>, filter: &RecordFilter) {
    if let Some(within) = &filter.within {
        sql.push(" AND workspace_id");
        push_list(sql, within.iter().cloned());
    }
    for (column, choice) in [
        ("model", &filter.models),
        ("external_user", &filter.users),
        ("workspace_id", &filter.workspaces),
        ("preset_id", &filter.presets),
        ("app_title", &filter.apps),
        ("session_id", &filter.sessions),
        ("api_type", &filter.api_types),
    ] {
        push_choice(sql, column, choice, String::clone);
    }
    push_choice(sql, "key_hash", &filter.keys, |key| key.as_bytes().to_vec());
    push_each(sql, &filter.providers, |sql, slug| push_provider(sql, slug));
    push_each(sql, &filter.statuses, |sql, status| push_status(sql, *status));
    for (name, choice) in &filter.tags {
        push_each(sql, choice, |sql, value| push_tag(sql, &tag_needle(name, value)));
    }
    for (column, wanted) in [("streamed", filter.streamed), ("is_byok", filter.byok)] {
        if let Some(wanted) = wanted {
            sql.push(" AND ").push(column).push(" = ").push_bind(wanted);
        }
    }
    if let Some(wanted) = filter.fallback {
        sql.push(" AND coalesce(attempts, '') ").push(if wanted { "LIKE " } else { "NOT LIKE " });
        sql.push_bind(SEVERAL_ATTEMPTS);
    }
    if let Some(least) = filter.min_cost {
        sql.push(" AND cost_nanos >= ").push_bind(least.nanos());
    }
    if let Some(least) = filter.min_ms {
        sql.push(" AND coalesce(generation_time_ms, -1) >= ").push_bind(held(least));
    }
    if let Some(text) = &filter.text {
        push_text(sql, &text.to_ascii_lowercase());
    }
}

/// ` IN (…)`, which nothing is in when it is empty.
pub(crate) fn push_list<T>(sql: &mut QueryBuilder<Sqlite>, values: impl Iterator<Item = T>)
where
    T: for<'q> sqlx::Encode<'q, Sqlite> + sqlx::Type<Sqlite> + Send + 'static,
{
    sql.push(" IN (");
    let mut each = sql.separated(", ");
    for value in values {
        each.push_bind(value);
    }
    sql.push(")");
}

fn push_choice<T, V>(
    sql: &mut QueryBuilder<Sqlite>,
    column: &'static str,
    choice: &Choice<T>,
    bound: impl Fn(&T) -> V,
) where
    V: for<'q> sqlx::Encode<'q, Sqlite> + sqlx::Type<Sqlite> + Send + 'static,
{
    if !choice.any_of.is_empty() {
        sql.push(" AND ").push(column);
        push_list(sql, choice.any_of.iter().map(&bound));
    }
    if !choice.none_of.is_empty() {
        sql.push(" AND (").push(column).push(" IS NULL OR ").push(column).push(" NOT");
        push_list(sql, choice.none_of.iter().map(&bound));
        sql.push(")");
    }
}

/// One of some conditions, and none of others.
fn push_each<T>(
    sql: &mut QueryBuilder<Sqlite>,
    choice: &Choice<T>,
    push: impl Fn(&mut QueryBuilder<Sqlite>, &T),
) {
    for (begin, values) in [(" AND (", &choice.any_of), (" AND NOT (", &choice.none_of)] {
        for (number, value) in values.iter().enumerate() {
            sql.push(if number == 0 { begin } else { " OR " });
            push(sql, value);
        }
        if !values.is_empty() {
            sql.push(")");
        }
    }
}

fn push_provider(sql: &mut QueryBuilder<Sqlite>, slug: &str) {
    sql.push("coalesce(provider_slug = ").push_bind(slug.to_owned());
    sql.push(", instr(coalesce(attempts, ''), ").push_bind(provider_needle(slug)).push(") > 0)");
}

fn push_status(sql: &mut QueryBuilder<Sqlite>, status: WantedStatus) {
    match status {
        WantedStatus::Ended(CallStatus::Ok) => {
            sql.push("(error_status IS NULL AND cancelled = 0)");
        }
        WantedStatus::Ended(CallStatus::Failed) => {
            sql.push("error_status IS NOT NULL");
        }
        WantedStatus::Ended(CallStatus::Cancelled) => {
            sql.push("(error_status IS NULL AND cancelled = 1)");
        }
        WantedStatus::Code(code) => {
            sql.push("coalesce(error_status, -1) = ").push_bind(i64::from(code));
        }
    }
}

fn push_tag(sql: &mut QueryBuilder<Sqlite>, needle: &str) {
    let detail = "coalesce(attribution_detail, '')";
    sql.push("(instr(").push(detail).push(", ").push_bind(TAGS_BEGIN);
    sql.push(") > 0 AND instr(substr(").push(detail).push(", instr(").push(detail).push(", ");
    sql.push_bind(TAGS_BEGIN).push(")), ").push_bind(needle.to_owned()).push(") > 0)");
}

/// SQLite's own `lower` knows the letters of ASCII only.
fn push_text(sql: &mut QueryBuilder<Sqlite>, lower: &str) {
    for (number, column) in
        ["model", "requested_model", "app_title", "external_user"].into_iter().enumerate()
    {
        sql.push(if number == 0 { " AND (" } else { " OR " });
        sql.push("instr(lower(coalesce(").push(column).push(", '')), ");
        sql.push_bind(lower.to_owned()).push(") > 0");
    }
    sql.push(")");
}
