//! A question, checked.

use serde::Deserialize;
use serde_json::Value;
use tollgate_store::{ActivityQuery, ActivityRow, TimesAsked, ToldApart};
use tollgate_types::{Timestamp, Usd};

use super::fields::{Dimension, Makers, Metric, Sums};
use super::time::{Granularity, Time, TimeRange};
use crate::error::ApiError;

/// A question as it is asked (contract §1.7).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    metrics: Vec<String>,
    #[serde(default)]
    dimensions: Vec<String>,
    granularity: Option<String>,
    time_range: Option<TimeRange>,
    #[serde(default)]
    filters: Vec<AskedFilter>,
    order_by: Option<AskedOrder>,
    limit: Option<usize>,
    group_limit: Option<usize>,
    classifier_dimensions: Option<Value>,
    classifier_filters: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedFilter {
    field: String,
    operator: String,
    value: Value,
    #[serde(default)]
    include_unset: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedOrder {
    field: String,
    direction: Option<String>,
}

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Neq,
    In,
    NotIn,
    Gt,
    Gte,
    Lt,
    Lte,
}

/// What a filter leaves.
#[derive(Debug)]
enum Filter {
    /// Rows of one of these values, or of none of them.
    Names { of: Dimension, values: Vec<String>, keeps: bool, include_unset: bool },
    /// Results that compare so, in billionths.
    Amounts { of: Metric, operator: Operator, values: Vec<i128> },
}

/// What rows are ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    Date,
    Dimension(usize),
    Metric(Metric),
}

/// A question that can be answered.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) metrics: Vec<Metric>,
    pub(super) dimensions: Vec<Dimension>,
    pub(super) granularity: Option<Granularity>,
    pub(super) order: Option<(Field, bool)>,
    pub(super) limit: usize,
    /// What the asker may not expect.
    pub(super) warnings: Vec<String>,
    /// How many groups are told of; the others are one.
    pub(super) group_limit: Option<usize>,
    time: Time,
    filters: Vec<Filter>,
    tag: Option<String>,
}

const DIMENSIONS_MAX: usize = 2;
const FILTERS_MAX: usize = 20;
const LIMIT_MAX: usize = 1_000;
/// Rows that are added up for an answer, and as many for how long calls took: some 200 MB of memory.
pub(super) const ROWS_MAX: usize = 500_000;
/// Values of one filter.
const VALUES_MAX: usize = 1_000;

