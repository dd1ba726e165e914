//! The query of `GET /models`: what to show, in which order, which page.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::{MatchedPath, RawQuery};
use serde::{Deserialize, Serialize};
use tollgate_catalog::{Catalog, Endpoint, Modality, Model};
use tollgate_engine::RouterModel;
use tollgate_types::{Timestamp, UnitPrice};

use crate::error::ApiError;
use crate::listing::{ModelView, lead};

/// The query string, every part optional (contract §1.2).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ModelQuery {
    offset: Option<usize>,
    limit: Option<usize>,
    category: Option<String>,
    supported_parameters: Option<String>,
    input_modalities: Option<String>,
    output_modalities: Option<String>,
    q: Option<String>,
    sort: Option<String>,
    context: Option<u64>,
    min_price: Option<String>,
    max_price: Option<String>,
    min_output_price: Option<String>,
    max_output_price: Option<String>,
    arch: Option<String>,
    model_authors: Option<String>,
    providers: Option<String>,
    distillable: Option<String>,
    zdr: Option<String>,
    region: Option<String>,
    min_age_days: Option<i64>,
    max_age_days: Option<i64>,
    min_intelligence_index: Option<f64>,
    max_intelligence_index: Option<f64>,
    min_coding_index: Option<f64>,
    max_coding_index: Option<f64>,
    min_agentic_index: Option<f64>,
    max_agentic_index: Option<f64>,
    min_tool_success_rate: Option<f64>,
    max_tool_success_rate: Option<f64>,
    use_rss: Option<String>,
}

/// What was asked for, as a link to the next page repeats it.
pub(crate) type Asked = (MatchedPath, RawQuery);

/// A page of the models that qualify.
#[derive(Debug)]
pub(crate) struct Selected {
    pub(crate) models: Vec<Arc<Model>>,
    /// What of them nobody serves, because it finds others that are served.
    routers: Vec<RouterModel>,
    /// How many qualify, on this page or another.
    pub(crate) total: usize,
}

/// A list of models (contract §0).
#[derive(Debug, Serialize)]
pub(crate) struct ModelList {
    data: Vec<ModelView>,
    total_count: usize,
    links: PageLinks,
}

#[derive(Debug, Serialize)]
struct PageLinks {
    next: Option<String>,
}

const PAGE_DEFAULT: usize = 500;
const PAGE_MAX: usize = 1_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// Prices as read from the query, per million tokens.
struct PriceBounds {
    input: (Option<UnitPrice>, Option<UnitPrice>),
    output: (Option<UnitPrice>, Option<UnitPrice>),
}

impl ModelQuery {
    /// Whether a feed is wanted rather than JSON.
    pub(crate) fn wants_rss(&self) -> bool {
        self.use_rss.as_deref() == Some("true")
    }

    /// Models that write one modality.
    pub(crate) fn writing(modality: Modality, offset: Option<usize>, limit: Option<usize>) -> Self {
        let output_modalities = Some(modality.as_str().to_owned());
        Self { offset, limit, output_modalities, ..Self::default() }
    }

    /// The models asked for, and behind them the routers.
    pub(crate) fn select(&self, catalog: &Catalog, now: Timestamp) -> Result<Selected, ApiError> {
        let routers = RouterModel::all(catalog);
        let bounds = self.price_bounds()?;
        let served = catalog.models().iter().filter(|it| self.keeps_served(it, catalog, &bounds));
        let found = routers.iter().filter(|it| self.keeps_router(it, &bounds)).map(|it| &it.model);
        let kept = served.chain(found).filter(|model| self.keeps(model, now));
        let mut models: Vec<Arc<Model>> = kept.cloned().collect();
        self.order(&mut models, catalog)?;
        let total = models.len();
        Ok(Selected { models: self.page(models)?, routers, total })
    }

    /// The same as a list with its totals; `asked` is the path and the query of the request.
    pub(crate) fn list(
        &self,
        catalog: &Catalog,
        now: Timestamp,
        (path, RawQuery(query)): &Asked,
    ) -> Result<ModelList, ApiError> {
        let Selected { models, routers, total } = self.select(catalog, now)?;
        let next = self.next(query.as_deref().unwrap_or_default(), total);
        let next = next.map(|query| format!("{}?{query}", path.as_str()));
        let view = |model: &Arc<Model>| {
            let router = routers.iter().find(|it| Arc::ptr_eq(&it.model, model));
            router.map_or_else(
                || ModelView::of(model, catalog),
                |router| ModelView::of_router(router, catalog),
            )
        };
        let data = models.iter().map(view).collect();
        Ok(ModelList { data, total_count: total, links: PageLinks { next } })
    }

