//! In which order a call tries the endpoints of its model.

use std::sync::Arc;
use std::time::Duration;

use tollgate_catalog::Endpoint;
use tollgate_health::{Circuit, Health, Standing};
use tollgate_routing::{CallShape, Candidates, Preferences, Question, Sort, plan};

use crate::number::float;
use crate::policy::{Kind, Policy, Settings};
use crate::random::Random;
use crate::stamp;

/// An endpoint to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Its place among those of the model.
    pub(crate) place: usize,
    /// How long it is waited for before another is started beside it.
    pub(crate) late: Duration,
    /// What it was seen to take at the worst.
    pub(crate) worst: Duration,
}

/// What is known when a call is planned.
pub(crate) struct Circumstances<'a> {
    /// The model's endpoints as the catalogue has them.
    pub(crate) endpoints: &'a [Arc<Endpoint>],
    /// How they are doing, in the same order.
    pub(crate) vitals: &'a [Arc<Health>],
    pub(crate) prompt_tokens: u32,
    /// The place of the one that has the conversation.
    pub(crate) sticky: Option<usize>,
    pub(crate) seed: u64,
    /// How many calls of the model came before.
    pub(crate) turn: usize,
    pub(crate) now: Duration,
}

/// The order, and the endpoints whose probe the call was granted.
pub(crate) fn choose(
    policy: &Policy,
    circumstances: &Circumstances<'_>,
) -> (Vec<Choice>, Vec<usize>) {
    if policy.is_ours() {
        return planned(&policy.settings, circumstances);
    }
    let mut random = Random::new(circumstances.seed);
    let mut places = by_price(circumstances);
    match policy.kind {
        Kind::Random => shuffle(&mut places, &mut random),
        Kind::RoundRobin => {
            places.sort_unstable();
            let first = circumstances.turn.checked_rem(places.len()).unwrap_or(0);
            places.rotate_left(first);
        }
        Kind::InverseSquare => {
            let prices: Vec<f64> = places.iter().map(|it| price(circumstances, *it)).collect();
            to_front(&mut places, drawn(&prices, &mut random));
        }
        Kind::CheapestFirst | Kind::Oracle | Kind::Tollgate => {}
    }
    let choices = places.into_iter().map(|place| Choice {
        place,
        late: Duration::MAX,
        worst: Duration::ZERO,
    });
    (choices.collect(), Vec::new())
}

/// As the engine plans: the same question, and the same way to hand out probes.
fn planned(settings: &Settings, circumstances: &Circumstances<'_>) -> (Vec<Choice>, Vec<usize>) {
    let Circumstances { endpoints, vitals, now, seed, .. } = *circumstances;
    let now = stamp(now);
    let health = |endpoint: &Endpoint| {
        place_of(endpoints, endpoint).and_then(|place| Some((place, vitals.get(place)?)))
    };
    let standing = |endpoint: &Endpoint| {
        health(endpoint).map_or_else(Standing::default, |(_, health)| health.standing(now))
    };
    let shape =
        CallShape { prompt_tokens: circumstances.prompt_tokens.into(), ..CallShape::default() };
    let sticky = circumstances.sticky.and_then(|place| endpoints.get(place));
    let mut plan = plan(&Question {
        models: &[Candidates { endpoints, variant: None }],
        shape: &shape,
        wants: &Preferences::default(),
        restrictions: &[],
        sort: settings.draw_within.map(|_| Sort::Price),
        standing: &standing,
        sticky: sticky.map(|endpoint| &endpoint.id),
        seed,
        now,
    });
    if let Some(within) = settings.draw_within {
        draw_near(&mut plan.steps, within, settings.draw_least, seed);
    }
    // One call at a time tries what is to be tried again; the others try it when all else has failed.
    let mut probes = Vec::new();
    for _ in 0..plan.steps.len() {
        let first = plan.steps.first().filter(|it| it.standing.circuit == Circuit::HalfOpen);
        let Some((place, health)) = first.and_then(|it| health(&it.endpoint)) else { break };
        if health.try_probe(now) {
            probes.push(place);
            break;
        }
        plan.steps.rotate_left(1);
    }
    let choice = |step: &tollgate_routing::Step| {
        let measured = step.standing.first_token_ms;
        // Half-way between the ninetieth and the ninety-ninth, as the engine has it.
        let usual = measured.map(|it| f64::midpoint(it.p90, it.p99) / 1_000.0);
        let usual = usual.and_then(|it| Duration::try_from_secs_f64(it).ok());
        let late = usual.unwrap_or(settings.hedge_unmeasured).min(settings.hedge_max);
        let worst = measured.map_or(0.0, |it| it.p99 / 1_000.0);
        let worst = Duration::try_from_secs_f64(worst).unwrap_or_default();
        Some(Choice { place: place_of(endpoints, &step.endpoint)?, late, worst })
    };
    (plan.steps.iter().filter_map(choice).collect(), probes)
}

