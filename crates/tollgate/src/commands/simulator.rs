//! `tollgate simulator`

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use tollgate_simulator::{Simulator, SimulatorConfig};

#[derive(Debug, Args)]
#[command(
    after_help = "Example: tollgate simulator --listen 127.0.0.1:9001\nModels: echo, prose, tools, json, think, vision, cached; embed, rerank, image, speech, transcribe, moderate. Faults are part of a model's name: prose+status:503, echo+stall, prose+cut-after:3."
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
    let bases = [
        ("openai-chat", simulator.openai_base()),
        ("openai-responses", simulator.openai_base()),
        ("azure-openai", simulator.azure_base()),
        ("anthropic-messages", simulator.anthropic_base()),
        ("bedrock-converse", simulator.bedrock_base()),
        ("gemini", simulator.gemini_base()),
        ("vertex", simulator.vertex_base()),
        ("vertex-anthropic", simulator.vertex_base()),
        ("vertex-openai", simulator.vertex_base()),
        ("cohere", simulator.cohere_base()),
        ("mistral", simulator.mistral_base()),
        ("ollama", simulator.ollama_base()),
    ];
    for (protocol, base) in bases {
        anstream::println!("{protocol:<19} {base}");
    }
    tokio::signal::ctrl_c().await.context("Ctrl-C can't be heard")?;
    simulator.shutdown().await;
    Ok(ExitCode::SUCCESS)
}
