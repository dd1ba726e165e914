//! What a filter asks for, as SQL.
//!
//! Each condition is true or false of every row, never null, so that it can be turned round.

use sqlx::{PgPool, Postgres, QueryBuilder};
use tollgate_store::columns::{SEVERAL_ATTEMPTS, TAGS_BEGIN, provider_needle, tag_needle};
use tollgate_store::{
    CallStatus, Choice, GenerationCursor, RecordFilter, StoreError, WantedStatus,
};
use tollgate_types::{KeyHash, Timestamp};

use crate::columns::{Columns, held};
use crate::error::failed;
use crate::text::kept;

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
        let before =
            before.map(|at| (at.created_at.unix_millis(), kept(at.id.as_str()).into_owned()));
        Self {
            from: (from, String::new()),
            before: before.map_or_else(|| until.clone(), |before| before.min(until.clone())),
            key: filter.only_key(),
            errors_only: filter.wants_errors_only(),
            id: filter.id.as_ref().map(|id| kept(id.as_str()).into_owned()),
        }
    }

    /// Its errors.
    pub(crate) fn errors(self) -> Self {
        Self { errors_only: true, ..self }
    }

    /// Down to a place, which is in it.
    pub(crate) fn down_to(self, last: Option<&GenerationCursor>) -> Self {
        let Some(last) = last else { return self };
        Self { from: (last.created_at.unix_millis(), kept(last.id.as_str()).into_owned()), ..self }
    }

    /// Down to an instant.
    pub(crate) fn since(self, millis: Option<i64>) -> Self {
        let Some(millis) = millis else { return self };
        Self { from: (millis, String::new()), ..self }
    }

    /// Pushes what a row has to be to lie in it.
    pub(crate) fn push(&self, sql: &mut QueryBuilder<Postgres>) {
        sql.push(" FROM generation WHERE (created_at, id) >= (").push_bind(self.from.0);
        sql.push(", ").push_bind(self.from.1.clone());
        sql.push(") AND (created_at, id) < (").push_bind(self.before.0);
        sql.push(", ").push_bind(self.before.1.clone());
        // What is said twice is what leaves out other partitions.
        sql.push(") AND created_at >= ").push_bind(self.from.0);
        sql.push(" AND created_at <= ").push_bind(self.before.0);
        if let Some(key) = self.key {
            sql.push(" AND key_hash = ").push_bind(key.as_bytes().to_vec());
        }
        if self.errors_only {
            sql.push(" AND error_status IS NOT NULL");
        }
        if let Some(id) = &self.id {
            sql.push(" AND id = ").push_bind(id.clone());
            sql.push(" AND created_at = (SELECT created_at FROM generation_id WHERE id = ");
            sql.push_bind(id.clone()).push(")");
        }
    }
}

/// The filter that finds calls of rotated keys, too.
pub(crate) async fn with_former_keys(
    filter: &RecordFilter,
    pool: &PgPool,
) -> Result<RecordFilter, StoreError> {
    let named = filter.named_keys();
    if named.is_empty() {
        return Ok(filter.clone());
    }
    let named: Vec<Vec<u8>> = named.iter().map(|key| key.as_bytes().to_vec()).collect();
    let sql = "SELECT old_hash, new_hash FROM key_successor WHERE new_hash = ANY($1)";
    let rows = sqlx::query(sql).bind(named).fetch_all(pool).await.map_err(failed)?;
    let pair = |row| {
        let columns = Columns::of("key_successor", row);
        Ok((columns.key_hash("old_hash")?, columns.key_hash("new_hash")?))
    };
    Ok(filter.with_former_keys(&rows.iter().map(pair).collect::<Result<Vec<_>, StoreError>>()?))
}

/// Pushes what a row has to be, besides where it lies.
pub(crate) fn push_conditions(sql: &mut QueryBuilder<Postgres>, filter: &RecordFilter) {
    if let Some(within) = &filter.within {
        let within: Vec<String> = within.iter().map(|id| kept(id).into_owned()).collect();
        sql.push(" AND workspace_id = ANY(").push_bind(within).push(")");
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
        push_choice(sql, column, choice, |text| kept(text).into_owned());
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

fn push_choice<T, V>(
    sql: &mut QueryBuilder<Postgres>,
    column: &'static str,
    choice: &Choice<T>,
    bound: impl Fn(&T) -> V,
) where
    Vec<V>: for<'q> sqlx::Encode<'q, Postgres> + sqlx::Type<Postgres> + Send + 'static,
{
    let bound = |values: &[T]| -> Vec<V> { values.iter().map(&bound).collect() };
    if !choice.any_of.is_empty() {
        sql.push(" AND ").push(column).push(" = ANY(").push_bind(bound(&choice.any_of)).push(")");
    }
    if !choice.none_of.is_empty() {
        sql.push(" AND (").push(column).push(" IS NULL OR ").push(column).push(" <> ALL(");
        sql.push_bind(bound(&choice.none_of)).push("))");
    }
}

/// One of some conditions, and none of others.
fn push_each<T>(
    sql: &mut QueryBuilder<Postgres>,
    choice: &Choice<T>,
    push: impl Fn(&mut QueryBuilder<Postgres>, &T),
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

fn push_provider(sql: &mut QueryBuilder<Postgres>, slug: &str) {
    sql.push("coalesce(provider_slug = ").push_bind(kept(slug).into_owned());
    sql.push(", strpos(coalesce(attempts, ''), ");
    sql.push_bind(kept(&provider_needle(slug)).into_owned()).push(") > 0)");
}

fn push_status(sql: &mut QueryBuilder<Postgres>, status: WantedStatus) {
    match status {
        WantedStatus::Ended(CallStatus::Ok) => {
            sql.push("(error_status IS NULL AND NOT cancelled)");
        }
        WantedStatus::Ended(CallStatus::Failed) => {
            sql.push("error_status IS NOT NULL");
        }
        WantedStatus::Ended(CallStatus::Cancelled) => {
            sql.push("(error_status IS NULL AND cancelled)");
        }
        WantedStatus::Code(code) => {
            sql.push("coalesce(error_status, -1) = ").push_bind(i64::from(code));
        }
    }
}

fn push_tag(sql: &mut QueryBuilder<Postgres>, needle: &str) {
    let detail = "coalesce(attribution_detail, '')";
    sql.push("(strpos(").push(detail).push(", ").push_bind(TAGS_BEGIN);
    sql.push(") > 0 AND strpos(substr(").push(detail).push(", strpos(").push(detail).push(", ");
    sql.push_bind(TAGS_BEGIN).push(")), ").push_bind(kept(needle).into_owned()).push(") > 0)");
}

/// In the collation "C", `lower` knows the letters of ASCII only.
fn push_text(sql: &mut QueryBuilder<Postgres>, lower: &str) {
    for (number, column) in
        ["model", "requested_model", "app_title", "external_user"].into_iter().enumerate()
    {
        sql.push(if number == 0 { " AND (" } else { " OR " });
        sql.push("strpos(lower(coalesce(").push(column).push(", '') COLLATE \"C\"), ");
        sql.push_bind(kept(lower).into_owned()).push(") > 0");
    }
    sql.push(")");
}
