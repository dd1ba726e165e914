//! Scenarios times policies.

use crate::fleet::{Directory, FleetError};
use crate::ledger::{Ending, Ledger};
use crate::policy::{Kind, Policy};
use crate::report::Report;
use crate::run::{Run, Setting};
use crate::scenario::Scenario;
use crate::summary::Summary;
use crate::traffic::rate;

/// What is to be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// Where all random numbers come from.
    pub seed: u64,
    /// Under which circumstances.
    pub scenarios: Vec<Scenario>,
    /// What. The oracle is always run, since the others are measured by it.
    pub policies: Vec<Policy>,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The fleet can't be simulated.
    #[error("scenario {scenario}")]
    Fleet {
        /// Whose it is.
        scenario: &'static str,
        /// Why.
        #[source]
        source: FleetError,
    },
    /// The simulation has lost a call, or counted one twice: a defect of this program.
    #[error("scenario {scenario}, policy {policy}: calls were lost or counted twice")]
    Lost {
        /// Where.
        scenario: &'static str,
        /// Under which policy.
        policy: String,
    },
}

/// Runs everything. `progress` is told what is under way, how many calls of it are done, and how
/// many there are.
///
/// # Errors
///
/// When a fleet can't be simulated.
pub fn run(
    experiment: &Experiment,
    mut progress: impl FnMut(&str, usize, usize),
) -> Result<Report, Failed> {
    let mut report = Report::new(experiment);
    for scenario in &experiment.scenarios {
        let directory = Directory::new(&scenario.fleet)
            .map_err(|source| Failed::Fleet { scenario: scenario.name, source })?;
        let (calls, conversations) = scenario.traffic.calls(&directory, experiment.seed);
        let setting =
            Setting { directory: &directory, calls: &calls, conversations, seed: experiment.seed };
        report.begin(scenario, rate(&calls, scenario.traffic.length));
        let mut run = |policy: &Policy| {
            let name = format!("{} · {}", scenario.name, policy.name);
            let ledger = Run::new(setting, policy).go(|done| progress(&name, done, calls.len()));
            if is_whole(&ledger) {
                return Ok(ledger);
            }
            Err(Failed::Lost { scenario: scenario.name, policy: policy.name.clone() })
        };
        let oracle = run(&Policy::new("oracle", Kind::Oracle))?;
        for policy in &experiment.policies {
            let summary =
                |ledger| Summary::of((scenario.name, &policy.name), &calls, ledger, &oracle);
            let summary = match policy.kind {
                Kind::Oracle => summary(&oracle),
                _ => summary(&run(policy)?),
            };
            report.add(summary, policy.is_ours() && scenario.is_standard);
        }
    }
    Ok(report)
}

/// Every call has ended once, no endpoint was beyond its capacity, and none is busy after the end.
fn is_whole(ledger: &Ledger) -> bool {
    let all_ended = ledger.entries.iter().all(|it| it.ending != Ending::Open);
    all_ended && ledger.ended_twice == 0 && ledger.left_over == 0 && ledger.fullest <= 1.0
}
