//! Seeded choice: everything the simulator varies comes from here, so that the same seed and
//! the same requests give the same bytes.
//!
//! SplitMix64 and FNV-1a are enough: nothing here needs to be unguessable.

const ID_ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A sequence of numbers fixed by its seed.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }

    /// A number under `bound`; 0 when `bound` is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// One of `words`, or nothing when there are none.
    pub(crate) fn pick(&mut self, words: &[&'static str]) -> &'static str {
        words.get(self.below(words.len())).copied().unwrap_or("")
    }

    /// A number from 0 up to, but not including, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        let high = u32::try_from(self.next() >> 32).unwrap_or(0);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }

    /// A bell-shaped number of mean 0 and deviation 1 (the sum of twelve uniform ones).
    pub(crate) fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// So many hexadecimal digits.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        (0..digits)
            .filter_map(|_| char::from_digit(u32::try_from(self.below(16)).ok()?, 16))
            .collect()
    }

    /// An identifier such as `0f8fad5b-d9cb-469f-a165-70867728950e`.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        let (first, second, third) = (high >> 32, high >> 16 & 0xFFFF, high & 0xFFF);
        let (fourth, fifth) = (low >> 48 & 0x3FFF | 0x8000, low & 0xFFFF_FFFF_FFFF);
        format!("{first:08x}-{second:04x}-4{third:03x}-{fourth:04x}-{fifth:012x}")
    }

    /// An identifier such as `call_Zx81…`.
    pub(crate) fn id(&mut self, prefix: &str, length: usize) -> String {
        let mut id = String::with_capacity(prefix.len() + length);
        id.push_str(prefix);
        for _ in 0..length {
            let at = self.below(ID_ALPHABET.len());
            id.push(char::from(ID_ALPHABET.get(at).copied().unwrap_or(b'0')));
        }
        id
    }
}

/// Hashes `text` on top of `seed`; the same on every machine and in every build.
pub(crate) fn hash(seed: u64, text: &str) -> u64 {
    hash_bytes(seed, text.as_bytes())
}

/// Hashes `bytes` as [`hash`] does text.
pub(crate) fn hash_bytes(seed: u64, bytes: &[u8]) -> u64 {
    let start = seed ^ 0xCBF2_9CE4_8422_2325;
    mix(bytes
        .iter()
        .fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3)))
}

const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Random, hash};

    #[test]
    fn the_same_seed_gives_the_same_sequence_and_another_seed_another() {
        let ids = |seed| Random::new(seed).id("call_", 24);
        assert_eq!(ids(1), ids(1));
        assert_ne!(ids(1), ids(2));
        assert_eq!(ids(1).len(), 29);
        assert_eq!(hash(7, "a"), hash(7, "a"));
        assert_ne!(hash(7, "a"), hash(8, "a"));
    }
}
