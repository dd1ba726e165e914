//! A call under way.

use std::time::Duration;

use crate::choice::Choice;
use crate::ledger::Entry;
use crate::world::Reaction;

/// A call under way.
#[derive(Debug)]
pub(crate) struct Active {
    /// The number of the call.
    pub(crate) call: usize,
    /// When the caller leaves, if no token has come.
    pub(crate) deadline: Duration,
    pub(crate) choices: Vec<Choice>,
    /// How often each was tried.
    pub(crate) tries: Vec<u32>,
    /// The next to look at.
    pub(crate) next: usize,
    pub(crate) round: u32,
    /// Those that are tried in a round after the first.
    pub(crate) due: Vec<usize>,
    /// Those that may answer when asked again, and how long they want to be left alone.
    pub(crate) may_pass: Vec<(usize, Duration)>,
    /// At most three.
    pub(crate) running: Vec<Attempt>,
    /// Endpoints whose probe was granted and not made yet.
    pub(crate) probes: Vec<usize>,
    /// How much is to be read and written.
    pub(crate) prompt_tokens: u32,
    pub(crate) answer_tokens: u32,
    pub(crate) entry: Entry,
}

/// An attempt under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    /// Its own, of all attempts of a run.
    pub(crate) serial: u64,
    /// Its place in the order.
    pub(crate) index: usize,
    /// The endpoint's number.
    pub(crate) host: usize,
    pub(crate) began: Duration,
    /// What the endpoint was seen to take at the worst.
    pub(crate) worst: Duration,
    /// When it is given up.
    pub(crate) gives_up: Duration,
    pub(crate) reaction: Reaction,
    /// Whether its silence was counted as a failure already.
    pub(crate) is_reported: bool,
}

impl Active {
    /// The next place in the order to try, as the engine goes through it.
    pub(crate) fn advance(&mut self) -> Option<usize> {
        while self.next < self.choices.len() {
            let index = self.next;
            self.next += 1;
            let is_due = self.round == 0 || self.due.contains(&index);
            if is_due {
                return Some(index);
            }
        }
        None
    }

    pub(crate) fn take(&mut self, serial: u64) -> Option<Attempt> {
        let at = self.running.iter().position(|attempt| attempt.serial == serial)?;
        Some(self.running.swap_remove(at))
    }

    /// Whether an answer has begun.
    pub(crate) fn has_spoken(&self) -> bool {
        self.entry.first_token.is_some()
    }
}

impl Attempt {
    /// When something comes of it that nobody has to decide: a refusal or a first token.
    pub(crate) fn comes_at(&self) -> Option<Duration> {
        match self.reaction {
            Reaction::Refuses { after, .. } | Reaction::Speaks { after, .. } => {
                Some(self.began + after)
            }
            Reaction::Stalls => None,
        }
    }

    /// Whether the provider is busy with it.
    pub(crate) const fn is_served(&self) -> bool {
        !matches!(self.reaction, Reaction::Refuses { .. })
    }
}
