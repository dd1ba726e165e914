//! Names that stand for several models: routers, wildcards, and lists under older names.
//!
//! An open set: a router is a function and a line in [`ROUTERS`].

mod bodies;
mod fusion;
mod listed;
mod plugin;
mod routers;

pub(crate) use bodies::Bodies;
pub(crate) use fusion::Fusion;
pub use listed::RouterModel;

use std::sync::Arc;

use tollgate_catalog::{Endpoint, Modality, Model};
use tollgate_health::Standing;
use tollgate_policy::{Decision, Strategy};
use tollgate_routing::{Preferences, Sort};
use tollgate_types::{ModelSlug, UnitPrice};
use tollgate_wire::error::BadRequest;

use crate::CallError;
use crate::asked::Asked;
use crate::own::Reachable;
use crate::resolve::without_variants;

/// The models that a call asks for.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Their names, the primary first, each once.
    pub(crate) names: Vec<String>,
    /// The router or wildcard that chose them.
    pub(crate) router: Option<String>,
    /// What the router has them do, other than answer.
    pub(crate) composed: Option<Composed>,
}

/// What a router has models do, other than answer in turn.
#[derive(Debug, Clone)]
pub(crate) enum Composed {
    /// Several say what they think, and one answers.
    Fusion(Arc<Fusion>),
    /// One writes the bodies of requests.
    Bodies(Arc<Bodies>),
}

impl Composed {
    /// What callers who ask are told it is.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Fusion(_) => "fusion",
            Self::Bodies(_) => "bodybuilder",
        }
    }

    /// A sentence of it for people.
    pub(crate) fn summary(&self) -> String {
        match self {
            Self::Fusion(it) => format!(
                "{} analysed, {} answers",
                it.analysts.join(", "),
                it.writers.first().map_or("nobody", String::as_str)
            ),
            Self::Bodies(_) => "bodies of requests are written and checked".to_owned(),
        }
    }
}

impl Wanted {
    /// Models that are called by their own names.
    const fn named(names: Vec<String>) -> Self {
        Self { names, router: None, composed: None }
    }
}

/// Longest model name looked up, and repeated in an answer.
const NAME_BYTES_MAX: usize = 256;
/// Most models that one name stands for.
const MODELS_MAX: usize = 10;

/// What a router chooses by, besides the call and the catalogue.
pub(crate) struct Chooser<'a> {
    /// What draws depend on.
    pub(crate) seed: u64,
    /// Whether one of a model's endpoints would be tried for the call.
    pub(crate) admits: &'a dyn Fn(&[Arc<Endpoint>]) -> bool,
    /// How an endpoint has been doing.
    pub(crate) standing: &'a dyn Fn(&Endpoint) -> Standing,
    /// What was spent on a model for such tasks of late.
    pub(crate) spent: &'a dyn Fn(&Model) -> u64,
    /// The model that the conversation was given before.
    pub(crate) given: Option<ModelSlug>,
}

/// A name that chooses models (contract §5.6).
struct Router {
    name: &'static str,
    /// How the caller is told that they were found (contract §3.4).
    strategy: &'static str,
    /// How long a conversation keeps its model after a turn; `None` for a router that forgets.
    held_ms: Option<i64>,
}

const ROUTERS: &[Router] = &[
    Router { name: "openrouter/free", strategy: "free", held_ms: None },
    Router { name: "openrouter/auto", strategy: "auto", held_ms: Some(600_000) },
    Router { name: "openrouter/auto-beta", strategy: "auto", held_ms: Some(600_000) },
    Router { name: "openrouter/pareto-code", strategy: "pareto", held_ms: Some(300_000) },
    Router { name: fusion::NAME, strategy: "fusion", held_ms: None },
    Router { name: bodies::NAME, strategy: "bodybuilder", held_ms: None },
];

/// How the models of a router or wildcard were found, in the contract's word.
pub(crate) fn strategy(router: &str) -> &'static str {
    // A wildcard: what it stands for was found by what suits the call.
    ROUTERS.iter().find(|known| known.name == router).map_or("auto", |known| known.strategy)
}

