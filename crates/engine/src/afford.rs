//! What a call may cost, and holding as much before it begins.

use tollgate_catalog::{Endpoint, EndpointId};
use tollgate_ledger::LearnedLength;
use tollgate_policy::Strategy;
use tollgate_routing::Step;
use tollgate_store::KeyRecord;
use tollgate_types::{Chain, Timestamp, Usage, Usd};

use crate::asked::Asked;
use crate::expand::{Composed, Fusion};
use crate::purse::{Hold, Need, Short};
use crate::run::Run;
use crate::{CallError, KeyEntry, resolve};

/// What a call holds until it is settled: of its account's credit and of its key's limit.
#[derive(Debug, Default)]
pub(crate) struct Held {
    credit: Option<Hold>,
    of_limit: Usd,
}

/// A token is taken for two bytes of text where funds are held, rather than four: in some languages
/// it is.
const CAUTION: u64 = 2;

impl Held {
    /// Ends the hold with what the call cost, and what a provider takes of the caller for it.
    pub(crate) fn settle(&mut self, key: &KeyEntry, (cost, byok): (Usd, Usd), now: Timestamp) {
        if let Some(hold) = self.credit.take() {
            hold.settle(cost);
        }
        key.spent((cost, byok), std::mem::take(&mut self.of_limit), now);
    }
}

/// Holds what a planned call may cost, where anybody has to pay for it.
///
/// # Errors
///
/// When the account or the key has not enough left.
pub(crate) async fn hold<C: Asked>(run: &mut Run<C>) -> Result<(), CallError> {
    let (pays, limit) = (run.engine.config().billing, run.key.record.limit);
    if !pays && limit.is_none() {
        return Ok(());
    }
    if let Some(limit) = limit {
        let need = need(run, run.key.record.include_byok_in_limit);
        if need.most > Usd::ZERO {
            let held = run.key.hold(need, run.created);
            run.held.of_limit = held.map_err(|short| refused(run, need, short, Some(limit)))?;
        }
    }
    if pays {
        let (purses, account) = (run.engine.purses(), &run.key.account);
        let need = need(run, false);
        if need.most == Usd::ZERO {
            return if purses.owes(account) { Err(CallError::NoCredit) } else { Ok(()) };
        }
        let held = purses.hold(account, need).await;
        let held = held.map_err(|short| refused(run, need, short, None))?;
        run.held.credit = Some(held);
    }
    Ok(())
}

/// What a caller is told who can't pay.
fn refused<C: Asked>(run: &Run<C>, need: Need, short: Short, limit: Option<Usd>) -> CallError {
    match short {
        Short::Empty => limit.map_or(CallError::NoCredit, |limit| CallError::KeyLimit { limit }),
        Short::Less { available } => too_dear(run, need, available, limit),
        Short::InFlight => CallError::InFlight { limit },
        Short::Unavailable(error) => {
            tracing::warn!(error = %Chain(&error), "no credit can be set aside");
            CallError::StoreBehind
        }
    }
}

/// Whether a call is refused for want of what a key of the caller's own does not take.
pub(crate) const fn leaves_own(error: &CallError, key: &KeyRecord) -> bool {
    match error {
        CallError::NoCredit
        | CallError::TooDear { limit: None, .. }
        | CallError::InFlight { limit: None } => true,
        CallError::KeyLimit { .. } | CallError::TooDear { .. } | CallError::InFlight { .. } => {
            !key.include_byok_in_limit
        }
        _ => false,
    }
}

/// The most that a planned call is expected to cost, wherever of its plan it is answered: at one
/// endpoint, or where several models are asked, at one of each. What is met with a key of the
/// caller's own counts where `counts_own` says so.
fn need<C: Asked>(run: &Run<C>, counts_own: bool) -> Need {
    let asked = Asking { prompt: prompt(run), most: run.call.params().max_tokens, counts_own };
    match (&run.steering.composed, &run.steering.decision.strategy) {
        (Some(Composed::Fusion(fusion)), _) => need_of_fusion(run, fusion, asked),
        // Once, and once more where the first is wrong.
        (Some(Composed::Bodies(_)), _) => {
            let once = needs(run, asked).fold(Need::default(), dearer);
            both(once, once)
        }
        (None, Strategy::Single) => needs(run, asked).fold(Need::default(), dearer),
        (None, Strategy::Cascade(_) | Strategy::Consensus(_)) => {
            needs(run, asked).fold(Need::default(), both)
        }
    }
}

/// What is asked of an endpoint, as far as it makes a price.
#[derive(Clone, Copy)]
struct Asking {
    prompt: Usage,
    /// Most tokens that may be written, where somebody says.
    most: Option<u64>,
    counts_own: bool,
}

/// What each model of the plan needs, at the dearest of its endpoints.
fn needs<C: Asked>(run: &Run<C>, asked: Asking) -> impl Iterator<Item = Need> {
    let mut models: Vec<(&str, Need)> = Vec::new();
    for step in &run.plan.steps {
        let need = need_at(run, &step.endpoint, asked);
        let model = step.endpoint.model.id.as_str();
        match models.iter_mut().find(|(known, _)| *known == model) {
            Some((_, known)) => *known = dearer(*known, need),
            None => models.push((model, need)),
        }
    }
    models.into_iter().map(|(_, need)| need)
}

