//! What a batch of records adds to the sums of activity: how SQL backends put it together.

use std::collections::{BTreeMap, HashMap};

use tollgate_ledger::AccountId;
use tollgate_types::{KeyHash, Month, Usd};

use crate::times::TimeSums;
use crate::{ActivitySums, CallTimes, GenerationRecord, Span, Timed};

/// What calls that were met with keys of the callers' own cost there, by the month that they were
/// admitted in and their account, held at the ends of the range: those that cost anything.
pub fn own_keys_by_month<'a>(
    records: &[&'a GenerationRecord],
) -> BTreeMap<(Month, &'a AccountId), Usd> {
    let mut sums: BTreeMap<_, Usd> = BTreeMap::new();
    for record in records {
        let listed = record.spend().byok;
        if listed != Usd::ZERO {
            let sum = sums.entry((Month::of(record.created_at), &record.account)).or_default();
            *sum = sum.saturating_add(listed);
        }
    }
    sums
}

/// What rows of sums don't tell apart. Each kind has tables of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Together {
    /// They tell all apart.
    Nothing,
    /// All keys are together.
    Keys,
    /// All models are together, with their endpoints and providers. Days only.
    Models,
}

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
    /// The key that called; none where all are together.
    pub key: Option<KeyHash>,
    /// The key's workspace.
    pub workspace_id: &'a str,
    /// Who answered; none where all are together.
    pub served: Option<Served<'a>>,
}

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Served<'a> {
    /// The model.
    pub model: &'a str,
    /// The endpoint; empty where none did.
    pub endpoint_id: &'a str,
    /// Its provider; empty where none did.
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
    served: Served<'a>,
}

const SPANS: [Span; 3] = [Span::Day, Span::Hour, Span::Minute];

impl<'a> ActivityTally<'a> {
    /// Adds a new record: once for all, and once for each of its tags.
    pub fn add(&mut self, record: &'a GenerationRecord) {
        let (sums, times) = (ActivitySums::of(record), CallTimes::of(record));
        let number = self.number(Names {
            key: record.key_hash,
            workspace_id: &record.workspace_id,
            served: Served {
                model: record.model.as_str(),
                endpoint_id: record.endpoint_id.as_deref().unwrap_or_default(),
                provider: record.provider.as_deref().unwrap_or_default(),
            },
        });
        for span in SPANS {
            let index = span.index(record.created_at);
            self.sums.entry((number, span, index, "", "")).or_default().add(&sums);
            let tags = record.attribution.tags.iter().filter(|(tag, _)| !tag.is_empty());
            for (tag, value) in tags {
                self.sums.entry((number, span, index, tag, value)).or_default().add(&sums);
            }
            for (timed, bucket, sums) in times.iter() {
                self.times.entry((number, span, index, timed, bucket)).or_default().add(sums);
            }
        }
    }

    /// Every row of sums of a kind, in the order of places.
    pub fn sums(&self, together: Together) -> Vec<(Place<'a>, ActivitySums)> {
        let mut rows: BTreeMap<Place<'a>, ActivitySums> = BTreeMap::new();
        for ((number, span, index, tag, tag_value), sums) in &self.sums {
            let place = self.place(*number, *span, *index);
            if let Some(place) = place.and_then(|it| it.of(together)) {
                rows.entry(Place { tag, tag_value, ..place }).or_default().add(sums);
            }
        }
        rows.into_iter().collect()
    }

    /// Every row of times of a kind, in the order of places. By day they are kept only where something
    /// is together.
    pub fn times(&self, together: Together) -> Vec<(TimePlace<'a>, TimeSums)> {
        let mut rows: BTreeMap<TimePlace<'a>, TimeSums> = BTreeMap::new();
        let is_kept = |span| span != Span::Day || together != Together::Nothing;
        let times = self.times.iter().filter(|((_, span, ..), _)| is_kept(*span));
        for ((number, span, index, timed, bucket), sums) in times {
            let place = self.place(*number, *span, *index);
            if let Some(place) = place.and_then(|it| it.of(together)) {
                rows.entry((place, *timed, *bucket)).or_default().add(sums);
            }
        }
        rows.into_iter().collect()
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
        let Names { key, workspace_id, served } = *self.names.get(number)?;
        let (tag, tag_value, key, served) = ("", "", Some(key), Some(served));
        Some(Place { span, index, tag, tag_value, key, workspace_id, served })
    }
}

impl Place<'_> {
    /// The row of a kind that this one is added to, where there are such.
    fn of(self, together: Together) -> Option<Self> {
        match together {
            Together::Nothing => Some(self),
            Together::Keys => Some(Self { key: None, ..self }),
            Together::Models => (self.span == Span::Day).then_some(Self { served: None, ..self }),
        }
    }
}
