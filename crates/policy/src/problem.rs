//! What is wrong with a rule, for the operator who wrote it.

/// A mistake in the rules. Its text is the path, a colon and a sentence on what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct Problem {
    /// Where it is, such as `rule[2].when.all[0].time.from`.
    pub path: String,
    /// What is wrong, and what is allowed.
    pub message: String,
}

/// The sentence on a name that is not known: with the nearest one, or with all when none is near.
pub(crate) fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), *known))
        .min()
        .filter(|(distance, _)| *distance <= (name.chars().count() / 2).max(2));
    match nearest {
        Some((_, nearest)) => format!("unknown {what} `{name}`; did you mean `{nearest}`?"),
        None => format!("unknown {what} `{name}`; known are {}", known.join(", ")),
    }
}
