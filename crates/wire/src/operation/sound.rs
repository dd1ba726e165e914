//! How long a recording is, as its header tells.
//!
//! Transcription is priced by time, and not every provider says how much it heard. Nothing is
//! decoded. A header is the client's word: no sound is taken to be denser or thinner than any is,
//! and where no header tells the length, the size does, so that nothing is heard for free.

mod adts;
mod mp3;
mod webm;

/// Bytes of a millisecond of the densest sound worth writing down: 48 kHz, two channels, 16 bits.
const DENSEST: u64 = 192;

/// Bytes of a millisecond where nothing is known: 16 kbit/s, which is what speech comes to.
const USUAL: u64 = 2;

/// Milliseconds of a byte of the thinnest sound: 2 kbit/s, where AMR and Opus have a silence.
const THINNEST: u64 = 4;

/// Its length in milliseconds, at least one. `format` is what the client calls it: samples without
/// a header have OpenAI's rate, 24 kHz
/// (<https://platform.openai.com/docs/api-reference/realtime-sessions>).
pub(super) fn length(bytes: &[u8], format: Option<&str>) -> u64 {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let guessed = match format {
        Some("pcm" | "pcm16") => size / 48,
        Some("pcm24") => size / 72,
        _ => size / USUAL,
    };
    // What is streamed has a header that says nothing, or the greatest number.
    let possible = 1..=size.saturating_mul(THINNEST);
    let told = milliseconds(bytes).filter(|told| possible.contains(told));
    told.unwrap_or(guessed).max(size / DENSEST).max(1)
}

/// Its length in milliseconds; `None` when the header does not tell.
fn milliseconds(bytes: &[u8]) -> Option<u64> {
    match bytes {
        // RF64 is the same for what is too large for it.
        [b'R', b'I', b'F', b'F', ..] | [b'R', b'F', b'6', b'4', ..] => wav(bytes),
        [b'f', b'L', b'a', b'C', ..] => flac(bytes),
        [b'O', b'g', b'g', b'S', ..] => ogg(bytes),
        [b'F', b'O', b'R', b'M', ..] => aiff(bytes),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => webm::milliseconds(bytes),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => mp4(bytes),
        _ => {
            let sound = bytes.get(mp3::tag_length(bytes)?..)?;
            adts::milliseconds(sound).or_else(|| mp3::milliseconds(sound))
        }
    }
}

/// WAV: chunks of name, length and data. `fmt ` says how many bytes a second has, `data` how many
/// there are.
fn wav(bytes: &[u8]) -> Option<u64> {
    if bytes.get(8..12)? != b"WAVE" {
        return None;
    }
    let mut rest = bytes.get(12..)?;
    let mut bytes_per_second = None;
    loop {
        let (name, after) = rest.split_first_chunk::<4>()?;
        let (length, body) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        if name == b"data" {
            // What is streamed says no length, or the greatest.
            let length = if length == 0 { body.len() } else { length.min(body.len()) };
            return u64::try_from(length)
                .ok()?
                .saturating_mul(1_000)
                .checked_div(bytes_per_second?);
        }
        if name == b"fmt " {
            bytes_per_second = Some(u64::from(u32::from_le_bytes(array(body, 8)?)));
        }
        // A chunk of odd length is followed by a byte that is not its own.
        rest = body.get(length.checked_add(length % 2)?..)?;
    }
}

/// AIFF: chunks of name, length and data. `COMM` says how many samples there are, and their rate
/// as a number of 80 bits: an exponent and 64 binary places.
fn aiff(bytes: &[u8]) -> Option<u64> {
    let mut rest = bytes.get(12..)?;
    loop {
        let (name, after) = rest.split_first_chunk::<4>()?;
        let (length, body) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        if name == b"COMM" {
            let samples = u32::from_be_bytes(array(body, 2)?);
            let places = 16_383_u32.checked_add(63)?;
            let places = places.checked_sub(u32::from(u16::from_be_bytes(array(body, 8)?)))?;
            let rate = u64::from_be_bytes(array(body, 10)?).checked_shr(places)?;
            return scaled(u64::from(samples), rate);
        }
        rest = body.get(length.checked_add(length % 2)?..)?;
    }
}

/// FLAC (RFC 9639): the first block has 20 bits of sample rate and, 8 bits on, 36 of sample count.
fn flac(bytes: &[u8]) -> Option<u64> {
    let packed = u64::from_be_bytes(array(bytes, 18)?);
    let (rate, samples) = (packed >> 44, packed & 0xf_ffff_ffff);
    scaled(samples, rate).filter(|length| *length > 0)
}

