//! AWS Bedrock's Converse, whole and as an event stream.
//!
//! Source: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>.

mod auth;
mod check;
mod error;
pub(crate) mod frame;
mod invoke;
mod read;
mod write;

use serde_json::{Value, json};

use crate::model::MODELS;

pub(crate) use auth::authorize;
pub use auth::{AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY};
pub(crate) use error::failure;
pub(crate) use invoke::{draw, embed, rerank};
pub(crate) use read::{read, read_prompt};

/// The answer to `GET /foundation-models`.
pub(crate) fn models() -> Value {
    let entry = |(id, _): &(&str, &str)| {
        json!({
            "modelArn": format!("arn:aws:bedrock:us-east-1::foundation-model/{id}"),
            "modelId": id,
            "modelName": id,
            "providerName": "Simulator",
            "inputModalities": ["TEXT", "IMAGE"],
            "outputModalities": ["TEXT"],
            "responseStreamingSupported": true,
            "customizationsSupported": [],
            "inferenceTypesSupported": ["ON_DEMAND"],
            "modelLifecycle": { "status": "ACTIVE" },
        })
    };
    json!({ "modelSummaries": MODELS.iter().map(entry).collect::<Vec<_>>() })
}
