//! Why a record is not taken.

/// What is wrong with a member of a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct Refused {
    /// The member.
    pub field: &'static str,
    /// What is wrong with it, and what would be right.
    pub why: String,
}

impl Refused {
    pub(crate) fn new(field: &'static str, why: impl Into<String>) -> Self {
        Self { field, why: why.into() }
    }
}

/// A text of so many characters at most, and at least one, without the blanks around it.
pub(crate) fn text(field: &'static str, text: &str, most: usize) -> Result<String, Refused> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > most {
        return Err(Refused::new(field, format!("String must have 1 to {most} characters")));
    }
    Ok(text.to_owned())
}
