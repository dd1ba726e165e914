//! Embeddings, rankings, pictures and speech by providers that don't speak OpenAI's dialect: calls
//! as they are encoded, and recorded answers as they are read.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "this is a test, which should panic where something is not as expected"
)]

#[path = "operations_foreign/answers.rs"]
mod answers;

#[path = "operations_foreign/bedrock.rs"]
mod bedrock;

#[path = "operations_foreign/cohere.rs"]
mod cohere;

#[path = "operations_foreign/google.rs"]
mod google;

#[path = "operations_foreign/ollama.rs"]
mod ollama;

use bytes::Bytes;
use http::Request;
use serde_json::Value;
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{Adapter, EncodeError, Fault, Operations, Reply, Target, Task};
use tollgate_types::Timestamp;
use tollgate_wire::operation::{Operation, OperationAnswer, OperationCall};

/// The smallest PNG there is need for.
const PNG: &str = "data:image/png;base64,iVBORw==";

/// Where calls of a test go.
struct Place {
    adapter: &'static dyn Adapter,
    base_url: &'static str,
    model: &'static str,
    credential: &'static str,
    auth: Auth,
    quirks: Quirks,
}

impl Place {
    fn with<T>(
        &self,
        call: &OperationCall,
        act: impl FnOnce(&dyn Operations, &Task<'_>) -> T,
    ) -> T {
        let target = Target {
            base_url: self.base_url,
            upstream_model: self.model,
            credential: Some(self.credential),
            max_output: None,
            supported_parameters: &[],
            auth: self.auth,
            quirks: &self.quirks,
            service: tollgate_catalog::Service::default(),
        };
        // The first second of the year 2026.
        let now = Timestamp::from_unix_millis(1_767_225_600_000);
        let task = Task { call, target, end_user: Some("u-1"), now };
        act(self.adapter.operations().unwrap(), &task)
    }

    fn request(&self, operation: Operation, body: &Value) -> Result<Request<Bytes>, EncodeError> {
        self.with(&call(operation, body), Operations::encode)
    }

    /// Method and address, and the body.
    fn sent(&self, operation: Operation, body: &Value) -> (String, Value) {
        let request = self.request(operation, body).unwrap();
        assert_eq!(request.headers()["content-type"], "application/json");
        let line = format!("{} {}", request.method(), request.uri());
        (line, serde_json::from_slice(request.body()).unwrap())
    }

    /// Why a call can't be encoded.
    fn refusal(&self, operation: Operation, body: &Value) -> String {
        self.request(operation, body).unwrap_err().to_string()
    }

    fn read(
        &self,
        operation: Operation,
        body: &Value,
        answer: &[u8],
    ) -> Result<OperationAnswer, Fault> {
        let body_of_answer = Bytes::copy_from_slice(answer);
        let reply = Reply { media_type: "application/json".to_owned(), body: body_of_answer };
        self.with(&call(operation, body), |operations, task| operations.answer(task, &reply))
    }
}

/// A call of a client.
fn call(operation: Operation, body: &Value) -> OperationCall {
    let mut body = body.clone();
    body["model"] = "a/b".into();
    OperationCall::read(operation, Bytes::from(body.to_string())).unwrap()
}

fn recording(name: &str) -> Vec<u8> {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/operations");
    std::fs::read(folder.join(name)).unwrap()
}
