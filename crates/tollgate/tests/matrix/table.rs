//! The matrix as Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tollgate_testkit::Protocol;

use crate::Outcome;
use crate::clients::Client;
use crate::features::Feature;

/// Outcomes by client, protocol and feature.
pub(crate) type Outcomes = BTreeMap<(Client, Protocol, Feature), Outcome>;

/// One table per client, the reasons, the totals.
pub(crate) fn markdown(outcomes: &Outcomes) -> String {
    let mut reasons: Vec<&str> = Vec::new();
    let mut page = "# Every client at every provider\n\n\
        Each cell was proven twice, whole and streamed, over real sockets, against a simulated \
        provider of the protocol; both answers were the same. ✓ works. A number is a reason \
        below. ✗ fails.\n"
        .to_owned();
    for client in Client::ALL {
        let heads: Vec<&str> = Protocol::ALL.iter().map(|protocol| protocol.as_str()).collect();
        writeln!(page, "\n## {client:?}\n\n| | {} |", heads.join(" | ")).unwrap();
        writeln!(page, "| --- |{}", " --- |".repeat(heads.len())).unwrap();
        for (feature, name) in Feature::ALL {
            let cells: Vec<String> = Protocol::ALL
                .iter()
                .map(|protocol| sign(&outcomes[&(client, *protocol, feature)], &mut reasons))
                .collect();
            writeln!(page, "| {name} | {} |", cells.join(" | ")).unwrap();
        }
    }
    page.push_str("\n## Reasons\n\n");
    for (index, reason) in reasons.iter().enumerate() {
        writeln!(page, "{}. {reason}", index + 1).unwrap();
    }
    let totals = totals(outcomes);
    writeln!(page, "\n## Totals\n\n{totals}").unwrap();
    page
}

/// How many cells came out how.
pub(crate) fn totals(outcomes: &Outcomes) -> String {
    let count = |is_it: fn(&Outcome) -> bool| outcomes.values().filter(|it| is_it(it)).count();
    format!(
        "{} cells: {} proven, {} refused for a reason, {} failing, {} stale.",
        outcomes.len(),
        count(|it| matches!(it, Outcome::Proven)),
        count(|it| matches!(it, Outcome::Refused(_))),
        count(|it| matches!(it, Outcome::Failing(_))),
        count(|it| matches!(it, Outcome::Stale(_))),
    )
}

fn sign(outcome: &Outcome, reasons: &mut Vec<&'static str>) -> String {
    match outcome {
        Outcome::Proven => "✓".to_owned(),
        Outcome::Failing(_) | Outcome::Stale(_) => "✗".to_owned(),
        Outcome::Refused(reason) => {
            let known = reasons.iter().position(|it| it == reason);
            let index = known.unwrap_or_else(|| {
                reasons.push(reason);
                reasons.len() - 1
            });
            (index + 1).to_string()
        }
    }
}