/// Ogg (RFC 3533): the last page says how many samples there are up to its end.
fn ogg(bytes: &[u8]) -> Option<u64> {
    /// Where the codec names itself: behind the header of a page with one segment.
    const CODEC: usize = 28;
    /// The largest page.
    const PAGE_MAX: usize = 65_307;
    let codec = bytes.get(CODEC..)?;
    let (rate, skipped) = if codec.starts_with(b"OpusHead") {
        // RFC 7845: always 48 kHz, and some of it is not played.
        (48_000, u64::from(u16::from_le_bytes(array(codec, 10)?)))
    } else if codec.starts_with(b"\x01vorbis") {
        (u64::from(u32::from_le_bytes(array(codec, 12)?)), 0)
    } else {
        return None;
    };
    let tail = bytes.get(bytes.len().saturating_sub(PAGE_MAX)..)?;
    let page = memchr::memmem::rfind(tail, b"OggS")?;
    let end = u64::from_le_bytes(array(tail, page.checked_add(6)?)?);
    // All ones: no packet ends in the page.
    (end != u64::MAX).then(|| scaled(end.saturating_sub(skipped), rate))?
}

/// MP4 and M4A (ISO 14496-12): boxes of length, name and data; `mvhd` in `moov` has the length.
fn mp4(bytes: &[u8]) -> Option<u64> {
    let header = inside(inside(bytes, *b"moov")?, *b"mvhd")?;
    let (rate, length) = if header.first() == Some(&1) {
        (u32::from_be_bytes(array(header, 20)?), u64::from_be_bytes(array(header, 24)?))
    } else {
        let length = u32::from_be_bytes(array(header, 16)?);
        (u32::from_be_bytes(array(header, 12)?), u64::from(length))
    };
    scaled(length, u64::from(rate))
}

