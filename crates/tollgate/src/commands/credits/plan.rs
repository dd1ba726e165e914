//! `tollgate credits plan`

use anyhow::bail;
use clap::Args;
use serde::Serialize;
use tollgate_engine::{Clock, PlanRow, Plans, SystemClock, agree};
use tollgate_ledger::{AccountId, DEFAULT_ACCOUNT};
use tollgate_organisation::Agreement;
use tollgate_store::Stores;
use tollgate_types::Usd;

use super::pays;
use crate::config::Config;
use crate::output;

#[derive(Debug, Args)]
pub(in crate::commands) struct PlanArgs {
    /// A plan's slug, to agree to it from now on; nothing, to see what there is
    slug: Option<String>,
    /// Whose account
    #[arg(long, default_value = DEFAULT_ACCOUNT)]
    account: String,
    /// Leave the plan that the account has
    #[arg(long, conflicts_with = "slug")]
    none: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A plan, as it is printed.
#[derive(Debug, Serialize)]
struct PlanView {
    slug: String,
    name: String,
    /// US dollars, exact.
    monthly_commitment: String,
    /// Whether calls of the account are charged by it.
    in_force: bool,
    /// Since when it was agreed to.
    since: Option<String>,
}

/// Shows all plans, and which of them an account has; or has it agree to one.
pub(super) async fn plan(args: PlanArgs, config: &Config, stores: &Stores) -> anyhow::Result<()> {
    let account = AccountId::new(&args.account)?;
    let now = SystemClock.now();
    let plans = Plans::new(config.plans.clone());
    if let Some(slug) = &args.slug {
        let Some(row) = plans.row(slug) else {
            let known: Vec<&str> = config.plans.iter().map(|it| it.slug.as_str()).collect();
            bail!(
                "there is no [[plan]] `{slug}` in the configuration; known: {}",
                known.join(", ")
            );
        };
        if !pays(&args.account, stores).await? {
            bail!("no workspace pays from the account `{}`; nothing has changed", args.account);
        }
        agree(stores, &account, Some(&row), now).await?;
    } else if args.none {
        agree(stores, &account, None, now).await?;
    }
    let agreement = stores.documents.load::<Agreement>(account.as_str()).await?;
    let agreement = agreement.map(|it| it.body).unwrap_or_default();
    let in_force = plans.of(Some(&agreement), now);
    let views: Vec<PlanView> = config
        .plans
        .iter()
        .map(|row| PlanView::new(row, &agreement, in_force.as_deref() == Some(row)))
        .collect();
    if args.json {
        return output::json(&views);
    }
    if let Some(agreed) = agreement.agreed_at(now)
        && let Some(slug) = agreed.plan.as_ref().filter(|slug| plans.row(slug).is_none())
    {
        output::warn([format!(
            "the account has agreed to the plan `{slug}`, which is not in the configuration any more: calls cost what the price list says, and a month at least {}",
            agreed.monthly_commitment
        )]);
    }
    let mut table = output::table(&["plan", "name", "a month at least", "in force", "since"]);
    for view in views {
        let is_in_force = if view.in_force { "yes" } else { "" }.to_owned();
        let since = view.since.unwrap_or_default();
        let committed = format!("${}", view.monthly_commitment);
        table.add_row([view.slug, view.name, committed, is_in_force, since]);
    }
    output::right(&mut table, &[2]);
    output::print(
        &table,
        "There are no plans: the configuration has no [[plan]]. Calls cost what the price list says.",
    );
    Ok(())
}

impl PlanView {
    fn new(row: &PlanRow, agreement: &Agreement, in_force: bool) -> Self {
        let agreed = agreement.plans.last().filter(|it| it.plan.as_ref() == Some(&row.slug));
        // What was agreed stays, whatever the file says by now.
        let listed = row.plan.terms().monthly_commitment;
        let committed: Usd = agreed.map_or(listed, |it| it.monthly_commitment);
        Self {
            slug: row.slug.clone(),
            name: row.name.clone(),
            monthly_commitment: committed.to_decimal(),
            in_force,
            since: agreed.map(|it| it.since.to_rfc3339()),
        }
    }
}
