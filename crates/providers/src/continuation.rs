//! Answers that one endpoint began and another ends.
//!
//! The next endpoint is asked the same with the beginning of the answer as the last message, and
//! told not to think again. Its answer is always translated, and written by whoever stands where
//! the client's reading does.
//!
//! # White space
//!
//! No text is asked to be continued that ends in white space: Claude refuses it, and what follows
//! a space is for most models another word than what follows a letter. So it is left out of the
//! request; if the model then writes the same white space, the client has it already.

use tollgate_wire::AnswerWriter;
use tollgate_wire::chat::{ChatCall, ChatEvent};
use tollgate_wire::error::BadRequest;

use crate::translate::{TranslatedStream, hidden};
use crate::{AnswerStream, Decoder, Fault, Progress, Said, Target};

/// The call that asks for the rest of an answer of which `said` was told, `written` tokens so far.
///
/// # Errors
///
/// When the call can't be written that way.
pub fn continued_call(
    call: &ChatCall,
    said: &str,
    written: u64,
    target: &Target<'_>,
) -> Result<ChatCall, BadRequest> {
    let said = said.trim_end();
    // Thoughts that led to what was said are told already. Who has said nothing may think again.
    let is_quiet = !said.is_empty() && target.supports("reasoning");
    call.continued(said, written, is_quiet)
}

/// The rest of an answer, before it is known whether it comes.
#[derive(Debug)]
pub struct Continuation {
    decoder: Box<dyn Decoder>,
    progress: Progress,
    echo: Echo,
    events: Vec<ChatEvent>,
    incoming: Vec<ChatEvent>,
}

impl Continuation {
    /// Starts reading how an answer goes on of which `said` was told.
    pub fn new(decoder: Box<dyn Decoder>, said: &Said) -> Self {
        let progress = Progress { said: said.clone(), ..Progress::default() };
        let echo = Echo::of(said.text().unwrap_or_default());
        Self { decoder, progress, echo, events: Vec::new(), incoming: Vec::new() }
    }

    /// Takes the next bytes of the response.
    ///
    /// # Errors
    ///
    /// As [`AnswerStream::push`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let result = self.decoder.push(bytes, &mut self.incoming);
        self.take();
        result
    }

    /// The response has ended.
    ///
    /// # Errors
    ///
    /// As [`AnswerStream::finish`].
    pub fn finish(&mut self) -> Result<(), Fault> {
        let result = self.decoder.finish(&mut self.incoming);
        self.take();
        result
    }

    /// How far the rest of the answer got.
    pub const fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Goes on where the client's reading stands: writes what has come so far, and whatever comes.
    pub fn written_by(
        self,
        mut writer: Box<dyn AnswerWriter>,
        out: &mut Vec<u8>,
    ) -> Box<dyn AnswerStream> {
        let Self { decoder, progress, echo, mut events, .. } = self;
        for event in events.drain(..) {
            writer.event(out, &event);
        }
        Box::new(TranslatedStream {
            decoder,
            writer,
            progress,
            hides_reasoning: true,
            echo,
            events,
        })
    }

    fn take(&mut self) {
        for mut event in self.incoming.drain(..) {
            // An endpoint that thinks again all the same is not listened to.
            if !self.echo.leaves(&mut event) || hidden(true, &event, &mut self.progress) {
                continue;
            }
            self.progress.note(&event);
            self.events.push(event);
        }
    }
}

/// White space that the client has and the next endpoint was not told of.
#[derive(Debug, Default)]
pub(crate) struct Echo {
    rest: String,
}

impl Echo {
    fn of(said: &str) -> Self {
        let rest = said.get(said.trim_end().len()..).unwrap_or_default();
        Self { rest: rest.to_owned() }
    }

    /// Takes out of an event what the client has already; `false` when nothing is left of it.
    pub(crate) fn leaves(&mut self, event: &mut ChatEvent) -> bool {
        if self.rest.is_empty() {
            return true;
        }
        match event {
            ChatEvent::Text(text) => {
                let same = text.chars().zip(self.rest.chars()).take_while(|(one, two)| one == two);
                let length: usize = same.map(|(one, _)| one.len_utf8()).sum();
                text.drain(..length);
                self.rest.drain(..length);
                if !text.is_empty() {
                    self.rest.clear();
                }
                !text.is_empty()
            }
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(said: &str, pieces: &[&str]) -> String {
        let mut echo = Echo::of(said);
        let mut whole = said.to_owned();
        for piece in pieces {
            let mut event = ChatEvent::Text((*piece).to_owned());
            let leaves = echo.leaves(&mut event);
            if let ChatEvent::Text(text) = event {
                assert_eq!(leaves, !text.is_empty());
                whole.push_str(&text);
            }
        }
        whole
    }

    #[test]
    fn white_space_is_neither_doubled_nor_lost() {
        for (said, pieces, whole) in [
            ("one ", &[" two"][..], "one two"),
            ("one ", &["two"], "one two"),
            ("one", &[" two"], "one two"),
            ("one \n", &[" ", "\n", "\ntwo"], "one \n\ntwo"),
            ("one\n\n", &["\n", "two"], "one\n\ntwo"),
            ("one ", &["\ntwo"], "one \ntwo"),
            ("one ", &[" two", " three"], "one two three"),
            ("one\u{2003}", &["\u{2003}two"], "one\u{2003}two"),
            (" \n", &[" \nOne"], " \nOne"),
            ("", &[" one"], " one"),
        ] {
            assert_eq!(after(said, pieces), whole, "{said:?} {pieces:?}");
        }
    }
}
