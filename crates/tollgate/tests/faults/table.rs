//! The faults as Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::cell::Proven;
use crate::clients::Client;
use crate::question::Proof;
use crate::world::Place;

/// What came of one row, by column.
type Row = BTreeMap<(Client, Place), Proof<String>>;

/// What was proven, by row.
#[derive(Debug, Default)]
pub(crate) struct Table {
    cells: BTreeMap<(usize, String), Row>,
}

impl Table {
    pub(crate) fn add(&mut self, proven: Vec<Proven>) {
        for Proven { row, client, place, sign } in proven {
            self.cells.entry(row).or_default().insert((client, place), sign);
        }
    }

    /// The page.
    pub(crate) fn markdown(&self) -> String {
        let columns: Vec<(Client, Place)> = Client::ALL
            .into_iter()
            .flat_map(|client| Place::ALL.map(|place| (client, place)))
            .collect();
        let head = |(client, place): &(Client, Place)| {
            format!("{client:?} ← {}", place.protocols(*client).0.as_str())
        };
        let heads: Vec<String> = columns.iter().map(head).collect();
        let mut page = "# Every fault at every moment for every client\n\n\
            Each cell was proven streamed and whole, where the fault strikes both, with another \
            endpoint to take over and alone. *replaced*: the other endpoint answered, or the \
            caller got an error instead of an answer. *continued*: the other endpoint went on, or \
            the caller was told in the middle. *whole*: no harm was done. *broken off*: \
            somebody could have gone on, and the answer is passed on as it comes. *uncounted*: \
            whole, without the counts that the provider left out. Of every byte: at how \
            many of them which of the three. ✗ fails.\n\n"
            .to_owned();
        writeln!(page, "| | {} |", heads.join(" | ")).unwrap();
        writeln!(page, "| --- |{}", " --- |".repeat(heads.len())).unwrap();
        for ((_, name), cells) in &self.cells {
            let sign = |column| match &cells[column] {
                Ok(sign) => sign.as_str(),
                Err(_) => "✗",
            };
            let signs: Vec<&str> = columns.iter().map(sign).collect();
            writeln!(page, "| {name} | {} |", signs.join(" | ")).unwrap();
        }
        writeln!(page, "\n{}", self.totals()).unwrap();
        page
    }

    /// How many cells came out how.
    pub(crate) fn totals(&self) -> String {
        let all: usize = self.cells.values().map(BTreeMap::len).sum();
        let wrong = self.wrong().count();
        format!("{all} cells: {} proven, {wrong} failing.", all - wrong)
    }

    /// The cells that are not as they should be.
    pub(crate) fn wrong(&self) -> impl Iterator<Item = String> {
        self.cells.iter().flat_map(|((_, name), cells)| {
            cells.iter().filter_map(move |((client, place), sign)| {
                let flaw = sign.as_ref().err()?;
                let protocol = place.protocols(*client).0.as_str();
                Some(format!("{client:?} ← {protocol} × {name}: {}", flaw.text()))
            })
        })
    }
}
