//! What must hold whatever is simulated, and small scenarios whose figures can be reasoned out.

#![expect(clippy::unwrap_used, reason = "tests should panic where something is not as expected")]

use std::time::Duration;

use tollgate_lab::{
    Condition, Experiment, Fleet, Full, Host, Kind, Policy, Report, Scenario, ServedModel, Summary,
    Traffic, scenarios,
};

const MINUTES: Traffic = Traffic {
    length: Duration::from_mins(10),
    per_second: 10.0,
    day: None,
    conversations: 0.0,
    patience: None,
};

fn scenario(hosts: Vec<Host>, traffic: Traffic) -> Scenario {
    let models = vec![ServedModel { weight: 1.0, thinks: false, hosts }];
    let fleet = Fleet { models, ..Fleet::default() };
    Scenario { name: "small", about: "a small one", fleet, traffic, is_standard: true }
}

/// The standard ones, shorter: their faults begin after five minutes.
fn short(name: &str, seed: u64) -> Scenario {
    let mut scenario = scenarios(seed).into_iter().find(|it| it.name == name).unwrap();
    scenario.traffic.length = Duration::from_mins(12);
    scenario.traffic.day = None;
    scenario
}

/// Runs them. A run that loses a call, ends one twice or serves beyond a capacity is an error.
fn report(scenarios: Vec<Scenario>, policies: Vec<Policy>, seed: u64) -> Report {
    tollgate_lab::run(&Experiment { seed, scenarios, policies }, |_, _, _| {}).unwrap()
}

fn summary(scenario: Scenario, policy: Policy) -> Summary {
    report(vec![scenario], vec![policy], 1).summaries.remove(0)
}

fn ours() -> Policy {
    Policy::new("tollgate", Kind::Tollgate)
}

#[test]
fn the_same_seed_gives_the_same_table_and_another_another() {
    let table = |seed| {
        let scenarios = ["flapping", "stalling"].map(|name| short(name, 1)).to_vec();
        let policies = Policy::all().into_iter().filter(|it| it.name != "oracle").take(4);
        let report = report(scenarios, policies.collect(), seed);
        (report.to_text(), serde_json::to_string(&report).unwrap())
    };
    let first = table(1);
    assert_eq!(first, table(1));
    assert_ne!(first.1, table(2).1);
}

#[test]
fn every_call_ends_once_and_the_oracle_is_never_beaten() {
    let all = scenarios(2).into_iter().filter(|it| it.name != "fleet");
    let all = all.map(|it| {
        let mut scenario = short(it.name, 2);
        scenario.traffic.length = Duration::from_secs(400);
        scenario.traffic.per_second = 10.0;
        scenario
    });
    // Everything that is off by default goes along, switched on.
    let mut extended = ours();
    for key in ["hedge", "continues", "headroom", "abandoned-fails", "overtaken-fails"] {
        extended.settings.set(key, "1").unwrap();
    }
    extended.name = "extended".to_owned();
    let mut policies = vec![extended];
    policies.extend(Policy::all().into_iter().filter(|it| it.name != "round-robin"));
    for it in report(all.collect(), policies, 2).summaries {
        let place = format!("{} {}", it.scenario, it.policy);
        assert_eq!(it.served + it.failed + it.abandoned + it.cut, it.calls, "{place}");
        assert!(it.calls > 2_500 && it.fullest <= 1.0, "{place}");
        assert!(it.served <= it.servable, "{place}: {} > {}", it.served, it.servable);
        assert!(it.success_percent.unwrap() <= 100.0, "{place}");
    }
}

#[test]
fn an_endpoint_that_is_full_refuses_and_is_filled_to_the_last_place() {
    // Ten calls a second of about 6 s are some sixty at once; there is room for 20 and 5.
    let hosts = vec![
        Host { capacity: 20, full: Full::Busy, ..Host::new(0, 100) },
        Host { capacity: 5, ..Host::new(1, 120) },
    ];
    for policy in Policy::all() {
        let it = summary(scenario(hosts.clone(), MINUTES), policy);
        assert!((it.fullest - 1.0).abs() < f64::EPSILON, "{} {}", it.policy, it.fullest);
        assert!(it.served < it.calls * 6 / 10 && it.served > it.calls / 5, "{}", it.policy);
    }
}

