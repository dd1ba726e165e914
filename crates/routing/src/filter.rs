//! What rules an endpoint out. An open set: a filter is a function and a line in [`FILTERS`].

use std::sync::Arc;

use tollgate_catalog::Endpoint;
use tollgate_types::UnitPrice;

use crate::Sort;
use crate::Tier;
use crate::asked::{Asked, Authority, Restriction};
use crate::dropped::Dropped;

type Filter = fn(&Endpoint, &Asked<'_>) -> Option<Dropped>;

/// Every hard filter, in the order in which they are named when several apply.
static FILTERS: &[Filter] = &[
    ignored,
    not_allowed,
    region,
    data_collection,
    retention,
    distillation,
    tier,
    spent,
    unpriced,
    max_price,
    quantization,
    input,
    output,
    context_length,
    max_output,
    parameters,
];

/// The filters among them that a [`Restriction`](crate::Restriction) has: what it says of an
/// endpoint does not depend on what the call needs.
static ALLOWED: &[Filter] = &[
    ignored,
    not_allowed,
    data_collection,
    retention,
    distillation,
    max_price,
    quantization,
    parameters,
];

/// What rules an endpoint out, if anything does: the request first, then the operator and the key.
pub(crate) fn ruled_out(
    endpoint: &Endpoint,
    asked: &Asked<'_>,
    restrictions: &[Restriction],
) -> Option<Dropped> {
    let by_rule = |restriction: &Restriction| {
        let asked = Asked { wants: &restriction.wants, is_rule: true, ..*asked };
        let of_model =
            (!restriction.permits_model(&endpoint.model)).then_some(Dropped::ModelNotAllowed);
        let reason =
            of_model.or_else(|| ALLOWED.iter().find_map(|filter| filter(endpoint, &asked)))?;
        let reason = Box::new(reason);
        Some(match &restriction.by {
            Authority::Rule(rule) => Dropped::ByRule { rule: Arc::clone(rule), reason },
            Authority::Key => Dropped::ByKey(reason),
        })
    };
    let by_request = FILTERS.iter().find_map(|filter| filter(endpoint, asked));
    by_request.or_else(|| restrictions.iter().find_map(by_rule))
}

fn ignored(endpoint: &Endpoint, asked: &Asked<'_>) -> Option<Dropped> {
    asked.wants.ignore.iter().any(|name| asked.means(name, endpoint)).then_some(Dropped::Ignored)
}

fn not_allowed(endpoint: &Endpoint, asked: &Asked<'_>) -> Option<Dropped> {
    let only = &asked.wants.only;
    let allowed = only.is_empty() || only.iter().any(|name| asked.means(name, endpoint));
    (!allowed).then_some(Dropped::NotAllowed)
}

/// What is not known to stay in the region does not (contract §5.10).
fn region(endpoint: &Endpoint, Asked { shape, .. }: &Asked<'_>) -> Option<Dropped> {
    let wanted = shape.region.as_deref()?;
    let stays = endpoint.region.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(wanted));
    (!stays).then(|| Dropped::Region(wanted.to_owned()))
}

fn unpriced(endpoint: &Endpoint, Asked { shape, .. }: &Asked<'_>) -> Option<Dropped> {
    let must_be_priced = match endpoint.own_key {
        Some(_) => shape.funds.own_must_be_priced,
        None => shape.funds.must_be_priced,
    };
    (must_be_priced && endpoint.price.is_none()).then_some(Dropped::Unpriced)
}

fn spent(endpoint: &Endpoint, Asked { shape, .. }: &Asked<'_>) -> Option<Dropped> {
    (shape.funds.is_spent && endpoint.own_key.is_none()).then_some(Dropped::Spent)
}

/// An unknown policy is taken to be the worst (contract §6.5); one's own machine has none.
fn data_collection(endpoint: &Endpoint, Asked { wants, .. }: &Asked<'_>) -> Option<Dropped> {
    let provider = &endpoint.provider;
    let policy = provider.data_policy;
    let collects = policy.training != Some(false) || policy.retains_prompts != Some(false);
    (wants.deny_data_collection && collects && !is_own(endpoint)).then_some(Dropped::DataCollection)
}

fn retention(endpoint: &Endpoint, Asked { wants, .. }: &Asked<'_>) -> Option<Dropped> {
    let retains = endpoint.provider.data_policy.retains_prompts != Some(false);
    (wants.zero_retention && retains && !is_own(endpoint)).then_some(Dropped::Retention)
}

