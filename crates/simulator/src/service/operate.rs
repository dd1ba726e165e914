//! Serving what is not a conversation: read, done at once, and sent as the script wants it.

use bytes::Bytes;
use serde_json::Value;

use super::{Exchange, Ordered, Outcome};
use crate::encode::EVENT_STREAM;
use crate::failure::Failure;
use crate::model::{Behaviour, Model};
use crate::operation::{Output, Task, perform};
use crate::pace::Pace;
use crate::player::Player;
use crate::script::{Front, Script};

impl Exchange {
    pub(super) async fn operate(
        &mut self,
        ordered: Ordered,
        script: Script,
        body: &Bytes,
    ) -> Result<Outcome, Failure> {
        let Ordered { operation, model, form } = ordered;
        let value = if form.is_some() { Value::Null } else { self.parsed(body)? };
        let usual = operation.default_model(self.protocol).map(str::to_owned);
        let Some(model) = model.filter(|model| !model.is_empty()).or(usual) else {
            return Err(self.protocol.no_model());
        };
        if Model::parse(&model).is_ok_and(|model| model.behaviour == Behaviour::Missing) {
            return Err(Failure::model_missing(&model));
        }
        let pace = Pace::new(&self.state.config.timing, &script, self.ids.next());
        let label = self.label(model, &script);
        let form = form.unwrap_or_default();
        let empty = script.front == Some(Front::Empty);
        let mut task = Task { head: &self.head, body: &value, form: &form, label, empty };
        match perform(self.protocol, operation, &mut task)? {
            Output::Whole { content_type, bytes, tokens } => {
                if let Some(outcome) = self.instead(content_type, &script, &pace) {
                    return Ok(outcome);
                }
                tokio::time::sleep(pace.whole(tokens)).await;
                Ok(self.whole(content_type, bytes, script, pace))
            }
            Output::Events { events, error } => {
                if let Some(outcome) = self.instead(EVENT_STREAM, &script, &pace) {
                    return Ok(outcome);
                }
                let player = Player::events(events, error, script, pace);
                Ok(self.played(EVENT_STREAM, player, &script))
            }
        }
    }
}
