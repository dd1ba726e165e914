//! Planning over endpoints that have lived through some traffic.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tollgate_catalog::{Catalog, Endpoint, EndpointId};
use tollgate_health::{Health, Outcome, Standing};
use tollgate_routing::{CallShape, Candidates, Preferences, Question, plan};
use tollgate_types::Timestamp;

use super::Case;

/// The time of all cases.
pub(super) const NOW: Timestamp = Timestamp::from_unix_millis(1_790_000_000_000);

pub(super) fn cases() -> anyhow::Result<Vec<Case>> {
    Ok(vec![
        planned("plan over 1 endpoint", 1, "{}")?,
        planned("plan over 20 endpoints", 20, "{}")?,
        planned("plan over 20 endpoints by throughput", 20, r#"{"sort":"throughput"}"#)?,
    ])
}

/// That many endpoints of one model.
pub(super) fn endpoints(count: usize) -> anyhow::Result<Vec<Arc<Endpoint>>> {
    let mut text = "[[model]]\nid = \"a/m\"\ncontext_length = 128000\nmax_output = 16000\n\
                    supported_parameters = [\"temperature\", \"max_tokens\", \"tools\"]\n"
        .to_owned();
    for place in 0..count {
        // Not in the order of the plan.
        let price = 10 + place * 37 % count.max(1);
        writeln!(
            text,
            "[[model.endpoint]]\nprovider = \"p{place}\"\n\
             price = {{ input = \"0.{price:03}\", output = \"1.{price:03}\" }}"
        )?;
    }
    for place in 0..count {
        writeln!(
            text,
            "[[provider]]\nslug = \"p{place}\"\nname = \"P {place}\"\n\
             protocol = \"openai-chat\"\nbase_url = \"http://h/v1\""
        )?;
    }
    let catalog = Catalog::from_rows(toml::from_str(&text)?);
    let catalog = catalog.map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
    Ok(catalog.endpoints("a/m").to_vec())
}

/// What is known of endpoints that have answered some calls.
fn vitals(endpoints: &[Arc<Endpoint>]) -> BTreeMap<EndpointId, Health> {
    let lived = |place: u64| {
        let health = Health::default();
        for call in 0..250 {
            let then = NOW.plus_millis(-(call * 1_000));
            health.first_token(Duration::from_millis(300 + place * 7 % 50), then);
            health.generated(100 + place * 13 % 40, Duration::from_secs(2), then);
            health.observe(Outcome::Success, then);
        }
        health
    };
    (0..).zip(endpoints).map(|(place, it)| (it.id.clone(), lived(place))).collect()
}

fn planned(name: &str, count: usize, wants: &str) -> anyhow::Result<Case> {
    let endpoints = endpoints(count)?;
    let vitals = vitals(&endpoints);
    let wants = Preferences::parse(wants).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let shape = CallShape {
        parameters: vec!["temperature"],
        prompt_tokens: 1_000,
        max_tokens: Some(1_000),
        ..CallShape::default()
    };
    Ok(Case::new(name, move || {
        let standing = |endpoint: &Endpoint| -> Standing {
            vitals.get(&endpoint.id).map_or_else(Standing::default, |it| it.standing(NOW))
        };
        plan(&Question {
            models: &[Candidates { endpoints: &endpoints, variant: None }],
            shape: &shape,
            wants: &wants,
            restrictions: &[],
            sort: None,
            standing: &standing,
            sticky: None,
            seed: 7,
            now: NOW,
        })
    }))
}
