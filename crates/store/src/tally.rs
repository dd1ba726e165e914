//! What a batch of records adds to the sums of activity: how SQL backends put it together.

use std::collections::{BTreeMap, HashMap};

use tollgate_types::KeyHash;

use crate::times::TimeSums;
use crate::{ActivitySums, CallTimes, GenerationRecord, Span, Timed};

/// The row that a record is added to. Their order is that in which rows are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place<'a> {
    /// How much time the row is for.
    pub span: Span,
    /// Which day, hour or minute since the epoch.
    pub index: i64,
    /// The header that tags the row; empty for the one of all.
    pub tag: &'a str,
    /// Its value.
    pub tag_value: &'a str,
    /// The key that called.
    pub key: KeyHash,
    /// The key's workspace.
    pub workspace_id: &'a str,
    /// The model that answered.
    pub model: &'a str,
    /// The endpoint that answered; empty where none did.
    pub endpoint_id: &'a str,
    /// The provider that answered; empty where none did.
    pub provider: &'a str,
}

/// The row that its times are added to, and what of it is timed, in which bucket.
pub type TimePlace<'a> = (Place<'a>, Timed, u8);

/// What a batch of new records adds.
///
/// Calls of a batch are alike, so the names of one are looked up once, and all else is counted under
/// the number that they get.
#[derive(Debug, Default)]
pub struct ActivityTally<'a> {
    known: HashMap<Names<'a>, usize>,
    names: Vec<Names<'a>>,
    sums: BTreeMap<(usize, Span, i64, &'a str, &'a str), ActivitySums>,
    times: BTreeMap<(usize, Span, i64, Timed, u8), TimeSums>,
}

/// What records are told apart by, besides their time and their tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Names<'a> {
    key: KeyHash,
    workspace_id: &'a str,
    model: &'a str,
    endpoint_id: &'a str,
    provider: &'a str,
}

const SPANS: [Span; 3] = [Span::Day, Span::Hour, Span::Minute];

impl<'a> ActivityTally<'a> {
    /// Adds a new record: once for all, and once for each of its tags.
    pub fn add(&mut self, record: &'a GenerationRecord) {
        let (sums, times) = (ActivitySums::of(record), CallTimes::of(record));
        let number = self.number(Names {
            key: record.key_hash,
            workspace_id: &record.workspace_id,
            model: record.model.as_str(),
            endpoint_id: record.endpoint_id.as_deref().unwrap_or_default(),
            provider: record.provider.as_deref().unwrap_or_default(),
        });
        for span in SPANS {
            let index = span.index(record.created_at);
            self.sums.entry((number, span, index, "", "")).or_default().add(&sums);
            let tags = record.attribution.tags.iter().filter(|(tag, _)| !tag.is_empty());
            for (tag, value) in tags {
                self.sums.entry((number, span, index, tag, value)).or_default().add(&sums);
            }
            for (timed, bucket, sums) in times.iter().filter(|_| span != Span::Day) {
                self.times.entry((number, span, index, timed, bucket)).or_default().add(sums);
            }
        }
    }

    /// Every row of sums, in the order of places.
    pub fn sums(&self) -> Vec<(Place<'a>, ActivitySums)> {
        let row = |(place, sums): (&(usize, Span, i64, &'a str, &'a str), &ActivitySums)| {
            let (number, span, index, tag, tag_value) = *place;
            Some((Place { tag, tag_value, ..self.place(number, span, index)? }, *sums))
        };
        let mut rows: Vec<_> = self.sums.iter().filter_map(row).collect();
        rows.sort_unstable_by_key(|(place, _)| *place);
        rows
    }

    /// Every row of times, in the order of places.
    pub fn times(&self) -> Vec<(TimePlace<'a>, TimeSums)> {
        let row = |(place, sums): (&(usize, Span, i64, Timed, u8), &TimeSums)| {
            let (number, span, index, timed, bucket) = *place;
            Some(((self.place(number, span, index)?, timed, bucket), *sums))
        };
        let mut rows: Vec<_> = self.times.iter().filter_map(row).collect();
        rows.sort_unstable_by_key(|(place, _)| *place);
        rows
    }

    fn number(&mut self, names: Names<'a>) -> usize {
        let next = self.names.len();
        let number = *self.known.entry(names).or_insert(next);
        if number == next {
            self.names.push(names);
        }
        number
    }

    fn place(&self, number: usize, span: Span, index: i64) -> Option<Place<'a>> {
        let Names { key, workspace_id, model, endpoint_id, provider } = *self.names.get(number)?;
        let (tag, tag_value) = ("", "");
        Some(Place { span, index, tag, tag_value, key, workspace_id, model, endpoint_id, provider })
    }
}
