//! Asking somebody in.

use serde::{Deserialize, Serialize};
use tollgate_store::{DocumentBody, form};
use tollgate_types::Timestamp;

use crate::user::checked_email;
use crate::{MemberRole, Refused, Role};

/// How long an invitation may be accepted.
pub const INVITATION_DAYS: i64 = 7;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// An invitation. The document's name is the hash of the secret that accepts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Who is asked in.
    pub email: String,
    /// What they will be allowed.
    pub role: Role,
    /// The workspaces they will belong to.
    pub workspaces: Vec<(String, MemberRole)>,
    /// Who asks.
    pub invited_by: Option<String>,
    /// When.
    #[serde(with = "form")]
    pub created_at: Timestamp,
    /// Until when it may be accepted.
    #[serde(with = "form")]
    pub expires_at: Timestamp,
}

impl DocumentBody for Invitation {
    const KIND: &'static str = "invitation";
}

impl Invitation {
    /// Asks somebody in.
    ///
    /// # Errors
    ///
    /// When the address is none.
    pub fn new(
        email: &str,
        role: Role,
        workspaces: Vec<(String, MemberRole)>,
        (invited_by, now): (Option<String>, Timestamp),
    ) -> Result<Self, Refused> {
        let expires_at = now.plus_millis(INVITATION_DAYS * DAY_MILLIS);
        let email = checked_email(email)?;
        Ok(Self { email, role, workspaces, invited_by, created_at: now, expires_at })
    }
}
