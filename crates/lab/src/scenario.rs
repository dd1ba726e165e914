//! The scenarios: an open set, each a function and a line in [`scenarios`].

use std::time::Duration;

use crate::condition::{Condition, Span};
use crate::fleet::{Fleet, Full, Host, ServedModel};
use crate::random::Random;
use crate::traffic::{Day, Traffic};

/// A fleet, what befalls it, and who calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// Who serves what.
    pub fleet: Fleet,
    /// Who calls.
    pub traffic: Traffic,
    /// Whether the targets for faults are judged by it.
    pub is_standard: bool,
}

/// All of them, in the order of the table. The seed draws the endpoints of the fleets.
pub fn scenarios(seed: u64) -> Vec<Scenario> {
    vec![
        calm(seed),
        one_dead(),
        brown_out(),
        rate_limits(),
        stalling(seed),
        half_stalling(),
        impatient(),
        correlated(),
        flapping(),
        hiccups(),
        cuts(),
        peak(),
        price_change(),
        slow_region(seed),
        fleet(seed),
    ]
}

/// When faults begin and end, in seconds: of half an hour, a third.
const FAULT: (u64, u64) = (300, 900);

const LENGTH: Duration = Duration::from_mins(30);

const USUAL: Traffic =
    Traffic { length: LENGTH, per_second: 20.0, day: None, conversations: 0.05, patience: None };

/// Three endpoints of one model, the second a quarter and the third four fifths dearer.
fn three() -> [Host; 3] {
    [Host::new(0, 100), Host { first_token: 0.7, ..Host::new(1, 125) }, Host::new(2, 180)]
}

fn model(hosts: impl Into<Vec<Host>>) -> ServedModel {
    ServedModel { weight: 1.0, thinks: false, hosts: hosts.into() }
}

fn single(hosts: [Host; 3]) -> Fleet {
    Fleet { models: vec![model(hosts)], ..Fleet::default() }
}

/// Models with so many endpoints each, drawn: the first provider is the cheapest of them all.
fn drawn(sizes: &[u32], providers: u32, seed: u64) -> Fleet {
    let mut random = Random::keyed(seed, [u64::MAX, 1, 0]);
    let mut models = Vec::new();
    for (at, size) in (0_u32..).zip(sizes) {
        let hosts = (0..*size).map(|place| {
            let dearer = if place == 0 { 0 } else { u64::from(random.below(150)) + 5 };
            // Neighbours share providers, and none has a model twice.
            let provider = if place == 0 { 0 } else { 1 + (at * 3 + place) % (providers - 1) };
            Host {
                first_token: random.between(0.3, 0.9),
                tokens_per_second: random.between(30.0, 120.0),
                ..Host::new(provider, 100 + dearer)
            }
        });
        models.push(model(hosts.collect::<Vec<_>>()));
    }
    Fleet { models, ..Fleet::default() }
}

/// Makes something befall every endpoint of a provider.
fn befall(fleet: &mut Fleet, provider: u32, spans: &[Span]) {
    let hosts = fleet.models.iter_mut().flat_map(|model| &mut model.hosts);
    for host in hosts.filter(|host| host.provider == provider) {
        host.spans.extend_from_slice(spans);
    }
}

fn calm(seed: u64) -> Scenario {
    Scenario {
        name: "calm",
        about: "4 models with 3 to 12 endpoints, nothing happens",
        fleet: drawn(&[3, 5, 8, 12], 14, seed),
        traffic: USUAL,
        is_standard: false,
    }
}

fn one_dead() -> Scenario {
    let [cheapest, second, third] = three();
    Scenario {
        name: "one-dead",
        about: "the cheapest of three refuses everything from minute 5 on",
        fleet: single([cheapest.with(Condition::Outage, FAULT.0, u64::MAX), second, third]),
        traffic: USUAL,
        is_standard: true,
    }
}

fn brown_out() -> Scenario {
    let [cheapest, second, third] = three();
    let cheapest = cheapest.with(Condition::Errors(0.4), FAULT.0, FAULT.1).with(
        Condition::Slow(3.0),
        FAULT.0,
        FAULT.1,
    );
    Scenario {
        name: "brown-out",
        about: "the cheapest of three fails 40 % and is 3 times as slow for 10 minutes",
        fleet: single([cheapest, second, third]),
        traffic: USUAL,
        is_standard: true,
    }
}

