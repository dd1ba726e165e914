//! What calls were made, by model, department or whatever they were tagged with.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::float_arithmetic))]

use std::collections::BTreeMap;

use tollgate_types::Usd;

/// The calls of one name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageLine {
    /// The model's id, or the tag's value.
    pub name: String,
    /// Calls.
    pub requests: u64,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// What they cost.
    pub amount: Usd,
}

/// Calls by one kind of name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageTable {
    /// What the names are: `model`, or the tag's header such as `x-department`.
    pub by: String,
    /// One for each name, what cost most first. What they don't account for is the last one, which
    /// has an empty name.
    pub lines: Vec<UsageLine>,
}

impl UsageTable {
    /// Adds lines of the same name up, and orders them.
    pub fn new(by: &str, lines: impl IntoIterator<Item = UsageLine>) -> Self {
        let mut sums: BTreeMap<String, UsageLine> = BTreeMap::new();
        for line in lines {
            let sum = sums.entry(line.name.clone()).or_default();
            sum.requests = sum.requests.saturating_add(line.requests);
            sum.prompt_tokens = sum.prompt_tokens.saturating_add(line.prompt_tokens);
            sum.completion_tokens = sum.completion_tokens.saturating_add(line.completion_tokens);
            sum.amount = sum.amount.saturating_add(line.amount);
            sum.name = line.name;
        }
        let mut lines: Vec<UsageLine> = sums.into_values().collect();
        lines.sort_by(|a, b| (b.amount, &a.name).cmp(&(a.amount, &b.name)));
        Self { by: by.to_owned(), lines }
    }

    /// All lines together, without a name.
    pub(crate) fn sum(&self) -> UsageLine {
        let mut sum = UsageLine::default();
        for line in &self.lines {
            sum.requests = sum.requests.saturating_add(line.requests);
            sum.prompt_tokens = sum.prompt_tokens.saturating_add(line.prompt_tokens);
            sum.completion_tokens = sum.completion_tokens.saturating_add(line.completion_tokens);
            sum.amount = sum.amount.saturating_add(line.amount);
        }
        sum
    }

    /// The same with a last line for what is missing of `total`.
    pub(crate) fn completed(mut self, total: &UsageLine) -> Option<Self> {
        self.lines.retain(|line| !line.name.is_empty());
        let named = self.sum();
        // Calls are counted while they are read: only money has to add up.
        let rest = UsageLine {
            name: String::new(),
            requests: total.requests.saturating_sub(named.requests),
            prompt_tokens: total.prompt_tokens.saturating_sub(named.prompt_tokens),
            completion_tokens: total.completion_tokens.saturating_sub(named.completion_tokens),
            amount: total.amount.checked_sub(named.amount)?,
        };
        if rest != UsageLine::default() {
            self.lines.push(rest);
        }
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, requests: u64, nanos: i64) -> UsageLine {
        let amount = Usd::from_nanos(nanos);
        UsageLine { name: name.to_owned(), requests, amount, ..UsageLine::default() }
    }

    #[test]
    fn lines_of_a_name_add_up_and_nothing_is_missing() {
        let lines = [line("b", 1, 5), line("a", 2, 3), line("", 1, 2), line("a", 1, 4)];
        let table = UsageTable::new("model", lines).completed(&line("", 5, 15)).unwrap();
        // What has no name takes the nano-dollar that nobody accounts for.
        assert_eq!(table.lines, [line("a", 3, 7), line("b", 1, 5), line("", 1, 3)]);
        let whole = UsageTable::new("model", [line("a", 1, 7)]).completed(&line("", 1, 7));
        assert_eq!(whole.unwrap().lines, [line("a", 1, 7)]);
        // Calls that no tag names, and ones that cost nothing.
        let tagged = UsageTable::new("x-department", [line("d", 1, 2)]);
        let tagged = tagged.completed(&line("", 3, 6)).unwrap();
        assert_eq!(tagged.lines, [line("d", 1, 2), line("", 2, 4)]);
        let free = UsageTable::new("x-department", []).completed(&line("", 3, 0)).unwrap();
        assert_eq!(free.lines, [line("", 3, 0)]);
    }
}
