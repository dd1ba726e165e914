//! The rows of an answer.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use tollgate_store::ActivityRow;
use tollgate_types::Timestamp;
use tollgate_wire::json::UsdNumber;

use super::fields::{Makers, Sums};
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
    /// Nothing was measured.
    Nothing,
}

/// What tells rows apart: when they begin, and the values of the dimensions.
type Place = (Option<Timestamp>, Vec<String>);

/// What groups are called that are told of together (contract §1.7, `group_limit`).
const OTHER: &str = "other";

impl Question {
    /// The rows, and whether there were more.
    pub(super) fn answer(
        &self,
        rows: impl Iterator<Item = ActivityRow>,
        makers: &Makers,
    ) -> (Vec<Row>, bool) {
        let mut sums: BTreeMap<Place, Sums> = BTreeMap::new();
        for row in rows.filter(|row| self.takes(row, makers)) {
            let begins = self.granularity.map(|it| it.row_of(row.starts_at));
            let values = self.dimensions.iter().map(|it| it.value(&row, makers)).collect();
            let added = Sums { used: row.sums, times: row.times };
            sums.entry((begins, values)).or_default().add(&added);
        }
        let sums = self.folded(sums);
        let mut found: Vec<(Place, Sums)> =
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

    /// The rows of the largest groups over the whole time, by the metric that is ordered by or else
    /// the first; those of all others are one group.
    fn folded(&self, sums: BTreeMap<Place, Sums>) -> BTreeMap<Place, Sums> {
        let ordered = self.order.as_ref().and_then(|(field, _)| field.metric());
        let metric = ordered.or(self.metrics.first().copied());
        let (Some(limit), Some(metric)) = (self.group_limit, metric) else { return sums };
        let mut groups: BTreeMap<&[String], Sums> = BTreeMap::new();
        for ((_, values), sums) in &sums {
            groups.entry(values).or_default().add(sums);
        }
        let sizes = groups.iter().map(|(values, sums)| (metric.billionths(sums), *values));
        let mut sizes: Vec<_> = sizes.collect();
        // Stable: of groups of one size, those whose names come first.
        sizes.sort_by_key(|(size, _)| Reverse(*size));
        let largest: BTreeSet<Vec<String>> =
            sizes.into_iter().take(limit).map(|(_, values)| values.to_vec()).collect();
        let mut folded: BTreeMap<Place, Sums> = BTreeMap::new();
        for ((begins, values), sums) in sums {
            let is_told = largest.contains(&values);
            let values = if is_told { values } else { vec![OTHER.to_owned(); values.len()] };
            folded.entry((begins, values)).or_default().add(&sums);
        }
        folded
    }

    fn row(&self, ((begins, values), sums): (Place, Sums)) -> Row {
        let date = self.granularity.zip(begins).map(|(it, at)| it.date(at));
        let date = date.map(|date| ("date".to_owned(), Cell::Text(date)));
        let named = self.dimensions.iter().zip(values);
        let named = named.map(|(it, value)| (it.name().to_owned(), Cell::Text(value)));
        let metrics = self.metrics.iter().map(|it| (it.name().to_owned(), it.cell(&sums)));
        Row(date.into_iter().chain(named).chain(metrics).collect())
    }
}

fn compared(
    field: &Field,
    (one, one_sums): &(Place, Sums),
    (other, other_sums): &(Place, Sums),
) -> Ordering {
    match field {
        Field::Date => one.0.cmp(&other.0),
        Field::Dimension(at) => one.1.get(*at).cmp(&other.1.get(*at)),
        Field::Metric(metric) => metric.billionths(one_sums).cmp(&metric.billionths(other_sums)),
    }
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
