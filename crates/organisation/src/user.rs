//! People.

use serde::{Deserialize, Serialize};
use tollgate_store::{DocumentBody, form};
use tollgate_types::Timestamp;

use crate::Refused;
use crate::refused::text;

/// What somebody may do in the whole installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    Owner,
    /// Everything, but what concerns owners.
    Admin,
    /// Keys in their own workspaces.
    Member,
    /// Looks at everything, changes nothing.
    Viewer,
    /// Money, and nothing else.
    Billing,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] =
        [Self::Owner, Self::Admin, Self::Member, Self::Viewer, Self::Billing];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
            Self::Viewer => "viewer",
            Self::Billing => "billing",
        }
    }

    /// Reads the word.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let words = Self::ALL.map(Self::as_str).join(", ");
        let found = Self::ALL.into_iter().find(|it| it.as_str() == text);
        // The contract's `role` has other words: ours are in `access`.
        found.ok_or_else(|| Refused::new("access", format!("Expected one of {words}")))
    }

    /// Whether somebody with this role may give others `role`, or take it away.
    pub fn may_grant(self, role: Self) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin => role != Self::Owner,
            Self::Member | Self::Viewer | Self::Billing => false,
        }
    }

    /// The contract's word for it, which knows two (contract §1.3).
    pub const fn as_contract(self) -> &'static str {
        match self {
            Self::Owner | Self::Admin => "org:admin",
            Self::Member | Self::Viewer | Self::Billing => "org:member",
        }
    }
}

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Their address, in lower case; unique.
    pub email: String,
    /// Their first name.
    pub first_name: Option<String>,
    /// Their last name.
    pub last_name: Option<String>,
    /// What they may do.
    pub role: Role,
    /// When they came.
    #[serde(with = "form")]
    pub created_at: Timestamp,
    /// When they or their role were last changed.
    #[serde(with = "form")]
    pub updated_at: Option<Timestamp>,
}

impl DocumentBody for User {
    const KIND: &'static str = "user";
}

impl User {
    /// Takes somebody as they were given.
    ///
    /// # Errors
    ///
    /// When the address is none, or a name is too long.
    pub fn new(
        email: &str,
        (first_name, last_name): (Option<&str>, Option<&str>),
        role: Role,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        let name = |field, it: Option<&str>| it.map(|it| text(field, it, 100)).transpose();
        Ok(Self {
            email: checked_email(email)?,
            first_name: name("first_name", first_name)?,
            last_name: name("last_name", last_name)?,
            role,
            created_at: now,
            updated_at: None,
        })
    }
}

/// An address as it is compared: in lower case. Whether anybody reads it only a letter can tell.
///
/// # Errors
///
/// When it can't be one.
pub(crate) fn checked_email(email: &str) -> Result<String, Refused> {
    let email = email.trim().to_lowercase();
    let parts = email.rsplit_once('@');
    let is_plain = |it: char| !it.is_whitespace() && !it.is_control();
    let can_be = email.len() <= 254
        && email.chars().all(is_plain)
        && parts.is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains(['<', '>', ','])
        });
    if can_be { Ok(email) } else { Err(Refused::new("email", "Expected an e-mail address")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_in_lower_case() {
        assert_eq!(checked_email(" Ada@Example.ORG ").unwrap(), "ada@example.org");
        for wrong in ["", "ada", "@example.org", "ada@", "a da@example.org", "a@b,c@d,e"] {
            assert!(checked_email(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn roles_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Ok(role));
        }
        assert_eq!(Role::parse("king").unwrap_err().field, "access");
    }
}
