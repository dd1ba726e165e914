//! The log of calls in memory.

use std::collections::BTreeMap;
use std::ops::Bound;

use tollgate_types::{KeyHash, Timestamp};

use super::{State, take};
use crate::{
    CallStatus, Coverage, FacetField, FacetQuery, FacetValue, Facets, Fault, FaultQuery,
    FaultTally, Faults, GenerationCursor, GenerationRecord, GenerationSummary, Histogram,
    HistogramQuery, LogBounds, LogPage, LogQuery, RecordFilter, StatusCounts,
};

impl State {
    pub(super) fn list(&self, query: &LogQuery) -> LogPage {
        let filter = self.with_former_keys(&query.filter);
        let window = self.newest(&filter, query.before.as_ref()).take(take(query.window));
        let window: Vec<&GenerationRecord> = window.collect();
        let matching = window.iter().filter(|record| filter.matches(record));
        let wanted = take(query.limit).saturating_add(1);
        let rows = matching.take(wanted).map(|record| self.summary(record)).collect();
        LogPage::of(rows, query.limit, boundary(&window, query.window))
    }

    pub(super) fn histogram(&self, query: &HistogramQuery) -> Histogram {
        let mut buckets: BTreeMap<Timestamp, StatusCounts> = BTreeMap::new();
        let (records, coverage) = self.looked_at(&query.filter, query.bounds);
        for record in records {
            let at = record.created_at.unix_millis();
            let begins = at.saturating_sub(at.rem_euclid(query.bucket_ms.max(1)));
            let bucket = buckets.entry(Timestamp::from_unix_millis(begins)).or_default();
            bucket.add(record.status(), u64::from(coverage.one_in));
        }
        Histogram { buckets: buckets.into_iter().collect(), coverage }
    }

    pub(super) fn facets(&self, query: &FacetQuery) -> Facets {
        let (records, coverage) = self.looked_at(&query.filter, query.bounds);
        let each = u64::from(coverage.one_in);
        if query.field == FacetField::Status {
            let status = |it: &GenerationRecord| -> (CallStatus, Option<u16>, u64) {
                (it.status(), it.error.as_ref().map(|error| error.status), each)
            };
            return Facets::of_statuses(records.into_iter().map(status), query.limit, coverage);
        }
        let mut counts: BTreeMap<String, (u64, Option<String>)> = BTreeMap::new();
        for record in records {
            let Some(value) = self.value(record, query.field) else { continue };
            let (count, label) = counts.entry(value).or_default();
            *count = count.saturating_add(each);
            if query.field == FacetField::Provider {
                *label = label.take().max(record.provider.clone());
            }
        }
        let value = |(value, (count, label)): (_, (u64, _))| FacetValue { value, label, count };
        Facets::of(counts.into_iter().map(value).collect(), query.limit, coverage)
    }

    pub(super) fn faults(&self, query: &FaultQuery) -> Faults {
        let filter = self.with_former_keys(&query.filter);
        let errors = self.newest(&filter, None).filter(|record| record.error.is_some());
        let errors: Vec<&GenerationRecord> = errors.take(take(query.looked_at)).collect();
        let mut tally = FaultTally::default();
        for record in errors.iter().filter(|record| filter.matches(record)) {
            if let Some(fault) = Fault::of(record, self.payer(record.key_hash)) {
                tally.add(fault);
            }
        }
        let since = boundary(&errors, query.looked_at).map(|last| last.created_at);
        Faults { groups: tally.groups(query.limit), since }
    }

    /// Records of the range, newest first, without those that an index leaves out elsewhere.
    fn newest<'s>(
        &'s self,
        filter: &RecordFilter,
        before: Option<&GenerationCursor>,
    ) -> impl Iterator<Item = &'s GenerationRecord> {
        let end = before.map_or(Bound::Unbounded, |cursor| {
            Bound::Excluded((cursor.created_at, cursor.id.as_str().to_owned()))
        });
        let records = self.generations.range((Bound::Unbounded, end)).rev();
        records.map(|(_, record)| record).filter(move |record| {
            filter.matches_time(record.created_at)
                && filter.id.as_ref().is_none_or(|id| *id == record.id)
                && filter.only_key().is_none_or(|key| key == record.key_hash)
                && (record.error.is_some() || !filter.wants_errors_only())
        })
    }

    /// The records that a count is made of.
    fn looked_at(
        &self,
        filter: &RecordFilter,
        bounds: LogBounds,
    ) -> (Vec<&GenerationRecord>, Coverage) {
        let filter = self.with_former_keys(filter);
        let one_more = take(bounds.walked).saturating_add(1);
        let mut walked: Vec<_> = self.newest(&filter, None).take(one_more).collect();
        let is_cut = walked.len() == one_more;
        walked.truncate(take(bounds.walked));
        let one_in = bounds.one_in(u32::try_from(walked.len()).unwrap_or(u32::MAX));
        let since = walked.last().filter(|_| is_cut).map(|record| record.created_at);
        let some = walked.into_iter().step_by(take(one_in).max(1));
        (some.filter(|it| filter.matches(it)).collect(), Coverage { one_in, since })
    }

    fn summary(&self, record: &GenerationRecord) -> GenerationSummary {
        GenerationSummary::of(record, self.payer(record.key_hash))
    }

    fn payer(&self, key: KeyHash) -> KeyHash {
        self.successors.get(&key).copied().unwrap_or(key)
    }

    fn with_former_keys(&self, filter: &RecordFilter) -> RecordFilter {
        let pairs: Vec<_> = self.successors.iter().map(|(old, new)| (*old, *new)).collect();
        filter.with_former_keys(&pairs)
    }

    fn value(&self, record: &GenerationRecord, field: FacetField) -> Option<String> {
        match field {
            FacetField::Model => Some(record.model.as_str().to_owned()),
            FacetField::Provider => record.provider_slug.as_ref().map(|it| it.as_str().to_owned()),
            FacetField::Key => Some(self.payer(record.key_hash).to_hex()),
            FacetField::User => record.attribution.external_user.clone(),
            FacetField::App => record.attribution.app_title.clone(),
            FacetField::Status => None,
        }
    }
}

/// The last record that was looked at, if there were as many as may be.
fn boundary(looked_at: &[&GenerationRecord], most: u32) -> Option<GenerationCursor> {
    let last = looked_at.last().filter(|_| looked_at.len() == take(most))?;
    Some(last.cursor())
}
