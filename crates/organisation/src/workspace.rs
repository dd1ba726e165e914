//! Workspaces (contract §1.6): whose keys, budgets and members belong together.

use serde::{Deserialize, Serialize};
use tollgate_ledger::AccountId;
use tollgate_store::{DEFAULT_WORKSPACE_ID, Document, DocumentBody, form};
use tollgate_types::{KeyHash, Timestamp};

use crate::refused::text;
use crate::{Budgets, Refused};

/// A workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workspace {
    /// What people name it by in addresses; unique.
    pub slug: String,
    /// What may be changed of it.
    #[serde(flatten)]
    pub settings: WorkspaceSettings,
    /// The account that pays for its calls.
    #[serde(with = "form")]
    pub account: AccountId,
    /// What it may spend.
    #[serde(default)]
    pub budgets: Budgets,
    /// Whether what providers charge callers' own accounts counts against the budgets.
    #[serde(default)]
    pub include_byok_in_budgets: bool,
    /// Who made it.
    pub created_by: Option<String>,
    /// When it was made.
    #[serde(with = "form")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(with = "form")]
    pub updated_at: Option<Timestamp>,
}

/// What may be changed of a workspace, beside its slug.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkspaceSettings {
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The model of a conversation that names none.
    pub default_text_model: Option<String>,
    /// The model of a picture that names none.
    pub default_image_model: Option<String>,
    /// What endpoints are chosen by where a request does not say.
    pub default_provider_sort: Option<ProviderSort>,
    /// Whether what is sent and answered is kept.
    pub is_observability_io_logging_enabled: bool,
    /// Of which share of calls, above 0 and at most 1.
    pub io_logging_sampling_rate: f64,
    /// Of which keys only, by their [`key_number`].
    pub io_logging_api_key_ids: Option<Vec<i64>>,
    /// Whether records go to destinations.
    pub is_observability_broadcast_enabled: bool,
    /// Whether calls may be logged in exchange for a discount. Nobody here offers one.
    pub is_data_discount_logging_enabled: bool,
}

/// What endpoints are chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderSort {
    /// The cheapest first.
    Price,
    /// The fastest first.
    Throughput,
    /// The promptest first.
    Latency,
    /// The best at calling tools first.
    Exacto,
}

impl DocumentBody for Workspace {
    const KIND: &'static str = "workspace";
}

impl Default for WorkspaceSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            description: None,
            default_text_model: None,
            default_image_model: None,
            default_provider_sort: None,
            is_observability_io_logging_enabled: false,
            io_logging_sampling_rate: 1.0,
            io_logging_api_key_ids: None,
            is_observability_broadcast_enabled: false,
            is_data_discount_logging_enabled: false,
        }
    }
}

impl WorkspaceSettings {
    /// Takes them as they were given.
    ///
    /// # Errors
    ///
    /// When one of them is longer or greater than it may be (contract §1.6).
    pub fn checked(mut self) -> Result<Self, Refused> {
        self.name = text("name", &self.name, 100)?;
        if self.description.as_ref().is_some_and(|it| it.chars().count() > 500) {
            return Err(Refused::new("description", "String must have at most 500 characters"));
        }
        if !(0.0001..=1.0).contains(&self.io_logging_sampling_rate) {
            return Err(Refused::new("io_logging_sampling_rate", "Must be from 0.0001 to 1"));
        }
        Ok(self)
    }

    /// Whether what is said and answered in calls of a key may be kept; the share of calls is drawn
    /// elsewhere.
    pub fn keeps_contents_of(&self, key: &KeyHash) -> bool {
        let is_named = |ids: &Vec<i64>| ids.contains(&key_number(key));
        self.is_observability_io_logging_enabled
            && self.io_logging_api_key_ids.as_ref().is_none_or(is_named)
    }
}

/// The number that a workspace knows a key by (contract §1.6, which has numbers where everything
/// else has hashes): the first 13 hexadecimal digits of its hash, which every JSON reader holds
/// exactly.
pub fn key_number(key: &KeyHash) -> i64 {
    let first = key.as_bytes().first_chunk().copied().unwrap_or_default();
    i64::try_from(u64::from_be_bytes(first) >> 12).unwrap_or_default()
}

impl ProviderSort {
    /// The contract's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Throughput => "throughput",
            Self::Latency => "latency",
            Self::Exacto => "exacto",
        }
    }
}

