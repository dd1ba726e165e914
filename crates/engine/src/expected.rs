//! What a call may need: tokens read and written, and what they cost, wherever it is answered.

use smallvec::SmallVec;
use tollgate_catalog::{Endpoint, EndpointId};
use tollgate_ledger::{LearnedLength, discounted};
use tollgate_limits::Load;
use tollgate_policy::Strategy;
use tollgate_routing::Step;
use tollgate_types::{Usage, Usd};

use crate::asked::Asked;
use crate::expand::{Composed, Fusion};
use crate::reading::{Prompt, Read};
use crate::resolve;
use crate::run::Run;

/// What a call may need.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Expected {
    /// As much as it is expected to need.
    pub(crate) most: Load,
    /// What it needs at least: less than `most` for a call that does not say how much it may write,
    /// or of which nobody knows how much a provider reads.
    pub(crate) least: Load,
}

/// What a planned call may need, reckoned when somebody first asks, for as long as its plan stands.
#[derive(Debug, Default)]
pub(crate) struct Reckoned(Option<Expected>);

/// What is asked of an endpoint, as far as it makes a price.
#[derive(Clone, Copy)]
struct Asking {
    /// What is read and made besides tokens.
    prompt: Usage,
    read: Read,
    /// Most tokens that may be written, where somebody says.
    most: Option<u64>,
    counts: Counts,
}

/// Which money counts.
#[derive(Clone, Copy)]
enum Counts {
    /// What is charged, and what providers take of the caller.
    All,
    /// The list price of what is met with keys of the caller's own, which a fee is taken of.
    ListedOfOwn,
}

/// The largest amount there is.
const MOST: Usd = Usd::from_nanos(i64::MAX);

/// What a planned call may need, wherever of its plan it is answered: at one endpoint, or where
/// several models are asked, at one of each. What is met with a key of the caller's own costs
/// something in [`Load::spend_with_own`] alone, unless a fee may be due.
fn expected<C: Asked>(run: &Run<C>) -> Expected {
    expected_with(run, run.call.params().max_tokens)
}

/// The same, as if the call had said that so many tokens may be written at most.
pub(crate) fn expected_with<C: Asked>(run: &Run<C>, max_tokens: Option<u64>) -> Expected {
    with_fee(run, |counts| expected_of_all(run, asking(run, max_tokens, counts)))
}

fn expected_of_all<C: Asked>(run: &Run<C>, asked: Asking) -> Expected {
    let join = match (&run.steering.composed, &run.steering.decision.strategy) {
        (Some(Composed::Fusion(fusion)), _) => return of_fusion(run, fusion, asked),
        (Some(Composed::Bodies(_)), _) => {
            // Once, and once more where the first is wrong.
            let once = all(of_models(run, asked), larger);
            return once.with(once, both);
        }
        (None, Strategy::Single) => larger,
        (None, Strategy::Cascade(_) | Strategy::Consensus(_)) => both,
    };
    all(of_models(run, asked), join)
}

/// What it may need of one model: at the dearest of the endpoints that are its.
pub(crate) fn expected_of<C: Asked>(run: &Run<C>, is_its: impl Fn(&Endpoint) -> bool) -> Expected {
    with_fee(run, |counts| {
        expected_of_some(run, &is_its, asking(run, run.call.params().max_tokens, counts))
    })
}

fn expected_of_some<C: Asked>(
    run: &Run<C>,
    is_its: &impl Fn(&Endpoint) -> bool,
    asked: Asking,
) -> Expected {
    let endpoints = run.plan.steps.iter().map(|step| step.endpoint.as_ref());
    let each = endpoints.filter(|it| is_its(it)).map(|endpoint| match &run.steering.composed {
        Some(Composed::Fusion(fusion)) if run.listens => {
            of_analysis(run, endpoint, fusion, asked).0
        }
        _ => at(run, endpoint, asked),
    });
    let once = all(each, larger);
    match run.steering.composed {
        Some(Composed::Bodies(_)) => once.with(once, both),
        Some(Composed::Fusion(_)) | None => once,
    }
}

/// As much as it is expected to need at an endpoint, without a fee.
pub(crate) fn most_at<C: Asked>(run: &Run<C>, endpoint: &Endpoint) -> Load {
    at(run, endpoint, asking(run, run.call.params().max_tokens, Counts::All)).most
}

fn asking<C: Asked>(run: &Run<C>, most: Option<u64>, counts: Counts) -> Asking {
    Asking { prompt: prompt(run), read: Read::of(&run.call), most, counts }
}

/// What is `expected`, with the fee that is due where keys of the caller's own alone meet the call.
fn with_fee<C: Asked>(run: &Run<C>, expected: impl Fn(Counts) -> Expected) -> Expected {
    let all = expected(Counts::All);
    let Some(due) = run.fee_due() else { return all };
    let own = expected(Counts::ListedOfOwn);
    let fee_on = |all: Load, listed: Usd| {
        let fee = due.most(listed);
        let spend_with_own = all.spend_with_own.max(listed.saturating_add(fee));
        Load { spend: all.spend.max(fee), spend_with_own, ..all }
    };
    Expected { most: fee_on(all.most, own.most.spend), least: fee_on(all.least, own.least.spend) }
}

impl Reckoned {
    pub(crate) fn of<C: Asked>(&mut self, run: &Run<C>) -> Expected {
        *self.0.get_or_insert_with(|| expected(run))
    }
}

impl Expected {
    fn with(self, other: Self, join: fn(Load, Load) -> Load) -> Self {
        Self { most: join(self.most, other.most), least: join(self.least, other.least) }
    }
}

