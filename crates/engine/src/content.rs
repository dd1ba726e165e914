//! What is said and answered in a call, for workspaces that want it kept (contract §1.3, §1.6).
//!
//! # Why read the client's own bytes?
//!
//! What is kept is what the client was given: whoever wrote it, in translation or passed on, at one
//! endpoint or at several of which each went on where the last one broke off. All of that meets in
//! the bytes that leave. A [`Transcript`] reads them with the decoder of the protocol that the
//! client's dialect is, and remembers the words alone. Calls of other workspaces have none, and pay
//! nothing for it.
//!
//! Writing down is somebody else's work: a transcript hands over when it is dropped, which is after
//! the call has been settled, and never waits ([`Contents`]).

mod cut;
mod ear;
mod keeper;
mod reseal;
mod words;

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tollgate_types::{GenerationId, Timestamp};
use tollgate_wire::{Address, Call, Dialect};

use self::ear::Ear;
use self::words::{Failure, Output, Words};
use crate::asked::Asked;
use crate::engine::Engine;
use crate::run::{Ending, Run};
use crate::{CallError, Entropy};

pub use self::keeper::{ContentError, Contents};
pub use self::reseal::{Resealed, reseal_contents};

/// What was said in a call, to be read when nobody waits for it.
#[derive(Debug)]
pub(crate) struct Input {
    dialect: Dialect,
    text: String,
    address: Address,
}

impl Input {
    /// As the models were asked: with what a preset has laid under it.
    pub(crate) fn of(call: &Call) -> Option<Self> {
        let (dialect, object) = if call.may_be_passed_on() {
            (call.dialect(), call.object())
        } else {
            (Dialect::Chat, call.chat().ok()?.object())
        };
        Some(Self { dialect, text: object.text().to_owned(), address: call.address().clone() })
    }
}

/// How a call has ended, which its run tells its transcript.
#[derive(Debug, Default)]
pub(crate) struct LastWord(Mutex<Option<(Option<Input>, Option<Failure>)>>);

impl LastWord {
    /// The call is settled.
    pub(crate) fn tell(&self, input: Option<Input>, error: Option<&CallError>) {
        *self.0.lock() = Some((input, error.map(Failure::of)));
    }
}

/// The words of one call, which are handed over when this is dropped.
#[derive(Debug)]
pub(crate) struct Transcript {
    engine: Arc<Engine>,
    id: GenerationId,
    created_at: Timestamp,
    last_word: Arc<LastWord>,
    output: Output,
}

impl Transcript {
    /// A transcript of a call, if its workspace wants one. It must outlive the run.
    pub(crate) fn of(run: &mut Run) -> Option<Box<Self>> {
        let settings = &run.workspace.document.body.settings;
        if !settings.keeps_contents_of(&run.key.record.hash) {
            return None;
        }
        if !is_drawn(run.engine.entropy(), settings.io_logging_sampling_rate) {
            return None;
        }
        let output = if run.call.params().stream {
            Output::Heard(Ear::new(run.call.dialect(), run.call.address().as_array))
        } else {
            Output::Whole(run.call.dialect(), Bytes::new())
        };
        let last_word = Arc::<LastWord>::default();
        run.last_word = Some(Arc::clone(&last_word));
        let (id, created_at) = (run.id.clone(), run.created);
        Some(Box::new(Self { engine: Arc::clone(&run.engine), id, created_at, last_word, output }))
    }

    /// Takes what the client is given next of a stream.
    pub(crate) fn hear(&mut self, bytes: &[u8]) {
        if let Output::Heard(ear) = &mut self.output {
            ear.hear(bytes);
        }
    }

    /// Takes the whole answer.
    pub(crate) fn answered(&mut self, body: Bytes) {
        if let Output::Whole(_, whole) = &mut self.output {
            *whole = body;
        }
    }
}

impl<C: Asked> Run<C> {
    /// Tells the transcript, if there is one, that the call is settled.
    pub(crate) fn tell_transcript(&mut self, ending: Ending<'_>) {
        let Some(last_word) = self.last_word.take() else { return };
        let error = if let Ending::Failed(error) = ending { Some(error) } else { None };
        last_word.tell(self.call.said(), error);
    }
}

impl Drop for Transcript {
    fn drop(&mut self) {
        // A call that never got a record has not been settled with one.
        let Some((input, failure)) = self.last_word.0.lock().take() else { return };
        let output = std::mem::replace(&mut self.output, Output::nothing());
        let (id, created_at) = (self.id.clone(), self.created_at);
        self.engine.contents().hand_over(Words { id, created_at, input, output, failure });
    }
}

/// Whether a call is among the share of calls that is kept.
fn is_drawn(entropy: &dyn Entropy, rate: f64) -> bool {
    if rate >= 1.0 {
        return true;
    }
    let mut random = [0; 4];
    entropy.fill(&mut random).is_ok()
        && f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX) < rate
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::NoEntropy;

    #[derive(Debug)]
    struct Dice(Option<u32>);

    impl Entropy for Dice {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
            bytes.copy_from_slice(&self.0.ok_or(NoEntropy)?.to_le_bytes());
            Ok(())
        }
    }

    #[test]
    fn a_share_of_calls_is_drawn() {
        for (random, rate, expected) in [
            (Some(u32::MAX), 1.0, true),
            (None, 1.0, true),
            (None, 0.9999, false),
            (Some(u32::MAX / 4), 0.26, true),
            (Some(u32::MAX / 4), 0.24, false),
            (Some(0), 0.0001, true),
        ] {
            assert_eq!(is_drawn(&Dice(random), rate), expected, "{random:?} {rate}");
        }
    }
}
