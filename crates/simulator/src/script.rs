//! What goes wrong, and when: scripts such as `status:429;retry-after:7` or `stall-after:3+tps:20`.
//!
//! A script comes from the server's default, from the suffixes of the model's name and from the
//! `x-simulate` header; the later one wins, field by field. A script that can't be read is an
//! error, because a test whose fault silently does nothing proves nothing.

mod directive;

use std::num::{NonZeroU32, NonZeroUsize};
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// The longest wait that a script may ask for.
pub(crate) const WAIT_MAX: Duration = Duration::from_hours(1);

/// What happens instead of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// The protocol's own error with this status.
    Status(u16),
    /// The request is read and never answered, not even with headers.
    Hang,
    /// The request is read and its connection closed, without a word.
    HangUp,
    /// Headers, then silence.
    Stall,
    /// Status 200 with a page of HTML.
    Garbage,
    /// Status 200 with the protocol's error as the body.
    ErrorIn200,
    /// Status 200 with a well-formed answer that has no content.
    Empty,
    /// The protocol's own error for a prompt that is longer than the model reads.
    TooLong,
}

/// How an answer breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Silence, with the connection left open.
    Stall,
    /// The connection is closed in the middle of the body.
    Cut,
    /// The connection is reset (TCP RST) in the middle of the body.
    Reset,
    /// The body ends cleanly, without the protocol's terminator.
    End,
    /// The protocol's own error event, then the clean end of the body.
    Error,
}

/// The media type that an answer claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `text/html`
    Html,
    /// `text/plain`
    Text,
    /// `application/json`
    Json,
    /// `text/event-stream`
    Events,
    /// None at all.
    Unsaid,
}

impl MediaType {
    /// As the header says it; empty where there is no header.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Html => "text/html",
            Self::Text => "text/plain",
            Self::Json => "application/json",
            Self::Events => "text/event-stream",
            Self::Unsaid => "",
        }
    }
}

/// The first requests to a model name fail, the later ones do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailFirst {
    /// How many requests fail.
    pub requests: u32,
    /// The status that they fail with.
    pub status: u16,
}

/// Everything that can be asked of one answer.
///
/// As text, directives joined by `;`, `,` or `+`:
///
/// | Directive | What it does |
/// | --- | --- |
/// | `status:N` | that protocol's error with status N |
/// | `retry-after:S` | errors ask to wait S seconds |
/// | `fail-first:N:STATUS` | the first N requests to this model name fail |
/// | `hang` | reads the request and never answers |
/// | `hang-up` | reads the request and closes the connection |
/// | `stall` | headers, then silence |
/// | `stall-after:N` | silence after N content events |
/// | `cut-after:N` | closes the connection after N content events |
/// | `reset-after:N` | resets the connection (TCP RST) after N content events |
/// | `end-after:N` | ends the body cleanly, without terminator, after N content events |
/// | `stall-at:N` | silence after N bytes of the body, whatever they are |
/// | `cut-at:N` | closes the connection after N bytes of the body |
/// | `reset-at:N` | resets the connection after N bytes of the body |
/// | `end-at:N` | ends the body cleanly after N bytes |
/// | `error-after:N` | the protocol's error event after N content events |
/// | `garbage-after:N` | an event with truncated JSON after N content events, then goes on |
/// | `garbage` | status 200 with a page of HTML |
/// | `media-type:NAME` | the answer claims to be `html`, `text`, `json`, `events` or, `unsaid`, nothing |
/// | `error-in-200` | status 200 with the protocol's error as the body |
/// | `empty` | a well-formed answer without content, of no tokens |
/// | `too-long` | that protocol's error for a prompt longer than the model reads |
/// | `drip:N` | N bytes a write |
/// | `coalesce` | a whole stream in one write |
/// | `delay:MS` | wait before the headers |
/// | `ttft:MS` | wait between the headers and the first event |
/// | `tps:N` | tokens per second |
/// | `jitter:PCT` | how much the waits between tokens vary |
/// | `no-usage` | reports no usage |
/// | `no-done` | leaves out `[DONE]`, where the protocol has it |
/// | `served:TIER` | says that this service tier served: `default`, `flex` or `priority` |
/// | `none` | forgets what earlier scripts asked for |
///
/// A content event brings text, reasoning, arguments or an image. An answer that is not streamed has
/// none: there, the breaks and `garbage-after` strike in the middle of the body whatever N is, and
/// `error-after` is `error-in-200`. A break at a byte behind the body's last never comes; at the last
/// it comes in place of the body's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Forgets what earlier scripts asked for.
    pub reset: bool,
    /// What happens instead of the answer.
    pub front: Option<Front>,
    /// How the answer breaks off, and after how many content events.
    pub break_after: Option<(u32, Break)>,
    /// How the body breaks off, and after how many bytes.
    pub break_at: Option<(u32, Break)>,
    /// The media type that the answer claims instead of its own.
    pub media_type: Option<MediaType>,
    /// After how many content events one event with truncated JSON is put in.
    pub garbage_after: Option<u32>,
    /// How many first requests fail.
    pub fail_first: Option<FailFirst>,
    /// Seconds that an error asks the caller to wait.
    pub retry_after_s: Option<u32>,
    /// Bytes per write.
    pub drip: Option<NonZeroUsize>,
    /// Wait before the headers.
    pub delay: Option<Duration>,
    /// Wait between the headers and the first event.
    pub ttft: Option<Duration>,
    /// Tokens per second.
    pub tps: Option<NonZeroU32>,
    /// How much each wait between tokens varies, in percent.
    pub jitter_pct: Option<u32>,
    /// Leaves out every report of usage.
    pub no_usage: bool,
    /// Leaves out the end marker `[DONE]`.
    pub no_done: bool,
    /// Sends a whole stream in one write.
    pub coalesce: bool,
    /// The service tier that is said to have served, whichever was asked for.
    pub served: Option<ServedTier>,
}