impl Question {
    /// Checks what is asked; `tags` are the headers that are recorded.
    pub(super) fn read(
        asked: Asked,
        tags: &[http::HeaderName],
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        for (name, given) in [
            ("classifier_dimensions", &asked.classifier_dimensions),
            ("classifier_filters", &asked.classifier_filters),
        ] {
            if given.as_ref().is_some_and(|it| !it.is_null()) {
                return Err(wrong(name, "this gateway does not have it"));
            }
        }
        let metrics = asked.metrics.iter().map(|name| metric("metrics", name));
        let metrics = metrics.collect::<Result<Vec<_>, _>>()?;
        if metrics.is_empty() {
            return Err(wrong("metrics", "Expected at least one"));
        }
        let dimensions = asked.dimensions.iter().map(|name| dimension("dimensions", name, tags));
        let dimensions = dimensions.collect::<Result<Vec<_>, _>>()?;
        if dimensions.len() > DIMENSIONS_MAX || repeats(&dimensions) {
            return Err(wrong("dimensions", "Expected at most 2 different ones"));
        }
        if asked.filters.len() > FILTERS_MAX {
            return Err(wrong("filters", "Expected at most 20"));
        }
        let filters = asked.filters.iter().map(|it| Filter::read(it, tags));
        let filters = filters.collect::<Result<Vec<_>, _>>()?;
        let limit = asked.limit.unwrap_or(LIMIT_MAX);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(wrong("limit", "Expected 1 to 1000"));
        }
        let granularity = asked.granularity.as_deref().map(Granularity::read).transpose()?;
        let order = asked.order_by.map(|it| order(&it, &dimensions, granularity)).transpose()?;
        let group_limit = asked.group_limit;
        if group_limit.is_some_and(|it| !(1..=LIMIT_MAX).contains(&it)) {
            return Err(wrong("group_limit", "Expected 1 to 1000"));
        }
        let mut warnings = Vec::new();
        let ordered = order.iter().filter_map(|(field, _)| field.metric());
        let filtered = filters.iter().filter_map(Filter::metric);
        let all = metrics.iter().copied().chain(ordered).chain(filtered);
        let times: TimesAsked = all.filter_map(Metric::timed).collect();
        let range = asked.time_range.as_ref();
        let time = Time::read(range, granularity, times, now, &mut warnings)?;
        let tag = tag(&dimensions, &filters)?;
        if let Some(tag) = &tag {
            warnings.push(format!("Calls without {tag} are left out"));
            if !times.is_empty() {
                warnings.push(format!("How long calls took is not known by {tag}"));
            }
        }
        Ok(Self {
            metrics,
            dimensions,
            granularity,
            order,
            limit,
            warnings,
            group_limit,
            time,
            filters,
            tag,
        })
    }

    /// What the store is asked, one after another.
    pub(super) fn wanted(&self) -> impl Iterator<Item = ActivityQuery> {
        let of_filters = self.filters.iter().filter_map(Filter::dimension);
        let told_apart: Vec<&Dimension> = self.dimensions.iter().chain(of_filters).collect();
        let by = |dimension: Dimension| told_apart.contains(&&dimension);
        let by_key = by(Dimension::ApiKey) || by(Dimension::Creator);
        let served = ToldApart {
            model: by(Dimension::Model),
            endpoint: by(Dimension::Endpoint),
            provider: by(Dimension::Provider),
        };
        let rows_max = Some(ROWS_MAX);
        let queries = self.time.queries(self.tag.as_deref());
        queries.map(move |query| ActivityQuery { by_key, served, rows_max, ..query })
    }

    /// Whether it has to be known who has made keys.
    pub(super) fn asks_for_makers(&self) -> bool {
        let of_filters = self.filters.iter().filter_map(Filter::dimension);
        self.dimensions.iter().chain(of_filters).any(|it| *it == Dimension::Creator)
    }

    /// Whether a row is asked about.
    pub(super) fn takes(&self, row: &ActivityRow, makers: &Makers) -> bool {
        self.filters.iter().all(|filter| match filter {
            Filter::Names { of, values, keeps, include_unset } => {
                let value = of.value(row, makers);
                let is_named = values.contains(&value);
                match (value.is_empty(), *keeps) {
                    (true, true) => is_named || *include_unset,
                    (true, false) => !is_named && *include_unset,
                    (false, keeps) => is_named == keeps,
                }
            }
            Filter::Amounts { .. } => true,
        })
    }

    /// Whether a result is asked for.
    pub(super) fn keeps(&self, sums: &Sums) -> bool {
        self.filters.iter().all(|filter| match filter {
            Filter::Names { .. } => true,
            Filter::Amounts { of, operator, values } => {
                of.billionths(sums).is_some_and(|amount| operator.holds(amount, values))
            }
        })
    }
}

impl Filter {
    fn read(asked: &AskedFilter, tags: &[http::HeaderName]) -> Result<Self, ApiError> {
        let operator = Operator::read(&asked.operator)?;
        let values = match (&asked.value, operator.takes_list()) {
            (Value::Array(values), true) if values.len() <= VALUES_MAX => values.as_slice(),
            (Value::Array(_), true) => {
                return Err(wrong("filters", "Expected at most 1000 values"));
            }
            (Value::Array(_), false) => return Err(wrong("filters", "Expected one value")),
            (_, true) => return Err(wrong("filters", "Expected a list of values")),
            (value, false) => std::slice::from_ref(value),
        };
        if let Some(of) = Metric::named(&asked.field) {
            let values = values.iter().map(|it| billionths(it, &asked.field));
            return Ok(Self::Amounts { of, operator, values: values.collect::<Result<_, _>>()? });
        }
        let of = dimension("filters", &asked.field, tags)?;
        let keeps = match operator {
            Operator::Eq | Operator::In => true,
            Operator::Neq | Operator::NotIn => false,
            Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => {
                return Err(wrong("filters", "Only metrics are more or less than something"));
            }
        };
        let text = |it: &Value| it.as_str().map(str::to_owned);
        let values = values.iter().map(text).collect::<Option<Vec<_>>>();
        let values = values.ok_or_else(|| wrong("filters", "Expected a text"))?;
        Ok(Self::Names { of, values, keeps, include_unset: asked.include_unset })
    }

