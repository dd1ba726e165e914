//! Passwords, with which people sign in to the dashboard, and that the first of them has come.

use std::fmt;

use serde::{Deserialize, Serialize};
use tollgate_store::{Document, DocumentBody, form};
use tollgate_types::Timestamp;

use crate::Refused;

/// The fewest characters of a password. Length is what counts; no kinds of characters are asked for
/// (NIST SP 800-63B, 3.1.1.2, has 8 and advises 15).
pub const PASSWORD_MIN: usize = 12;
/// The most bytes of one: each try is hashed.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// Somebody's password, as a slow hash. The document's id is theirs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Password {
    /// In the PHC string format, with its salt and how it was made.
    pub hash: String,
    /// When it was chosen.
    #[serde(with = "form")]
    pub chosen_at: Timestamp,
}

impl DocumentBody for Password {
    const KIND: &'static str = "password";
}

impl Password {
    /// Whether a text can be a password.
    ///
    /// # Errors
    ///
    /// When it is too short or too long; `field` is what it was given as.
    pub fn check(field: &'static str, text: &str) -> Result<(), Refused> {
        if text.chars().count() < PASSWORD_MIN {
            let why = format!("A password has at least {PASSWORD_MIN} characters");
            return Err(Refused::new(field, why));
        }
        if text.len() > PASSWORD_BYTES_MAX {
            let why = format!("A password has at most {PASSWORD_BYTES_MAX} bytes");
            return Err(Refused::new(field, why));
        }
        Ok(())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password").field("chosen_at", &self.chosen_at).finish_non_exhaustive()
    }
}

/// That an installation was set up: its first owner has come. There is one such document at most,
/// so that of two who come at once one does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetUp {
    /// Who came.
    pub user_id: String,
    /// When.
    #[serde(with = "form")]
    pub at: Timestamp,
}

impl DocumentBody for SetUp {
    const KIND: &'static str = "set_up";
}

impl SetUp {
    /// The id of the only one.
    pub const ID: &'static str = "done";

    /// The document.
    pub fn document(self) -> Document<Self> {
        let now = self.at;
        Document::new(Self::ID.to_owned(), self, now)
    }
}

/// The key that somebody's playground calls models with. The document's id is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaygroundKey {
    /// The hash that it had first, in hexadecimal: rotations lead from it to the present one.
    pub hash: String,
}

impl DocumentBody for PlaygroundKey {
    const KIND: &'static str = "playground_key";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_not_endless() {
        for good in ["twelve chars", "пароль из 16", &"x".repeat(PASSWORD_BYTES_MAX)] {
            assert_eq!(Password::check("password", good), Ok(()), "{good}");
        }
        for wrong in ["", "eleven char", "😀😀😀", &"x".repeat(PASSWORD_BYTES_MAX + 1)] {
            assert_eq!(Password::check("new", wrong).unwrap_err().field, "new", "{wrong}");
        }
    }

    #[test]
    fn hashes_are_not_printed() {
        let now = Timestamp::from_unix_millis(0);
        let password = Password { hash: "$argon2id$v=19$secret".to_owned(), chosen_at: now };
        assert!(!format!("{password:?}").contains("argon2id"));
    }
}
