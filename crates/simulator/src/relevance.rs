//! How well documents answer a query: by the words that they share.

use std::cmp::Ordering;
use std::collections::BTreeSet;

/// The least score, so that no document is worth nothing.
const SCORE_MIN: f64 = 0.01;
/// What it is worth to have all words of the query.
const SHARE_OF_QUERY: f64 = 0.9;
/// What it is worth to have no other words.
const SHARE_OF_ALL: f64 = 0.09;

/// The documents from best to worst, as their indexes and scores between 0 and 1; at most `top`.
/// Equal ones keep their order.
pub(crate) fn ranked<'a>(
    query: &str,
    documents: impl Iterator<Item = &'a str>,
    top: Option<usize>,
) -> Vec<(usize, f64)> {
    let asked = words(query);
    let mut ranked: Vec<(usize, f64)> =
        documents.map(|document| score(&asked, &words(document))).enumerate().collect();
    ranked.sort_by(|one, other| other.1.partial_cmp(&one.1).unwrap_or(Ordering::Equal));
    ranked.truncate(top.unwrap_or(usize::MAX));
    ranked
}

fn score(asked: &BTreeSet<String>, said: &BTreeSet<String>) -> f64 {
    let shared = asked.intersection(said).count();
    let of_query = share(shared, asked.len());
    let of_all = share(shared, asked.union(said).count());
    SHARE_OF_QUERY.mul_add(of_query, SHARE_OF_ALL.mul_add(of_all, SCORE_MIN))
}

fn share(part: usize, whole: usize) -> f64 {
    let number = |count| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if whole == 0 { 0.0 } else { number(part) / number(whole) }
}

/// The words of `text` in lower case.
pub(crate) fn words(text: &str) -> BTreeSet<String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::ranked;

    fn order(query: &str, documents: &[&str], top: Option<usize>) -> Vec<usize> {
        let ranked = ranked(query, documents.iter().copied(), top);
        assert!(ranked.iter().all(|(_, score)| (0.0..=1.0).contains(score)), "{ranked:?}");
        ranked.into_iter().map(|(index, _)| index).collect()
    }

    #[test]
    fn more_of_the_querys_words_and_fewer_others_come_first() {
        let documents = ["nothing", "Red and blue BOATS", "red boats!", "a red door"];
        assert_eq!(order("red boats", &documents, None), [2, 1, 3, 0]);
        assert_eq!(order("red boats", &documents, Some(2)), [2, 1]);
        assert_eq!(order("", &documents, None), [0, 1, 2, 3]);
        assert_eq!(order("red", &[], None), [0_usize; 0]);
    }
}
