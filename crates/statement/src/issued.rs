//! A statement as it is kept once it has a number: what was told is told the same for ever.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tollgate_ledger::{AccountId, Balance};
use tollgate_types::{Timestamp, Usd};

use crate::{Entry, InvoiceNumber, Line, Statement, UsageLine, UsageTable};

/// A statement with a number, to be stored. Amounts are nano-dollars, times milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    installation: String,
    account: String,
    month: String,
    sequence: u16,
    opening: i64,
    closing: i64,
    counted: Counted,
    sums: BTreeMap<String, i64>,
    entries: Vec<IssuedEntry>,
    usage: Vec<IssuedTable>,
}

/// The account's balance behind the month's last instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Counted {
    credited: i64,
    metered: i64,
    available: i64,
    held: i64,
    spent: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct IssuedEntry {
    at: i64,
    line: String,
    id: String,
    reference: Option<String>,
    note: Option<String>,
    amount: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct IssuedTable {
    by: String,
    lines: Vec<IssuedLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct IssuedLine {
    name: String,
    requests: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
    amount: i64,
}

impl Issued {
    /// What is kept of a statement; nothing of a preliminary one.
    pub fn of(statement: &Statement) -> Option<Self> {
        let number = statement.number.as_ref()?;
        let sum = |(line, sum): (&Line, &Usd)| (line.name().to_owned(), sum.nanos());
        Some(Self {
            installation: statement.installation.clone(),
            account: number.account.to_string(),
            month: number.month.to_string(),
            sequence: number.sequence,
            opening: statement.opening.nanos(),
            closing: statement.closing.nanos(),
            counted: Counted::of(&statement.counted),
            sums: statement.sums.iter().map(sum).collect(),
            entries: statement.entries.iter().map(IssuedEntry::of).collect(),
            usage: statement.usage.iter().map(IssuedTable::of).collect(),
        })
    }

    /// The statement; `None` when it is none that was ever issued.
    pub fn read(self) -> Option<Statement> {
        let (account, month) = (AccountId::new(&self.account).ok()?, self.month.parse().ok()?);
        let mut sums = BTreeMap::new();
        for (name, nanos) in self.sums {
            sums.insert(Line::parse(&name)?, Usd::from_nanos(nanos));
        }
        let number = InvoiceNumber { account: account.clone(), month, sequence: self.sequence };
        Some(Statement {
            installation: self.installation,
            account,
            month,
            number: Some(number),
            opening: Usd::from_nanos(self.opening),
            closing: Usd::from_nanos(self.closing),
            counted: self.counted.balance(),
            sums,
            entries: self.entries.into_iter().map(IssuedEntry::read).collect::<Option<_>>()?,
            usage: self.usage.into_iter().map(IssuedTable::read).collect(),
        })
    }
}

impl Counted {
    const fn of(balance: &Balance) -> Self {
        Self {
            credited: balance.credited.nanos(),
            metered: balance.metered.nanos(),
            available: balance.available.nanos(),
            held: balance.held.nanos(),
            spent: balance.spent.nanos(),
        }
    }

    const fn balance(self) -> Balance {
        Balance {
            credited: Usd::from_nanos(self.credited),
            metered: Usd::from_nanos(self.metered),
            available: Usd::from_nanos(self.available),
            held: Usd::from_nanos(self.held),
            spent: Usd::from_nanos(self.spent),
        }
    }
}

impl IssuedEntry {
    fn of(entry: &Entry) -> Self {
        Self {
            at: entry.at.unix_millis(),
            line: entry.line.name().to_owned(),
            id: entry.id.clone(),
            reference: entry.reference.clone(),
            note: entry.note.clone(),
            amount: entry.amount.nanos(),
        }
    }

    fn read(self) -> Option<Entry> {
        Some(Entry {
            at: Timestamp::from_unix_millis(self.at),
            line: Line::parse(&self.line)?,
            id: self.id,
            reference: self.reference,
            note: self.note,
            amount: Usd::from_nanos(self.amount),
        })
    }
}

impl IssuedTable {
    fn of(table: &UsageTable) -> Self {
        let line = |it: &UsageLine| IssuedLine {
            name: it.name.clone(),
            requests: it.requests,
            prompt_tokens: it.prompt_tokens,
            completion_tokens: it.completion_tokens,
            amount: it.amount.nanos(),
        };
        Self { by: table.by.clone(), lines: table.lines.iter().map(line).collect() }
    }

    fn read(self) -> UsageTable {
        let line = |it: IssuedLine| UsageLine {
            name: it.name,
            requests: it.requests,
            prompt_tokens: it.prompt_tokens,
            completion_tokens: it.completion_tokens,
            amount: Usd::from_nanos(it.amount),
        };
        UsageTable { by: self.by, lines: self.lines.into_iter().map(line).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdf::tests::sample;
    use crate::{csv, pdf};

    #[test]
    fn what_was_issued_is_told_the_same() {
        let statement = sample(3);
        let kept = serde_json::to_string(&Issued::of(&statement).unwrap()).unwrap();
        let read = serde_json::from_str::<Issued>(&kept).unwrap().read().unwrap();
        assert_eq!(read, statement);
        assert_eq!(csv(&read).unwrap(), csv(&statement).unwrap());
        assert_eq!(pdf(&read).unwrap(), pdf(&statement).unwrap());
        let unknown = kept.replace("\"purchases\"", "\"gifts\"");
        assert_eq!(serde_json::from_str::<Issued>(&unknown).unwrap().read(), None);
    }
}
