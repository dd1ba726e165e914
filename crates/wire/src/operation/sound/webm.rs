//! WebM (RFC 8794, RFC 9559): elements of id, length and data. What browsers record has no length
//! in its head; there the last block says when it plays.

use std::time::Duration;

use super::array;

const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_a966;
const TIMESTAMP_SCALE: u32 = 0x002a_d7b1;
const DURATION: u32 = 0x4489;
const CLUSTER: u32 = 0x1f43_b675;
const TIMESTAMP: u32 = 0xe7;
const BLOCK_GROUP: u32 = 0xa0;
const BLOCK: u32 = 0xa1;
const SIMPLE_BLOCK: u32 = 0xa3;

/// Its length in milliseconds.
pub(super) fn milliseconds(bytes: &[u8]) -> Option<u64> {
    let mut film = Film { scale: 1_000_000, cluster: 0, last: 0, told: None };
    let mut at = 0_usize;
    // What is not whole ends the walk: a recording may be cut off.
    while let Some((id, size, data)) = bytes.get(at..).and_then(element) {
        at = at.checked_add(data)?;
        if matches!(id, SEGMENT | INFO | CLUSTER | BLOCK_GROUP) {
            continue;
        }
        let Some(size) = size.and_then(|size| usize::try_from(size).ok()) else { break };
        let Some(end) = at.checked_add(size).filter(|end| *end <= bytes.len()) else { break };
        film.take(id, bytes.get(at..end).unwrap_or_default());
        at = end;
    }
    film.length()
}

/// What the elements say, in ticks.
struct Film {
    /// Nanoseconds of a tick.
    scale: u64,
    cluster: u64,
    last: u64,
    told: Option<f64>,
}

impl Film {
    fn take(&mut self, id: u32, data: &[u8]) {
        match id {
            TIMESTAMP_SCALE => self.scale = number(data),
            DURATION => {
                let single = || array(data, 0).map(f32::from_be_bytes).map(f64::from);
                self.told = array(data, 0).map(f64::from_be_bytes).or_else(single);
            }
            TIMESTAMP => self.cluster = number(data),
            BLOCK | SIMPLE_BLOCK => {
                // Behind the number of the track, which has one byte.
                let after = array(data, 1).map_or(0, i16::from_be_bytes);
                self.last = self.last.max(self.cluster.saturating_add_signed(i64::from(after)));
            }
            _ => {}
        }
    }

    fn length(&self) -> Option<u64> {
        let scale = Duration::from_nanos(self.scale).as_secs_f64();
        let told = self.told.and_then(|ticks| Duration::try_from_secs_f64(ticks * scale).ok());
        let told = told.and_then(|it| u64::try_from(it.as_millis()).ok()).unwrap_or(0);
        let last = self.last.saturating_mul(self.scale) / 1_000_000;
        Some(told.max(last)).filter(|length| *length > 0)
    }
}

fn number(data: &[u8]) -> u64 {
    data.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// An element's id, the length of its data (none: unknown) and where that begins.
fn element(bytes: &[u8]) -> Option<(u32, Option<u64>, usize)> {
    let id_length = width(*bytes.first()?).filter(|width| *width <= 4)?;
    let id = u32::try_from(number(bytes.get(..id_length)?)).ok()?;
    let rest = bytes.get(id_length..)?;
    let size_length = width(*rest.first()?)?;
    let bits = u32::try_from(size_length).ok()?.saturating_mul(7);
    let greatest = (1_u64 << bits).wrapping_sub(1);
    let size = number(rest.get(..size_length)?) & greatest;
    Some((id, (size != greatest).then_some(size), id_length.saturating_add(size_length)))
}

/// How many bytes a number has, as its first byte tells.
fn width(first: u8) -> Option<usize> {
    let zeros = usize::try_from(first.leading_zeros()).ok()?;
    (zeros < 8).then_some(zeros.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &[u8] = b"\x01\xff\xff\xff\xff\xff\xff\xff";

    fn of(id: u32, data: &[u8]) -> Vec<u8> {
        let id = id.to_be_bytes();
        let id = id.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<_>>();
        let size = (u32::try_from(data.len()).unwrap() | 0x1000_0000).to_be_bytes();
        [&id, &size[..], data].concat()
    }

    fn open(id: u32, data: &[u8]) -> Vec<u8> {
        [&id.to_be_bytes()[..], OPEN, data].concat()
    }

    #[test]
    fn the_head_or_the_last_block_tells_the_length() {
        let head = of(0x1a45_dfa3, b"\x42\x82\x84webm");
        let scale = of(TIMESTAMP_SCALE, &[0x0f, 0x42, 0x40]);
        let told = |length: &[u8]| {
            let info = of(INFO, &[&scale[..], &of(DURATION, length)].concat());
            [&head[..], &of(SEGMENT, &info)].concat()
        };
        let block = |after: i16| [&[0x81][..], &after.to_be_bytes(), &[0x80, 1, 2, 3]].concat();
        let cluster = |start: u16, blocks: &[u8]| {
            open(CLUSTER, &[&of(TIMESTAMP, &start.to_be_bytes()), blocks].concat())
        };
        let group = of(BLOCK_GROUP, &of(BLOCK, &block(-10)));
        let recorded = [
            &head[..],
            &open(SEGMENT, &of(INFO, &scale)),
            &cluster(0, &of(SIMPLE_BLOCK, &block(960))),
            &cluster(1_000, &[&of(SIMPLE_BLOCK, &block(500))[..], &group].concat()),
        ]
        .concat();
        for (name, bytes, expected) in [
            ("told", told(&2_500_f64.to_be_bytes()), Some(2_500)),
            ("told in short", told(&2_500_f32.to_be_bytes()), Some(2_500)),
            ("told wrongly", told(&f64::NAN.to_be_bytes()), None),
            ("recorded", recorded.clone(), Some(1_500)),
            ("cut off", recorded[..recorded.len() - 40].to_vec(), Some(960)),
            ("a head alone", head.clone(), None),
        ] {
            assert_eq!(milliseconds(&bytes), expected, "{name}");
        }
    }
}
