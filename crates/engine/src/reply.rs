//! Answering a call that was admitted and planned.

use bytes::Bytes;
use tokio::task::yield_now;
use tokio::time::timeout;
use tollgate_wire::chat::UsageView;

use crate::attempt::{OpenWhole, open_stream, open_whole};
use crate::cache::Recording;
use crate::content::Transcript;
use crate::engine::{Engine, fail};
use crate::run::{Ending, Run};
use crate::traffic::{Answer, WholeReply};
use crate::{CallFailure, ChatStream, decision};

impl Engine {
    /// Answers a call that is streamed, to its first word or the first sign of life.
    pub(crate) async fn stream(&self, mut run: Box<Run>) -> Result<Answer, CallFailure> {
        let transcript = Transcript::of(&mut run);
        let recording = Recording::of(&run).map(Box::new);
        let cached = run.caching.told(run.created);
        let (id, media_type) = (run.id.clone(), run.call.stream_type());
        let keep_alive = run.call.keep_alive();
        let mut opening = open_stream(run);
        let (spoken, body) = match timeout(self.config().keep_alive, &mut opening).await {
            Ok((run, Ok(open))) => {
                let provider = open.endpoint.provider.name.clone();
                (Some((provider, run.timing())), ChatStream::relaying(run, open))
            }
            Ok((run, Err(error))) => return Err(fail(run, error)),
            Err(_) => (None, ChatStream::opening(opening, self.config().clone(), keep_alive)),
        };
        let (provider, timing) = spoken.unzip();
        let body = Box::new(body.heard_by(transcript, recording));
        Ok(Answer::Stream { id, provider, timing, cached, media_type, body })
    }

    /// Lets the other calls go on whose turn it is, where there are some, before this one sends
    /// something.
    ///
    /// What calls are at then comes together: their entries are one write to the journal, and peers
    /// on this machine are woken for all of what they are sent, which takes longer than sending it.
    async fn in_turn(&self) {
        if self.metrics().has_company() {
            yield_now().await;
        }
    }

    /// Answers a call that is not streamed, and says what was used.
    pub(crate) async fn whole(
        &self,
        mut run: Box<Run>,
    ) -> Result<(WholeReply, UsageView), CallFailure> {
        let mut transcript = Transcript::of(&mut run);
        // Dropped before its transcript, whatever ends it.
        let mut run = run;
        self.in_turn().await;
        let OpenWhole { endpoint, answer } = match open_whole(&mut run).await {
            Ok(open) => open,
            Err(error) => return Err(fail(run, error)),
        };
        let told = decision::told(&run, Some(&endpoint));
        let usage = run.settle_unwritten(Some(&endpoint), answer.progress(), Ending::Complete);
        let mut body = answer.render(&run.head(&endpoint), &usage);
        if let Some(told) = told {
            told.join_answer(run.call.dialect(), &mut body);
        }
        let body = Bytes::from(body);
        if let Some(transcript) = &mut transcript {
            transcript.answered(body.clone());
        }
        if let Some(mut recording) = Recording::of(&run) {
            recording.hear(&body);
            recording.finish(false);
        }
        self.in_turn().await;
        self.recorder().write();
        let provider = endpoint.provider.name.clone();
        let (timing, cached) = (run.timing(), run.caching.told(run.created));
        Ok((WholeReply { id: run.id.clone(), provider, timing, cached, body }, usage))
    }
}
