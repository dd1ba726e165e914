//! WAV files of signed 16-bit samples in one channel.
//!
//! <http://soundfile.sapp.org/doc/WaveFormat/>

/// Bytes before the samples of a file that is written here.
const HEAD_BYTES: u32 = 44;
const BYTES_PER_SAMPLE: u16 = 2;
const BITS_PER_SAMPLE: u16 = 16;
/// Samples as they are.
const PLAIN: u16 = 1;
/// What the format is, said further behind.
const EXTENSIBLE: u16 = 0xFFFE;

/// A file of these samples, so many of them a second. One too long for its own header says that it
/// is as long as can be said.
pub(super) fn file(samples: &[u8], rate: u32) -> Vec<u8> {
    let length = u32::try_from(samples.len()).unwrap_or(u32::MAX);
    [
        &b"RIFF"[..],
        &length.saturating_add(HEAD_BYTES - 8).to_le_bytes(),
        b"WAVEfmt ",
        &16_u32.to_le_bytes(),
        &PLAIN.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &rate.to_le_bytes(),
        &rate.saturating_mul(u32::from(BYTES_PER_SAMPLE)).to_le_bytes(),
        &BYTES_PER_SAMPLE.to_le_bytes(),
        &BITS_PER_SAMPLE.to_le_bytes(),
        b"data",
        &length.to_le_bytes(),
        samples,
    ]
    .concat()
}

/// The samples of a file, and how many of them are a second. Nothing where it is of another kind.
pub(super) fn samples(file: &[u8]) -> Option<(u32, &[u8])> {
    let rest = file.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"WAVE")?;
    let (mut rest, mut rate) = (rest, None);
    while let Some((name, after)) = rest.split_first_chunk::<4>() {
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        if name == b"data" {
            // A file that was streamed does not know how long it is.
            return Some((rate?, after.get(..length).unwrap_or(after)));
        }
        let chunk = after.get(..length)?;
        if name == b"fmt " {
            rate = Some(plain_rate(chunk)?);
        }
        // A chunk of odd length has a byte behind it.
        rest = after.get(length.checked_add(length % 2)?..).unwrap_or_default();
    }
    None
}

/// The samples of a second, of a format that is known.
fn plain_rate(chunk: &[u8]) -> Option<u32> {
    let short = |at: usize| {
        let bytes = chunk.get(at..at.checked_add(2)?)?;
        Some(u16::from_le_bytes(bytes.try_into().ok()?))
    };
    let rate = u32::from_le_bytes(chunk.get(4..8)?.try_into().ok()?);
    let is_plain = matches!(short(0)?, PLAIN | EXTENSIBLE);
    (is_plain && short(2)? == 1 && short(14)? == BITS_PER_SAMPLE).then_some(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let written = file(&[1, 2, 3, 4], 24_000);
        assert_eq!(written.len(), 48);
        assert_eq!(samples(&written), Some((24_000, &[1_u8, 2, 3, 4][..])));
        assert_eq!(samples(&file(&[], 8_000)), Some((8_000, &[][..])));
    }

    #[test]
    fn other_chunks_are_passed_over() {
        let plain = file(&[1, 2], 16_000);
        let mut with_list = plain.get(..36).unwrap().to_vec();
        with_list.extend_from_slice(b"LIST\x03\x00\x00\x00abc\x00data\xff\xff\xff\xff\x07\x08");
        assert_eq!(samples(&with_list), Some((16_000, &[7_u8, 8][..])));
    }

    #[test]
    fn what_is_no_such_file_is_not_read() {
        let whole = file(&[1, 2, 3, 4], 24_000);
        for length in 0..44 {
            assert_eq!(samples(whole.get(..length).unwrap()), None, "{length}");
        }
        for (at, byte) in [(20, 7), (22, 2), (34, 8), (0, b'X'), (8, b'X')] {
            let mut changed = whole.clone();
            changed[at] = byte;
            assert_eq!(samples(&changed), None, "{at}");
        }
        let mut endless = whole.get(..12).unwrap().to_vec();
        endless.extend_from_slice(&b"x\0\0\0\0\0\0\0".repeat(1_000));
        assert_eq!(samples(&endless), None);
    }
}
