//! From starting the process to its first answer, on an installation that has been started before.

use std::time::Duration;

use anyhow::ensure;
use tokio::time::{Instant, sleep};

use super::Stage;
use crate::load::fetch;
use crate::statistics::median;
use crate::target::{GATEWAY_PATH, Manner, PUBLIC_MODEL, question};

/// Starts that are counted, behind one that makes the database.
const STARTS: usize = 7;
/// How long the first answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How long to wait until it is tried again to connect.
const PAUSE: Duration = Duration::from_micros(500);

/// Measures the start, in milliseconds.
pub(super) async fn start(stage: &Stage<'_>) -> anyhow::Result<Option<f64>> {
    let installation = stage.install(&stage.configuration)?;
    let mut times = Vec::new();
    for turn in 0..=STARTS {
        let begun = Instant::now();
        let (mut child, address) = installation.serve(stage.cpu)?;
        let manner =
            Manner { address, path: GATEWAY_PATH, key: &installation.key, model: PUBLIC_MODEL };
        let request = manner.request(&question(PUBLIC_MODEL, "", false))?;
        let status = loop {
            // A connection is refused until it listens.
            match fetch(address, &request).await {
                Ok((status, _)) => break status,
                Err(error) => {
                    ensure!(begun.elapsed() < ANSWER_MAX && child.runs(), "no answer: {error:#}");
                    sleep(PAUSE).await;
                }
            }
        };
        ensure!(status == 200, "the first answer had the status {status}");
        if turn > 0 {
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok(median(&times))
}
