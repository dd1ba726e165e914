//! A statement as CSV (RFC 4180): one table, every amount in full.

use csv::{Terminator, WriterBuilder};
use tollgate_types::{Timestamp, Usd};

use crate::{Line, Statement, StatementError, UsageTable};

const COLUMNS: [&str; 9] = [
    "section",
    "date",
    "name",
    "id",
    "note",
    "requests",
    "prompt_tokens",
    "completion_tokens",
    "amount_usd",
];

#[derive(Default)]
struct Row {
    section: String,
    at: Option<Timestamp>,
    name: String,
    id: String,
    note: String,
    counts: Option<[u64; 3]>,
    amount: Option<Usd>,
}

/// Writes a statement as CSV, in UTF-8, with a header.
///
/// # Errors
///
/// When a sum does not fit, which is of no statement that could be made.
pub fn csv(statement: &Statement) -> Result<Vec<u8>, StatementError> {
    let mut writer =
        WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::with_capacity(4_096));
    // A vector can always be written to.
    let failed = |_| StatementError::OutOfRange;
    writer.write_record(COLUMNS).map_err(failed)?;
    for row in rows(statement)? {
        writer.write_record(row.cells()).map_err(failed)?;
    }
    writer.into_inner().map_err(|_| StatementError::OutOfRange)
}

fn rows(statement: &Statement) -> Result<Vec<Row>, StatementError> {
    let number = statement.number().map_or_else(|| "preliminary".to_owned(), ToString::to_string);
    let mut rows = vec![
        about("number", number),
        about("account", statement.account().as_str().to_owned()),
        about("month", statement.month().to_string()),
        balance("opening_balance", statement.opening()),
    ];
    rows.extend(Line::OF_BALANCE.map(|line| balance(line.name(), statement.sum(line))));
    rows.push(balance("closing_balance", statement.closing()));
    let beside = |line: Line| Row { section: "beside_balance".to_owned(), ..sum(statement, line) };
    rows.extend(Line::BESIDE.map(beside));
    rows.extend(statement.entries().iter().map(|entry| Row {
        section: "movement".to_owned(),
        at: Some(entry.at),
        name: entry.line.name().to_owned(),
        id: entry.id.clone(),
        note: entry.note.clone().or_else(|| entry.reference.clone()).unwrap_or_default(),
        counts: None,
        amount: Some(entry.amount),
    }));
    for table in statement.usage() {
        rows.extend(usage(table));
    }
    let amount = Some(statement.usage_total()?);
    rows.push(Row { section: "usage_total".to_owned(), amount, ..Row::default() });
    Ok(rows)
}

fn sum(statement: &Statement, line: Line) -> Row {
    Row { name: line.name().to_owned(), amount: Some(statement.sum(line)), ..Row::default() }
}

/// Which statement it is.
fn about(name: &str, id: String) -> Row {
    Row { section: "statement".to_owned(), name: name.to_owned(), id, ..Row::default() }
}

fn balance(name: &str, amount: Usd) -> Row {
    let (section, name) = ("balance".to_owned(), name.to_owned());
    Row { section, name, amount: Some(amount), ..Row::default() }
}

fn usage(table: &UsageTable) -> impl Iterator<Item = Row> {
    table.lines.iter().map(|line| Row {
        section: format!("usage_by_{}", table.by),
        name: line.name.clone(),
        counts: Some([line.requests, line.prompt_tokens, line.completion_tokens]),
        amount: Some(line.amount),
        ..Row::default()
    })
}

impl Row {
    fn cells(self) -> [String; 9] {
        let [requests, prompt, completion] =
            self.counts.map_or_else(Default::default, |it| it.map(|count| count.to_string()));
        [
            text(self.section),
            self.at.map(Timestamp::to_rfc3339).unwrap_or_default(),
            text(self.name),
            text(self.id),
            text(self.note),
            requests,
            prompt,
            completion,
            self.amount.map(Usd::to_decimal).unwrap_or_default(),
        ]
    }
}

/// Text that no spreadsheet takes for a formula: names and notes come from callers.
fn text(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdf::tests::sample;

    #[test]
    fn a_statement_as_csv() {
        let written = String::from_utf8(csv(&sample(2)).unwrap()).unwrap();
        let expected = [
            "section,date,name,id,note,requests,prompt_tokens,completion_tokens,amount_usd",
            "statement,,number,default-2026-10-001,,,,,",
            "statement,,account,default,,,,,",
            "statement,,month,2026-10,,,,,",
            "balance,,opening_balance,,,,,,100.5",
            "balance,,purchases,,,,,,40",
            "balance,,promotional,,,,,,0",
            "balance,,adjustments,,,,,,0",
            "balance,,transfers,,,,,,0",
            "balance,,refunds,,,,,,0",
            "balance,,expired,,,,,,0",
            "balance,,usage,,,,,,-12.345678901",
            "balance,,usage_returned,,,,,,0",
            "balance,,commitment,,,,,,0",
            "balance,,corrections,,,,,,0",
            "balance,,closing_balance,,,,,,128.154321099",
            "beside_balance,,fees,,,,,,2.2",
            "beside_balance,,fees_returned,,,,,,0",
            "beside_balance,,metered,,,,,,0",
            "beside_balance,,metered_corrections,,,,,,0",
            "movement,2026-10-02T00:00:00.000Z,purchases,m0,\"'=1+1, \"\"a\"\"\",,,,20",
            "movement,2026-10-02T00:00:00.000Z,fees,m0/fee,pi_0,,,,1.1",
            "movement,2026-10-03T00:00:00.000Z,purchases,m1,\"'=1+1, \"\"a\"\"\",,,,20",
            "movement,2026-10-03T00:00:00.000Z,fees,m1/fee,pi_1,,,,1.1",
            "usage_by_model,,acme/large,,,1200,3400000,560000,12",
            "usage_by_model,,acme/small,,,7,800,90,0.345",
            "usage_by_model,,,,,0,0,0,0.000678901",
            "usage_by_x-department,,Forschung & Übersetzung,,,1000,3000000,500000,10.25",
            "usage_by_x-department,,,,,207,400800,60090,2.095678901",
            "usage_total,,,,,,,,12.345678901",
            "",
        ];
        assert_eq!(written.split("\r\n").collect::<Vec<_>>(), expected);
    }
}
