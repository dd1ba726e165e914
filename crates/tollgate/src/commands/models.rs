//! `tollgate models`

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use tollgate_catalog::{Catalog, Lot, Modality, Model, Rate, Rates};
use tollgate_types::UnitPrice;

use super::Session;
use crate::output;

/// The call that decides which endpoint is the cheapest.
const PROMPT_TOKENS: u64 = 1_000;
const ANSWER_TOKENS: u64 = 500;

#[derive(Debug, Args)]
#[command(after_help = "Example: tollgate models --all --filter claude")]
pub(super) struct ModelsArgs {
    /// The whole built-in catalog, routable here or not
    #[arg(long)]
    all: bool,
    /// Only models whose name contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct ModelRow {
    id: String,
    name: String,
    context_length: Option<u64>,
    /// US dollars per million tokens, at the cheapest endpoint; none where tokens are not billed.
    input_price: Option<String>,
    output_price: Option<String>,
    /// What else is billed there: US dollars by the name of the rate, as in price rows.
    other_prices: BTreeMap<&'static str, String>,
    providers: Vec<String>,
    routable: bool,
}

/// Lists models; local servers are not asked.
pub(super) fn run(args: &ModelsArgs, session: &Session) -> anyhow::Result<ExitCode> {
    let installation = super::providers::assemble(session)?;
    let catalog = if args.all { installation.known() } else { installation.routable() };
    let wanted = args.filter.as_deref().unwrap_or_default().to_lowercase();
    let shows = |model: &&Model| {
        model.id.as_str().to_lowercase().contains(&wanted)
            || model.name.to_lowercase().contains(&wanted)
    };
    let models = catalog.models().iter().map(AsRef::as_ref).filter(shows);
    let rows: Vec<ModelRow> =
        models.map(|model| row(model, catalog, installation.routable())).collect();
    if args.json {
        output::json(&rows)?;
    } else {
        print(&rows);
    }
    Ok(ExitCode::SUCCESS)
}

fn row(model: &Model, catalog: &Catalog, routable: &Catalog) -> ModelRow {
    let endpoints = catalog.endpoints(model.id.as_str());
    let rates = endpoints.iter().filter_map(|it| it.price.as_ref()).map(|price| price.rates);
    let cheapest = rates.min_by_key(|rates| rates.estimate(PROMPT_TOKENS, ANSWER_TOKENS));
    let mut providers: Vec<String> =
        endpoints.iter().map(|it| it.provider.slug.to_string()).collect();
    providers.dedup();
    ModelRow {
        id: model.id.to_string(),
        name: model.name.clone(),
        context_length: model.context_length,
        input_price: cheapest.and_then(|rates| by_token(model, rates.input)),
        output_price: cheapest.and_then(|rates| by_token(model, rates.output)),
        other_prices: cheapest.map(by_other).unwrap_or_default(),
        providers,
        routable: routable.model(model.id.as_str()).is_some(),
    }
}

/// A price per million tokens. Text is always billed by its tokens, so that a zero is meant; of a
/// model that writes no text it says that something else is billed.
fn by_token(model: &Model, price: UnitPrice) -> Option<String> {
    let writes_text = model.architecture.output_modalities.contains(&Modality::Text);
    (price > UnitPrice::ZERO || writes_text).then(|| price.to_per_million())
}

/// The other prices, by their names in price rows.
fn by_other(rates: Rates) -> BTreeMap<&'static str, String> {
    let others = Rate::ALL.into_iter().filter(|rate| !matches!(rate, Rate::Input | Rate::Output));
    let priced = others.filter_map(|rate| Some((rate, rates.get(rate)?)));
    priced
        .map(|(rate, price)| {
            let text = match rate.lot() {
                Lot::One => price.to_per_unit(),
                Lot::Thousand => price.to_per_thousand(),
                Lot::Million => price.to_per_million(),
            };
            (rate.key(), text)
        })
        .collect()
}

/// What is billed instead of text, for the table.
fn instead(row: &ModelRow) -> String {
    if row.input_price.is_some() && row.output_price.is_some() {
        return String::new();
    }
    let prices: Vec<String> =
        row.other_prices.iter().map(|(rate, price)| format!("{rate} {price}")).collect();
    prices.join(", ")
}

fn print(rows: &[ModelRow]) {
    let columns = ["model", "context", "in $/M", "out $/M", "other $", "providers"];
    let mut table = output::table(&columns);
    let unknown = || "–".to_owned();
    for row in rows {
        let (shown, more) = row.providers.split_at(row.providers.len().min(3));
        let more = if more.is_empty() { String::new() } else { format!(" +{}", more.len()) };
        table.add_row([
            row.id.clone(),
            row.context_length.map_or_else(unknown, |tokens| tokens.to_string()),
            row.input_price.clone().unwrap_or_else(unknown),
            row.output_price.clone().unwrap_or_else(unknown),
            instead(row),
            format!("{}{more}", shown.join(", ")),
        ]);
    }
    output::right(&mut table, &[1, 2, 3]);
    output::print(&table, "No model matches. `tollgate models --all` lists the whole catalog.");
}
