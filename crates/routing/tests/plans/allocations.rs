//! A plan allocates its own two lists, whatever it is over and whatever is wanted.

use std::sync::Arc;

use allocation_counter::measure;
use tollgate_catalog::Endpoint;
use tollgate_health::{Quality, Standing};
use tollgate_routing::{CallShape, Candidates, Preferences, Question, plan};

use crate::support::{NOW, P1, P2, model};

/// So many endpoints of a model: every third costs twice as much, every fourth knows no tools.
fn endpoints(id: &str, count: usize) -> Vec<Arc<Endpoint>> {
    let names: Vec<String> = (0..count).map(|place| format!("p{place}")).collect();
    let tools = "supported_parameters = [\"tools\"]";
    let row = |place: usize| {
        let price = if place.is_multiple_of(3) { P2 } else { P1 };
        if place % 4 == 3 { price.to_owned() } else { format!("{price}\n{tools}") }
    };
    let rows: Vec<String> = (0..count).map(row).collect();
    let rows: Vec<(&str, &str)> =
        names.iter().zip(&rows).map(|(name, row)| (name.as_str(), row.as_str())).collect();
    model(id, &rows)
}

/// How often a plan allocates, and how many endpoints it leaves out.
fn allocations(count: usize, wants: &str, parameters: &[&'static str]) -> (u64, usize) {
    let models = [endpoints("a/m", count), endpoints("a/n", count)];
    let candidates = [0, 1].map(|at: usize| Candidates { endpoints: &models[at], variant: None });
    let standing = |endpoint: &Endpoint| {
        let (name, length) = (endpoint.provider.slug.as_str(), endpoint.id.as_str().len());
        let tokens_per_second = Some(f64::from(u32::try_from(length).unwrap()));
        Standing {
            // Some are known not to answer, so that the second model's others go before them.
            requests_left: Some(u64::from(!name.ends_with('7'))),
            quality: Quality { tokens_per_second, tool_success: tokens_per_second },
            ..Standing::default()
        }
    };
    let question = Question {
        models: &candidates,
        shape: &CallShape { parameters: parameters.to_vec(), ..CallShape::default() },
        wants: &Preferences::parse(wants).unwrap(),
        restrictions: &[],
        sort: None,
        standing: &standing,
        sticky: Some(&models[0][count / 2].id),
        seed: 7,
        now: NOW,
    };
    let mut dropped = 0;
    let info = measure(|| dropped = plan(&question).dropped.len());
    (info.count_total, dropped)
}

#[test]
fn a_plan_allocates_its_steps_and_what_it_drops_once_each() {
    for count in [1, 2, 5, 20, 50] {
        for (wants, parameters) in [
            ("{}", &[][..]),
            (r#"{"sort":"price"}"#, &[]),
            (r#"{"sort":{"by":"latency","partition":"none"}}"#, &[]),
            (r#"{"order":["p1"],"ignore":["p0"],"max_price":{"prompt":1}}"#, &[]),
            (r#"{"allow_fallbacks":false}"#, &[]),
            ("{}", &["tools"]),
            (r#"{"only":["p0","p1","p2","p3","p4","p5","p6","p7","p8","p9"]}"#, &["tools"]),
        ] {
            let (allocations, dropped) = allocations(count, wants, parameters);
            let lists = 1 + u64::from(dropped > 0);
            assert_eq!(allocations, lists, "{count} {wants} {parameters:?}, {dropped} dropped");
        }
    }
}