/// A service tier, in OpenAI's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServedTier {
    /// The ordinary one.
    Default,
    /// Later for less.
    Flex,
    /// Sooner for more.
    Priority,
}

impl ServedTier {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Flex => "flex",
            Self::Priority => "priority",
        }
    }
}

/// A script that can't be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ScriptError {
    /// There is no such directive.
    #[error("unknown directive `{0}`")]
    Unknown(String),
    /// The directive exists, its value is missing or wrong.
    #[error("directive `{directive}` can't take the value `{value}`")]
    Value {
        /// The name of the directive.
        directive: String,
        /// What was given.
        value: String,
    },
}

impl Script {
    /// Lays `later` over this script: whatever `later` says wins.
    #[must_use]
    pub fn overlaid(self, later: Self) -> Self {
        let base = if later.reset { Self::default() } else { self };
        Self {
            reset: base.reset,
            front: later.front.or(base.front),
            break_after: later.break_after.or(base.break_after),
            break_at: later.break_at.or(base.break_at),
            media_type: later.media_type.or(base.media_type),
            garbage_after: later.garbage_after.or(base.garbage_after),
            fail_first: later.fail_first.or(base.fail_first),
            retry_after_s: later.retry_after_s.or(base.retry_after_s),
            drip: later.drip.or(base.drip),
            delay: later.delay.or(base.delay),
            ttft: later.ttft.or(base.ttft),
            tps: later.tps.or(base.tps),
            jitter_pct: later.jitter_pct.or(base.jitter_pct),
            no_usage: later.no_usage || base.no_usage,
            no_done: later.no_done || base.no_done,
            coalesce: later.coalesce || base.coalesce,
            served: later.served.or(base.served),
        }
    }
}

impl FromStr for Script {
    type Err = ScriptError;

    /// Reads directives separated by `;`, `,` or `+`. The empty text is the empty script.
    fn from_str(text: &str) -> Result<Self, ScriptError> {
        text.split([';', ',', '+'])
            .map(str::trim)
            .filter(|directive| !directive.is_empty())
            .try_fold(Self::default(), |script, text| Ok(script.overlaid(directive::parse(text)?)))
            .map(|script| Self { reset: mentions_none(text), ..script })
    }
}

fn mentions_none(text: &str) -> bool {
    text.split([';', ',', '+']).any(|directive| directive.trim() == "none")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Break, FailFirst, Front, MediaType, Script, ScriptError};

    #[test]
    fn directives_are_read_with_any_separator() {
        let script: Script = "status:429;retry-after:7 , stall-after:3+tps:20".parse().unwrap();
        assert_eq!(script.front, Some(Front::Status(429)));
        assert_eq!(script.retry_after_s, Some(7));
        assert_eq!(script.break_after, Some((3, Break::Stall)));
        assert_eq!(script.tps.map(u32::from), Some(20));
        let script: Script = "fail-first:2:503;ttft:40;coalesce".parse().unwrap();
        assert_eq!(script.fail_first, Some(FailFirst { requests: 2, status: 503 }));
        assert_eq!(script.ttft, Some(Duration::from_millis(40)));
        assert!(script.coalesce);
        let script: Script = "cut-at:17;media-type:unsaid".parse().unwrap();
        assert_eq!(script.break_at, Some((17, Break::Cut)));
        assert_eq!(script.media_type, Some(MediaType::Unsaid));
    }

    #[test]
    fn a_script_that_means_nothing_is_an_error() {
        for text in [
            "stal",
            "status",
            "status:abc",
            "status:99",
            "tps:0",
            "drip:0",
            "stall:3",
            "media-type:x",
        ] {
            assert!(text.parse::<Script>().is_err(), "{text}");
        }
        let unknown = "stal".parse::<Script>().unwrap_err();
        assert_eq!(unknown, ScriptError::Unknown("stal".to_owned()));
    }

    #[test]
    fn the_later_script_wins_and_none_forgets() {
        let base: Script = "status:503;tps:5".parse().unwrap();
        let over = base.overlaid("stall".parse().unwrap());
        assert_eq!(over.front, Some(Front::Stall));
        assert_eq!(over.tps.map(u32::from), Some(5));
        let cleared = base.overlaid("none;no-usage".parse().unwrap());
        assert_eq!(cleared, Script { no_usage: true, ..Script::default() });
    }
}
