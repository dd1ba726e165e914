//! From the names in a request to the endpoints to try.

use std::borrow::Cow;
use std::sync::Arc;

use tollgate_catalog::{Catalog, Endpoint, EndpointId, Modality, Model};
use tollgate_health::Standing;
use tollgate_policy::{Decision, Strategy};
use tollgate_routing::{
    CallShape, Candidates, Dropped, Funds, Plan, Preferences, Question, Sort, Tier,
};
use tollgate_store::KeyRecord;
use tollgate_types::{ModelSlug, Timestamp};
use tollgate_wire::error::BadRequest;

use crate::asked::Asked;
use crate::expand::{self, Chooser, Composed, Wanted};
use crate::installation::adapter_of;
use crate::own::Reachable;
use crate::{CallError, Installation};

/// Suffixes that say how to route, not which model (contract §5.5).
const ROUTING_VARIANTS: &[(&str, Sort)] =
    &[("nitro", Sort::Throughput), ("floor", Sort::Price), ("exacto", Sort::Exacto)];

/// What a plan depends on besides the call.
#[derive(Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    /// What the call may be paid from.
    pub(crate) funds: Funds,
    /// How an endpoint has been doing.
    pub(crate) standing: &'a dyn Fn(&Endpoint) -> Standing,
    /// Where the conversation about a model is.
    pub(crate) sticky: &'a dyn Fn(&Model) -> Option<EndpointId>,
    /// What was spent on a model for such tasks of late.
    pub(crate) spent: &'a dyn Fn(&Model) -> u64,
    /// The model that a router gave the conversation before.
    pub(crate) given: Option<&'a ModelSlug>,
    /// What endpoints are sorted by where neither the request nor the model's name says.
    pub(crate) sort: Option<Sort>,
    /// What the operator's rules say.
    pub(crate) decision: &'a Decision,
    /// The region that the call must be processed in, if it must be in one.
    pub(crate) region: Option<&'a str>,
    /// What the draw depends on.
    pub(crate) seed: u64,
    /// Whose call it is: keys of their own may make further endpoints.
    pub(crate) key: Option<&'a KeyRecord>,
    /// The time of the call.
    pub(crate) now: Timestamp,
}

/// What was decided for a call.
#[derive(Debug, Default)]
pub(crate) struct Routed {
    /// Which endpoints are tried, and why not the others.
    pub(crate) plan: Plan,
    /// The router that chose the models, if one did.
    pub(crate) router: Option<String>,
    /// What the router has them do, other than answer.
    pub(crate) composed: Option<Composed>,
    /// What the call needs.
    pub(crate) shape: CallShape,
}

/// A model that was asked for, and how its name asks to be routed.
type Found = (Arc<Model>, Option<Sort>);

/// The endpoints to try for a call, in order, and why not the others.
pub(crate) fn plan(
    call: &impl Asked,
    installation: &Installation,
    circumstances: &Circumstances<'_>,
) -> Result<Routed, CallError> {
    refuse_what_is_not_here(call)?;
    refuse_what_no_region_has(call, circumstances.region)?;
    let decision = circumstances.decision;
    let mut wants = preferences(call, decision)?;
    let shape = shape(call, circumstances);
    let asked = wants.clone();
    let chooser = Chooser {
        seed: circumstances.seed,
        admits: &|endpoints| {
            let models = [Candidates { endpoints, variant: None }];
            !question(&models, (&shape, &asked), circumstances, None).steps.is_empty()
        },
        standing: circumstances.standing,
        spent: circumstances.spent,
        given: circumstances.given.cloned(),
    };
    let reachable = Reachable { installation, caller: circumstances.key };
    let chosen = decision.models.as_deref();
    let wanted = expand::wanted(call, reachable, &chooser, chosen, &mut wants)?;
    let Wanted { names, router, composed } = wanted;
    refuse_where_kept(composed.as_ref(), circumstances.region)?;
    let mut unroutable = None;
    let mut models: Vec<Found> = Vec::with_capacity(names.len());
    for name in &names {
        match find(name, installation, circumstances.key) {
            Ok(found) => models.push(found),
            Err(error @ CallError::NotRoutable { .. }) => unroutable = unroutable.or(Some(error)),
            // Of several models that a rule has asked one may be gone: the others are asked.
            Err(error) if decision.strategy != Strategy::Single => {
                unroutable = unroutable.or(Some(error));
            }
            Err(error) => return Err(error),
        }
    }
    let endpoints: Vec<_> = models.iter().map(|(model, _)| reachable.endpoints(model)).collect();
    let candidates: Vec<Candidates<'_>> = endpoints
        .iter()
        .zip(&models)
        .map(|(endpoints, (_, variant))| Candidates { endpoints, variant: *variant })
        .collect();
    let sticky = models.first().and_then(|(model, _)| (circumstances.sticky)(model));
    let plan = question(&candidates, (&shape, &wants), circumstances, sticky.as_ref());
    if let Some(Composed::Fusion(fusion)) = &composed {
        for names in [&fusion.writers, &fusion.analysts] {
            is_anybody_left(names, &plan, |name| find(name, installation, circumstances.key))?;
        }
    }
    match (plan.steps.is_empty(), plan.dropped.is_empty(), unroutable) {
        (false, _, _) => Ok(Routed { plan, router, composed, shape }),
        (true, true, Some(error)) => Err(error),
        (true, _, _) => Err(no_endpoints(names, &plan)),
    }
}

