//! OpenAI's models on Azure.
//!
//! <https://learn.microsoft.com/en-us/azure/ai-foundry/openai/reference>
//!
//! The protocol is OpenAI's chat; what differs is where a call goes, what it is authorised with
//! and what errors are called. So everything else is [`OpenAiChat`]'s.
//!
//! # Decisions
//!
//! - A base URL that ends in a version (`…/openai/v1`) is the newer API: the model is named in the
//!   body, and there is no API version. Any other is the classic one, where the model is a
//!   deployment and part of the path.
//! - A query in the base URL is kept, so that an operator can choose the API version.
//! - A credential with the form of a JSON Web Token is one of Entra ID, and goes as a bearer.

mod address;
mod fault;
mod operations;

use bytes::Bytes;
use http::{HeaderMap, Request};
use tollgate_catalog::Auth;
use tollgate_wire::Dialect;
use tollgate_wire::chat::{AnswerHead, ChatEvent};

use crate::adapter::{get, post};
use crate::encoding::{authorize, bearer, extra_headers};
use crate::openai_chat::{self, OpenAiChat};
use crate::{
    Adapter, AnswerStream, Decoder, EncodeError, Fetches, Failure, Fault, Inbound, Native, Operations,
    Outbound, Target, Unsupported, WholeAnswer,
};

pub(crate) use address::joined;

/// The adapter for `azure-openai`.
#[derive(Debug)]
pub struct AzureOpenAi;

impl Adapter for AzureOpenAi {
    fn protocol(&self) -> &'static str {
        "azure-openai"
    }

    fn auth(&self) -> Auth {
        Auth::ApiKey
    }

    fn fetches(&self) -> Fetches {
        Fetches::IMAGES
    }

    fn encode(&self, outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        let target = &outbound.target;
        let url = address::model(target.base_url, target.upstream_model, "chat/completions");
        let mut request = post(&url, openai_chat::body(outbound))?;
        headers(request.headers_mut(), target)?;
        Ok(request)
    }

    fn leaves_out(&self, target: &Target<'_>, member: &str, json: &str) -> bool {
        openai_chat::is_left_out(target, member, json)
    }

    fn carries(&self, target: &Target<'_>, lost: &str) -> bool {
        openai_chat::carries(target, lost)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        OpenAiChat.decoder()
    }

    fn events(&self, body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
        OpenAiChat.events(body)
    }

    fn classify(&self, failure: &Failure<'_>) -> Fault {
        fault::refined(Fault::from_failure(failure))
    }

    fn probe(&self, target: &Target<'_>) -> Result<Request<Bytes>, Unsupported> {
        let mut request = get(&address::models(target.base_url))?;
        headers(request.headers_mut(), target)?;
        Ok(request)
    }

    fn native(&self) -> Option<&dyn Native> {
        Some(self)
    }

    fn operations(&self) -> Option<&dyn Operations> {
        Some(self)
    }
}

impl Native for AzureOpenAi {
    fn dialect(&self) -> Dialect {
        Dialect::Chat
    }

    fn leaves_out(&self, target: &Target<'_>, member: &str, json: &str) -> bool {
        openai_chat::is_left_out(target, member, json)
    }

    fn carries(&self, target: &Target<'_>, lost: &str) -> bool {
        openai_chat::carries(target, lost)
    }

    fn forward(&self, inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        Adapter::encode(self, &inbound.outbound()?)
    }

    fn stream(&self, head: &AnswerHead) -> Box<dyn AnswerStream> {
        Native::stream(&OpenAiChat, head)
    }

    fn whole(&self, head: &AnswerHead, body: Bytes) -> Result<Box<dyn WholeAnswer>, Fault> {
        Native::whole(&OpenAiChat, head, body)
    }
}

fn headers(headers: &mut HeaderMap, target: &Target<'_>) -> Result<(), Unsupported> {
    match target.credential {
        Some(token) if target.auth == Auth::ApiKey && is_token(token) => {
            bearer(headers, token)?;
            extra_headers(headers, target)
        }
        _ => authorize(headers, target),
    }
}

/// Three parts between dots, of which the first begins an object in base64 (RFC 7519).
fn is_token(credential: &str) -> bool {
    credential.starts_with("eyJ") && credential.split('.').count() == 3
}
