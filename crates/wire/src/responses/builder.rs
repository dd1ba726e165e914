//! An answer as one response object.

use crate::answer::AnswerBuilder;
use crate::chat::{AnswerHead, ChatEvent, FinishReason, UsageView};
use crate::error::ErrorBody;
use crate::json::RawObject;
use crate::responses::echo::Echo;
use crate::responses::item::{Item, Step, Watcher};
use crate::responses::output::Output;
use crate::responses::response::{Ending, Identity, Response};

/// Collects the items of an answer.
#[derive(Debug)]
pub(super) struct ResponseBuilder {
    echo: Echo,
    output: Output,
}

/// Nobody looks while an answer is collected.
struct Nobody;

impl Watcher for Nobody {
    fn step(&mut self, _: &Item, _: Step<'_>) {}
}

impl ResponseBuilder {
    /// An answer to a request.
    pub(super) fn new(request: Option<&RawObject>) -> Self {
        Self { echo: Echo::of(request), output: Output::new(request) }
    }
}

impl AnswerBuilder for ResponseBuilder {
    fn event(&mut self, event: ChatEvent) {
        self.output.event(&event, &mut Nobody);
    }

    fn build(&self, head: &AnswerHead, usage: &UsageView, error: Option<&ErrorBody>) -> Vec<u8> {
        let finish = self.output.finish.as_ref();
        let finish = finish.map_or((FinishReason::Stop, "stop"), |(ours, native)| (*ours, native));
        let ending = match error {
            Some(error) => Ending::broken(error, &self.output),
            None => Ending::of(finish, &self.output),
        };
        let response = Response {
            identity: &Identity::of(head),
            ending: &ending,
            output: &self.output,
            echo: &self.echo,
            usage: Some(usage),
        };
        response.to_json()
    }
}