/// Refuses a call of which a part could be done by nobody: before others are paid for theirs.
fn is_anybody_left(
    names: &[String],
    plan: &Plan,
    find: impl Fn(&str) -> Result<Found, CallError>,
) -> Result<(), CallError> {
    let found: Vec<_> = names.iter().map(|name| find(name)).collect();
    let is_one = |endpoint: &Endpoint| {
        found.iter().flatten().any(|(model, _)| model.id == endpoint.model.id)
    };
    if plan.steps.iter().any(|step| is_one(&step.endpoint)) {
        return Ok(());
    }
    let dropped: Vec<_> = plan.dropped.iter().filter(|(it, _)| is_one(it)).cloned().collect();
    match found.into_iter().find_map(Result::err).filter(|_| dropped.is_empty()) {
        Some(error) => Err(error),
        None => Err(no_endpoints(names.to_vec(), &Plan { dropped, ..Plan::default() })),
    }
}

fn question(
    models: &[Candidates<'_>],
    (shape, wants): (&CallShape, &Preferences),
    circumstances: &Circumstances<'_>,
    sticky: Option<&EndpointId>,
) -> Plan {
    tollgate_routing::plan(&Question {
        models,
        shape,
        wants,
        restrictions: &circumstances.decision.restrictions,
        sort: circumstances.sort,
        standing: circumstances.standing,
        sticky,
        seed: circumstances.seed,
        now: circumstances.now,
    })
}

/// The first model that a call asks for, where it is one of this installation.
pub(crate) fn primary(
    call: &impl Asked,
    decision: &Decision,
    installation: &Installation,
    key: Option<&KeyRecord>,
) -> Option<Arc<Model>> {
    let params = call.params();
    let chosen = decision.models.as_ref().and_then(|models| models.first());
    let name = chosen.or(params.model.as_ref()).or(params.models.first())?;
    Some(find(name, installation, key).ok()?.0)
}

/// The model that a name means to a caller with this key.
pub(crate) fn named(
    name: &str,
    installation: &Installation,
    key: &KeyRecord,
) -> Option<Arc<Model>> {
    find(name, installation, Some(key)).ok().map(|(model, _)| model)
}

/// A plugin that would bring something into the prompt changes the answer: a caller who asked for
/// one must not get an answer without it. Plugins that only mend or shorten are passed over.
fn refuse_what_is_not_here(call: &impl Asked) -> Result<(), CallError> {
    #[derive(serde::Deserialize)]
    struct Plugin {
        id: String,
        enabled: Option<bool>,
    }
    let plugins = call.member("plugins").map_or_else(
        || Ok(Vec::new()),
        |json| {
            serde_json::from_str::<Vec<Plugin>>(json)
                .map_err(|_| BadRequest::new("plugins: Expected array of objects with an id"))
        },
    )?;
    let missing = plugins.iter().find(|plugin| {
        plugin.enabled.unwrap_or(true) && ["web", "web-fetch"].contains(&plugin.id.as_str())
    });
    if let Some(plugin) = missing {
        let message = format!("plugins: this installation has no `{}` plugin", plugin.id);
        return Err(BadRequest::new(message).into());
    }
    Ok(())
}

/// Pictures are not drawn where calls are kept in a region (contract §5.10).
fn refuse_what_no_region_has(call: &impl Asked, region: Option<&str>) -> Result<(), CallError> {
    let Some(region) = region.filter(|_| call.output().contains(&Modality::Image)) else {
        return Ok(());
    };
    let message = format!(
        "Image generation is not available in the region {region}. Ask at the address without a region"
    );
    Err(BadRequest::new(message).into())
}

/// Several models are not asked for one answer where calls are kept in a region (contract §5.10).
fn refuse_where_kept(composed: Option<&Composed>, region: Option<&str>) -> Result<(), CallError> {
    match (composed, region) {
        (Some(Composed::Fusion(_)), Some(region)) => {
            let message = format!(
                "Fusion is not available in the region {region}. Ask at the address without a region"
            );
            Err(BadRequest::new(message).into())
        }
        _ => Ok(()),
    }
}

/// The `provider` object, with what rules prefer where it says nothing; `route: "sort"` is an older
/// word for sorting across models (contract §2.1).
pub(crate) fn preferences(
    call: &impl Asked,
    decision: &Decision,
) -> Result<Preferences, CallError> {
    let own = call.member("provider");
    let read = match (&decision.prefers, own) {
        (Some(defaults), own) => Preferences::parse(&defaults.merged_with(own)),
        (None, Some(own)) => Preferences::parse(own),
        (None, None) => Ok(Preferences::default()),
    };
    let mut wants = read.map_err(|error| BadRequest::new(error.to_string()))?;
    wants.across_models |= call.member("route") == Some(r#""sort""#);
    Ok(wants)
}

fn find(
    name: &str,
    installation: &Installation,
    key: Option<&KeyRecord>,
) -> Result<Found, CallError> {
    let unknown = match lookup(name, installation.routable()) {
        Ok(found) => return Ok(found),
        Err(unknown) => unknown,
    };
    if name.ends_with(":online") {
        let message =
            format!("{name}: this installation runs no web search, so :online is not available");
        return Err(BadRequest::new(message).into());
    }
    match lookup(name, installation.known()) {
        Ok((model, variant))
            if key.is_some_and(|key| installation.own().beside(&model, &[], key).is_some()) =>
        {
            Ok((model, variant))
        }
        Ok((model, _)) => Err(CallError::NotRoutable {
            providers: missing_keys(installation.known().endpoints(model.id.as_str())),
            model: model.id.to_string(),
        }),
        // The nearest name that works here is worth more than the nearest of all.
        Err(everywhere) if unknown.nearest.is_none() && unknown.ambiguous.is_empty() => {
            Err(CallError::UnknownModel(everywhere))
        }
        Err(_) => Err(CallError::UnknownModel(unknown)),
    }
}

/// A model by its name, and what the last of its variants sorts by (contract §5.5).
pub(crate) fn lookup(name: &str, catalog: &Catalog) -> Result<Found, tollgate_catalog::Unknown> {
    let unknown = match catalog.resolve(name) {
        Ok(model) => return Ok((Arc::clone(model), None)),
        Err(unknown) => unknown,
    };
    match without_variants(name) {
        (_, None) => Err(unknown),
        (bare, sort) => catalog.resolve(&bare).map(|model| (Arc::clone(model), sort)),
    }
}

/// A name without the variants that say how to route, wherever they stand among others, and the
/// last one's sort.
pub(crate) fn without_variants(name: &str) -> (Cow<'_, str>, Option<Sort>) {
    let sort_of = |part: &str| {
        let known = ROUTING_VARIANTS.iter().find(|(variant, _)| variant.eq_ignore_ascii_case(part));
        known.map(|(_, sort)| *sort)
    };
    let Some(last) = name.split(':').skip(1).filter_map(sort_of).last() else {
        return (Cow::Borrowed(name), None);
    };
    let mut parts = name.split(':');
    let mut bare = parts.next().unwrap_or_default().to_owned();
    for part in parts.filter(|part| sort_of(part).is_none()) {
        bare.push(':');
        bare.push_str(part);
    }
    (Cow::Owned(bare), Some(last))
}

/// What to set so that one of these endpoints can be called.
fn missing_keys(endpoints: &[Arc<Endpoint>]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for endpoint in endpoints.iter().filter(|endpoint| adapter_of(endpoint).is_some()) {
        if let Some(variable) = endpoint.provider.env.first()
            && !keys.contains(variable)
        {
            keys.push(variable.clone());
        }
    }
    keys.truncate(6);
    keys
}

/// What a prompt contains besides text.
pub(crate) fn input(call: &impl Asked) -> Vec<Modality> {
    let survey = call.survey();
    let contained = [
        (survey.images > 0, Modality::Image),
        (survey.audio, Modality::Audio),
        (survey.files, Modality::File),
        (survey.video, Modality::Video),
    ];
    contained.into_iter().filter_map(|(is_in, it)| is_in.then_some(it)).collect()
}

/// About how many tokens a prompt has.
pub(crate) fn prompt_tokens(call: &impl Asked) -> u64 {
    call.survey().text_bytes / 4
}

fn shape(call: &impl Asked, circumstances: &Circumstances<'_>) -> CallShape {
    let params = call.params();
    CallShape {
        input: input(call),
        output: call.output(),
        parameters: call.parameters(),
        prompt_tokens: prompt_tokens(call),
        max_tokens: params.max_tokens,
        funds: circumstances.funds,
        region: circumstances.region.map(str::to_owned),
        tier: params.service_tier.as_deref().and_then(Tier::asked),
        wants_ordinary_tier: matches!(
            params.service_tier.as_deref(),
            Some("default" | "standard" | "standard_only")
        ),
    }
}

fn no_endpoints(models: Vec<String>, left_out: &Plan) -> CallError {
    let reasons = left_out
        .dropped
        .iter()
        .map(|(endpoint, reason)| format!("{} {}", endpoint.provider.name, reason.reason()));
    let model = models.first().map_or("", String::as_str);
    let message = left_out.dropped.last().map_or_else(
        || format!("No endpoints found for {model}."),
        |(_, reason)| reason.message(model),
    );
    let available = left_out.dropped.iter().map(|(it, _)| it.provider.slug.to_string());
    let may_not_call = |(_, reason): &(_, Dropped)| match reason {
        Dropped::ByKey(reason) => **reason == Dropped::ModelNotAllowed,
        _ => false,
    };
    if !left_out.dropped.is_empty() && left_out.dropped.iter().all(may_not_call) {
        return CallError::ModelNotPermitted { models };
    }
    CallError::NoEndpoints {
        message,
        reasons: reasons.collect(),
        available: available.collect(),
        models,
    }
}
