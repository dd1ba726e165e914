//! `GET /routing/history`: how endpoints did in the last day, week or month.

use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tollgate_catalog::{Catalog, Endpoint};
use tollgate_engine::{Incident, OutcomeCounts, incidents};
use tollgate_store::{HistoryQuery, HistoryRows, QuarterHour, StoreError, Stores, by_endpoint};
use tollgate_types::Timestamp;

use super::credits::Data;
use super::models::find;
use crate::auth::AnyKey;
use crate::error::ApiError;
use crate::query::Params;
use crate::router::App;

/// As many incidents are told, the newest.
const INCIDENTS_MAX: usize = 200;

/// What is asked for. What is absent rules nothing out.
#[derive(Debug, Deserialize)]
pub(crate) struct EndpointHistoryQuery {
    model: Option<String>,
    endpoint: Option<String>,
    /// Its name in configuration.
    provider: Option<String>,
    #[serde(default)]
    range: Range,
}

/// How far back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
enum Range {
    #[default]
    #[serde(rename = "24h")]
    Day,
    #[serde(rename = "7d")]
    Week,
    #[serde(rename = "30d")]
    Month,
}

/// Whole steps, of which the last is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Steps {
    from: QuarterHour,
    /// The one behind the last.
    until: QuarterHour,
    /// How many quarters of an hour each of them has.
    quarters: u32,
}

/// Counts of endpoints by time.
type Counted = BTreeMap<String, BTreeMap<QuarterHour, OutcomeCounts>>;
/// The endpoints there are, by name.
type Known<'a> = HashMap<&'a str, &'a Endpoint>;

/// How endpoints did.
#[derive(Debug, Serialize)]
pub(crate) struct EndpointHistoryView {
    range: Range,
    step_seconds: i64,
    from: String,
    /// The end of the step that is under way.
    until: String,
    endpoints: Vec<EndpointView>,
    incidents: Vec<IncidentView>,
}

/// How one endpoint did.
#[derive(Debug, Serialize)]
struct EndpointView {
    #[serde(flatten)]
    named: Named,
    #[serde(flatten)]
    counts: CountsView,
    /// Those with outcomes.
    steps: Vec<StepView>,
}

/// Which endpoint; of one that is no longer there only the id.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Named {
    endpoint_id: String,
    model_id: Option<String>,
    provider_name: Option<String>,
}

#[derive(Debug, Serialize)]
struct StepView {
    starts_at: String,
    #[serde(flatten)]
    counts: CountsView,
}

/// How attempts ended.
#[derive(Debug, PartialEq, Serialize)]
struct CountsView {
    uptime: Option<f64>,
    succeeded: u64,
    failed: u64,
    rate_limited: u64,
    /// What callers ended or must mend.
    callers: u64,
}

/// A time in which an endpoint mostly failed.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct IncidentView {
    #[serde(flatten)]
    named: Named,
    began_at: String,
    /// `None` while it lasts.
    ended_at: Option<String>,
    failed: u64,
    /// So many attempts that count.
    of: u64,
    failures: BTreeMap<&'static str, u64>,
}

/// How endpoints did, and when they mostly failed.
pub(crate) async fn get_routing_history(
    State(app): State<App>,
    _: AnyKey,
    Params(query): Params<EndpointHistoryQuery>,
) -> Result<Json<Data<EndpointHistoryView>>, ApiError> {
    let installation = app.engine.installation();
    let catalog = installation.routable();
    let endpoints = query.endpoints(catalog)?;
    let (now, range) = (app.engine.now(), query.range);
    let steps = range.steps(now);
    let (by_step, by_quarter) = counted(app.engine.stores(), steps, endpoints, now).await?;
    let known: Known<'_> = catalog.all_endpoints().map(|it| (it.id.as_str(), &**it)).collect();
    let data = EndpointHistoryView {
        range,
        step_seconds: QuarterHour::SECONDS.saturating_mul(steps.quarters.into()),
        from: steps.from.starts_at().to_rfc3339(),
        until: steps.until.starts_at().to_rfc3339(),
        endpoints: by_step.into_iter().map(|it| EndpointView::of(&known, it)).collect(),
        incidents: newest_incidents(&known, &by_quarter, now),
    };
    Ok(Json(Data { data }))
}

/// What was counted by step, and by quarter of an hour where that shows an incident or is this one.
async fn counted(
    stores: &Stores,
    Steps { from, until, quarters }: Steps,
    endpoints: Option<Vec<String>>,
    now: Timestamp,
) -> Result<(Counted, Counted), StoreError> {
    let history = &stores.history;
    let whole = HistoryQuery { endpoints, ..HistoryQuery::between(from, until) };
    if quarters == 1 {
        let all = by_endpoint(history.history(&whole).await?);
        return Ok((all.clone(), all));
    }
    let current = QuarterHour::of(now);
    let steps = HistoryQuery { rows: HistoryRows::Steps(quarters), ..whole.clone() };
    let past = HistoryQuery { until: current, rows: HistoryRows::Incidents, ..whole.clone() };
    let this = HistoryQuery { from: current, ..whole };
    let by_step = history.history(&steps).await?;
    let mut by_quarter = history.history(&past).await?;
    by_quarter.extend(history.history(&this).await?);
    Ok((by_endpoint(by_step), by_endpoint(by_quarter)))
}