impl Workspace {
    /// A workspace without budgets, whose calls the installation's account pays for.
    ///
    /// # Errors
    ///
    /// When its slug or one of its settings can't be.
    pub fn new(
        slug: &str,
        settings: WorkspaceSettings,
        created_by: Option<String>,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        Ok(Self {
            slug: checked_slug(slug)?,
            settings: settings.checked()?,
            account: AccountId::default(),
            budgets: Budgets::default(),
            include_byok_in_budgets: false,
            created_by,
            created_at: now,
            updated_at: None,
        })
    }

    /// The workspace of every key that names no other, as it is until somebody changes it.
    pub fn default_one() -> Document<Self> {
        let began = Timestamp::from_unix_millis(0);
        let workspace = Self {
            slug: "default".to_owned(),
            settings: WorkspaceSettings { name: "Default".to_owned(), ..Default::default() },
            account: AccountId::default(),
            budgets: Budgets::default(),
            include_byok_in_budgets: false,
            created_by: None,
            created_at: began,
            updated_at: None,
        };
        let name = workspace.slug.clone();
        let document = Document::new(DEFAULT_WORKSPACE_ID.to_owned(), workspace, began);
        Document { revision: 0, ..document.called(name) }
    }

    /// A UUID that follows from the workspace's: its default guardrail's (contract §1.5).
    pub fn default_guardrail_id(id: &str) -> String {
        // A UUID has its version in its 15th character; 8 is for those made by one's own rule
        // (RFC 9562, 5.8).
        let own = |(place, digit)| if place == 14 { '8' } else { digit };
        id.chars().enumerate().map(own).collect()
    }
}

/// A slug: words of lower-case letters and digits with single hyphens between them.
///
/// # Errors
///
/// When it is none, or longer than 50 characters.
pub(crate) fn checked_slug(slug: &str) -> Result<String, Refused> {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
    };
    if slug.len() > 50 || !slug.split('-').all(is_word) {
        return Err(Refused::new(
            "slug",
            "Expected at most 50 characters: lower-case letters and digits, with single hyphens between them",
        ));
    }
    Ok(slug.to_owned())
}

impl Workspace {
    /// Gives it another slug.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn rename(&mut self, slug: &str) -> Result<(), Refused> {
        self.slug = checked_slug(slug)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_1_6_slugs_are_words_with_hyphens() {
        for slug in ["a", "team-1", "0", &"a".repeat(50)] {
            assert!(checked_slug(slug).is_ok(), "{slug}");
        }
        for slug in ["", "-a", "a-", "a--b", "A", "ä", "a b", &"a".repeat(51)] {
            assert_eq!(checked_slug(slug).unwrap_err().field, "slug", "{slug}");
        }
    }

    #[test]
    fn settings_have_bounds() {
        let named = |name: &str| WorkspaceSettings { name: name.to_owned(), ..Default::default() };
        assert_eq!(named("  Team ").checked().unwrap().name, "Team");
        for (field, wrong) in [
            ("name", named(" ")),
            ("name", named(&"n".repeat(101))),
            (
                "description",
                WorkspaceSettings { description: Some("d".repeat(501)), ..named("Team") },
            ),
            (
                "io_logging_sampling_rate",
                WorkspaceSettings { io_logging_sampling_rate: 0.0, ..named("Team") },
            ),
            (
                "io_logging_sampling_rate",
                WorkspaceSettings { io_logging_sampling_rate: f64::NAN, ..named("Team") },
            ),
        ] {
            assert_eq!(wrong.checked().unwrap_err().field, field);
        }
    }

    #[test]
    fn contents_are_kept_of_the_keys_that_are_named() {
        let key = KeyHash::from_hex(&format!("123456789abcdef0{}", "f".repeat(48))).unwrap();
        assert_eq!(key_number(&key), 0x0001_2345_6789_abcd);
        let largest = KeyHash::from_bytes([0xff; 32]);
        assert_eq!(key_number(&largest), (1 << 52) - 1);
        for (is_on, ids, expected) in [
            (false, None, false),
            (true, None, true),
            (true, Some(vec![]), false),
            (true, Some(vec![1, key_number(&key)]), true),
            (true, Some(vec![key_number(&largest)]), false),
            (false, Some(vec![key_number(&key)]), false),
        ] {
            let settings = WorkspaceSettings {
                is_observability_io_logging_enabled: is_on,
                io_logging_api_key_ids: ids,
                ..WorkspaceSettings::default()
            };
            assert_eq!(settings.keeps_contents_of(&key), expected, "{settings:?}");
        }
    }

    #[test]
    fn a_guardrails_id_follows_from_its_workspaces() {
        let id = Workspace::default_guardrail_id(DEFAULT_WORKSPACE_ID);
        assert_eq!(id, "00000000-0000-8000-0000-000000000000");
    }
}