/// Whether a name is a router or a wildcard rather than a model's.
pub(crate) fn is_several(name: &str) -> bool {
    let (name, _) = without_variants(name);
    name == "*" || name.ends_with("/*") || ROUTERS.iter().any(|known| known.name == name)
}

/// The router that a call asks for, or that rules chose for it, and for how long it remembers the
/// model that it gave; nothing where it forgets, or several models are asked.
pub(crate) fn remembered(call: &impl Asked, decision: &Decision) -> Option<(&'static str, i64)> {
    if decision.strategy != Strategy::Single {
        return None;
    }
    let params = call.params();
    let asked = || params.model.as_ref().or(params.models.first());
    let first = match &decision.models {
        Some(models) => models.first(),
        None => asked(),
    }?;
    let (name, _) = without_variants(first);
    let router = ROUTERS.iter().find(|known| known.name == name)?;
    Some((router.name, router.held_ms?))
}

/// Reads which models a call asks for, and what the way it asks says of routing.
///
/// The guides of hosted routers show forms beside `model` and `models`: a `transforms` list of
/// models, `routing_strategy`, and `/*` with `max_price_per_million_tokens`.
pub(crate) fn wanted(
    call: &impl Asked,
    reachable: Reachable<'_>,
    chooser: &Chooser<'_>,
    chosen: Option<&[String]>,
    wants: &mut Preferences,
) -> Result<Wanted, CallError> {
    let mut names = chosen.map_or_else(|| asked_for(call), <[String]>::to_vec);
    if names.iter().any(|name| name.len() > NAME_BYTES_MAX) {
        let message = format!("model: String must contain at most {NAME_BYTES_MAX} characters");
        return Err(BadRequest::new(message).into());
    }
    let Some(first) = names.first().cloned() else { return Err(CallError::NoModel) };
    let (primary, variant) = without_variants(&first);
    match primary.as_ref() {
        fusion::NAME => return fusion::wanted(call, reachable, chooser, &names),
        bodies::NAME => return bodies::wanted(call, reachable, chooser, &names),
        // Rules that choose a model have it answer alone.
        _ if chosen.is_none() && fusion::is_asked_for(call)? => {
            return fusion::wanted(call, reachable, chooser, &names);
        }
        _ => {}
    }
    if call.member("routing_strategy") == Some(r#""weighted_by_inverse_price""#) {
        wants.across_models = true;
    }
    let most = most(call)?;
    let chosen = if let Some(author) = primary.strip_suffix("/*").or((primary == "*").then_some(""))
    {
        let is_of = |endpoint: &Endpoint| {
            let own = endpoint.model.id.as_str().split('/').next() == Some(author);
            (author.is_empty() || own) && is_within(endpoint, most)
        };
        // Any of them will do, so the cheapest.
        wants.across_models = true;
        wants.sort = wants.sort.or(variant).or(Some(Sort::Price));
        cheapest(reachable, call, is_of)
    } else if ROUTERS.iter().any(|known| known.name == primary) {
        wants.sort = wants.sort.or(variant);
        match primary.as_ref() {
            "openrouter/free" => drawn(cheapest_all(reachable, call, is_free), chooser.seed),
            "openrouter/pareto-code" => {
                // The fastest of the class, rather than the cheapest.
                wants.across_models |= variant == Some(Sort::Throughput);
                routers::pareto(call, reachable, chooser)?
            }
            _ => routers::auto(call, reachable, chooser)?,
        }
    } else {
        return Ok(Wanted::named(names));
    };
    if chosen.is_empty() {
        // The name may be that of a model of a provider which is a router itself.
        return Ok(Wanted::named(names));
    }
    let rest = names.split_off(1);
    let names = chosen.iter().map(|model| model.id.to_string()).chain(rest).collect();
    Ok(Wanted { names, router: Some(primary.into_owned()), composed: None })
}