/// The newest first.
fn newest_incidents(known: &Known<'_>, counted: &Counted, now: Timestamp) -> Vec<IncidentView> {
    let of = |(id, quarters)| incidents(quarters, now).into_iter().map(move |it| (id, it));
    let mut all: Vec<(&String, Incident)> = counted.iter().flat_map(of).collect();
    all.sort_by(|(one, a), (other, b)| b.began.cmp(&a.began).then(one.cmp(other)));
    all.truncate(INCIDENTS_MAX);
    all.into_iter().map(|(id, incident)| IncidentView::of(known, id, &incident)).collect()
}

impl EndpointHistoryQuery {
    /// The endpoints that are asked for; all, also those that are no longer there, when absent.
    fn endpoints(&self, catalog: &Catalog) -> Result<Option<Vec<String>>, ApiError> {
        let mut asked = self.endpoint.clone().map(|id| vec![id]);
        let mut narrow = |ids: Vec<String>| {
            asked = Some(match asked.take() {
                None => ids,
                Some(before) => before.into_iter().filter(|id| ids.contains(id)).collect(),
            });
        };
        let ids = |it: &Endpoint| it.id.as_str().to_owned();
        if let Some(name) = &self.model {
            let model = find(catalog, name)?;
            narrow(catalog.endpoints(model.id.as_str()).iter().map(|it| ids(it)).collect());
        }
        if let Some(slug) = &self.provider {
            let of = catalog.all_endpoints().filter(|it| it.provider.slug.as_str() == slug);
            let of: Vec<String> = of.map(|it| ids(it)).collect();
            if of.is_empty() {
                return Err(ApiError::not_found(format!(
                    "Provider {slug} not found. Name it as in the configuration, e.g. openai"
                )));
            }
            narrow(of);
        }
        Ok(asked)
    }
}

impl Range {
    /// The steps that end with the one that is under way.
    fn steps(self, now: Timestamp) -> Steps {
        let (quarters, count) = match self {
            Self::Day => (1, 96),
            Self::Week => (24, 28),
            Self::Month => (96, 30),
        };
        let step = i64::from(quarters);
        let until = QuarterHour::of(now).first_of_step(step).plus(step);
        let from = until.plus(step.saturating_mul(count).saturating_neg());
        Steps { from, until, quarters }
    }
}

impl EndpointView {
    fn of(known: &Known<'_>, (id, steps): (String, BTreeMap<QuarterHour, OutcomeCounts>)) -> Self {
        let mut all = OutcomeCounts::default();
        for counts in steps.values() {
            all.add_all(counts);
        }
        let step = |(quarter, counts): (QuarterHour, OutcomeCounts)| StepView {
            starts_at: quarter.starts_at().to_rfc3339(),
            counts: (&counts).into(),
        };
        Self {
            named: Named::of(known, &id),
            counts: (&all).into(),
            steps: steps.into_iter().map(step).collect(),
        }
    }
}

impl Named {
    fn of(known: &Known<'_>, id: &str) -> Self {
        let endpoint = known.get(id);
        Self {
            endpoint_id: id.to_owned(),
            model_id: endpoint.map(|it| it.model.id.to_string()),
            provider_name: endpoint.map(|it| it.provider.name.clone()),
        }
    }
}

impl From<&OutcomeCounts> for CountsView {
    fn from(counts: &OutcomeCounts) -> Self {
        let counts = counts.counts();
        Self {
            uptime: counts.uptime(),
            succeeded: counts.successes,
            failed: counts.failures,
            rate_limited: counts.rate_limited,
            callers: counts.callers,
        }
    }
}

