//! What a statement is called.

use std::fmt;
use std::str::FromStr;

use tollgate_ledger::AccountId;
use tollgate_types::Month;

/// The number of an invoice: its account, its month, and which one of them it is. It says all that
/// it is made of, so it is the same wherever and whenever it is made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InvoiceNumber {
    /// Whose.
    pub account: AccountId,
    /// Of which month.
    pub month: Month,
    /// 1 for the first; one that takes its place has the next.
    pub sequence: u16,
}

/// A text that is no number of an invoice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the number of an invoice such as default-2026-10-001")]
pub struct InvalidInvoiceNumber(String);

impl fmt::Display for InvoiceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:03}", self.account, self.month, self.sequence)
    }
}

impl FromStr for InvoiceNumber {
    type Err = InvalidInvoiceNumber;

    fn from_str(text: &str) -> Result<Self, InvalidInvoiceNumber> {
        let read = || {
            let mut parts = text.rsplitn(4, '-');
            let sequence = parts.next()?.parse().ok()?;
            let (month, year) = (parts.next()?, parts.next()?);
            let month = format!("{year}-{month}").parse().ok()?;
            let account = AccountId::new(parts.next()?).ok()?;
            Some(Self { account, month, sequence })
        };
        read().filter(|it| it.to_string() == text).ok_or_else(|| InvalidInvoiceNumber(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back() {
        for text in ["default-2026-10-001", "a-b-2026-01-999", "Konto 2-2026-12-1000"] {
            assert_eq!(text.parse::<InvoiceNumber>().unwrap().to_string(), text);
        }
        for text in ["", "default-2026-10", "default-2026-13-001", "-2026-10-001", "a-2026-10-1"] {
            assert!(text.parse::<InvoiceNumber>().is_err(), "{text}");
        }
    }
}