/// The models that the request names, each once.
fn asked_for(call: &impl Asked) -> Vec<String> {
    let params = call.params();
    let mut names: Vec<String> = Vec::new();
    let listed = listed_as_transforms(call);
    for name in params.model.iter().chain(&params.models).chain(&listed) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Entries of `transforms` that name models rather than what to do with the prompt.
fn listed_as_transforms(call: &impl Asked) -> Vec<String> {
    let read = call.member("transforms").map(serde_json::from_str::<Vec<String>>);
    let mut names = read.and_then(Result::ok).unwrap_or_default();
    names.retain(|name| name.contains('/'));
    names.truncate(MODELS_MAX);
    names
}

fn most(call: &impl Asked) -> Result<Option<UnitPrice>, CallError> {
    let Some(raw) = call.member("max_price_per_million_tokens") else { return Ok(None) };
    let price = UnitPrice::per_million(raw.trim_matches('"'))
        .map_err(|error| BadRequest::new(format!("max_price_per_million_tokens: {error}")))?;
    Ok(Some(price))
}

fn is_within(endpoint: &Endpoint, most: Option<UnitPrice>) -> bool {
    let rates = endpoint.price.as_ref().map(|price| price.rates);
    most.is_none_or(|most| rates.is_some_and(|it| it.input <= most && it.output <= most))
}

fn is_free(endpoint: &Endpoint) -> bool {
    let rates = endpoint.price.as_ref().map(|price| price.rates);
    rates.is_some_and(|it| it.input == UnitPrice::ZERO && it.output == UnitPrice::ZERO)
        && endpoint.model.id.author() != "openrouter"
}

/// The cheapest models that one of whose endpoints suits.
fn cheapest(
    reachable: Reachable<'_>,
    call: &impl Asked,
    suits: impl Fn(&Endpoint) -> bool,
) -> Vec<Arc<Model>> {
    let mut models = cheapest_all(reachable, call, suits);
    models.truncate(MODELS_MAX);
    models
}

fn cheapest_all(
    reachable: Reachable<'_>,
    call: &impl Asked,
    suits: impl Fn(&Endpoint) -> bool,
) -> Vec<Arc<Model>> {
    let mut priced: Vec<(u128, &Arc<Model>)> = Vec::new();
    for model in reachable.models().filter(|model| model.alias_target.is_none()) {
        let endpoints = reachable.endpoints(model);
        let estimates = endpoints
            .iter()
            .filter(|it| is_open(it) && suits(it) && answers(it, call))
            .filter_map(|it| {
                let rates = it.price.as_ref()?.rates;
                Some(rates.estimate(1_000, 500))
            });
        priced.extend(estimates.min().map(|price| (price, model)));
    }
    priced.sort_by(|(one, first), (other, second)| one.cmp(other).then(first.id.cmp(&second.id)));
    priced.into_iter().map(|(_, model)| Arc::clone(model)).collect()
}

/// Whether an endpoint serves callers who ask for no service tier.
fn is_open(endpoint: &Endpoint) -> bool {
    endpoint.tier().is_none()
}

/// Whether an endpoint reads what the call has and knows its tools.
fn answers(endpoint: &Endpoint, call: &impl Asked) -> bool {
    let survey = call.survey();
    let reads = |is_in: bool, modality: Modality| !is_in || endpoint.reads(modality);
    call.output().iter().all(|it| endpoint.output_modalities.contains(it))
        && reads(survey.images > 0, Modality::Image)
        && reads(survey.audio, Modality::Audio)
        && reads(survey.files, Modality::File)
        && reads(survey.video, Modality::Video)
        && call.parameters().iter().filter(|it| NEEDED.contains(it)).all(|it| endpoint.supports(it))
}

/// Parameters without which an answer would be another one.
const NEEDED: &[&str] = &["tools", "response_format"];

/// A few of them, from a place that depends on the seed.
fn drawn(mut models: Vec<Arc<Model>>, seed: u64) -> Vec<Arc<Model>> {
    if let Ok(count) = u64::try_from(models.len())
        && let Some(place) = seed.checked_rem(count)
    {
        models.rotate_left(usize::try_from(place).unwrap_or(0));
    }
    models.truncate(MODELS_MAX);
    models
}
