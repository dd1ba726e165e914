//! A stable hash: the same on every machine, in every version, for sticky shares.

/// The hash of some texts, told apart. FNV-1a, then the finaliser of SplitMix64, which spreads what
/// FNV leaves close together.
pub(crate) fn hash(parts: &[&[u8]]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for byte in part.iter().copied().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Where the hash stands between 0 and 1, neither of which it reaches.
pub(crate) fn share(hash: u64) -> f64 {
    // 32 bits are exact in a float; a million places need 20.
    let place = u32::try_from(hash >> 32).unwrap_or(u32::MAX);
    (f64::from(place) + 0.5) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_never_changes_because_callers_would_change_arms() {
        assert_eq!(hash(&[]), 0xf52a_15e9_a9b5_e89b);
        assert_eq!(hash(&[b"rule", b"user"]), 0xe00d_95bf_1778_266c);
        assert_ne!(hash(&[b"ab", b"c"]), hash(&[b"a", b"bc"]));
    }

    #[test]
    fn a_share_is_inside_of_0_and_1() {
        assert!(share(0) > 0.0);
        assert!(share(u64::MAX) < 1.0);
        assert!((share(u64::MAX / 2) - 0.5).abs() < 1e-9);
    }
}