    /// The query of the next page, when there is one behind `query`.
    fn next(&self, query: &str, total: usize) -> Option<String> {
        let limit = self.limit.unwrap_or(PAGE_DEFAULT);
        let next = self.offset.unwrap_or(0).saturating_add(limit);
        let is_paged = self.offset.is_some() || self.limit.is_some();
        if !is_paged || next >= total {
            return None;
        }
        let is_kept = |pair: &&str| {
            let name = pair.split('=').next().unwrap_or_default();
            !matches!(name, "" | "offset" | "limit")
        };
        let page = format!("offset={next}&limit={limit}");
        let kept = query.split('&').filter(is_kept);
        Some(kept.chain([page.as_str()]).collect::<Vec<_>>().join("&"))
    }

    /// What the model itself must be.
    fn keeps(&self, model: &Model, now: Timestamp) -> bool {
        let architecture = &model.architecture;
        let age = now.unix_seconds().saturating_sub(model.created) / SECONDS_PER_DAY;
        list(self.input_modalities.as_deref()).all(|name| has(&architecture.input_modalities, name))
            && self.keeps_output(&architecture.output_modalities)
            && self.q.as_ref().is_none_or(|text| matches(model, text))
            && self.context.is_none_or(|least| model.context_length.unwrap_or(0) >= least)
            && self
                .arch
                .as_ref()
                .is_none_or(|arch| architecture.tokenizer.eq_ignore_ascii_case(arch))
            && any_of(self.model_authors.as_deref(), |author| {
                model.id.author().eq_ignore_ascii_case(author)
            })
            && self.min_age_days.is_none_or(|least| age >= least)
            && self.max_age_days.is_none_or(|most| age <= most)
            && !self.needs_what_is_unknown()
    }

    /// Text models unless asked otherwise: embedding and image models are hidden by default.
    fn keeps_output(&self, output: &[Modality]) -> bool {
        match self.output_modalities.as_deref() {
            None => has(output, "text"),
            Some("all") => true,
            Some(names) => list(Some(names)).any(|name| has(output, name)),
        }
    }

    /// What one of its endpoints must be.
    fn keeps_served(&self, model: &Model, catalog: &Catalog, bounds: &PriceBounds) -> bool {
        let endpoints = catalog.endpoints(model.id.as_str());
        let rates = lead(endpoints).and_then(|it| it.price.as_ref()).map(|price| price.rates);
        let wants_zero_retention = self.zdr.as_deref() == Some("true");
        (!wants_zero_retention || endpoints.iter().any(|endpoint| keeps_nothing(endpoint)))
            && list(self.supported_parameters.as_deref())
                .all(|name| endpoints.iter().any(|endpoint| endpoint.supports(name)))
            && any_of(self.providers.as_deref(), |name| {
                endpoints.iter().any(|endpoint| {
                    let provider = &endpoint.provider;
                    name.eq_ignore_ascii_case(provider.slug.as_str())
                        || name.eq_ignore_ascii_case(&provider.name)
                })
            })
            && within(rates.map(|it| it.input), bounds.input)
            && within(rates.map(|it| it.output), bounds.output)
    }

    /// What a router must be: where it goes is known only when it is called, and so is who keeps the
    /// prompt, and the price.
    fn keeps_router(&self, router: &RouterModel, bounds: &PriceBounds) -> bool {
        let parameters = &router.model.supported_parameters;
        self.zdr.as_deref() != Some("true")
            && self.providers.is_none()
            && within(None, bounds.input)
            && within(None, bounds.output)
            && list(self.supported_parameters.as_deref())
                .all(|name| parameters.iter().any(|it| it == name))
    }

    /// Benchmarks, distillation rights, regions and categories are not in the catalog: no model is
    /// known to qualify.
    fn needs_what_is_unknown(&self) -> bool {
        let indices = [
            self.min_intelligence_index,
            self.max_intelligence_index,
            self.min_coding_index,
            self.max_coding_index,
            self.min_agentic_index,
            self.max_agentic_index,
            self.min_tool_success_rate,
            self.max_tool_success_rate,
        ];
        indices.iter().any(Option::is_some)
            || self.category.is_some()
            || self.region.is_some()
            || self.distillable.as_deref() == Some("true")
    }

