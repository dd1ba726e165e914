//! The role of the upstream: the simulator on one thread, whose `bench` model sends fixed bytes.

use std::process::ExitCode;

use tollgate_simulator::{Simulator, SimulatorConfig};

use crate::child;
use crate::cli::UpstreamArgs;

/// The simulator's model with the fixed answers.
pub(crate) const MODEL: &str = "bench";

/// Serves until standard input ends.
pub(crate) async fn run(args: &UpstreamArgs) -> anyhow::Result<ExitCode> {
    let config = SimulatorConfig {
        listen: args.listen,
        requests_max: 0,
        require_key: false,
        ..SimulatorConfig::default()
    };
    let simulator = Simulator::start(config).await?;
    child::announce(simulator.address())?;
    child::parent_gone().await;
    simulator.kill();
    Ok(ExitCode::SUCCESS)
}