fn rate_limits() -> Scenario {
    let limited = |host: Host, per_minute| Host { per_minute: Some(per_minute), ..host };
    let [cheapest, second, third] = three();
    Scenario {
        name: "rate-limits",
        about: "three endpoints take 400, 500 and 700 requests a minute; 1200 come",
        fleet: single([limited(cheapest, 400), limited(second, 500), limited(third, 700)]),
        traffic: USUAL,
        is_standard: true,
    }
}

fn stalling(seed: u64) -> Scenario {
    let mut fleet = drawn(&[3, 5, 8, 12], 14, seed);
    befall(&mut fleet, 0, &[Span::of(Condition::Stalls(1.0), FAULT.0, FAULT.1)]);
    Scenario {
        name: "stalling",
        about: "the cheapest provider of 4 models accepts calls and says nothing for 10 minutes",
        fleet,
        traffic: USUAL,
        is_standard: true,
    }
}

fn half_stalling() -> Scenario {
    let [cheapest, second, third] = three();
    Scenario {
        name: "half-stalling",
        about: "the cheapest of three says nothing to 30 % of its calls for 10 minutes",
        fleet: single([cheapest.with(Condition::Stalls(0.3), FAULT.0, FAULT.1), second, third]),
        traffic: USUAL,
        is_standard: true,
    }
}

fn impatient() -> Scenario {
    let [cheapest, second, third] = three();
    Scenario {
        name: "impatient",
        about: "the cheapest of three stalls for 10 minutes, and every caller leaves after 10 s",
        fleet: single([cheapest.with(Condition::Stalls(1.0), FAULT.0, FAULT.1), second, third]),
        traffic: Traffic { patience: Some(Duration::from_secs(10)), ..USUAL },
        is_standard: true,
    }
}

/// How long nobody can be reached, and how often that is.
const HICCUP: (Duration, Duration) = (Duration::from_millis(400), Duration::from_secs(20));

fn hiccups() -> Scenario {
    let begins = (1..80).map(|at| HICCUP.1 * at);
    let span = |from| Span { from, to: from + HICCUP.0, flaps: None, condition: Condition::Outage };
    let spans: Vec<Span> = begins.map(span).collect();
    let hosts = three().map(|host| Host { spans: spans.clone(), ..host });
    Scenario {
        name: "hiccups",
        about: "none of three can be reached for 400 ms every 20 s",
        fleet: single(hosts),
        traffic: USUAL,
        is_standard: true,
    }
}

fn correlated() -> Scenario {
    let hosts = |at: u32| {
        let second = Host::new(1 + at % 4, 120 + u64::from(at) * 3);
        vec![Host::new(0, 100), second, Host::new(5 + at % 3, 150), Host::new(8, 200)]
    };
    let mut fleet =
        Fleet { models: (0..10).map(|at| model(hosts(at))).collect(), ..Fleet::default() };
    befall(&mut fleet, 0, &[Span::of(Condition::Outage, FAULT.0, FAULT.1)]);
    Scenario {
        name: "correlated",
        about: "the cheapest provider of 10 models is out with all of them for 10 minutes",
        fleet,
        traffic: USUAL,
        is_standard: true,
    }
}

fn flapping() -> Scenario {
    let [mut cheapest, second, third] = three();
    let flaps = Some(Duration::from_secs(20));
    cheapest.spans.push(Span { flaps, ..Span::of(Condition::Outage, FAULT.0, 1_500) });
    Scenario {
        name: "flapping",
        about: "the cheapest of three is out for 20 s, back for 20 s, and so on for 20 minutes",
        fleet: single([cheapest, second, third]),
        traffic: USUAL,
        is_standard: true,
    }
}

fn cuts() -> Scenario {
    let [cheapest, second, third] = three();
    Scenario {
        name: "cuts",
        about: "5 % of the cheapest's answers break off in the middle for 10 minutes",
        fleet: single([cheapest.with(Condition::Cuts(0.05), FAULT.0, FAULT.1), second, third]),
        traffic: USUAL,
        is_standard: false,
    }
}