fn is_own(endpoint: &Endpoint) -> bool {
    endpoint.provider.local || endpoint.provider.builtin
}

/// What a provider does not charge by, it does not charge for: only the two prices that every
/// conversation has are beyond any bound where nobody knows them.
fn max_price(endpoint: &Endpoint, Asked { wants, .. }: &Asked<'_>) -> Option<Dropped> {
    let most = wants.max_price;
    let rates = endpoint.price.as_ref().map(|price| price.rates);
    let is_above = |most: Option<UnitPrice>, price: Option<UnitPrice>| {
        most.is_some_and(|most| price.is_none_or(|price| price > most))
    };
    let is_dear = |most: Option<UnitPrice>, price: Option<UnitPrice>| {
        most.zip(price).is_some_and(|(most, price)| price > most)
    };
    let dear = is_above(most.prompt, rates.map(|it| it.input))
        || is_above(most.completion, rates.map(|it| it.output))
        || is_dear(most.request, rates.and_then(|it| it.request))
        || is_dear(most.image, rates.and_then(|it| it.image))
        || is_dear(most.image, rates.and_then(|it| it.output_image))
        || is_dear(most.audio, rates.and_then(|it| it.audio));
    dear.then_some(Dropped::MaxPrice)
}

/// An author who is not known to permit it does not.
fn distillation(endpoint: &Endpoint, Asked { wants, .. }: &Asked<'_>) -> Option<Dropped> {
    let permits = endpoint.model.distillable == Some(true);
    (wants.distillable_only && !permits).then_some(Dropped::Distillation)
}

/// Tiers are dearer or slower: nobody gets them who did not ask (contract §5.2, §5.7).
fn tier(endpoint: &Endpoint, asked: &Asked<'_>) -> Option<Dropped> {
    let tier = endpoint.tier()?;
    let is_let_in = asked.shape.tier == Some(tier) || lets_in(asked, tier);
    (!is_let_in && !asked.wants.names_itself(endpoint)).then_some(Dropped::Tier(tier))
}

/// Whether a variant of the model's name lets a tier in: the fastest may be a dearer one, the
/// cheapest a slower one. A caller's order does not, nor who asks for the ordinary service.
fn lets_in(asked: &Asked<'_>, tier: Tier) -> bool {
    let by_variant = matches!(
        (asked.variant, tier),
        (Some(Sort::Throughput), Tier::Priority) | (Some(Sort::Price), Tier::Flex)
    );
    by_variant && asked.wants.order.is_empty() && !asked.shape.wants_ordinary_tier
}

fn quantization(endpoint: &Endpoint, Asked { wants, .. }: &Asked<'_>) -> Option<Dropped> {
    let precision = endpoint.quantization.as_deref().unwrap_or("unknown");
    let allowed = wants.quantizations.is_empty()
        || wants.quantizations.iter().any(|it| it.eq_ignore_ascii_case(precision));
    (!allowed).then_some(Dropped::Quantization)
}

fn input(endpoint: &Endpoint, Asked { shape, .. }: &Asked<'_>) -> Option<Dropped> {
    let missing = shape.input.iter().find(|needed| !endpoint.input_modalities.contains(needed))?;
    Some(Dropped::Input(*missing))
}

fn output(endpoint: &Endpoint, Asked { shape, .. }: &Asked<'_>) -> Option<Dropped> {
    let missing =
        shape.output.iter().find(|needed| !endpoint.output_modalities.contains(needed))?;
    Some(Dropped::Output(*missing))
}

/// The prompt's length is an estimate from its bytes; only a prompt that is too long even if a
/// token were eight bytes is ruled out here. The provider judges the rest.
fn context_length(endpoint: &Endpoint, Asked { shape, .. }: &Asked<'_>) -> Option<Dropped> {
    let most = endpoint.context_length?;
    (shape.prompt_tokens / 2 > most).then_some(Dropped::ContextLength)
}

fn max_output(endpoint: &Endpoint, Asked { shape, .. }: &Asked<'_>) -> Option<Dropped> {
    let (wanted, most) = (shape.max_tokens?, endpoint.max_output?);
    (wanted > most).then_some(Dropped::MaxOutput)
}

fn parameters(endpoint: &Endpoint, asked: &Asked<'_>) -> Option<Dropped> {
    if !asked.wants.require_parameters {
        return None;
    }
    let unknown = asked.shape.parameters.iter().find(|name| !endpoint.supports(name))?;
    Some(Dropped::Parameter(unknown))
}
