//! `[[limit]]`: a limit on calls as an operator writes it, and what it becomes.

use serde::Deserialize;
use tollgate_engine::{LimitRule, Whom};
use tollgate_limits::KeyLimits;
use tollgate_types::ModelSlug;

use super::Problems;

/// A row of `[[limit]]`: whom it is for, and beside it what a key's limits may have.
#[derive(Debug, Deserialize)]
pub(super) struct LimitEntry {
    scope: ScopeWord,
    /// Who in particular; each for itself when absent.
    of: Option<String>,
    /// The header of a tag.
    tag: Option<String>,
    /// The value of a tag; each for itself when absent.
    value: Option<String>,
    #[serde(flatten)]
    limits: KeyLimits,
}

/// Whom a limit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ScopeWord {
    Organisation,
    Workspace,
    Key,
    User,
    Model,
    Tag,
}

/// The rows as the engine has them. `tags` are the headers that are recorded.
pub(super) fn check(
    rows: &[LimitEntry],
    tags: &[http::HeaderName],
    problems: &mut Problems,
) -> Vec<LimitRule> {
    let mut rules = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let mut problem = |text: String| problems.add(format!("limit[{index}]{text}"));
        if row.limits.is_empty() {
            let names = KeyLimits::names().join(", ");
            problem(format!(": it limits nothing; give it at least one of {names}"));
        }
        for (name, given) in [("tag", &row.tag), ("value", &row.value)] {
            if given.is_some() && row.scope != ScopeWord::Tag {
                problem(format!(".{name}: only with scope = \"tag\""));
            }
        }
        if row.of.is_some() && matches!(row.scope, ScopeWord::Organisation | ScopeWord::Tag) {
            let instead = if row.scope == ScopeWord::Tag { "; use tag and value" } else { "" };
            problem(format!(".of: not with this scope{instead}"));
        }
        match whom(row, tags) {
            Ok(whom) => rules.push(LimitRule { whom, limits: row.limits.clone() }),
            Err(text) => problem(text),
        }
    }
    rules
}

fn whom(row: &LimitEntry, tags: &[http::HeaderName]) -> Result<Whom, String> {
    Ok(match row.scope {
        ScopeWord::Organisation => Whom::Organisation,
        ScopeWord::Workspace => Whom::Workspace(row.of.clone()),
        ScopeWord::Key => Whom::Key(row.of.clone()),
        ScopeWord::User => Whom::EndUser(row.of.clone()),
        ScopeWord::Model => {
            let model = row.of.as_deref().map(ModelSlug::parse).transpose();
            Whom::Model(model.map_err(|error| format!(".of: {error}"))?.map(|it| it.to_string()))
        }
        ScopeWord::Tag => {
            let Some(header) = row.tag.as_ref().map(|tag| tag.to_ascii_lowercase()) else {
                return Err(": scope = \"tag\" needs the header as tag, such as \"x-department\""
                    .to_owned());
            };
            if !tags.iter().any(|it| it.as_str() == header) {
                return Err(format!(
                    ".tag: add `{header}` to attribution.headers; other headers are not read"
                ));
            }
            Whom::Tag { header, value: row.value.clone() }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Flags};
    use crate::environment::Environment;

    fn read(text: &str) -> Result<Vec<LimitRule>, Vec<String>> {
        let config = Config::parse(text, &Flags::default(), &Environment::default());
        config.map(|it| it.limit_rules).map_err(|it| it.iter().map(str::to_owned).collect())
    }

    #[test]
    fn rows_become_limits() {
        let rules = read(
            r#"
            [attribution]
            headers = ["X-Department"]
            [[limit]]
            scope = "organisation"
            monthly_budget = "500"
            [[limit]]
            scope = "key"
            of = "ci"
            requests_per_minute = 60
            daily_budget = 0.5
            [[limit]]
            scope = "user"
            tokens_per_day = 1000
            [[limit]]
            scope = "model"
            of = "acme/m"
            max_concurrent = 3
            [[limit]]
            scope = "tag"
            tag = "X-Department"
            value = "research"
            requests_per_day = 9
            "#,
        );
        let with = |name, amount| KeyLimits::default().with(name, amount);
        let tag = ("x-department".to_owned(), Some("research".to_owned()));
        let expected = [
            (Whom::Organisation, with("monthly_budget", 500_000_000_000)),
            (
                Whom::Key(Some("ci".to_owned())),
                with("requests_per_minute", 60).with("daily_budget", 500_000_000),
            ),
            (Whom::EndUser(None), with("tokens_per_day", 1_000)),
            (Whom::Model(Some("acme/m".to_owned())), with("max_concurrent", 3)),
            (Whom::Tag { header: tag.0, value: tag.1 }, with("requests_per_day", 9)),
        ];
        assert_eq!(rules.unwrap(), expected.map(|(whom, limits)| LimitRule { whom, limits }));
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let problems = read(
            r#"
            [[limit]]
            scope = "organisation"
            of = "acme"
            [[limit]]
            scope = "model"
            of = "a b"
            requests_per_minut = 1
            requests_per_day = 1
            [[limit]]
            scope = "tag"
            tag = "x-team"
            daily_budget = 1
            [[limit]]
            scope = "tag"
            daily_budget = 1
            [[limit]]
            scope = "key"
            value = "x"
            tokens_per_day = -1
            [[limit]]
            scope = "kye"
            tokens_per_day = 1
            "#,
        );
        let problems = problems.unwrap_err().join("\n");
        for told in [
            "limit[0]: it limits nothing",
            "limit[0].of: not with this scope",
            "limit[1].of: ",
            "limit[1]: unknown key `requests_per_minut`; did you mean `requests_per_minute`?",
            "limit[2].tag: add `x-team` to attribution.headers",
            "limit[3]: scope = \"tag\" needs the header",
            "tokens_per_day: expected a whole number, not -1",
            "unknown value `kye`; did you mean `key`?",
        ] {
            assert!(problems.contains(told), "{told} is not in\n{problems}");
        }
    }
}
