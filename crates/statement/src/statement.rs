//! The statement, and its proof.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::float_arithmetic))]

use std::collections::BTreeMap;

use tollgate_ledger::{AccountId, Balance, Kind, Movement};
use tollgate_types::{Month, Timestamp, Usd};

use crate::line::effect;
use crate::{InvoiceNumber, Line, UsageLine, UsageTable};

/// What a statement is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Who issues it, for people.
    pub installation: String,
    /// Whose it is.
    pub account: AccountId,
    /// Of which month.
    pub month: Month,
    /// Which of the month's invoices it is; none while the month goes on.
    pub sequence: Option<u16>,
    /// The balance at the month's first instant, counted from movements.
    pub opening: Balance,
    /// The balance that the statement of the month before has told, if it was told: what came
    /// later makes the difference.
    pub told: Option<Balance>,
    /// The balance behind its last instant, or now.
    pub closing: Balance,
    /// What people and payments entered in between, without calls and slices.
    pub entries: Vec<Movement>,
    /// What calls were made in between.
    pub usage: Vec<UsageTable>,
}

/// A month of an account. What it says adds up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub(crate) installation: String,
    pub(crate) account: AccountId,
    pub(crate) month: Month,
    pub(crate) number: Option<InvoiceNumber>,
    pub(crate) opening: Usd,
    pub(crate) closing: Usd,
    pub(crate) counted: Balance,
    pub(crate) sums: BTreeMap<Line, Usd>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) usage: Vec<UsageTable>,
}

/// A movement on a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What it is.
    pub line: Line,
    /// The ledger's id of it.
    pub id: String,
    /// What it is for, such as a payment's id.
    pub reference: Option<String>,
    /// For people.
    pub note: Option<String>,
    /// What it makes of the balance, or of what is beside it; below zero when it goes.
    pub amount: Usd,
}

/// Why there is no statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// What came and went is not the difference of the balances.
    #[error("{account} in {month}: {opening} and what came and went are {counted}, not {closing}")]
    Unproved {
        /// Whose.
        account: AccountId,
        /// When.
        month: Month,
        /// The balance before.
        opening: Usd,
        /// What the movements make of it.
        counted: Usd,
        /// The balance after.
        closing: Usd,
    },
    /// A movement is of another account or month, or is one of those that are not listed.
    #[error("the movement {0} does not belong on this statement")]
    Foreign(String),
    /// A sum does not fit.
    #[error("an amount is out of range")]
    OutOfRange,
}

impl Statement {
    /// Makes a statement and proves it.
    ///
    /// # Errors
    ///
    /// When it does not add up.
    pub fn new(draft: Draft) -> Result<Self, StatementError> {
        let Draft { installation, account, month, sequence, .. } = draft;
        let Draft { opening, told, closing, entries, usage, .. } = draft;
        let (told, balance) = (told.unwrap_or(opening), closing);
        let entries = listed(entries, &account, month)?;
        let mut sums: BTreeMap<Line, Usd> = BTreeMap::new();
        for entry in &entries {
            add(sums.entry(entry.line).or_default(), entry.amount)?;
        }
        let of = |line| sums.get(&line).copied().unwrap_or(Usd::ZERO);
        // Of what was spent, all but the entries was spent by calls.
        let spent = less(closing.charged(), opening.charged())?;
        let entered = sum(&[of(Line::Commitment), of(Line::UsageReturned)])?;
        let by_calls = sum(&[spent, entered])?;
        let metered = less(closing.metered, opening.metered)?;
        sums.insert(Line::Usage, less(Usd::ZERO, by_calls)?);
        sums.insert(Line::Metered, metered);
        sums.insert(Line::MeteredCorrections, less(opening.metered, told.metered)?);
        sums.insert(Line::Corrections, less(there(&opening)?, there(&told)?)?);
        let (opening, closing) = (there(&told)?, there(&closing)?);
        let mut counted = opening;
        for line in Line::OF_BALANCE {
            add(&mut counted, sums.get(&line).copied().unwrap_or(Usd::ZERO))?;
        }
        if counted != closing {
            return Err(StatementError::Unproved { account, month, opening, counted, closing });
        }
        // Every call has a model; not every one has a tag.
        let calls = usage.first().map(UsageTable::sum).unwrap_or_default();
        let total = UsageLine { amount: sum(&[by_calls, metered])?, ..calls };
        let usage = usage.into_iter().map(|it| it.completed(&total));
        let usage = usage.collect::<Option<Vec<_>>>().ok_or(StatementError::OutOfRange)?;
        let number =
            sequence.map(|sequence| InvoiceNumber { account: account.clone(), month, sequence });
        sums.retain(|_, sum| *sum != Usd::ZERO);
        Ok(Self {
            installation,
            account,
            month,
            number,
            opening,
            closing,
            counted: balance,
            sums,
            entries,
            usage,
        })
    }