/// What the first box of a name holds.
fn inside(mut boxes: &[u8], wanted: [u8; 4]) -> Option<&[u8]> {
    loop {
        let length = usize::try_from(u32::from_be_bytes(array(boxes, 0)?)).ok()?;
        let name: [u8; 4] = array(boxes, 4)?;
        let (head, length) = match length {
            // To the end of the file.
            0 => (8, boxes.len()),
            1 => (16, usize::try_from(u64::from_be_bytes(array(boxes, 8)?)).ok()?),
            length => (8, length),
        };
        if name == wanted {
            return boxes.get(head..length.min(boxes.len()));
        }
        // Each step is forward: a box has at least its head.
        boxes = boxes.get(length.max(head)..)?;
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk::<N>().copied()
}

/// Samples at a rate, in milliseconds.
fn scaled(samples: u64, rate: u64) -> Option<u64> {
    samples.saturating_mul(1_000).checked_div(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav_of(length: u32, samples: usize) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WAVE".to_vec();
        bytes.extend(b"LIST\x03\0\0\0abc\0");
        bytes.extend(b"fmt \x10\0\0\0\x01\0\x01\0");
        bytes.extend(16_000_u32.to_le_bytes());
        bytes.extend(32_000_u32.to_le_bytes());
        bytes.extend(b"\x02\0\x10\0data");
        bytes.extend(length.to_le_bytes());
        bytes.extend(vec![0; samples * 2]);
        bytes
    }

    fn flac_of(rate: u64, samples: u64) -> Vec<u8> {
        let mut bytes = b"fLaC\0\0\0\x22".to_vec();
        bytes.extend([0; 10]);
        bytes.extend(((rate << 44) | (15 << 36) | samples).to_be_bytes());
        bytes
    }

    /// At 44.1 kHz.
    fn aiff_of(samples: u32) -> Vec<u8> {
        let mut bytes = b"FORM\0\0\0\0AIFFANNO\0\0\0\x01x\0COMM\0\0\0\x12\0\x02".to_vec();
        bytes.extend(samples.to_be_bytes());
        bytes.extend(b"\0\x10\x40\x0e\xac\x44\0\0\0\0\0\0");
        bytes
    }

    fn page(granule: u64, packet: &[u8]) -> Vec<u8> {
        let mut bytes = b"OggS\0\0".to_vec();
        bytes.extend(granule.to_le_bytes());
        bytes.extend([0; 12]);
        bytes.extend([1, u8::try_from(packet.len()).unwrap()]);
        bytes.extend(packet);
        bytes
    }

    fn boxed(name: &[u8], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 8).unwrap();
        [&length.to_be_bytes(), name, body].concat()
    }

    #[test]
    fn headers_tell_the_length() {
        let opus = b"OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0";
        let mut vorbis = b"\x01vorbis\0\0\0\0\x01".to_vec();
        vorbis.extend(44_100_u32.to_le_bytes());
        let mut brief = vec![0; 12];
        brief.extend(1_000_u32.to_be_bytes());
        brief.extend(2_500_u32.to_be_bytes());
        let mut long = vec![1];
        long.extend([0; 19]);
        long.extend(600_u32.to_be_bytes());
        long.extend(6_000_u64.to_be_bytes());
        let mp4 = |header: &[u8]| {
            let movie = boxed(b"moov", &[boxed(b"free", b"x"), boxed(b"mvhd", header)].concat());
            [boxed(b"ftyp", b"M4A "), movie].concat()
        };
        for (name, bytes, expected) in [
            ("wav", wav_of(32_000, 16_000), Some(1_000)),
            ("a streamed wav", wav_of(u32::MAX, 8_000), Some(500)),
            ("a wav of unknown length", wav_of(0, 8_000), Some(500)),
            ("flac", flac_of(44_100, 88_200), Some(2_000)),
            ("flac of unknown length", flac_of(44_100, 0), None),
            ("flac without a rate", flac_of(0, 5), None),
            ("opus", [page(0, opus), page(144_312, b"x")].concat(), Some(3_000)),
            ("vorbis", [page(0, &vorbis), page(44_100, b"x")].concat(), Some(1_000)),
            ("an unfinished opus", [page(0, opus), page(u64::MAX, b"x")].concat(), None),
            ("mp4", mp4(&brief), Some(2_500)),
            ("a long mp4", mp4(&long), Some(10_000)),
            ("an mp4 without a header", boxed(b"ftyp", b"M4A "), None),
            ("aiff", aiff_of(88_200), Some(2_000)),
            ("an aiff without a rate", b"FORM\0\0\0\0AIFFCOMM\0\0\0\x02\0\0".to_vec(), None),
            ("something else", b"hello, this is not a sound".to_vec(), None),
            ("nothing", Vec::new(), None),
        ] {
            assert_eq!(milliseconds(&bytes), expected, "{name}");
        }
    }

    /// What no header tells, and what a header says that can't be, is found from the size.
    #[test]
    fn no_recording_is_without_length() {
        let mut lying = boxed(b"ftyp", b"M4A ");
        let header = [&[0; 12][..], &1_000_u32.to_be_bytes(), &1_u32.to_be_bytes()].concat();
        lying.extend(boxed(b"moov", &boxed(b"mvhd", &header)));
        lying.resize(1_000_000, 0);
        let megabyte = vec![0; 1_000_000];
        let endless = |length: u32| {
            let header = [&[0; 12][..], &1_000_u32.to_be_bytes(), &length.to_be_bytes()].concat();
            let movie = boxed(b"moov", &boxed(b"mvhd", &header));
            let mut bytes = [boxed(b"ftyp", b"M4A "), movie].concat();
            bytes.resize(1_000, 0);
            bytes
        };
        for (name, bytes, format, expected) in [
            ("a header", wav_of(32_000, 16_000), Some("wav"), 1_000),
            ("a header that can't be", lying, Some("m4a"), 5_208),
            ("no header", megabyte.clone(), Some("amr"), 500_000),
            ("samples", megabyte.clone(), Some("pcm16"), 20_833),
            ("long samples", megabyte, Some("pcm24"), 13_888),
            ("one byte", vec![0], None, 1),
            ("a film without an end", endless(u32::MAX), Some("m4a"), 500),
            ("a film in fragments", endless(0), Some("m4a"), 500),
        ] {
            assert_eq!(length(&bytes, format), expected, "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_header_breaks_it(
            start in 0_usize..9,
            rest in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
        ) {
            let starts: [&[u8]; 9] = [b"FORM\0\0\0\0AIFFCOMM", b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff", b"\xff\xf1",b"RIFF\0\0\0\0WAVEfmt ", b"fLaC", b"OggS", b"\0\0\0\x08ftyp", b"ID3", b"\xff\xfb"];
            let _: Option<u64> = milliseconds(&[starts[start], &rest].concat());
        }

        #[test]
        fn a_cut_file_breaks_nothing(cut in 0_usize..100) {
            let whole = wav_of(32_000, 16_000);
            let _: Option<u64> = milliseconds(&whole[..cut]);
        }
    }
}
