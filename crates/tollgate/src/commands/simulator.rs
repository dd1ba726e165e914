//! `tollgate simulator`

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use tollgate_simulator::{Simulator, SimulatorConfig};

#[derive(Debug, Args)]
#[command(
    after_help = "Example: tollgate simulator --listen 127.0.0.1:9001\nModels: echo, prose, tools, json, think, vision, cached. Faults are part of a model's name: prose+status:503, echo+stall, prose+cut-after:3."
)]
pub(super) struct SimulatorArgs {
    /// Address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9001")]
    listen: SocketAddr,
    /// Fixes everything that varies
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Runs the simulator until Ctrl-C.
pub(super) async fn run(args: &SimulatorArgs) -> anyhow::Result<ExitCode> {
    let config =
        SimulatorConfig { listen: args.listen, seed: args.seed, ..SimulatorConfig::default() };
    let simulator = Simulator::start(config).await.context("the simulator can't be started")?;
    anstream::println!("openai-chat         {}", simulator.openai_base());
    anstream::println!("anthropic-messages  {}", simulator.anthropic_base());
    anstream::println!("gemini              {}", simulator.gemini_base());
    tokio::signal::ctrl_c().await.context("Ctrl-C can't be heard")?;
    simulator.shutdown().await;
    Ok(ExitCode::SUCCESS)
}
