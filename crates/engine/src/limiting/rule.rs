//! A limit of the operator's: whom it is for, and what it allows.

use std::fmt::Write as _;

use smallvec::{SmallVec, smallvec};
use tollgate_ledger::DEFAULT_ACCOUNT;
use tollgate_limits::{KeyLimits, Scope};
use tollgate_store::KeyRecord;
use tollgate_types::ApiKey;

use crate::asked::Asked;
use crate::run::Run;
use crate::{KeyEntry, WorkspaceEntry};

/// A limit of the operator's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitRule {
    /// Whom it is for.
    pub whom: Whom,
    /// What each of them may do.
    pub limits: KeyLimits,
}

/// Whom a limit is for: one who is named, or each for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// All calls of the installation together, whichever account pays them.
    Organisation,
    /// The keys of a workspace, by its id or slug.
    Workspace(Option<String>),
    /// A key, by its name or its hash.
    Key(Option<String>),
    /// An end user, as callers name them.
    EndUser(Option<String>),
    /// A model, by its id.
    Model(Option<String>),
    /// What a header tags calls with.
    Tag {
        /// The header, in lower case.
        header: String,
        /// Its value.
        value: Option<String>,
    },
}

/// The name of the counter of all calls. Counts of installations with one account were kept under
/// that one's name.
pub(crate) const ORGANISATION: &str = DEFAULT_ACCOUNT;

/// Those whom one rule limits in one call.
type Ids = SmallVec<[String; 1]>;

impl Whom {
    /// The scope it is.
    pub const fn scope(&self) -> Scope {
        match self {
            Self::Organisation => Scope::Organisation,
            Self::Workspace(_) => Scope::Workspace,
            Self::Key(_) => Scope::Key,
            Self::EndUser(_) => Scope::EndUser,
            Self::Model(_) => Scope::Model,
            Self::Tag { .. } => Scope::Tag,
        }
    }

    /// The name of the counter of a tag whose value is named.
    pub(crate) fn tag_id(&self) -> Option<String> {
        match self {
            Self::Tag { header, value: Some(value) } => Some(tag(header, value)),
            _ => None,
        }
    }
}

impl LimitRule {
    /// Whether it limits all calls of a key, whatever they are.
    pub(super) fn is_of_key(&self, key: &KeyEntry, workspace: &WorkspaceEntry) -> bool {
        match &self.whom {
            Whom::Organisation => true,
            Whom::Workspace(of) => {
                is(of.as_ref(), &key.record.workspace_id) || self.is_of_workspace(workspace)
            }
            Whom::Key(_) => self.is_of_one_key(key),
            Whom::EndUser(_) | Whom::Model(_) | Whom::Tag { .. } => false,
        }
    }

    /// Whether it limits all calls of a workspace together.
    pub(super) fn is_of_workspace(&self, workspace: &WorkspaceEntry) -> bool {
        let Whom::Workspace(of) = &self.whom else { return false };
        let (id, slug) = (&workspace.document.id, &workspace.document.body.slug);
        is(of.as_ref(), id) || is(of.as_ref(), slug)
    }

    /// Whether it limits a key, by itself.
    pub(super) fn is_of_one_key(&self, key: &KeyEntry) -> bool {
        self.is_of_record(&key.record)
    }

    /// The same of a key's record.
    pub(super) fn is_of_record(&self, key: &KeyRecord) -> bool {
        matches!(&self.whom, Whom::Key(of) if is_key(of.as_ref(), key))
    }

    /// Whether it limits a model by itself.
    pub(super) fn is_of_model(&self, model: &str) -> bool {
        matches!(&self.whom, Whom::Model(of) if is(of.as_ref(), model))
    }

    /// Whose counters a call is counted by, whichever model answers it.
    pub(super) fn ids<C: Asked>(&self, run: &Run<C>) -> Ids {
        match &self.whom {
            Whom::Organisation => smallvec![ORGANISATION.to_owned()],
            Whom::Workspace(_) if self.is_of_key(&run.key, &run.workspace) => {
                smallvec![run.key.record.workspace_id.clone()]
            }
            Whom::Key(_) if self.is_of_one_key(&run.key) => {
                smallvec![run.key.counted_as().to_hex()]
            }
            // Models take by themselves, when they are asked.
            Whom::Workspace(_) | Whom::Key(_) | Whom::Model(_) => Ids::new(),
            Whom::EndUser(of) => {
                let user = run.call.params().user.as_ref();
                let user = user.filter(|user| is(of.as_ref(), user));
                user.and_then(|_| run.end_user.clone()).into_iter().collect()
            }
            Whom::Tag { header, value } => {
                let said = run.attribution.tags.get(header);
                let said = said.filter(|said| is(value.as_ref(), said));
                said.map(|said| tag(header, said)).into_iter().collect()
            }
        }
    }
}

/// The longest value of a tag that names its counter itself.
const TAG_BYTES_MAX: usize = 120;

/// The name of a tag's counter. Callers choose the value, and a long one would take much memory.
fn tag(header: &str, value: &str) -> String {
    let mut id = format!("{header}=");
    if value.len() <= TAG_BYTES_MAX {
        id.push_str(value);
    } else {
        // Writing to a String can't fail.
        write!(id, "{}", ApiKey::from_text(value).plain_hash().to_hex()).unwrap_or_default();
    }
    id
}

fn is(of: Option<&String>, this: &str) -> bool {
    of.is_none_or(|of| of == this)
}

fn is_key(of: Option<&String>, key: &KeyRecord) -> bool {
    of.is_none_or(|of| *of == key.name || *of == key.hash.to_hex())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_tag_is_named_by_its_hash() {
        assert_eq!(tag("x-team", "Grün"), "x-team=Grün");
        let long = "a".repeat(500);
        assert_eq!(tag("x-team", &long).len(), "x-team=".len() + 64);
        assert_ne!(tag("x-team", &long), tag("x-team", &long.replace("aa", "ab")));
    }
}
