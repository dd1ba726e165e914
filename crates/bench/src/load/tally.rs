//! What a cell's load counts.

use std::time::Duration;

use super::answer::WORDS;
use super::client::Streamed;
use crate::statistics::Samples;

/// Counts of one client, or of all.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// Of right answers: the time to the whole answer, or to a stream's first token.
    pub(crate) latency: Samples,
    /// Of complete streams: the time between one read with content and the next.
    pub(crate) gaps: Samples,
    /// Requests that were due, at a fixed rate.
    pub(crate) due: Option<u64>,
    /// How late the load itself was, at a fixed rate.
    pub(crate) late: Samples,
    /// Streams' words that came, of complete streams.
    pub(crate) words: u64,
    /// Streams' events with content, of complete streams: fewer than words when a server merges.
    pub(crate) events: u64,
    /// Answers that were wrong, incomplete or none.
    pub(crate) errors: u64,
    /// Streams among them with the wrong text.
    pub(crate) wrong_text: u64,
    /// Streams among them without `[DONE]` at their end.
    pub(crate) without_done: u64,
    /// Streams among them without the right usage.
    pub(crate) without_usage: u64,
    /// What the first error was.
    pub(crate) first_error: Option<String>,
}

impl Tally {
    pub(crate) fn error(&mut self, error: &anyhow::Error) {
        self.errors += 1;
        self.first_error.get_or_insert_with(|| format!("{error:#}"));
    }

    /// Counts a stream; true when it was complete.
    pub(super) fn stream(&mut self, streamed: anyhow::Result<Streamed>) -> bool {
        let streamed = match streamed {
            Ok(streamed) => streamed,
            Err(error) => {
                self.error(&error);
                return false;
            }
        };
        let verdict = streamed.verdict;
        if let Some(first_token) = streamed.first_token
            && verdict.right
            && verdict.done
            && verdict.usage
        {
            self.latency.push(first_token);
            self.gaps.append(streamed.gaps);
            self.words += WORDS;
            self.events += verdict.events;
            return true;
        }
        self.wrong_text += u64::from(!verdict.right);
        self.without_done += u64::from(!verdict.done);
        self.without_usage += u64::from(!verdict.usage);
        self.error(&anyhow::anyhow!("an incomplete stream: {verdict:?}"));
        false
    }

    pub(super) fn add(&mut self, other: Self) {
        self.latency.append(other.latency);
        self.gaps.append(other.gaps);
        self.late.append(other.late);
        self.words += other.words;
        self.events += other.events;
        self.errors += other.errors;
        self.wrong_text += other.wrong_text;
        self.without_done += other.without_done;
        self.without_usage += other.without_usage;
        self.first_error = self.first_error.take().or(other.first_error);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::answer::Verdict;
    use super::{Samples, Streamed, Tally};

    #[test]
    fn only_complete_streams_count() {
        let right = Verdict { events: 100, right: true, done: true, usage: true };
        let first_token = Some(Duration::from_millis(1));
        let streamed = |verdict| {
            let mut gaps = Samples::default();
            gaps.push(Duration::from_micros(7));
            Ok(Streamed { first_token, gaps, verdict })
        };
        let mut tally = Tally::default();
        assert!(tally.stream(streamed(right)));
        for wrong in [
            Verdict { right: false, ..right },
            Verdict { done: false, ..right },
            Verdict { usage: false, ..right },
        ] {
            assert!(!tally.stream(streamed(wrong)));
        }
        assert!(!tally.stream(Err(anyhow::anyhow!("cut"))));
        let mut all = Tally::default();
        all.add(tally);
        assert_eq!((all.words, all.events, all.errors), (100, 100, 4));
        assert_eq!(all.gaps.count(), 1);
        assert_eq!((all.wrong_text, all.without_done, all.without_usage), (1, 1, 1));
        assert!(all.first_error.is_some_and(|it| it.starts_with("an incomplete stream")));
    }
}