fn peak() -> Scenario {
    let [cheapest, second, third] = three();
    let length = Duration::from_hours(1);
    Scenario {
        name: "peak",
        about: "a day in an hour; at its height the cheapest of three has room for a third",
        fleet: single([
            // About 5.3 s a call: 36 calls a second at the height are 190 at once.
            Host { capacity: 64, ..cheapest },
            Host { capacity: 96, full: Full::Busy, ..second },
            Host { capacity: 400, ..third },
        ]),
        traffic: Traffic { length, day: Some(Day { length, depth: 0.8 }), ..USUAL },
        is_standard: true,
    }
}

fn price_change() -> Scenario {
    let [cheapest, second, third] = three();
    let mut fleet = single([
        cheapest.with(Condition::Price(2.0), 600, u64::MAX),
        second,
        third.with(Condition::Price(0.5), 1_200, u64::MAX),
    ]);
    fleet.price_delay = Duration::from_mins(2);
    Scenario {
        name: "price-change",
        about: "the cheapest doubles its price, later the dearest halves it; known 2 minutes after",
        fleet,
        traffic: USUAL,
        is_standard: false,
    }
}

fn slow_region(seed: u64) -> Scenario {
    let mut fleet = drawn(&[4, 6, 8], 10, seed);
    for provider in [0, 2, 4] {
        befall(&mut fleet, provider, &[Span::of(Condition::Slow(6.0), FAULT.0, FAULT.1)]);
    }
    Scenario {
        name: "slow-region",
        about: "the cheapest provider and two others are 6 times as slow for 10 minutes",
        fleet,
        traffic: USUAL,
        is_standard: true,
    }
}

/// Providers of the large fleet.
const PROVIDERS: u32 = 24;

fn fleet(seed: u64) -> Scenario {
    let mut random = Random::keyed(seed, [u64::MAX, 2, 0]);
    let sizes: Vec<u32> = (0..34).map(|_| 2 + random.below(19)).collect();
    let mut fleet = drawn(&sizes, PROVIDERS, seed);
    for (model, at) in fleet.models.iter_mut().zip(1_u32..) {
        model.weight = 1.0 / f64::from(at);
        for host in &mut model.hosts {
            host.spans.extend(incident(&mut random, 0.25));
        }
    }
    for provider in 0..PROVIDERS {
        let spans: Vec<Span> = incident(&mut random, 0.15).into_iter().collect();
        befall(&mut fleet, provider, &spans);
    }
    Scenario {
        name: "fleet",
        about: "34 models, 24 providers, a million calls in 10 minutes, an incident here and there",
        fleet,
        traffic: Traffic {
            length: Duration::from_mins(10),
            per_second: 1_820.0,
            day: None,
            conversations: 0.05,
            patience: None,
        },
        is_standard: true,
    }
}

/// Something that befalls this share of endpoints for one to four minutes.
fn incident(random: &mut Random, share: f64) -> Option<Span> {
    let happens = random.chance(share);
    let from = u64::from(30 + random.below(400));
    let to = from + 60 + u64::from(random.below(180));
    let condition = match random.below(6) {
        0 | 1 => Condition::Outage,
        2 | 3 => Condition::Errors(random.between(0.1, 0.7)),
        4 => Condition::Slow(random.between(2.0, 8.0)),
        _ => Condition::Stalls(random.between(0.3, 1.0)),
    };
    happens.then(|| Span::of(condition, from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fleet_is_large_and_no_provider_has_a_model_twice() {
        for scenario in scenarios(1) {
            for model in &scenario.fleet.models {
                let mut providers: Vec<u32> = model.hosts.iter().map(|it| it.provider).collect();
                providers.sort_unstable();
                providers.dedup();
                assert_eq!(providers.len(), model.hosts.len(), "{}", scenario.name);
                assert!((2..=20).contains(&model.hosts.len()), "{}", scenario.name);
            }
        }
        let all = scenarios(1);
        let hosts: usize = all.last().unwrap().fleet.models.iter().map(|it| it.hosts.len()).sum();
        assert!(hosts >= 300, "{hosts}");
    }
}