    /// Who issues it.
    pub fn installation(&self) -> &str {
        &self.installation
    }

    /// Whose it is.
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// Of which month.
    pub const fn month(&self) -> Month {
        self.month
    }

    /// Its number; none while the month goes on.
    pub const fn number(&self) -> Option<&InvoiceNumber> {
        self.number.as_ref()
    }

    /// What was there before, what nodes had set aside included.
    pub const fn opening(&self) -> Usd {
        self.opening
    }

    /// What is there after.
    pub const fn closing(&self) -> Usd {
        self.closing
    }

    /// What is there after, as the ledger counts it: the next statement goes on from it.
    pub const fn counted(&self) -> &Balance {
        &self.counted
    }

    /// What a line of the summary comes to: below zero where it takes from the balance.
    pub fn sum(&self, line: Line) -> Usd {
        self.sums.get(&line).copied().unwrap_or(Usd::ZERO)
    }

    /// What calls cost, charged and metered.
    ///
    /// # Errors
    ///
    /// Never of a statement that could be made.
    pub fn usage_total(&self) -> Result<Usd, StatementError> {
        less(self.sum(Line::Metered), self.sum(Line::Usage))
    }

    /// What people and payments entered, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What calls were made.
    pub fn usage(&self) -> &[UsageTable] {
        &self.usage
    }
}

fn listed(
    movements: Vec<Movement>,
    account: &AccountId,
    month: Month,
) -> Result<Vec<Entry>, StatementError> {
    let instants = month.instants();
    let mut entries = Vec::with_capacity(movements.len());
    for movement in movements {
        let known = effect(&movement, account)
            .filter(|_| movement.kind.is_entered() && instants.contains(&movement.at));
        let Some((line, amount)) = known else {
            return Err(StatementError::Foreign(movement.id));
        };
        let Movement { id, at, reference, mut note, counter, account: giver, .. } = movement;
        if let (Kind::Transfer, Some(counter)) = (movement.kind, counter) {
            let whom =
                if giver == *account { format!("to {counter}") } else { format!("from {giver}") };
            note = Some(note.map_or_else(|| whom.clone(), |note| format!("{whom}: {note}")));
        }
        entries.push(Entry { at, line, id, reference, note, amount });
    }
    entries.sort_by_key(|entry| entry.at);
    Ok(entries)
}

/// What an account has, wherever it is set aside.
fn there(balance: &Balance) -> Result<Usd, StatementError> {
    sum(&[balance.available, balance.held])
}

fn sum(parts: &[Usd]) -> Result<Usd, StatementError> {
    let mut total = Usd::ZERO;
    for part in parts {
        add(&mut total, *part)?;
    }
    Ok(total)
}

fn add(total: &mut Usd, amount: Usd) -> Result<(), StatementError> {
    *total = total.checked_add(amount).ok_or(StatementError::OutOfRange)?;
    Ok(())
}

fn less(a: Usd, b: Usd) -> Result<Usd, StatementError> {
    a.checked_sub(b).ok_or(StatementError::OutOfRange)
}

#[cfg(test)]
mod tests;