    const fn dimension(&self) -> Option<&Dimension> {
        match self {
            Self::Names { of, .. } => Some(of),
            Self::Amounts { .. } => None,
        }
    }

    const fn metric(&self) -> Option<Metric> {
        match self {
            Self::Names { .. } => None,
            Self::Amounts { of, .. } => Some(*of),
        }
    }
}

impl Field {
    pub(super) const fn metric(&self) -> Option<Metric> {
        match self {
            Self::Metric(metric) => Some(*metric),
            Self::Date | Self::Dimension(_) => None,
        }
    }
}

impl Operator {
    pub(super) const ALL: [Self; 8] =
        [Self::Eq, Self::Neq, Self::In, Self::NotIn, Self::Gt, Self::Gte, Self::Lt, Self::Lte];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Neq => "neq",
            Self::In => "in",
            Self::NotIn => "not_in",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Lt => "lt",
            Self::Lte => "lte",
        }
    }

    pub(super) const fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::NotIn)
    }

    fn read(name: &str) -> Result<Self, ApiError> {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == name);
        found.ok_or_else(|| wrong("filters", &format!("unknown operator `{name}`")))
    }

    fn holds(self, amount: i128, values: &[i128]) -> bool {
        match self {
            Self::Eq | Self::In => values.contains(&amount),
            Self::Neq | Self::NotIn => !values.contains(&amount),
            Self::Gt => values.iter().all(|it| amount > *it),
            Self::Gte => values.iter().all(|it| amount >= *it),
            Self::Lt => values.iter().all(|it| amount < *it),
            Self::Lte => values.iter().all(|it| amount <= *it),
        }
    }
}

pub(super) fn wrong(field: &str, why: &str) -> ApiError {
    ApiError::bad_request(format!("{field}: {why}"))
}

fn metric(place: &str, name: &str) -> Result<Metric, ApiError> {
    let known = || Metric::ALL.map(Metric::name).join(", ");
    Metric::named(name)
        .ok_or_else(|| wrong(place, &format!("unknown metric `{name}`; known are {}", known())))
}

fn dimension(place: &str, name: &str, tags: &[http::HeaderName]) -> Result<Dimension, ApiError> {
    Dimension::named(name, tags).ok_or_else(|| {
        wrong(place, &format!("unknown `{name}`; GET /analytics/meta has the names"))
    })
}

fn repeats(dimensions: &[Dimension]) -> bool {
    matches!(dimensions, [one, other] if one == other)
}

fn order(
    asked: &AskedOrder,
    dimensions: &[Dimension],
    granularity: Option<Granularity>,
) -> Result<(Field, bool), ApiError> {
    let descends = match asked.direction.as_deref() {
        None | Some("desc") => true,
        Some("asc") => false,
        Some(_) => return Err(wrong("order_by.direction", "Expected asc or desc")),
    };
    let at = || dimensions.iter().position(|it| it.name() == asked.field).map(Field::Dimension);
    let field = match asked.field.as_str() {
        "date" if granularity.is_some() => Some(Field::Date),
        name => Metric::named(name).map(Field::Metric).or_else(at),
    };
    let field = field.ok_or_else(|| {
        wrong("order_by.field", "Expected a metric, or a dimension that is asked for")
    })?;
    Ok((field, descends))
}

/// The one tag that is asked about.
fn tag(dimensions: &[Dimension], filters: &[Filter]) -> Result<Option<String>, ApiError> {
    let mut found: Option<&String> = None;
    for dimension in dimensions.iter().chain(filters.iter().filter_map(Filter::dimension)) {
        if let Dimension::Tag(tag) = dimension {
            if found.is_some_and(|other| other != tag) {
                return Err(wrong("dimensions", "Sums are kept by one tag at a time"));
            }
            found = Some(tag);
        }
    }
    Ok(found.cloned())
}

/// A number in billionths.
fn billionths(value: &Value, field: &str) -> Result<i128, ApiError> {
    let whole = value.as_i64().map(|it| i128::from(it).saturating_mul(1_000_000_000));
    let decimal = || {
        let text = value.as_f64().map(|it| it.to_string())?;
        text.parse::<Usd>().ok().map(|it| i128::from(it.nanos()))
    };
    whole.or_else(decimal).ok_or_else(|| {
        wrong(
            "filters",
            &format!("{field} is compared with numbers of at most nine decimal places"),
        )
    })
}
