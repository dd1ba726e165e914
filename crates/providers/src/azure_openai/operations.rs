//! What Azure does besides conversations: what OpenAI does, at addresses of its own.
//!
//! <https://learn.microsoft.com/en-us/azure/ai-foundry/openai/reference>
//!
//! What a model of pictures takes is told by its name, so a deployment should have its model's.

use bytes::Bytes;
use http::Request;
use tollgate_wire::operation::{Operation, OperationAnswer, OperationCall};

use super::{AzureOpenAi, address, headers};
use crate::openai_chat::operations::{answer, message};
use crate::operation::inputs::unperformed;
use crate::{EncodeError, Fault, OpenAiChat, Operations, Reply, Target, Task};

impl Operations for AzureOpenAi {
    fn performs(&self, operation: Operation) -> bool {
        match operation {
            Operation::Embeddings
            | Operation::Speech
            | Operation::Transcription
            | Operation::Image => true,
            Operation::Rerank | Operation::Moderation => false,
        }
    }

    fn takes(&self, target: &Target<'_>, operation: Operation, member: &str) -> bool {
        OpenAiChat.takes(target, operation, member)
    }

    fn encode(&self, task: &Task<'_>) -> Result<Request<Bytes>, EncodeError> {
        let operation = task.call.operation();
        if !self.performs(operation) {
            return Err(unperformed(operation).into());
        }
        let target = &task.target;
        let message = message(task)?;
        let url = address::model(target.base_url, target.upstream_model, message.path);
        let mut request = message.at(&url)?;
        headers(request.headers_mut(), target)?;
        Ok(request)
    }

    fn answer(&self, task: &Task<'_>, reply: &Reply) -> Result<OperationAnswer, Fault> {
        answer(task, reply)
    }

    fn passes_on(&self, call: &OperationCall) -> bool {
        call.operation() == Operation::Speech
    }
}
