//! A statement as PDF: A4, the built-in Helvetica, as many pages as it takes.

mod glyphs;
mod sheet;

use tollgate_types::{Timestamp, Usd};

use crate::cents::{grouped, is_whole, rounded};
use crate::{Entry, Line, Statement, StatementError, UsageLine, UsageTable};
use sheet::{Cell, LEFT, RIGHT, Row, Sheet, Style};

/// Where exact amounts end, left of the rounded ones.
const EXACT: i32 = RIGHT - 800;

/// Where the columns of movements begin.
const KIND: i32 = LEFT + 650;
const NOTE: i32 = LEFT + 1_750;
/// Where those of usage end.
const REQUESTS: i32 = LEFT + 2_150;
const PROMPT: i32 = LEFT + 2_800;
const COMPLETION: i32 = LEFT + 3_450;

/// Writes a statement as PDF.
///
/// # Errors
///
/// When a sum does not fit, which is of no statement that could be made.
pub fn pdf(statement: &Statement) -> Result<Vec<u8>, StatementError> {
    let number = statement.number().map(ToString::to_string);
    let number = number.unwrap_or_else(|| "Preliminary".to_owned());
    let mut sheet = Sheet::new(statement.installation(), &number);
    head(&mut sheet, statement, &number);
    summary(&mut sheet, statement);
    movements(&mut sheet, statement.entries());
    for table in statement.usage() {
        usage(&mut sheet, table, statement.usage_total()?);
    }
    if has_exact(statement) {
        sheet.skip(160);
        sheet.note("Amounts are in US dollars, rounded to cents, half to even.");
        sheet.note("Where the exact amount is another one, it is beside the rounded one.");
    } else {
        sheet.skip(160);
        sheet.note("Amounts are in US dollars.");
    }
    Ok(sheet.finish())
}

fn head(sheet: &mut Sheet, statement: &Statement, number: &str) {
    sheet.title(statement.installation(), "Statement");
    let days = statement.month().instants();
    let first = date(days.start);
    let last = date(days.end.plus_millis(-1));
    for (name, value) in [
        ("Account", statement.account().as_str()),
        ("Period", &format!("{first} to {last} (UTC)")),
        ("Number", number),
    ] {
        sheet.row(&Row::new(vec![
            Cell::left(LEFT, name, LEFT + 700).gray(),
            Cell::left(LEFT + 700, value, RIGHT),
        ]));
    }
}

fn summary(sheet: &mut Sheet, statement: &Statement) {
    sheet.section("Balance", vec![Cell::right(RIGHT, "USD")]);
    let line = |label: &str, amount: Usd| {
        let mut cells = vec![Cell::left(LEFT, label, EXACT - 900)];
        cells.extend(amounts(amount));
        Row::new(cells)
    };
    sheet.row(&line("Opening balance", statement.opening()));
    for it in Line::OF_BALANCE {
        let amount = statement.sum(it);
        if amount != Usd::ZERO {
            sheet.row(&line(it.label(), amount));
        }
    }
    sheet.row(&line("Closing balance", statement.closing()).total());
    let beside: Vec<Line> =
        Line::BESIDE.into_iter().filter(|it| statement.sum(*it) != Usd::ZERO).collect();
    if !beside.is_empty() {
        sheet.section("Beside the balance", vec![Cell::right(RIGHT, "USD")]);
        for it in beside {
            sheet.row(&line(it.label(), statement.sum(it)));
        }
    }
}

fn movements(sheet: &mut Sheet, entries: &[Entry]) {
    if entries.is_empty() {
        return;
    }
    sheet.section(
        "Movements",
        vec![
            Cell::left(LEFT, "Date", KIND),
            Cell::left(KIND, "Kind", NOTE),
            Cell::left(NOTE, "For", EXACT),
            Cell::right(RIGHT, "USD"),
        ],
    );
    for entry in entries {
        let what = entry.note.as_ref().or(entry.reference.as_ref()).unwrap_or(&entry.id);
        let mut cells = vec![
            Cell::left(LEFT, &date(entry.at), KIND),
            Cell::left(KIND, entry.line.label(), NOTE - 40),
            Cell::left(NOTE, what, EXACT - 600),
        ];
        cells.extend(amounts(entry.amount));
        sheet.row(&Row::new(cells));
    }
}

fn usage(sheet: &mut Sheet, table: &UsageTable, total: Usd) {
    sheet.section(
        &format!("Usage by {}", table.by),
        vec![
            Cell::left(LEFT, "Name", REQUESTS - 500),
            Cell::right(REQUESTS, "Requests"),
            Cell::right(PROMPT, "Tokens in"),
            Cell::right(COMPLETION, "Tokens out"),
            Cell::right(RIGHT, "USD"),
        ],
    );
    for UsageLine { name, requests, prompt_tokens, completion_tokens, amount } in &table.lines {
        let name = if name.is_empty() { "(none of these)" } else { name };
        let mut cells = vec![
            Cell::left(LEFT, name, REQUESTS - 450),
            Cell::right(REQUESTS, &grouped(*requests)),
            Cell::right(PROMPT, &grouped(*prompt_tokens)),
            Cell::right(COMPLETION, &grouped(*completion_tokens)),
        ];
        cells.extend(amounts(*amount));
        sheet.row(&Row::new(cells));
    }
    let mut cells = vec![Cell::left(LEFT, "Total", EXACT)];
    cells.extend(amounts(total));
    sheet.row(&Row::new(cells).total());
}

/// The amount in cents, and the exact one where it is another.
fn amounts(amount: Usd) -> Vec<Cell> {
    let mut cells = vec![Cell::right(RIGHT, &rounded(amount))];
    if !is_whole(amount) {
        cells.push(Cell::right(EXACT, &amount.to_decimal()).style(Style::Small));
    }
    cells
}

fn has_exact(statement: &Statement) -> bool {
    let lines = Line::OF_BALANCE.into_iter().chain(Line::BESIDE).map(|it| statement.sum(it));
    let entries = statement.entries().iter().map(|it| it.amount);
    let usage = statement.usage().iter().flat_map(|it| &it.lines).map(|it| it.amount);
    let balances = [statement.opening(), statement.closing()];
    lines.chain(entries).chain(usage).chain(balances).any(|it| !is_whole(it))
}

fn date(at: Timestamp) -> String {
    at.utc_date().to_string()
}

#[cfg(test)]
pub(crate) mod tests;