/// Every analysis, and the dearest of the writers, who reads all of them.
fn need_of_fusion<C: Asked>(run: &Run<C>, fusion: &Fusion, asked: Asking) -> Need {
    let of = |name: &String| {
        let model = resolve::named(name, &run.installation, &run.key.record);
        let its = |step: &&Step| model.as_ref().is_some_and(|it| it.id == step.endpoint.model.id);
        let endpoints: Vec<&Endpoint> =
            run.plan.steps.iter().filter(its).map(|step| step.endpoint.as_ref()).collect();
        endpoints
    };
    let mut sum = Need::default();
    let mut analyses = 0_u64;
    for analyst in &fusion.analysts {
        let mut need = Need::default();
        let mut length = 0;
        for endpoint in of(analyst) {
            // It may write so much, and seldom does: what is usual there is held.
            let usual = expected(run, endpoint).min(fusion.tokens_max);
            let most = need_at(run, endpoint, Asking { most: Some(usual), ..asked }).most;
            let least = need_at(run, endpoint, Asking { most: Some(0), ..asked }).least;
            need = dearer(need, Need { most, least });
            length = usual.max(length);
        }
        sum = both(sum, need);
        analyses = analyses.saturating_add(length);
    }
    let prompt_tokens = asked.prompt.prompt_tokens.saturating_add(analyses);
    let asked = Asking { prompt: Usage { prompt_tokens, ..asked.prompt }, ..asked };
    let writers = fusion.writers.iter().flat_map(of);
    both(sum, writers.map(|it| need_at(run, it, asked)).fold(Need::default(), dearer))
}

fn both(a: Need, b: Need) -> Need {
    Need { most: a.most.saturating_add(b.most), least: a.least.saturating_add(b.least) }
}

fn dearer(a: Need, b: Need) -> Need {
    Need { most: a.most.max(b.most), least: a.least.max(b.least) }
}

fn need_at<C: Asked>(run: &Run<C>, endpoint: &Endpoint, asked: Asking) -> Need {
    let Asking { prompt, most, counts_own } = asked;
    let price = endpoint.price.as_ref().filter(|_| counts_own || endpoint.own_key.is_none());
    let Some(price) = price else { return Need::default() };
    // What can't be priced is no reason to hold everything; it is not charged either.
    let cost = |tokens| {
        let usage = Usage { completion_tokens: tokens, ..prompt };
        price.most(&usage).unwrap_or(Usd::ZERO)
    };
    let bounded = |tokens: u64| endpoint.max_output.map_or(tokens, |most| tokens.min(most));
    if let Some(tokens) = most {
        let most = cost(bounded(tokens));
        return Need { most, least: most };
    }
    Need { most: cost(bounded(expected(run, endpoint))), least: cost(0) }
}

/// How many tokens answers of an endpoint usually have.
fn expected<C: Asked>(run: &Run<C>, endpoint: &Endpoint) -> u64 {
    run.vitals.length(&endpoint.id).map_or(0, LearnedLength::expected)
}

/// What a call may have an endpoint read, and make besides tokens.
fn prompt<C: Asked>(run: &Run<C>) -> Usage {
    let (least, survey) = (run.call.least(), run.call.survey());
    let pieces = run.call.member("n").and_then(|it| it.parse().ok()).unwrap_or(1);
    Usage {
        prompt_tokens: least.prompt_tokens.max(survey.tokens_estimated()).saturating_mul(CAUTION),
        prompt_images: survey.images,
        completion_images: pieces,
        ..least
    }
}

/// Notes how long an answer was: what is held for the next one at its endpoint.
pub(crate) fn learn<C: Asked>(run: &Run<C>, endpoint: &EndpointId, usage: &Usage) {
    if let Some(length) = run.vitals.length(endpoint)
        && run.call.params().max_tokens.is_none()
    {
        length.observe(usage.completion_tokens);
    }
}

/// A call that costs more than there is, and how many tokens there is enough for (contract §4.6).
fn too_dear<C: Asked>(run: &Run<C>, need: Need, available: Usd, limit: Option<Usd>) -> CallError {
    let requested = run.call.params().max_tokens.unwrap_or(0);
    let first = run.endpoint(0).and_then(|it| it.price.as_ref());
    let reading = first.and_then(|price| price.most(&prompt(run)).ok()).unwrap_or(Usd::ZERO);
    let part = |of: Usd| i128::from(of.nanos()).saturating_sub(i128::from(reading.nanos())).max(0);
    let tokens = i128::from(requested).saturating_mul(part(available));
    let affordable = tokens.checked_div(part(need.most)).unwrap_or(0);
    let affordable = u64::try_from(affordable).unwrap_or(0).min(requested);
    CallError::TooDear { requested, affordable, limit }
}
