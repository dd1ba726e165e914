//! Starts the whole gateway in a test: the real server on a free port, the real engine, a real
//! database in a directory of its own, simulators as providers. Nothing is mocked between the
//! socket a test writes to and the socket a provider reads from.
//!
//! ```no_run
//! # async fn example() {
//! use serde_json::json;
//! use tollgate_testkit::{Protocol, TestGateway, simulator};
//!
//! let provider = simulator().await;
//! let gateway = TestGateway::builder()
//!     .provider("acme", Protocol::OpenAi, &provider)
//!     .endpoint("acme/small", "acme", "echo", r#"{ input = "1", output = "2" }"#)
//!     .start()
//!     .await;
//! let reply = gateway.chat(json!({
//!     "model": "acme/small",
//!     "messages": [{ "role": "user", "content": "Hello" }],
//! }));
//! assert_eq!(reply.await.said().text, "Hello");
//! # }
//! ```
//!
//! Every test has its own gateway, so all of them may run at once. What is not as expected is a
//! panic that shows the answer in question. Waits end by themselves after [`PATIENCE`].

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "used by tests only, which should panic where something is not as expected"
)]

mod alerts;
mod builder;
mod canned;
mod client;
mod gateway;
mod said;
mod stream;
mod stripe;

use std::time::Duration;

use serde_json::Value;
use tollgate_simulator::{Simulator, SimulatorConfig};
use tollgate_types::Usd;

pub use alerts::{AlertReceiver, Mail, MailServer, Posted};
pub use builder::{Builder, Protocol};
pub use canned::Canned;
pub use client::{Call, Reply};
pub use gateway::{Stopped, TestGateway};
pub use said::{Said, ToolCall};
pub use stream::{Event, OpenStream, Streamed};
pub use stripe::StripePeer;

/// Longest a test waits for anything before it fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A provider that answers at once, on a free port.
pub async fn simulator() -> Simulator {
    Simulator::start(SimulatorConfig::default()).await.unwrap()
}

/// An amount in dollars, such as `0.000036`.
pub fn usd(text: &str) -> Usd {
    text.parse().unwrap_or_else(|_| panic!("{text} is not an amount"))
}

/// The amount that a JSON number says, to the nano-dollar.
pub fn amount(number: &Value) -> Usd {
    let dollars = number.as_f64().unwrap_or_else(|| panic!("{number} is not a number"));
    usd(&format!("{dollars:.9}"))
}

/// Asks until there is an answer.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let answer = tokio::time::timeout(PATIENCE, asking).await;
    answer.unwrap_or_else(|_| panic!("waited {PATIENCE:?} in vain: {what}"))
}
