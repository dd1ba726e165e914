//! Answers that are read to their end before anybody is told of them.

use std::sync::Arc;

use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};
use tollgate_catalog::Endpoint;
use tollgate_providers::{Decoder, Fault, FaultKind, WholeAnswer};
use tollgate_wire::chat::ChatEvent;
use tollgate_wire::json::mend_surrogates;

use super::Spoken;
use crate::EngineConfig;
use crate::attempt::{OpenStream, Started, receive_whole, start_stream};
use crate::run::Run;

/// Reads a stream to its end, and what it says.
pub(super) async fn stream_heard_at(
    run: &Run,
    endpoint: &Arc<Endpoint>,
) -> Result<(OpenStream, Spoken), Fault> {
    let Started { open, adapter, is_array, deadline } = start_stream(run, endpoint).await?;
    let array = if is_array { adapter.array_decoder() } else { None };
    let mut ear = Ear {
        decoder: array.unwrap_or_else(|| adapter.decoder()),
        spoken: Spoken::default(),
        events: Vec::new(),
    };
    let config = run.engine.config();
    let longest =
        config.stream_timeout.map_or(config.whole_timeout, |it| it.min(config.whole_timeout));
    let until = (deadline, Instant::now() + longest);
    let mut listening = Listening { run, open: Some(open) };
    if let Some(open) = &mut listening.open
        && let Err(fault) = read(open, &mut ear, until, config).await
    {
        listening.open = None;
        return Err(fault);
    }
    let open = listening.open.take().ok_or_else(Fault::truncated)?;
    let spoken = ear.spoken;
    open.answer.progress().failure().map_or(Ok((open, spoken)), Err)
}

/// An answer that is being read. When the client leaves meanwhile, what it has come to is paid.
struct Listening<'r> {
    run: &'r Run,
    open: Option<OpenStream>,
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        if let Some(open) = self.open.take()
            && open.answer.progress().content
        {
            let progress = open.answer.progress().clone();
            self.run.left_behind.lock().push((open.endpoint, progress));
        }
    }
}

/// Listens to an answer beside whoever writes it down for the client.
struct Ear {
    decoder: Box<dyn Decoder>,
    spoken: Spoken,
    events: Vec<ChatEvent>,
}

impl Ear {
    /// What it can't make sense of is not judged: the answer's own reader has read it.
    fn note(&mut self, result: &Result<(), Fault>) {
        if result.is_ok() {
            for event in &self.events {
                self.spoken.note(event);
            }
        }
        self.events.clear();
    }
}

/// Reads a stream until its end; `until` is when its first word must have come, and its last.
async fn read(
    open: &mut OpenStream,
    ear: &mut Ear,
    until: (Instant, Instant),
    config: &EngineConfig,
) -> Result<(), Fault> {
    while let Some(body) = open.body.as_mut().filter(|_| !open.answer.is_done()) {
        let quiet_until = Instant::now() + config.idle_timeout;
        let speaks = open.answer.progress().content;
        let deadline = if speaks { until.1.min(quiet_until) } else { until.0 };
        let frame = timeout_at(deadline, body.frame()).await;
        match frame.map_err(|_| Fault::new(FaultKind::Timeout))? {
            Some(Ok(frame)) => {
                let Ok(data) = frame.into_data() else { continue };
                open.answer.push(&data, &mut open.out)?;
                let heard = ear.decoder.push(&data, &mut ear.events);
                ear.note(&heard);
                if open.out.len() > config.answer_bytes_max {
                    return Err(Fault::malformed("it is too large"));
                }
            }
            Some(Err(_)) => return Err(Fault::truncated()),
            None => {
                open.answer.finish(&mut open.out)?;
                open.body = None;
            }
        }
    }
    let heard = ear.decoder.finish(&mut ear.events);
    ear.note(&heard);
    Ok(())
}

/// Reads a whole answer, and what it says.
pub(super) async fn whole_heard_at(
    run: &Run,
    endpoint: &Arc<Endpoint>,
) -> Result<(Box<dyn WholeAnswer>, Spoken), Fault> {
    let (adapter, body) = receive_whole(run, endpoint).await?;
    let mut spoken = Spoken::default();
    if let Ok(events) = adapter.events(&mend_surrogates(&body)) {
        for event in &events {
            spoken.note(event);
        }
    }
    let answer = tollgate_providers::whole(adapter, &run.call, &run.head(endpoint), body)?;
    Ok((answer, spoken))
}
