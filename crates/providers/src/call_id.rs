//! Ids of tool calls in the form that a provider insists on.
//!
//! An id may come from another provider. The same id always becomes the same one, so that both
//! sides of a call, the call and its result, are changed alike, in this turn and in later ones.

use std::borrow::Cow;

/// What stands for an id that is empty, which every provider refuses.
const NAMELESS: &str = "call";

/// Letters of a hash in sixteens.
const MARK_LENGTH: usize = 16;

/// How many letters and digits the ids of Mistral's models have.
const NINE: usize = 9;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// At most `length` characters, whichever they are.
pub(crate) fn within(id: &str, length: usize) -> Cow<'_, str> {
    match id {
        "" => Cow::Borrowed(NAMELESS),
        id if id.len() <= length => Cow::Borrowed(id),
        id => Cow::Owned(format!("{NAMELESS}_{}", mark(id))),
    }
}

/// At most `length` letters, digits, `_` and `-`; others become `_`. What is too long keeps its
/// beginning.
pub(crate) fn of_letters(id: &str, length: usize) -> Cow<'_, str> {
    let fits =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    if id.is_empty() {
        return Cow::Borrowed(NAMELESS);
    }
    if id.len() <= length && id.chars().all(fits) {
        return Cow::Borrowed(id);
    }
    let replaced = id.chars().map(|it| if fits(it) { it } else { '_' });
    if id.len() <= length {
        return Cow::Owned(replaced.collect());
    }
    let beginning: String = replaced.take(length.saturating_sub(MARK_LENGTH)).collect();
    Cow::Owned(beginning + &mark(id))
}

/// Exactly nine letters and digits: the id itself where it has the form, else a hash of it.
pub(crate) fn of_nine(id: &str) -> Cow<'_, str> {
    if id.len() == NINE && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Cow::Borrowed(id);
    }
    let mut rest = mixed(hash(id));
    let digits = (0..NINE).map(|_| {
        let digit = usize::try_from(rest % 62).unwrap_or_default();
        rest /= 62;
        char::from(DIGITS.get(digit).copied().unwrap_or(b'0'))
    });
    Cow::Owned(digits.collect())
}

/// Sixteen letters and digits that stand for a text.
fn mark(text: &str) -> String {
    format!("{:016x}", hash(text))
}

/// FNV-1a. It need not be secret, only stable.
fn hash(text: &str) -> u64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, fold)
}

/// A hash of which every part tells: ids often differ in their last byte only.
const fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 2
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_id_gets_nine_letters_and_none_is_shared() {
        assert_eq!(of_nine("D681PevKs"), "D681PevKs");
        let ids: HashSet<String> = (0..10_000)
            .flat_map(|number| [format!("call_{number}"), format!("toolu_01{number:020}")])
            .map(|id| of_nine(&id).into_owned())
            .collect();
        assert_eq!(ids.len(), 20_000);
        assert!(
            ids.iter().all(|id| id.len() == 9 && id.bytes().all(|it| it.is_ascii_alphanumeric()))
        );
        assert_eq!(of_nine("call_0"), of_nine("call_0"));
        assert_eq!(of_nine("").len(), 9);
        assert_eq!(of_nine("D681-evKs").len(), 9);
    }

    #[test]
    fn ids_are_made_to_fit_and_stay_apart() {
        for (given, letters, any) in [
            ("call_1-a", "call_1-a", "call_1-a"),
            ("functions.f:0", "functions_f_0", "functions.f:0"),
            ("", "call", "call"),
        ] {
            assert_eq!((of_letters(given, 64), within(given, 64)), (letters.into(), any.into()));
        }
        let (one, two) = (format!("{}1", "é".repeat(80)), format!("{}2", "é".repeat(80)));
        for fit in [of_letters, within] {
            assert!(fit(&one, 64).len() <= 64 && fit(&one, 64).is_ascii());
            assert_ne!(fit(&one, 64), fit(&two, 64));
        }
    }
}
