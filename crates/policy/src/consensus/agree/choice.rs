//! Answers that are one of several options: the last letter, or yes and no, counts.

/// The last option of a text, as it is compared: a letter that stands alone, or one of the words.
pub(super) fn last(text: &str) -> Option<String> {
    let all: Vec<char> = text.chars().collect();
    let mut found = None;
    let mut at = 0;
    while let Some(first) = all.get(at) {
        let rest = all.get(at..).unwrap_or_default();
        if !first.is_alphanumeric() {
            at += 1;
            continue;
        }
        let length = rest.iter().take_while(|it| it.is_alphanumeric() || **it == '\'').count();
        let word: String = rest.iter().take(length).collect();
        let before = at.checked_sub(1).and_then(|it| all.get(it)).copied();
        let after = all.get(at + length).copied();
        let is_alone = all.iter().filter(|it| it.is_alphanumeric()).count() == length;
        found = option(&word, (before, after), is_alone).or(found);
        at += length;
    }
    found
}

/// Options that are words.
const WORDS: &[&str] = &["yes", "no", "true", "false"];

fn option(word: &str, around: (Option<char>, Option<char>), is_alone: bool) -> Option<String> {
    let lower = word.to_lowercase();
    if WORDS.contains(&lower.as_str()) {
        return Some(lower);
    }
    let mut characters = word.chars();
    let (Some(letter), None) = (characters.next(), characters.next()) else { return None };
    if !letter.is_ascii_alphabetic() {
        return None;
    }
    let is_marked = matches!(around.1, Some(')' | ':' | '*' | ']' | '}'))
        || matches!(around.0, Some('(' | '*' | '[' | '{'));
    // "I" and small letters are words of English and other languages.
    let is_word = letter == 'I' || letter.is_ascii_lowercase();
    (is_alone || is_marked || !is_word).then(|| letter.to_ascii_uppercase().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_option_counts() {
        for (text, option) in [
            ("B", Some("B")),
            ("b", Some("B")),
            ("i", Some("I")),
            ("The answer is (c).", Some("C")),
            ("A is wrong, so B", Some("B")),
            ("I think a good answer is **D**", Some("D")),
            ("I think so", None),
            ("C) Paris", Some("C")),
            ("Yes.", Some("yes")),
            ("No, that is TRUE", Some("true")),
            ("Vitamin B12", None),
            ("", None),
        ] {
            assert_eq!(last(text).as_deref(), option, "{text}");
        }
    }
}
