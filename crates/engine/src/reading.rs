//! How many tokens an endpoint may read of a call: at most, and usually.
//!
//! Nobody knows before it is billed. So there are two figures: `most`, which covers what providers
//! bill, and `least`, which is what such a call usually comes to. A call holds the first while there
//! is so much. Whoever has less is not refused for it as long as there is enough for the second: then
//! the call holds half of what there is, and no other begins beside it that may cost more than it
//! holds.

use tollgate_wire::Weight;

use crate::asked::Asked;

/// What there is to read in a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Read {
    most: Prompt,
    least: Prompt,
    /// Tokens of text that were counted here. They are held for even where they should not fit.
    counted: u64,
    /// Whether there is something that nobody here sees: as much as fits may be read.
    fills: bool,
}

/// A prompt as a provider counts it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Prompt {
    pub(crate) tokens: u64,
    pub(crate) searches: u64,
}

/// About how many bytes of text a token has.
const BYTES_PER_TOKEN: u64 = 4;
/// A token is taken for two bytes of text where funds are held, rather than four: in some languages
/// it is.
const CAUTION: u64 = 2;
/// Tokens that providers put around each message; OpenAI's cookbook counts four.
const TOKENS_PER_MESSAGE: u64 = 4;
/// A picture of a megapixel: 765 tokens at OpenAI, 1,290 at Google, 1,400 at Anthropic; small ones
/// are 85 to 260.
const IMAGE_TOKENS_USUAL: u64 = 800;
/// What a picture is billed as, by its bytes in Base64 between these bounds: at Anthropic up to
/// 1,600 and of some models 4,784, at OpenAI up to 1,445 and 3,780, at Google up to 2,240.
const IMAGE_BYTES_PER_TOKEN: u64 = 64;
const IMAGE_TOKENS_FEW: u64 = 1_600;
const IMAGE_TOKENS_MOST: u64 = 4_800;
/// Of recordings a token is of so many bytes at least, and usually: Google bills 290 for a second of
/// video, which a screen recording has in 17 kB, and 32 for a second of speech, which Opus has in
/// 2.7 kB.
const RECORDED_BYTES_PER_TOKEN: u64 = 40;
const RECORDED_BYTES_PER_TOKEN_USUAL: u64 = 100;
/// The same of documents: a PDF with its fonts and pictures; at most one of text alone, which is packed
/// into 2 kB a page, and which Anthropic bills at some 2,300 tokens a page as a picture and as text.
const DOCUMENT_BYTES_PER_TOKEN_USUAL: u64 = 20;
/// Ten pages of that: however few bytes a document has, nobody here counts its pages.
const DOCUMENT_TOKENS_FEW: u64 = 26_000;
/// A document of three or four pages.
const POINTED_DOCUMENT_TOKENS: u64 = 2_000;
/// A minute of video, or what is long enough to be cached.
const POINTED_CONTEXT_TOKENS: u64 = 20_000;
/// What one search finds, or a page that is fetched; and what a provider's tools find that are used
/// again and again: OpenAI's search stops at 128,000 tokens.
const FOUND_TOKENS: u64 = 5_000;
const FOUND_TOKENS_MOST: u64 = 200_000;
/// The context of an endpoint that does not say how much fits: the longest that is usual.
const CONTEXT_TOKENS: u64 = 1_000_000;

impl Read {
    /// What there is to read in a call.
    pub(crate) fn of(call: &impl Asked) -> Self {
        let (survey, weight) = (call.survey(), call.weight());
        let text = survey.text_bytes;
        let frames = survey.messages.saturating_mul(TOKENS_PER_MESSAGE);
        // What is around one message, caution covers usually.
        let around = frames.saturating_sub(TOKENS_PER_MESSAGE);
        let tokens = |bytes: u64| bytes.div_ceil(BYTES_PER_TOKEN);
        let cautious = |bytes: u64| tokens(bytes).saturating_mul(CAUTION);
        let counted = cautious(text).max(tokens(text).saturating_add(around));
        // What the survey does not know is text as well; usually a token is four bytes of it.
        let text_least = counted.max(tokens(weight.text).saturating_add(around));
        let text_most = cautious(weight.text).saturating_add(frames);
        let searches_least = u64::from(weight.searches > 0);
        Self {
            most: Prompt {
                tokens: text_most.max(text_least).saturating_add(media_most(&weight)),
                searches: weight.searches,
            },
            least: Prompt {
                tokens: text_least.saturating_add(media_usual(&weight)),
                searches: searches_least,
            },
            counted,
            fills: weight.pointed_documents > 0 || weight.pointed_contexts > 0,
        }
    }

    /// The same with so many tokens more.
    pub(crate) fn with(self, tokens: u64) -> Self {
        let more =
            |prompt: Prompt| Prompt { tokens: prompt.tokens.saturating_add(tokens), ..prompt };
        let counted = self.counted.saturating_add(tokens);
        Self { most: more(self.most), least: more(self.least), counted, ..self }
    }

    /// What of it an endpoint reads at most, and usually. It reads no more than fits.
    pub(crate) fn at(self, context: Option<u64>) -> (Prompt, Prompt) {
        let fitting =
            |tokens: u64| context.map_or(tokens, |fits| tokens.min(fits)).max(self.counted);
        let least = fitting(self.least.tokens);
        let most = if self.fills {
            context.unwrap_or_else(|| CONTEXT_TOKENS.max(self.most.tokens))
        } else {
            fitting(self.most.tokens)
        };
        let prompt = |tokens, prompt| Prompt { tokens, ..prompt };
        (prompt(most.max(least), self.most), prompt(least, self.least))
    }
}

fn media_most(weight: &Weight) -> u64 {
    let few = weight.images.saturating_mul(IMAGE_TOKENS_FEW);
    let many = weight.images.saturating_mul(IMAGE_TOKENS_MOST);
    let images = weight.image_bytes.div_ceil(IMAGE_BYTES_PER_TOKEN).clamp(few, many);
    let few = if weight.document_bytes > 0 { DOCUMENT_TOKENS_FEW } else { 0 };
    let documents = weight.document_bytes.max(few);
    let remote = weight.remote_images.saturating_mul(IMAGE_TOKENS_MOST);
    images
        .saturating_add(remote)
        .saturating_add(weight.recorded_bytes.div_ceil(RECORDED_BYTES_PER_TOKEN))
        .saturating_add(documents)
        .saturating_add(if weight.reads_more { FOUND_TOKENS_MOST } else { 0 })
}

fn media_usual(weight: &Weight) -> u64 {
    let images = weight.images.saturating_add(weight.remote_images);
    [
        images.saturating_mul(IMAGE_TOKENS_USUAL),
        weight.recorded_bytes.div_ceil(RECORDED_BYTES_PER_TOKEN_USUAL),
        weight.document_bytes.div_ceil(DOCUMENT_BYTES_PER_TOKEN_USUAL),
        weight.pointed_documents.saturating_mul(POINTED_DOCUMENT_TOKENS),
        weight.pointed_contexts.saturating_mul(POINTED_CONTEXT_TOKENS),
        if weight.reads_more { FOUND_TOKENS } else { 0 },
    ]
    .into_iter()
    .fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests;
