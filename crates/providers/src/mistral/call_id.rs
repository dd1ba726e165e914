//! Ids of tool calls in the form the provider insists on: nine letters and digits.

use std::borrow::Cow;

const LENGTH: usize = 9;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The id itself where it has the form, else a hash of it: the same id always becomes the same.
pub(super) fn call_id(id: &str) -> Cow<'_, str> {
    if id.len() == LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Cow::Borrowed(id);
    }
    let mut rest = hash(id);
    let digits = (0..LENGTH).map(|_| {
        let digit = usize::try_from(rest % 62).unwrap_or_default();
        rest /= 62;
        char::from(DIGITS.get(digit).copied().unwrap_or(b'0'))
    });
    Cow::Owned(digits.collect())
}

/// FNV-1a, then mixed: ids often differ in their last byte only. It need not be secret, only
/// stable.
fn hash(text: &str) -> u64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, fold);
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 2
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_id_gets_the_form_and_none_is_shared() {
        assert_eq!(call_id("D681PevKs"), "D681PevKs");
        let ids: HashSet<String> = (0..10_000)
            .flat_map(|number| [format!("call_{number}"), format!("toolu_01{number:020}")])
            .map(|id| call_id(&id).into_owned())
            .collect();
        assert_eq!(ids.len(), 20_000);
        assert!(
            ids.iter().all(|id| id.len() == 9 && id.bytes().all(|it| it.is_ascii_alphanumeric()))
        );
        assert_eq!(call_id("call_0"), call_id("call_0"));
        assert_eq!(call_id("").len(), 9);
        assert_eq!(call_id("D681-evKs").len(), 9);
    }
}
