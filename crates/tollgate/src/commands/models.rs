//! `tollgate models`

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use tollgate_catalog::{Catalog, Model};

use super::Session;
use crate::output;

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
    /// US dollars per million tokens, at the cheapest endpoint.
    input_price: Option<String>,
    output_price: Option<String>,
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
    let cheapest = rates.min_by_key(|rates| (rates.input, rates.output));
    let mut providers: Vec<String> =
        endpoints.iter().map(|it| it.provider.slug.to_string()).collect();
    providers.dedup();
    ModelRow {
        id: model.id.to_string(),
        name: model.name.clone(),
        context_length: model.context_length,
        input_price: cheapest.map(|rates| rates.input.to_per_million()),
        output_price: cheapest.map(|rates| rates.output.to_per_million()),
        providers,
        routable: routable.model(model.id.as_str()).is_some(),
    }
}

fn print(rows: &[ModelRow]) {
    let mut table = output::table(&["model", "context", "in $/M", "out $/M", "providers"]);
    let unknown = || "–".to_owned();
    for row in rows {
        let (shown, more) = row.providers.split_at(row.providers.len().min(3));
        let more = if more.is_empty() { String::new() } else { format!(" +{}", more.len()) };
        table.add_row([
            row.id.clone(),
            row.context_length.map_or_else(unknown, |tokens| tokens.to_string()),
            row.input_price.clone().unwrap_or_else(unknown),
            row.output_price.clone().unwrap_or_else(unknown),
            format!("{}{more}", shown.join(", ")),
        ]);
    }
    output::right(&mut table, &[1, 2, 3]);
    output::print(&table, "No model matches. `tollgate models --all` lists the whole catalog.");
}
