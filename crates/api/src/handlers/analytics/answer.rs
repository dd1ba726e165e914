//! The rows of an answer.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use tollgate_store::{ActivityRow, ActivitySums};
use tollgate_types::UtcDay;
use tollgate_wire::json::UsdNumber;

use super::question::{Field, Question};

/// A row, with its members in the order in which they were asked for.
#[derive(Debug)]
pub(super) struct Row(Vec<(String, Cell)>);

/// A value of a row.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Cell {
    Text(String),
    Count(u64),
    /// Money, or a share: exact to nine decimal places.
    Decimal(UsdNumber),
}

/// What tells rows apart: the first day, and the values of the dimensions.
type Place = (Option<UtcDay>, Vec<String>);

impl Question {
    /// The rows, and whether there were more.
    pub(super) fn answer(&self, rows: impl Iterator<Item = ActivityRow>) -> (Vec<Row>, bool) {
        let mut sums: BTreeMap<Place, ActivitySums> = BTreeMap::new();
        for row in rows.filter(|row| self.takes(row)) {
            let day = self.granularity.map(|it| it.first_day(row.day));
            let values = self.dimensions.iter().map(|it| it.value(&row)).collect();
            sums.entry((day, values)).or_default().add(&row.sums);
        }
        let mut found: Vec<(Place, ActivitySums)> =
            sums.into_iter().filter(|(_, sums)| self.keeps(sums)).collect();
        if let Some((field, descends)) = &self.order {
            // Stable: what is alike stays in the order of its names.
            found.sort_by(|one, other| {
                let order = compared(field, one, other);
                if *descends { order.reverse() } else { order }
            });
        }
        let is_cut = found.len() > self.limit;
        found.truncate(self.limit);
        (found.into_iter().map(|it| self.row(it)).collect(), is_cut)
    }

    fn row(&self, ((day, values), sums): (Place, ActivitySums)) -> Row {
        let date = day.map(|day| ("date".to_owned(), Cell::Text(date(day))));
        let named = self.dimensions.iter().zip(values);
        let named = named.map(|(it, value)| (it.name().to_owned(), Cell::Text(value)));
        let metrics = self.metrics.iter().map(|it| (it.name().to_owned(), it.cell(&sums)));
        Row(date.into_iter().chain(named).chain(metrics).collect())
    }
}

fn compared(
    field: &Field,
    (one, one_sums): &(Place, ActivitySums),
    (other, other_sums): &(Place, ActivitySums),
) -> Ordering {
    match field {
        Field::Date => one.0.cmp(&other.0),
        Field::Dimension(at) => one.1.get(*at).cmp(&other.1.get(*at)),
        Field::Metric(metric) => metric.billionths(one_sums).cmp(&metric.billionths(other_sums)),
    }
}

fn date(day: UtcDay) -> String {
    let mut text = day.starts_at().to_rfc3339();
    text.truncate("YYYY-MM-DD".len());
    text
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (name, cell) in &self.0 {
            map.serialize_entry(name, cell)?;
        }
        map.end()
    }
}
