//! One request of a batch as a call.

use bytes::Bytes;

use super::{BatchEndpoint, BatchHead};
use crate::Call;
use crate::chat::Survey;
use crate::dialect::{Address, Dialect};
use crate::error::BadRequest;
use crate::json::{ObjectWriter, RawObject};
use crate::operation::{Operation, OperationCall};

/// What names the variant of a model that is called in batches (contract §5.5).
const VARIANT: &str = ":batch";

/// What would name other models in a request.
const OTHER_MODELS: [&str; 3] = ["models", "fallbacks", "preset"];

/// A request of a batch, as a call that answers it.
#[derive(Debug)]
pub enum BatchCall {
    /// One that generates.
    Generate(Call),
    /// One that embeds.
    Embed(OperationCall),
}

impl BatchCall {
    /// Reads the body of a request. What the batch says of all its requests holds for it.
    ///
    /// # Errors
    ///
    /// What is wrong with it: as of any call, and besides what no request of a batch may be
    /// (contract §1.1): of another model, streamed, or more than text.
    pub fn read(head: &BatchHead, body: Bytes) -> Result<Self, BadRequest> {
        let body = RawObject::read(body)?;
        let model = body.get::<String>("model", "string")?;
        if model.is_some_and(|model| model_of(&model) != model_of(&head.model)) {
            let expected = &head.model;
            return Err(BadRequest::new(format!(
                "model: Expected none, or that of the batch, \"{expected}\""
            )));
        }
        if let Some(name) = OTHER_MODELS.iter().find(|name| body.member(name).is_some()) {
            return Err(BadRequest::new(format!("{name}: A batch is of one model")));
        }
        if body.get::<bool>("stream", "boolean")?.unwrap_or_default() {
            return Err(BadRequest::new("stream: The answers of a batch are not streamed"));
        }
        let body = written(head, &body);
        let Some(dialect) = head.endpoint.dialect() else {
            let call = OperationCall::read(Operation::Embeddings, body)?;
            is_text(call.survey())?;
            return Ok(Self::Embed(call));
        };
        let call = Call::read(dialect, body, Address::default())?;
        is_text(call.survey())?;
        let modalities = &call.params().modalities;
        if modalities.iter().any(|it| it != "text") {
            return Err(BadRequest::new("modalities: The answers of a batch are text"));
        }
        Ok(Self::Generate(call))
    }
}

impl BatchEndpoint {
    /// The dialect of its requests; none where they are no conversations.
    const fn dialect(self) -> Option<Dialect> {
        match self {
            Self::Chat => Some(Dialect::Chat),
            Self::Responses => Some(Dialect::Responses),
            Self::Messages => Some(Dialect::Messages),
            Self::Embeddings => None,
        }
    }
}

/// The model that a batch's name of it stands for.
fn model_of(name: &str) -> &str {
    name.strip_suffix(VARIANT).unwrap_or(name)
}

/// The body, with the batch's model and providers in place of its own.
fn written(head: &BatchHead, body: &RawObject) -> Bytes {
    let mut out = Vec::with_capacity(body.text().len().saturating_add(64));
    let mut object = ObjectWriter::new(&mut out);
    object.field("model", model_of(&head.model));
    let provider = (!head.only.is_empty()).then(|| serde_json::json!({ "only": head.only }));
    if let Some(provider) = &provider {
        object.field("provider", provider);
    }
    let theirs = |name: &str| name == "model" || (name == "provider" && provider.is_some());
    for (name, value) in body.members().filter(|(name, _)| !theirs(name)) {
        object.member(name, value);
    }
    object.end();
    out.into()
}

fn is_text(survey: &Survey) -> Result<(), BadRequest> {
    let found = [
        (survey.images > 0, "images"),
        (survey.audio, "audio"),
        (survey.video, "video"),
        (survey.files, "files"),
    ];
    match found.into_iter().find(|(is_there, _)| *is_there) {
        Some((_, kind)) => Err(BadRequest::new(format!(
            "A request of a batch has text only: {kind} can't be sent in one"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn head(endpoint: BatchEndpoint, only: &[&str]) -> BatchHead {
        let only = only.iter().map(|it| (*it).to_owned()).collect();
        BatchHead { endpoint, model: "acme/small:batch".to_owned(), only }
    }

    fn read(endpoint: BatchEndpoint, body: &Value) -> Result<Value, String> {
        let call = BatchCall::read(&head(endpoint, &["acme"]), body.to_string().into());
        let text = match call.map_err(|error| error.message().to_owned())? {
            BatchCall::Generate(call) => call.object().text().to_owned(),
            BatchCall::Embed(call) => call.object().text().to_owned(),
        };
        Ok(serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn a_request_is_a_call_of_the_batchs_model() {
        let messages = json!([{ "role": "user", "content": "Hi" }]);
        for (endpoint, own) in [
            (BatchEndpoint::Chat, json!({ "messages": messages })),
            (BatchEndpoint::Messages, json!({ "messages": messages, "max_tokens": 9 })),
            (BatchEndpoint::Responses, json!({ "input": "Hi" })),
            (BatchEndpoint::Embeddings, json!({ "input": ["Hi", "Ho"] })),
        ] {
            for model in [None, Some("acme/small"), Some("acme/small:batch")] {
                let mut body = own.clone();
                body["provider"] = json!({ "only": ["other"], "sort": "price" });
                if let Some(model) = model {
                    body["model"] = json!(model);
                }
                let mut expected = own.clone();
                expected["model"] = json!("acme/small");
                expected["provider"] = json!({ "only": ["acme"] });
                assert_eq!(read(endpoint, &body).unwrap(), expected);
            }
        }
        let call = BatchCall::read(
            &head(BatchEndpoint::Embeddings, &[]),
            json!({ "input": "Hi", "provider": { "sort": "price" } }).to_string().into(),
        );
        let Ok(BatchCall::Embed(call)) = call else { panic!("{call:?}") };
        assert_eq!(call.member("provider"), Some(r#"{"sort":"price"}"#));
    }

    #[test]
    fn what_no_request_of_a_batch_may_be() {
        let with = |part: Value| json!({ "messages": [{ "role": "user", "content": [part] }] });
        let picture =
            json!({ "type": "image_url", "image_url": { "url": "https://a.example/b.png" } });
        let sound =
            json!({ "type": "input_audio", "input_audio": { "data": "AAAA", "format": "wav" } });
        let text = json!([{ "role": "user", "content": "Hi" }]);
        for (body, expected) in [
            (with(picture), "A request of a batch has text only: images"),
            (with(sound), "A request of a batch has text only: audio"),
            (json!({ "messages": text, "stream": true }), "stream: "),
            (json!({ "messages": text, "model": "acme/large" }), "model: Expected none, or that"),
            (json!({ "messages": text, "models": ["acme/large"] }), "models: A batch is of one"),
            (json!({ "messages": text, "preset": "dear" }), "preset: A batch is of one"),
            (json!({ "messages": text, "modalities": ["text", "audio"] }), "modalities: "),
            (json!({ "messages": 1 }), "messages: "),
        ] {
            let told = read(BatchEndpoint::Chat, &body).unwrap_err();
            assert!(told.starts_with(expected), "{told}");
        }
        let picture = json!({ "input": [{ "content": [{ "type": "image_url", "image_url": { "url": "https://a.example/b.png" } }] }] });
        let told = read(BatchEndpoint::Embeddings, &picture).unwrap_err();
        assert!(told.starts_with("A request of a batch has text only: images"), "{told}");
    }
}
