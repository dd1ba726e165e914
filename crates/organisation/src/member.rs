//! Who belongs to a workspace (contract §1.6).

use serde::{Deserialize, Serialize};
use tollgate_store::{Document, DocumentBody, form};
use tollgate_types::Timestamp;

use crate::Refused;

/// What somebody may do in one workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemberRole {
    /// Changes it, its budgets and its members, too.
    Admin,
    /// Has keys in it.
    Member,
}

impl MemberRole {
    /// The contract's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }

    /// Reads the word.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        match text {
            "admin" => Ok(Self::Admin),
            "member" => Ok(Self::Member),
            _ => Err(Refused::new("role", "Expected one of admin, member")),
        }
    }
}

/// Somebody's place in a workspace. The workspace is the document's parent, and the pair of both
/// its name, so that nobody is in one twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The workspace.
    pub workspace_id: String,
    /// Who.
    pub user_id: String,
    /// What they may do in it.
    pub role: MemberRole,
    /// Since when.
    #[serde(with = "form")]
    pub created_at: Timestamp,
}

impl DocumentBody for Member {
    const KIND: &'static str = "member";
}

impl Member {
    /// The document's name.
    pub fn name(workspace_id: &str, user_id: &str) -> String {
        [workspace_id, user_id].join("/")
    }

    /// The document, under a UUID of its own.
    pub fn document(self, id: String) -> Document<Self> {
        let (workspace_id, now) = (self.workspace_id.clone(), self.created_at);
        let name = Self::name(&workspace_id, &self.user_id);
        Document::new(id, self, now).of(&workspace_id).called(name)
    }
}