impl IncidentView {
    fn of(known: &Known<'_>, id: &str, incident: &Incident) -> Self {
        let counts = incident.counts.counts();
        let failures = incident.counts.failures();
        Self {
            named: Named::of(known, id),
            began_at: incident.began.starts_at().to_rfc3339(),
            ended_at: incident.ended.map(|it| it.starts_at().to_rfc3339()),
            failed: counts.failures,
            of: counts.successes.saturating_add(counts.failures),
            failures: failures.map(|(kind, count)| (kind.as_str(), count)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tollgate_store::{
        EndpointCount, HistoryBatch, HistoryStore as _, MemoryStore, OutcomeKind,
    };

    use super::*;

    const SUCCESS: OutcomeKind = OutcomeKind::Success;

    fn timeout() -> OutcomeKind {
        OutcomeKind::parse("timeout").unwrap()
    }

    /// 17 minutes past 13 o'clock on 23 November 2026.
    fn now() -> Timestamp {
        Timestamp::parse_rfc3339("2026-11-23T13:17:00Z").unwrap()
    }

    async fn told(range: Range, counts: &[(&str, &str, OutcomeKind, u64)]) -> (Counted, Counted) {
        let store = MemoryStore::new();
        let counts = counts.iter().map(|(at, endpoint_id, outcome, count)| EndpointCount {
            quarter: QuarterHour::of(Timestamp::parse_rfc3339(at).unwrap()),
            endpoint_id: (*endpoint_id).to_owned(),
            outcome: *outcome,
            count: *count,
        });
        let (writer, counts) = ("a".to_owned(), counts.collect());
        let batch = HistoryBatch { writer, number: 1, told_at: now(), counts };
        store.add_history(batch).await.unwrap();
        counted(&store.into_stores(), range.steps(now()), None, now()).await.unwrap()
    }

    #[test]
    fn a_range_ends_with_the_step_that_is_under_way() {
        for (range, from, until, steps) in [
            (Range::Day, "2026-11-22T13:30:00Z", "2026-11-23T13:30:00Z", 96),
            (Range::Week, "2026-11-16T18:00:00Z", "2026-11-23T18:00:00Z", 28),
            (Range::Month, "2026-10-25T00:00:00Z", "2026-11-24T00:00:00Z", 30),
        ] {
            let found = range.steps(now());
            let at = |text: &str| QuarterHour::of(Timestamp::parse_rfc3339(text).unwrap());
            assert_eq!((found.from, found.until), (at(from), at(until)), "{range:?}");
            let quarters = found.until.number() - found.from.number();
            assert_eq!(quarters, steps * i64::from(found.quarters), "{range:?}");
        }
    }

    /// The same incidents, however long the steps are.
    #[tokio::test]
    async fn steps_and_incidents_of_every_range() {
        let counts = [
            ("2026-11-23T13:00:00Z", "a", timeout(), 6),
            ("2026-11-23T13:00:00Z", "b", timeout(), 6),
            ("2026-11-23T13:00:00Z", "c", SUCCESS, 9),
            ("2026-11-23T13:15:00Z", "a", SUCCESS, 4),
            ("2026-11-23T13:15:00Z", "b", SUCCESS, 5),
            ("2026-11-23T12:45:00Z", "a", timeout(), 5),
            ("2026-11-23T12:45:00Z", "a", SUCCESS, 5),
            ("2026-11-23T10:00:00Z", "a", timeout(), 5),
        ];
        for (range, steps_of_a) in [(Range::Day, 4), (Range::Week, 2), (Range::Month, 1)] {
            let (by_step, by_quarter) = told(range, &counts).await;
            assert_eq!(by_step["a"].len(), steps_of_a, "{range:?}");
            let a = EndpointView::of(&Known::new(), ("a".to_owned(), by_step["a"].clone()));
            let all = CountsView {
                uptime: Some(36.0),
                succeeded: 9,
                failed: 16,
                rate_limited: 0,
                callers: 0,
            };
            assert_eq!(a.counts, all, "{range:?}");
            let incidents = newest_incidents(&Known::new(), &by_quarter, now());
            let told: Vec<_> = incidents
                .iter()
                .map(|it| {
                    let ended_at = it.ended_at.as_deref();
                    (
                        it.named.endpoint_id.as_str(),
                        it.began_at.as_str(),
                        ended_at,
                        it.failed,
                        it.of,
                    )
                })
                .collect();
            let expected = [
                ("b", "2026-11-23T13:00:00.000Z", Some("2026-11-23T13:15:00.000Z"), 6, 6),
                ("a", "2026-11-23T12:45:00.000Z", None, 11, 16),
                ("a", "2026-11-23T10:00:00.000Z", Some("2026-11-23T10:15:00.000Z"), 5, 5),
            ];
            assert_eq!(told, expected, "{range:?}");
            assert_eq!(incidents[1].failures, BTreeMap::from([("timeout", 11)]));
        }
    }

    #[tokio::test]
    async fn the_newest_incidents_are_told() {
        let quarters: Vec<String> = (0..24)
            .flat_map(|hour| [0, 30].map(|minute| format!("2026-11-22T{hour:02}:{minute:02}:00Z")))
            .collect();
        let ids: Vec<String> = (0..9).map(|id| format!("e{id}")).collect();
        let counts: Vec<_> = ids
            .iter()
            .flat_map(|id| quarters.iter().map(|at| (at.as_str(), id.as_str(), timeout(), 5)))
            .collect();
        let (_, by_quarter) = told(Range::Month, &counts).await;
        let told = newest_incidents(&Known::new(), &by_quarter, now());
        assert_eq!(told.len(), INCIDENTS_MAX);
        assert_eq!(told[0].began_at, "2026-11-22T23:30:00.000Z");
        assert!(told.is_sorted_by(|a, b| a.began_at >= b.began_at));
    }
}
