//! Printing for people and for programs.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table};
use serde::Serialize;

/// Prints a value as JSON, for `--json`.
///
/// # Errors
///
/// When it can't be written as JSON.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> anyhow::Result<()> {
    anstream::println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints warnings beside what a command prints.
pub(crate) fn warn(warnings: impl IntoIterator<Item = String>) {
    for warning in warnings {
        anstream::eprintln!("warning: {warning}");
    }
}

/// A table with these headers, plain enough to be piped.
pub(crate) fn table(headers: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headers.iter().map(|header| header.to_uppercase()));
    table
}

/// Aligns the columns of numbers to the right.
pub(crate) fn right(table: &mut Table, columns: &[usize]) {
    for index in columns {
        if let Some(column) = table.column_mut(*index) {
            column.set_cell_alignment(CellAlignment::Right);
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

/// Prints a table, or says why there is none.
pub(crate) fn print(table: &Table, empty: &str) {
    if table.row_count() == 0 {
        anstream::println!("{empty}");
    } else {
        anstream::println!("{}", table.trim_fmt());
    }
}
