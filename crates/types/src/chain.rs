//! Printing an error with its causes.

use std::error::Error;
use std::fmt;

/// An error and everything that caused it, in one line: `can't open store: disk full`.
///
/// An error's own `Display` describes its own level only; whoever prints it walks the chain.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] fmt::Error);

    #[test]
    fn causes_follow_their_effects() {
        let text = Chain(&Outer(fmt::Error)).to_string();
        assert_eq!(text, "outer: an error occurred when formatting an argument");
    }
}
