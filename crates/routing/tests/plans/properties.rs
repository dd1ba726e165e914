//! What holds of every plan.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use tollgate_health::{Circuit, Percentiles, Standing, UptimeTier};
use tollgate_routing::{CallShape, Funds, Plan, Preferences, Restriction, Sort};
use tollgate_types::Timestamp;

use crate::support::{Asked, NOW, endpoints};

const PROVIDERS: [&str; 8] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"];

fn standing() -> impl Strategy<Value = Standing> {
    let circuit = prop_oneof![
        Just(Circuit::Closed),
        Just(Circuit::HalfOpen),
        Just(Circuit::Open { until: Timestamp::from_unix_millis(2_000_000) }),
    ];
    let tier = prop_oneof![
        Just(UptimeTier::Normal),
        Just(UptimeTier::Lowered),
        Just(UptimeTier::LastResort),
    ];
    let speed = prop::option::of(0.0..500.0_f64);
    let cooling = prop::option::of(0_i64..2_000_000);
    (any::<bool>(), circuit, tier, speed, cooling).prop_map(
        |(stable, circuit, tier, speed, cooling)| Standing {
            stable,
            circuit,
            tier,
            cooling_until: cooling.map(Timestamp::from_unix_millis),
            tokens_per_second: speed.map(|it| Percentiles { p50: it, p75: it, p90: it, p99: it }),
            first_token_ms: speed.map(|it| Percentiles { p50: it, p75: it, p90: it, p99: it }),
            ..Standing::default()
        },
    )
}

fn wants() -> impl Strategy<Value = Preferences> {
    let name = prop::sample::select(PROVIDERS.as_slice()).prop_map(str::to_owned);
    let names = || prop::collection::vec(name.clone(), 0..3);
    let sort = prop::option::of(prop::sample::select(
        [Sort::Price, Sort::Throughput, Sort::Latency, Sort::Exacto].as_slice(),
    ));
    (names(), names(), names(), any::<bool>(), sort, any::<bool>()).prop_map(
        |(order, only, ignore, allow_fallbacks, sort, across_models)| Preferences {
            order,
            only,
            ignore,
            allow_fallbacks,
            sort,
            across_models,
            ..Preferences::default()
        },
    )
}

fn ids(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| step.endpoint.id.to_string()).collect()
}

proptest! {
    /// Every endpoint is either tried once or dropped with a reason, whatever is known and wanted;
    /// the same question has the same answer; and what is dropped is never tried.
    #[test]
    fn nothing_is_lost_and_nothing_is_doubled(
        prices in prop::collection::vec(prop::option::of(0_u32..5), 1..8),
        standings in prop::collection::vec(standing(), 8),
        wants in wants(),
        rules in prop::collection::vec(wants(), 0..3),
        must_be_priced in any::<bool>(),
        max_tokens in prop::option::of(1_u64..200),
        sticky in prop::option::of(0_usize..8),
        seed in any::<u64>(),
    ) {
        let rows: Vec<(&str, String)> = PROVIDERS.iter().zip(&prices).map(|(name, price)| {
            let row = price.map_or_else(String::new, |it| {
                format!("price = {{ input = \"{it}\", output = \"1\", free = true }}")
            });
            (*name, row)
        }).collect();
        let rows: Vec<(&str, &str)> = rows.iter().map(|(a, b)| (*a, b.as_str())).collect();
        let candidates = endpoints(&rows);
        let asked = Asked {
            shape: CallShape { funds: Funds { must_be_priced, ..Funds::default() }, max_tokens, ..CallShape::default() },
            wants,
            standings: PROVIDERS.into_iter().zip(standings).collect(),
            sticky: sticky.and_then(|at| candidates.get(at)).map(|it| it.id.clone()),
            seed,
            variant: None,
            restrictions: rules
                .into_iter()
                .map(|wants| Restriction::of_rule("r".into(), Arc::new(wants)))
                .collect(),
        };
        let planned = asked.plan(&[&candidates]);
        let mut seen = ids(&planned);
        seen.extend(planned.dropped.iter().map(|(it, _)| it.id.to_string()));
        seen.sort();
        let mut all: Vec<String> = candidates.iter().map(|it| it.id.to_string()).collect();
        all.sort();
        prop_assert_eq!(seen, all);
        prop_assert_eq!(ids(&planned), ids(&asked.plan(&[&candidates])));
        prop_assert!(planned.steps.iter().all(|it| !must_be_priced || it.price.is_some()));
        prop_assert!(planned.dropped.iter().all(|(_, why)| !why.reason().is_empty()));
        // What is left alone stands behind all that is not.
        let shut = |plan: &Plan| plan.steps.iter().map(|it| {
            matches!(it.standing.circuit, Circuit::Open { .. })
                || it.standing.cooling_until.is_some_and(|until| until > NOW)
        }).collect::<Vec<bool>>();
        prop_assert!(shut(&planned).is_sorted());
        for rule in asked.restrictions.iter().map(|it| &it.wants) {
            let names = |list: &[String], id: &str| list.iter().any(|it| id.starts_with(it.as_str()));
            let forbids = |id: &String| {
                names(&rule.ignore, id) || (!rule.only.is_empty() && !names(&rule.only, id))
            };
            prop_assert!(!ids(&planned).iter().any(forbids));
        }
    }

    /// The draw changes nothing but who is first.
    #[test]
    fn another_seed_draws_another_first_and_keeps_the_rest_in_order(
        prices in prop::collection::vec(1_u32..9, 2..8),
        seeds in any::<(u64, u64)>(),
    ) {
        let rows: Vec<(&str, String)> = PROVIDERS.iter().zip(&prices)
            .map(|(name, it)| (*name, format!("price = {{ input = \"{it}\", output = \"1\" }}")))
            .collect();
        let rows: Vec<(&str, &str)> = rows.iter().map(|(a, b)| (*a, b.as_str())).collect();
        let candidates = endpoints(&rows);
        let with = |seed| ids(&Asked { seed, ..Asked::default() }.plan(&[&candidates]));
        let (one, other) = (with(seeds.0), with(seeds.1));
        let both = |order: &[String]| -> Vec<String> {
            let firsts: BTreeSet<&String> = one.first().into_iter().chain(other.first()).collect();
            order.iter().filter(|id| !firsts.contains(id)).cloned().collect()
        };
        prop_assert_eq!(both(&one), both(&other));
    }
}
