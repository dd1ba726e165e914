//! Catalogues of one model, and plans over them, for tables.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use tollgate_catalog::{Catalog, Endpoint, EndpointId};
use tollgate_health::Standing;
use tollgate_routing::{
    CallShape, Candidates, Plan, Preferences, Question, Restriction, Sort, plan,
};
use tollgate_types::Timestamp;

pub(crate) const P1: &str = "price = { input = \"1\", output = \"1\" }";
pub(crate) const P2: &str = "price = { input = \"2\", output = \"2\" }";
pub(crate) const P3: &str = "price = { input = \"3\", output = \"3\" }";

/// With it the draw falls on the cheapest, whatever else there is.
pub(crate) const CHEAPEST_DRAWN: u64 = 196;

/// When the plans are made.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_millis(1_000_000);

/// What is asked of the planner but for the endpoints.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) shape: CallShape,
    pub(crate) wants: Preferences,
    /// How providers have been doing; a provider without a row has done nothing.
    pub(crate) standings: HashMap<&'static str, Standing>,
    pub(crate) sticky: Option<EndpointId>,
    pub(crate) seed: u64,
    /// What a variant of every model's name asks for.
    pub(crate) variant: Option<Sort>,
    /// What the operator allows.
    pub(crate) restrictions: Vec<Restriction>,
}

impl Asked {
    /// A plain call with these wishes, for which the cheapest is drawn.
    pub(crate) fn wanting(wants: &str) -> Self {
        let wants = Preferences::parse(wants).unwrap();
        Self { wants, seed: CHEAPEST_DRAWN, ..Self::default() }
    }

    /// The same under a rule of this name.
    pub(crate) fn under(self, rule: &str, wants: &str) -> Self {
        let wants = Arc::new(Preferences::parse(wants).unwrap());
        self.by(Restriction::of_rule(rule.into(), wants))
    }

    /// The same, and another restriction.
    pub(crate) fn by(mut self, restriction: Restriction) -> Self {
        self.restrictions.push(restriction);
        self
    }

    pub(crate) fn with(mut self, provider: &'static str, standing: Standing) -> Self {
        self.standings.insert(provider, standing);
        self
    }

    pub(crate) fn plan(&self, models: &[&[Arc<Endpoint>]]) -> Plan {
        let standing = |endpoint: &Endpoint| {
            self.standings.get(endpoint.provider.slug.as_str()).copied().unwrap_or_default()
        };
        let variant = self.variant;
        let models: Vec<Candidates<'_>> =
            models.iter().map(|endpoints| Candidates { endpoints, variant }).collect();
        plan(&Question {
            models: &models,
            shape: &self.shape,
            wants: &self.wants,
            restrictions: &self.restrictions,
            sort: None,
            standing: &standing,
            sticky: self.sticky.as_ref(),
            seed: self.seed,
            now: NOW,
        })
    }
}

/// Endpoints of one model, one row each: provider, then `key = value` pairs of its row. What stands
/// behind a slash of the provider is the endpoint's suffix.
pub(crate) fn endpoints(rows: &[(&str, &str)]) -> Vec<Arc<Endpoint>> {
    model("a/m", rows)
}

/// The same for a model of this name.
pub(crate) fn model(id: &str, rows: &[(&str, &str)]) -> Vec<Arc<Endpoint>> {
    let mut text = format!(
        "[[model]]\nid = \"{id}\"\ncontext_length = 1000\nmax_output = 100\ninput = [\"text\", \"image\"]\n"
    );
    let mut providers: Vec<&str> = Vec::new();
    for (name, row) in rows {
        let (provider, suffix) = name.split_once('/').unwrap_or((name, ""));
        let suffix =
            if suffix.is_empty() { String::new() } else { format!("suffix = \"{suffix}\"\n") };
        writeln!(text, "[[model.endpoint]]\nprovider = \"{provider}\"\n{suffix}{row}").unwrap();
        if !providers.contains(&provider) {
            providers.push(provider);
        }
    }
    for provider in providers {
        let reseller = provider.starts_with("re");
        writeln!(
            text,
            "[[provider]]\nslug = \"{provider}\"\nname = \"The {provider}\"\nprotocol = \"openai-chat\"\nbase_url = \"http://h/v1\"\nreseller = {reseller}"
        )
        .unwrap();
    }
    let catalog = Catalog::from_rows(toml::from_str(&text).unwrap()).unwrap();
    catalog.endpoints(id).to_vec()
}

/// The tags of a plan's steps.
pub(crate) fn tags(plan: &Plan) -> String {
    let tags: Vec<String> = plan.steps.iter().map(|step| step.endpoint.tag()).collect();
    tags.join(" ")
}