/// A draw that the gateway does not have: over what stands at the top of a plan by price and costs
/// not much more than the cheapest.
fn draw_near(steps: &mut [tollgate_routing::Step], within: f64, least: u32, seed: u64) {
    let is_kept = |step: &tollgate_routing::Step| step.place == tollgate_routing::Place::Sticky;
    if steps.first().is_none_or(is_kept) {
        return;
    }
    let price = |step: &tollgate_routing::Step| {
        let picos = step.price.and_then(|it| u64::try_from(it).ok()).unwrap_or(u64::MAX);
        float(picos)
    };
    let most = steps.first().map_or(0.0, |cheapest| price(cheapest) * within);
    let near = (0..)
        .zip(steps.iter())
        .take_while(|(place, it)| it.demotion.is_none() && (price(it) <= most || *place < least));
    let prices: Vec<f64> = near.map(|(_, it)| price(it)).collect();
    to_front(steps, drawn(&prices, &mut Random::new(seed)));
}

fn place_of(endpoints: &[Arc<Endpoint>], endpoint: &Endpoint) -> Option<usize> {
    endpoints.iter().position(|it| std::ptr::eq(Arc::as_ptr(it), endpoint))
}

fn by_price(circumstances: &Circumstances<'_>) -> Vec<usize> {
    let places = 0..circumstances.endpoints.len();
    let mut priced: Vec<(f64, usize)> =
        places.map(|place| (price(circumstances, place), place)).collect();
    priced.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    priced.into_iter().map(|(_, place)| place).collect()
}

/// What the call would cost there, by the same estimate that plans are made by.
fn price(circumstances: &Circumstances<'_>, place: usize) -> f64 {
    let shape = CallShape::default();
    let price = circumstances.endpoints.get(place).and_then(|it| it.price.as_ref());
    let picos = price.map(|price| {
        price.rates.estimate(circumstances.prompt_tokens.into(), shape.answer_tokens())
    });
    picos.and_then(|it| u64::try_from(it).ok()).map_or(f64::INFINITY, float)
}

/// The place that is drawn with a chance by the inverse square of its price.
fn drawn(prices: &[f64], random: &mut Random) -> usize {
    let total: f64 = prices.iter().map(|price| price.powi(-2)).sum();
    let mut left = random.unit() * total;
    let place = prices.iter().position(|price| {
        left -= price.powi(-2);
        left < 0.0
    });
    place.unwrap_or(0)
}

fn to_front<T>(places: &mut [T], at: usize) {
    if let Some(front) = places.get_mut(..=at) {
        front.rotate_right(1);
    }
}

fn shuffle(places: &mut [usize], random: &mut Random) {
    for end in (1..places.len()).rev() {
        let bound = u32::try_from(end).unwrap_or(u32::MAX).saturating_add(1);
        places.swap(end, usize::try_from(random.below(bound)).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{Directory, Fleet, Host, ServedModel};

    fn first_choices(policy: &Policy, standing: impl Fn(&[Arc<Health>])) -> [u32; 3] {
        let hosts = vec![Host::new(0, 200), Host::new(1, 100), Host::new(2, 100_000)];
        let models = vec![ServedModel { weight: 1.0, thinks: false, hosts }];
        let directory = Directory::new(&Fleet { models, ..Fleet::default() }).unwrap();
        let vitals: Vec<Arc<Health>> = (0..3).map(|_| Arc::default()).collect();
        standing(&vitals);
        let mut first = [0; 3];
        for turn in 0..1_000 {
            let (choices, _) = choose(
                policy,
                &Circumstances {
                    endpoints: directory.known(0, Duration::ZERO),
                    vitals: &vitals,
                    prompt_tokens: 100,
                    sticky: None,
                    seed: Random::keyed(1, [turn, 0, 0]).bits(),
                    turn: usize::try_from(turn).unwrap(),
                    now: Duration::from_secs(5),
                },
            );
            let mut places: Vec<usize> = choices.iter().map(|it| it.place).collect();
            first[places[0]] += 1;
            places.sort_unstable();
            assert_eq!(places, [0, 1, 2], "each is tried once");
        }
        first
    }

    #[test]
    fn first_choices_are_the_policy_s() {
        let of = |kind| first_choices(&Policy::new("", kind), |_| {});
        assert_eq!(of(Kind::CheapestFirst), [0, 1_000, 0]);
        assert_eq!(of(Kind::RoundRobin), [334, 333, 333]);
        assert!(of(Kind::Random).iter().all(|it| (250..420).contains(it)));
        // Twice the price is a quarter of the chance.
        for kind in [Kind::InverseSquare, Kind::Tollgate] {
            let [dear, cheap, dearest] = of(kind);
            assert!((150..250).contains(&dear) && cheap + dear == 1_000 && dearest == 0);
        }
    }

    #[test]
    fn ours_leaves_out_what_fails_and_can_draw_among_the_cheap() {
        let mut policy = Policy::new("", Kind::Tollgate);
        let fails = |vitals: &[Arc<Health>]| {
            let refusal = crate::world::Refusal::Unreachable.outcome();
            for _ in 0..2 {
                vitals[1].observe(refusal, stamp(Duration::from_secs(1)));
            }
        };
        let [dear, cheap, _] = first_choices(&policy, fails);
        assert!(dear > 990 && cheap == 0);
        policy.settings.draw_within = Some(1.5);
        assert_eq!(first_choices(&policy, |_| {}), [0, 1_000, 0]);
        policy.settings.draw_within = Some(3.0);
        let [dear, cheap, _] = first_choices(&policy, |_| {});
        assert!(dear > 100 && dear + cheap == 1_000);
    }
}
