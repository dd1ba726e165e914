//! How many tokens a conversation has.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html>

use bytes::Bytes;
use http::Request;
use tollgate_wire::json::ObjectWriter;

use super::{BedrockConverse, encode, sign};
use crate::adapter::post;
use crate::counting::{count, kept};
use crate::{Counter, EncodeError, Fault, Inbound, Unsupported};

/// Members that the count takes.
const COUNTED: &[&str] = &["additionalModelRequestFields", "messages", "system", "toolConfig"];

/// Regions that an inference profile may begin with. Models are counted by, and profiles are not.
const REGIONS: &[&str] = &["us", "us-gov", "eu", "apac", "jp", "au", "ca", "global"];

impl Counter for BedrockConverse {
    fn encode(&self, inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        let Inbound { target, now, .. } = *inbound;
        let converse = kept(&encode::body(&inbound.outbound()?)?, COUNTED)?;
        let mut input = Vec::with_capacity(converse.len().saturating_add(32));
        let mut object = ObjectWriter::new(&mut input);
        object.raw(b"converse", &converse);
        object.end();
        let mut body = Vec::with_capacity(input.len().saturating_add(32));
        let mut object = ObjectWriter::new(&mut body);
        object.raw(b"input", &input);
        object.end();
        let model = encode::path_segment(model(target.upstream_model)?);
        let mut request = post(&format!("{}/model/{model}/count-tokens", target.base_url), body)?;
        sign::authorize(&mut request, &target, now)?;
        Ok(request)
    }

    fn count(&self, body: &[u8]) -> Result<u64, Fault> {
        count(body, &["inputTokens"])
    }
}

/// The model behind an inference profile, which its name tells unless it is one of a person's own.
fn model(name: &str) -> Result<&str, Unsupported> {
    let profile = match name.rsplit_once('/') {
        Some((arn, _)) if arn.contains("application-inference-profile") => {
            return Err(Unsupported("counting by an application inference profile".to_owned()));
        }
        Some((arn, profile)) if arn.contains("inference-profile") => profile,
        _ => name,
    };
    Ok(match profile.split_once('.') {
        Some((region, model)) if REGIONS.contains(&region) => model,
        _ => profile,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_counted_as_its_model() {
        let arn = "arn:aws:bedrock:us-east-1:1";
        for (name, expected) in [
            ("anthropic.claude-sonnet-4-v1:0", "anthropic.claude-sonnet-4-v1:0"),
            ("us.anthropic.claude-sonnet-4-v1:0", "anthropic.claude-sonnet-4-v1:0"),
            ("global.amazon.nova-2-lite-v1:0", "amazon.nova-2-lite-v1:0"),
            ("meta.llama3-3-70b-instruct-v1:0", "meta.llama3-3-70b-instruct-v1:0"),
            (&format!("{arn}:inference-profile/eu.anthropic.claude-3-v1"), "anthropic.claude-3-v1"),
            (&format!("{arn}:foundation-model/x.y"), &format!("{arn}:foundation-model/x.y")),
        ] {
            assert_eq!(model(name).unwrap(), expected, "{name}");
        }
        assert!(model(&format!("{arn}:application-inference-profile/a1")).is_err());
    }
}
