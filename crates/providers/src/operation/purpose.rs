//! What vectors are for: `input_type` of the contract (§1.1) is free text, and every provider has
//! other words for the same few purposes.

/// What a vector is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To find documents.
    Query,
    /// To be found.
    Document,
    /// To find code.
    CodeQuery,
    /// To find what answers a question.
    Question,
    /// To find what proves or disproves a statement.
    Fact,
    /// To be put under one of several headings.
    Classification,
    /// To be put together with others like it.
    Clustering,
    /// To be compared.
    Similarity,
}

impl Purpose {
    /// Reads what a client says, in the words of any provider.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let word = text.trim().to_ascii_lowercase().replace(['-', '.', ' '], "_");
        Some(match word.as_str() {
            "search_query" | "query" | "retrieval_query" => Self::Query,
            "search_document" | "document" | "retrieval_document" | "retrieval_passage"
            | "passage" => Self::Document,
            "code" | "code_query" | "code_retrieval" | "code_retrieval_query" => Self::CodeQuery,
            "question_answering" => Self::Question,
            "fact_verification" | "fact_checking" => Self::Fact,
            "classification" => Self::Classification,
            "clustering" => Self::Clustering,
            "semantic_similarity" | "similarity" | "sentence_similarity" => Self::Similarity,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_providers_words_are_read() {
        for (text, purpose) in [
            ("search_query", Some(Purpose::Query)),
            ("RETRIEVAL_QUERY", Some(Purpose::Query)),
            ("passage", Some(Purpose::Document)),
            ("code.query", Some(Purpose::CodeQuery)),
            ("Semantic Similarity", Some(Purpose::Similarity)),
            ("fact-verification", Some(Purpose::Fact)),
            ("", None),
            ("image", None),
        ] {
            assert_eq!(Purpose::read(text), purpose, "{text}");
        }
    }
}