    fn price_bounds(&self) -> Result<PriceBounds, ApiError> {
        let read = |name: &str, text: &Option<String>| {
            text.as_deref().map(UnitPrice::per_million).transpose().map_err(|error| {
                ApiError::bad_request(format!("{name}: {error} (US dollars per million tokens)"))
            })
        };
        Ok(PriceBounds {
            input: (read("min_price", &self.min_price)?, read("max_price", &self.max_price)?),
            output: (
                read("min_output_price", &self.min_output_price)?,
                read("max_output_price", &self.max_output_price)?,
            ),
        })
    }

    fn order(&self, models: &mut [Arc<Model>], catalog: &Catalog) -> Result<(), ApiError> {
        let price = |model: &Arc<Model>| {
            let rates = lead(catalog.endpoints(model.id.as_str()))?.price.as_ref()?.rates;
            Some((rates.input, rates.output))
        };
        match self.sort.as_deref() {
            Some("newest") => models.sort_by_key(|model| Reverse(model.created)),
            Some("context-high-to-low") => {
                models.sort_by_key(|model| Reverse(model.context_length));
            }
            Some("pricing-low-to-high") => {
                models.sort_by_key(|model| (price(model).is_none(), price(model)));
            }
            Some("pricing-high-to-low") => models.sort_by_key(|model| Reverse(price(model))),
            // Nothing is known to sort by yet: the order stays.
            None
            | Some(
                "most-popular"
                | "top-weekly"
                | "throughput-high-to-low"
                | "latency-low-to-high"
                | "intelligence-high-to-low"
                | "coding-high-to-low"
                | "agentic-high-to-low"
                | "design-arena-elo-high-to-low",
            ) => {}
            Some(other) => {
                return Err(ApiError::bad_request(format!(
                    "sort: Expected one of newest, context-high-to-low, pricing-low-to-high, pricing-high-to-low, received {other}"
                )));
            }
        }
        Ok(())
    }

    /// With neither offset nor limit the full list is returned.
    fn page(&self, models: Vec<Arc<Model>>) -> Result<Vec<Arc<Model>>, ApiError> {
        if self.offset.is_none() && self.limit.is_none() {
            return Ok(models);
        }
        let limit = self.limit.unwrap_or(PAGE_DEFAULT);
        if limit == 0 || limit > PAGE_MAX {
            return Err(ApiError::bad_request(format!(
                "limit: Number must be at least 1 and at most {PAGE_MAX}"
            )));
        }
        Ok(models.into_iter().skip(self.offset.unwrap_or(0)).take(limit).collect())
    }
}

/// Zero data retention, as routing judges it for `provider.zdr` (contract §6.5): an unknown policy
/// is taken to be the worst, and one's own machine keeps nothing.
fn keeps_nothing(endpoint: &Endpoint) -> bool {
    let provider = &endpoint.provider;
    provider.local || provider.builtin || provider.data_policy.retains_prompts == Some(false)
}

fn list(names: Option<&str>) -> impl Iterator<Item = &str> {
    names.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty())
}

fn any_of(names: Option<&str>, keeps: impl Fn(&str) -> bool) -> bool {
    names.is_none() || list(names).any(keeps)
}

fn has(modalities: &[Modality], name: &str) -> bool {
    modalities.iter().any(|it| it.as_str() == name)
}

fn matches(model: &Model, text: &str) -> bool {
    let text = text.to_lowercase();
    model.id.as_str().to_lowercase().contains(&text)
        || model.name.to_lowercase().contains(&text)
        || model.description.to_lowercase().contains(&text)
}

fn within(price: Option<UnitPrice>, bounds: (Option<UnitPrice>, Option<UnitPrice>)) -> bool {
    match (price, bounds) {
        (_, (None, None)) => true,
        (None, _) => false,
        (Some(price), (least, most)) => {
            least.is_none_or(|least| price >= least) && most.is_none_or(|most| price <= most)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_asked_for_like_this_one() {
        for (offset, limit, query, total, expected) in [
            (None, None, "q=x", 2_000, None),
            (None, Some(2), "limit=2&q=x", 5, Some("q=x&offset=2&limit=2")),
            (Some(2), Some(2), "offset=2&limit=2", 5, Some("offset=4&limit=2")),
            (Some(4), Some(2), "offset=4&limit=2", 5, None),
            (Some(3), Some(2), "offset=3&limit=2", 5, None),
            (Some(0), None, "offset=0", 501, Some("offset=500&limit=500")),
        ] {
            let asked = ModelQuery { offset, limit, ..ModelQuery::default() };
            assert_eq!(asked.next(query, total).as_deref(), expected, "{query}");
        }
    }
}