#[test]
fn two_endpoints_of_which_one_is_dead_cost_and_take_what_they_must() {
    // Nothing varies: 80 ms there and back, 420 ms to the first token.
    let host = |provider, percent| Host {
        first_token: 0.42,
        spread: 0.0,
        cache_read: None,
        ..Host::new(provider, percent)
    };
    let hosts = vec![host(0, 100).with(Condition::Outage, 0, u64::MAX), host(1, 200)];
    let it = summary(scenario(hosts.clone(), MINUTES), Policy::new("", Kind::CheapestFirst));
    let is = |value: Option<f64>, wanted: f64| (value.unwrap() - wanted).abs() < 1e-6;
    assert_eq!((it.served, it.after_refusals), (it.calls, it.calls));
    assert!(is(it.first_token_p50, 0.58) && is(it.first_token_p99, 0.58), "{it:?}");
    assert!(is(it.refusals_p99_ms, 80.0) && is(it.refusals_own_p99_ms, 0.0), "{it:?}");
    assert!(is(it.attempts, 2.0) && is(it.cost, 1.0), "{it:?}");
    // Both alive: at twice the price the chance is a quarter, so one call of five costs double.
    let alive = vec![host(0, 100), host(1, 200)];
    let it = summary(scenario(alive, MINUTES), Policy::new("", Kind::InverseSquare));
    assert!((it.cost.unwrap() - 1.2).abs() < 0.03, "{it:?}");
    assert!(is(it.first_token_p50, 0.5) && is(it.attempts, 1.0), "{it:?}");
}

#[test]
fn a_stall_costs_the_timeout_and_a_hedge_its_delay() {
    let host = |provider, percent| Host { spread: 0.0, ..Host::new(provider, percent) };
    let hosts = vec![host(0, 100).with(Condition::Stalls(1.0), 0, u64::MAX), host(1, 100_000)];
    let traffic = Traffic { patience: Some(Duration::from_mins(5)), ..MINUTES };
    let it = summary(scenario(hosts.clone(), traffic), ours());
    assert_eq!(it.served, it.calls);
    // Fifteen seconds, and what prompts take to be read: the longest of a hundred have 6,000 tokens.
    let waited = [it.stalls_p50_ms.unwrap(), it.stalls_p99_ms.unwrap()];
    assert!(waited[0] > 15_000.0 && (15_500.0..18_000.0).contains(&waited[1]), "{it:?}");
    // Ten a second for five seconds, then their silence is known.
    assert!((40..100).contains(&it.after_stalls), "{it:?}");
    let mut hedging = ours();
    hedging.settings.hedge = true;
    let it = summary(scenario(hosts, traffic), hedging);
    assert!((it.stalls_p99_ms.unwrap() - 2_000.0).abs() < 1.0, "{it:?}");
}

#[test]
fn ours_serves_more_than_the_cheapest_first_where_endpoints_stall() {
    for (name, margin) in [("stalling", 5.0), ("half-stalling", 1.0), ("hiccups", 0.5)] {
        for seed in [1, 2] {
            // Longer than many callers stay: whoever knows health does not wait so long twice.
            let mut policies = vec![ours(), Policy::new("cheapest-first", Kind::CheapestFirst)];
            for policy in &mut policies {
                policy.settings.set("first-token-timeout", "30").unwrap();
            }
            let report = report(vec![short(name, seed)], policies, seed);
            let success = |at: usize| report.summaries[at].success_percent.unwrap();
            assert!(success(0) >= success(1) + margin, "{name}: {} {}", success(0), success(1));
        }
    }
}

#[test]
fn ours_asks_less_in_vain_than_the_cheapest_first_where_endpoints_refuse() {
    for name in ["one-dead", "brown-out", "rate-limits", "correlated", "flapping", "peak"] {
        let policies = vec![ours(), Policy::new("cheapest-first", Kind::CheapestFirst)];
        let report = report(vec![short(name, 1)], policies, 1);
        let [mine, other] = &report.summaries[..] else { panic!("{name}") };
        assert!(mine.success_percent >= other.success_percent, "{name}");
        assert!(mine.after_refusals * 5 <= other.after_refusals, "{name}: {mine:?} {other:?}");
    }
}

#[test]
fn what_health_is_told_of_silence_decides_for_the_impatient() {
    let success = |settings: &[(&str, &str)]| {
        let mut policy = ours();
        for (key, value) in settings {
            policy.settings.set(key, value).unwrap();
        }
        summary(short("impatient", 1), policy).success_percent.unwrap()
    };
    let untold = success(&[("abandoned-fails", "0"), ("silence-fails", "0")]);
    assert!(untold < 90.0, "{untold}");
    assert!(success(&[]) > 99.0, "{}", success(&[]));
    for key in ["abandoned-fails", "silence-fails", "first-token-timeout"] {
        let none = [("abandoned-fails", "0"), ("silence-fails", "0")];
        let told = success(&[none[0], none[1], (key, "5")]);
        assert!(told > 99.0, "{key}: {told}");
    }
}

#[test]
fn an_answer_that_is_continued_elsewhere_is_not_lost() {
    let run = |continues: &str| {
        let mut policy = ours();
        policy.settings.set("continues", continues).unwrap();
        summary(short("cuts", 1), policy)
    };
    let (lost, saved) = (run("0"), run("1"));
    assert!(lost.cut > 50 && lost.served == lost.calls - lost.cut, "{lost:?}");
    assert_eq!((saved.cut, saved.served), (0, saved.calls));
    assert!(saved.attempts > lost.attempts);
}
