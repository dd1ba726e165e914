//! Short sounds in the formats that providers offer: a tone where the samples are written as they
//! are, silence where a codec would be needed. Real files all the same.

mod flac;
mod frames;
mod ogg;

use crate::random::Random;

/// Samples in a second of the formats without a codec, as OpenAI has it.
const RATE_HZ: u32 = 24_000;
const BYTES_PER_SAMPLE: u16 = 2;
const WAV_HEAD_BYTES: u32 = 44;
const LOUDNESS: i32 = 6_000;
const TONES_HZ: [u32; 5] = [220, 262, 330, 392, 440];

/// A sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sound {
    seed: u64,
    ms: u32,
}

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SoundFormat {
    Mp3,
    Opus,
    Aac,
    Flac,
    Wav,
    Pcm,
}

impl Sound {
    /// `ms` milliseconds of a tone that is fixed by `seed`.
    pub(crate) const fn new(seed: u64, ms: u32) -> Self {
        Self { seed, ms }
    }

    pub(crate) fn file(&self, format: SoundFormat) -> Vec<u8> {
        match format {
            SoundFormat::Mp3 => frames::mp3(self.ms),
            SoundFormat::Opus => ogg::opus(self.ms),
            SoundFormat::Aac => frames::aac(self.ms),
            SoundFormat::Flac => flac::file(self.samples()),
            SoundFormat::Wav => self.wav(),
            SoundFormat::Pcm => self.pcm(),
        }
    }

    const fn samples(&self) -> u32 {
        self.ms.saturating_mul(RATE_HZ / 1_000)
    }

    /// A tone that goes up and down in straight lines, 16 bits a sample, the lower byte first.
    fn pcm(&self) -> Vec<u8> {
        let tone = TONES_HZ.get(Random::new(self.seed).below(TONES_HZ.len())).copied();
        let period = i32::try_from(RATE_HZ / tone.unwrap_or(220)).unwrap_or(100);
        let sample = |at: u32| {
            let at = i32::try_from(at).unwrap_or(0) % period;
            let height = (2 * at - period).abs() * 2 - period;
            i16::try_from(height * LOUDNESS / period).unwrap_or(0)
        };
        (0..self.samples()).flat_map(|at| sample(at).to_le_bytes()).collect()
    }

    fn wav(&self) -> Vec<u8> {
        let pcm = self.pcm();
        let length = u32::try_from(pcm.len()).unwrap_or(0);
        let bytes_per_s = RATE_HZ * u32::from(BYTES_PER_SAMPLE);
        [
            &b"RIFF"[..],
            &(length + WAV_HEAD_BYTES - 8).to_le_bytes(),
            b"WAVEfmt ",
            &16_u32.to_le_bytes(),
            // PCM, one channel.
            &1_u16.to_le_bytes(),
            &1_u16.to_le_bytes(),
            &RATE_HZ.to_le_bytes(),
            &bytes_per_s.to_le_bytes(),
            &BYTES_PER_SAMPLE.to_le_bytes(),
            &16_u16.to_le_bytes(),
            b"data",
            &length.to_le_bytes(),
            &pcm,
        ]
        .concat()
    }
}

impl SoundFormat {
    /// The format that is called `name`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "mp3" => Self::Mp3,
            "opus" => Self::Opus,
            "aac" => Self::Aac,
            "flac" => Self::Flac,
            "wav" => Self::Wav,
            "pcm" => Self::Pcm,
            _ => return None,
        })
    }

    /// The content type that OpenAI answers with.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Mp3 => "audio/mpeg",
            Self::Opus => "audio/opus",
            Self::Aac => "audio/aac",
            Self::Flac => "audio/flac",
            Self::Wav => "audio/wav",
            Self::Pcm => "audio/pcm",
        }
    }
}

/// How long the sound in `file` is, in milliseconds: what a WAV says of itself, and otherwise what
/// 128 kbit/s give.
pub(crate) fn length_ms(file: &[u8]) -> u32 {
    let bytes = u64::try_from(file.len()).unwrap_or(u64::MAX);
    let said = file.get(28..32).filter(|_| file.starts_with(b"RIFF"));
    let said = said.and_then(|rate| rate.try_into().ok()).map(u32::from_le_bytes);
    let (bytes, bytes_per_s) = match said.filter(|rate| *rate > 0) {
        Some(rate) => (bytes.saturating_sub(u64::from(WAV_HEAD_BYTES)), u64::from(rate)),
        None => (bytes, 16_000),
    };
    u32::try_from(bytes.saturating_mul(1_000) / bytes_per_s).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Sound, SoundFormat, length_ms};

    #[test]
    fn files_begin_as_their_format_does() {
        let sound = Sound::new(1, 500);
        for (name, head, bytes) in [
            ("mp3", &b"\xFF\xFB"[..], 417 * 20),
            ("opus", b"OggS", 0),
            ("aac", b"\xFF\xF1", 13 * 12),
            ("flac", b"fLaC", 0),
            ("wav", b"RIFF", 24_044),
            ("pcm", b"", 24_000),
        ] {
            let file = sound.file(SoundFormat::named(name).unwrap());
            assert!(file.starts_with(head), "{name}");
            assert!(bytes == 0 || file.len() == bytes, "{name} has {} bytes", file.len());
        }
    }

    #[test]
    fn a_wav_says_how_long_it_is() {
        assert_eq!(length_ms(&Sound::new(1, 1_250).file(SoundFormat::Wav)), 1_250);
        assert_eq!(length_ms(&vec![0; 32_000]), 2_000);
        assert_eq!(length_ms(b"RIFF"), 0);
        assert_eq!(length_ms(&[]), 0);
    }
}
