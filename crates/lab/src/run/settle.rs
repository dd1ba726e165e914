//! How calls are paid for, remembered and ended.

use std::time::Duration;

use tollgate_health::Outcome;

use super::Run;
use crate::active::{Active, Attempt};
use crate::ledger::{Ending, Entry};
use crate::traffic::Call;

impl Run<'_> {
    pub(super) fn pay(&mut self, slot: usize, host: usize, written: u32, now: Duration) {
        let Some(active) = self.active.get_mut(slot).and_then(Option::as_mut) else { return };
        let Some(call) = self.setting.calls.get(active.call) else { return };
        let call = Call { prompt_tokens: active.prompt_tokens, at: now, ..*call };
        let (paid, cached) = self.sessions.bill(self.setting.directory, &call, host, written);
        active.entry.paid = active.entry.paid.saturating_add(paid);
        if written > 0 {
            active.entry.cached = cached;
        }
    }

    pub(super) fn remember(&mut self, slot: usize, attempt: &Attempt, now: Duration) {
        let call = self.active.get(slot).and_then(Option::as_ref).map(|active| active.call);
        let Some(call) = call.and_then(|call| self.setting.calls.get(call)) else { return };
        if let Some(conversation) = call.conversation {
            let host = self.setting.directory.hosts.get(attempt.host);
            let saves = host.is_some_and(|host| host.cache_read.is_some());
            self.sessions.answered(conversation, attempt.host, saves, now);
        }
    }

    pub(super) fn conclude(&mut self, slot: usize, ending: Ending) {
        let Some(active) = self.active.get_mut(slot).and_then(Option::take) else { return };
        self.free.push(slot);
        if self.policy.settings.returns_probes {
            self.return_probes(&active);
        }
        if let Some(entry) = self.ledger.entries.get_mut(active.call) {
            self.ledger.ended_twice += u32::from(entry.ending != Ending::Open);
            *entry = Entry { ending, ..active.entry };
        }
    }

    fn return_probes(&self, active: &Active) {
        let Some(call) = self.setting.calls.get(active.call) else { return };
        for place in &active.probes {
            let host = self.setting.directory.number(call.model, *place);
            self.observe(host, Outcome::Callers, call.at);
        }
    }
}
