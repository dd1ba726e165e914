//! Kinds of load: how many, how they come, and what is asked.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::cli::Kind;

/// Connections, or requests a second, that a cell can have at most.
const SIZE_MAX: u32 = 10_000;
/// Lengths of long prompts, in bytes.
const PROMPT_150K: usize = 150_000;
const PROMPT_5M: usize = 5_000_000;

/// One kind of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) load: Load,
    pub(crate) shape: Shape,
}

/// How requests come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// That many connections, each with one request at a time.
    Closed(u32),
    /// That many requests a second, whether or not earlier ones are answered.
    Rate(u32),
    /// That many streams at once.
    Streams(u32),
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A short question in the dialect of the provider.
    Plain,
    /// A prompt of 150 KB.
    Prompt150k,
    /// A prompt of 5 MB.
    Prompt5m,
    /// A short question in Anthropic's dialect, which the provider does not speak.
    Messages,
    /// A short question, and a provider that is reached over TLS and HTTP/2.
    Tls,
}

impl Shape {
    const ALL: [Self; 5] =
        [Self::Plain, Self::Prompt150k, Self::Prompt5m, Self::Messages, Self::Tls];

    /// What stands behind the plus in a cell's name; nothing for the plain one.
    const fn suffix(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Prompt150k => "150k",
            Self::Prompt5m => "5m",
            Self::Messages => "messages",
            Self::Tls => "tls",
        }
    }

    /// How much longer than a short question the prompt is.
    pub(crate) const fn prompt_bytes(self) -> usize {
        match self {
            Self::Prompt150k => PROMPT_150K,
            Self::Prompt5m => PROMPT_5M,
            Self::Plain | Self::Messages | Self::Tls => 0,
        }
    }

    /// Whether there is a way to ask this of the target: the load speaks no TLS, and a proxy
    /// translates nothing.
    pub(crate) const fn fits(self, target: Kind) -> bool {
        match self {
            Self::Plain | Self::Prompt150k | Self::Prompt5m => true,
            Self::Messages => matches!(target, Kind::Gateway),
            Self::Tls => !matches!(target, Kind::Direct),
        }
    }

    /// In words, for a table's title; nothing for the plain one.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Prompt150k => ", prompts of 150 KB",
            Self::Prompt5m => ", prompts of 5 MB",
            Self::Messages => ", asked in Messages and answered by a provider of OpenAI chat",
            Self::Tls => ", the provider behind TLS and HTTP/2",
        }
    }
}

impl Cell {
    /// A cell with short questions.
    #[cfg(test)]
    pub(crate) const fn plain(load: Load) -> Self {
        Self { load, shape: Shape::Plain }
    }

    /// How many connections the load is spread over.
    pub(crate) fn connections(self) -> u32 {
        match self.load {
            Load::Closed(size) | Load::Streams(size) => size,
            // Enough for answers that take a quarter of a second.
            Load::Rate(per_second) => (per_second / 4).clamp(16, 256),
        }
    }

    /// The number in its name.
    pub(crate) const fn size(self) -> u32 {
        match self.load {
            Load::Closed(size) | Load::Rate(size) | Load::Streams(size) => size,
        }
    }

    /// What the rows of this cell count.
    pub(crate) const fn unit(self) -> &'static str {
        match self.load {
            Load::Closed(_) | Load::Rate(_) => "request",
            Load::Streams(_) => "chunk",
        }
    }

    /// Whether answers are streams.
    pub(crate) const fn streamed(self) -> bool {
        matches!(self.load, Load::Streams(_))
    }
}

impl FromStr for Cell {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is not c, r or s and a number from 1 to {SIZE_MAX}, with +150k, +5m, \
                 +messages or +tls behind it or nothing"
            )
        };
        let (load, suffix) = text.split_once('+').unwrap_or((text, ""));
        if text.ends_with('+') {
            return Err(wrong());
        }
        let shape = Shape::ALL.into_iter().find(|it| it.suffix() == suffix).ok_or_else(wrong)?;
        let mut letters = load.chars();
        let kind = letters.next().ok_or_else(wrong)?;
        let size = letters.as_str().parse().ok().filter(|size| (1..=SIZE_MAX).contains(size));
        let size = size.ok_or_else(wrong)?;
        let load = match kind {
            'c' => Load::Closed(size),
            'r' => Load::Rate(size),
            's' => Load::Streams(size),
            _ => return Err(wrong()),
        };
        Ok(Self { load, shape })
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.load {
            Load::Closed(_) => 'c',
            Load::Rate(_) => 'r',
            Load::Streams(_) => 's',
        };
        write!(formatter, "{letter}{}", self.size())?;
        match self.shape.suffix() {
            "" => Ok(()),
            suffix => write!(formatter, "+{suffix}"),
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Cell;

    #[test]
    fn cells_are_a_letter_and_a_number_and_what_is_asked() {
        for text in ["c1", "r1000", "s64", "c10000", "c16+150k", "c4+5m", "s64+messages", "c1+tls"]
        {
            assert_eq!(text.parse::<Cell>().unwrap().to_string(), text);
        }
        for text in ["", "c", "c0", "x1", "c-1", "c10001", "1", "é1", "c1+", "c1+x", "+tls"] {
            assert!(text.parse::<Cell>().is_err(), "{text}");
        }
    }
}