fn all(each: impl Iterator<Item = Expected>, join: fn(Load, Load) -> Load) -> Expected {
    each.fold(Expected::default(), |all, one| all.with(one, join))
}

fn larger(a: Load, b: Load) -> Load {
    Load {
        input_tokens: a.input_tokens.max(b.input_tokens),
        output_tokens: a.output_tokens.max(b.output_tokens),
        spend: a.spend.max(b.spend),
        spend_with_own: a.spend_with_own.max(b.spend_with_own),
    }
}

fn both(a: Load, b: Load) -> Load {
    a.and(&b)
}

/// What each model of the plan needs, at the dearest of its endpoints.
fn of_models<C: Asked>(run: &Run<C>, asked: Asking) -> impl Iterator<Item = Expected> {
    let mut models: SmallVec<[(&str, Expected); 4]> = SmallVec::new();
    for step in &run.plan.steps {
        let expected = at(run, &step.endpoint, asked);
        let model = step.endpoint.model.id.as_str();
        match models.iter_mut().find(|(known, _)| *known == model) {
            Some((_, known)) => *known = known.with(expected, larger),
            None => models.push((model, expected)),
        }
    }
    models.into_iter().map(|(_, expected)| expected)
}

/// Every analysis, and the dearest of the writers, who reads all of them.
fn of_fusion<C: Asked>(run: &Run<C>, fusion: &Fusion, asked: Asking) -> Expected {
    let endpoints = |name: &String| -> Vec<&Endpoint> {
        let model = resolve::named(name, &run.installation, &run.key.record);
        let its = |step: &&Step| model.as_ref().is_some_and(|it| it.id == step.endpoint.model.id);
        run.plan.steps.iter().filter(its).map(|step| step.endpoint.as_ref()).collect()
    };
    let mut sum = Expected::default();
    let mut analyses = 0_u64;
    for analyst in &fusion.analysts {
        let mut expected = Expected::default();
        let mut length = 0;
        for endpoint in endpoints(analyst) {
            let (one, usual) = of_analysis(run, endpoint, fusion, asked);
            expected = expected.with(one, larger);
            length = usual.max(length);
        }
        sum = sum.with(expected, both);
        analyses = analyses.saturating_add(length);
    }
    let asked = Asking { read: asked.read.with(analyses), ..asked };
    let writers = fusion.writers.iter().flat_map(endpoints);
    sum.with(all(writers.map(|it| at(run, it, asked)), larger), both)
}

/// What an analysis may need at an endpoint, and how long it is. It may write so much, and seldom
/// does: what is usual there is held.
fn of_analysis<C: Asked>(
    run: &Run<C>,
    endpoint: &Endpoint,
    fusion: &Fusion,
    asked: Asking,
) -> (Expected, u64) {
    let usual = usual(run, endpoint).min(fusion.tokens_max);
    let most = at(run, endpoint, Asking { most: Some(usual), ..asked }).most;
    let least = at(run, endpoint, Asking { most: Some(0), ..asked }).least;
    (Expected { most, least }, usual)
}

fn at<C: Asked>(run: &Run<C>, endpoint: &Endpoint, asked: Asking) -> Expected {
    let Asking { prompt, read, most, counts } = asked;
    let discount = run.discount_on(Some(endpoint));
    let is_own = endpoint.own_key.is_some();
    let load = |read: Prompt, tokens| {
        let Prompt { tokens: prompt_tokens, searches: web_searches } = read;
        let usage = Usage { prompt_tokens, web_searches, completion_tokens: tokens, ..prompt };
        // More than an amount can hold is more than anybody has.
        let price = endpoint.price.as_ref();
        let listed = price.map_or(Usd::ZERO, |price| price.most(&usage).unwrap_or(MOST));
        let (spend, spend_with_own) = match counts {
            Counts::All => {
                let costs = if listed == MOST { MOST } else { discounted(listed, discount) };
                (if is_own { Usd::ZERO } else { costs }, costs)
            }
            Counts::ListedOfOwn => (if is_own { listed } else { Usd::ZERO }, Usd::ZERO),
        };
        // Nobody knows how much it is, but it is something.
        let (input_tokens, output_tokens) = (prompt_tokens.max(1), tokens.max(1));
        Load { input_tokens, output_tokens, spend, spend_with_own }
    };
    let bounded = |tokens: u64| endpoint.max_output.map_or(tokens, |most| tokens.min(most));
    let (most_written, least_written) = match most {
        Some(tokens) => (bounded(tokens), bounded(tokens)),
        None => (bounded(usual(run, endpoint)), 0),
    };
    let (most_read, least_read) = read.at(endpoint.context_length);
    let most = load(most_read, most_written);
    let is_same = (least_read, least_written) == (most_read, most_written);
    Expected { most, least: if is_same { most } else { load(least_read, least_written) } }
}

/// How many tokens answers of an endpoint usually have.
fn usual<C: Asked>(run: &Run<C>, endpoint: &Endpoint) -> u64 {
    run.vitals.length(&endpoint.id).map_or(0, LearnedLength::expected)
}

/// What a call has an endpoint read and make besides tokens.
fn prompt<C: Asked>(run: &Run<C>) -> Usage {
    let weight = run.call.weight();
    let pieces = run.call.member("n").and_then(|it| it.parse().ok()).unwrap_or(1);
    Usage {
        prompt_images: weight.images.saturating_add(weight.remote_images),
        completion_images: pieces,
        ..run.call.least()
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
