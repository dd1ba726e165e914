//! The policy that knows the future.

use std::time::Duration;

use super::Run;
use crate::ledger::Ending;
use crate::queue::Event;
use crate::world::{Question, Reaction};

/// How often the oracle looks again when nobody serves a call.
const ORACLE_STEP: Duration = Duration::from_millis(200);
impl Run<'_> {
    /// The oracle asks the cheapest that serves the call, now or as soon as anybody does.
    pub(super) fn divine(&mut self, slot: usize, now: Duration) {
        let Some(active) = self.active.get(slot).and_then(Option::as_ref) else { return };
        let Some(call) = self.setting.calls.get(active.call) else { return };
        let serves = |place: usize| {
            let host = self.setting.directory.number(call.model, place);
            let tokens = active.answer_tokens;
            let question = Question { call: active.call, host, before: active.round, tokens };
            match self.world.foresee(question, now) {
                Reaction::Speaks { after, cut: None, .. } => now + after <= active.deadline,
                _ => false,
            }
        };
        let places = (0..active.choices.len()).filter(|place| serves(*place));
        let best = places.min_by_key(|place| {
            let host = self.setting.directory.number(call.model, *place);
            self.sessions.bill(self.setting.directory, call, host, active.answer_tokens).0
        });
        let (round, deadline) = (active.round, active.deadline);
        let Some(active) = self.active_at(slot) else { return };
        active.round += 1;
        if let Some(place) = best {
            let index = active.choices.iter().position(|it| it.place == place).unwrap_or(0);
            if let Some(tries) = active.tries.get_mut(index) {
                *tries = round;
            }
            return self.attempt(slot, index, now);
        }
        if now >= deadline {
            return self.conclude(slot, Ending::Failed);
        }
        self.queue.plan((now + ORACLE_STEP).min(deadline), Event::Again { slot });
    }
}
