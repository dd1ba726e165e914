//! The rows of the matrix: what a client can ask for, and how it is seen that it was had.

mod content;
mod endings;
mod parameters;
mod reasoning;
mod tools;

use crate::question::Proof;
use crate::world::Ask;

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Feature {
    Text,
    System,
    Turns,
    TwoUsers,
    AssistantFirst,
    Prefill,
    Tool,
    BareTool,
    ParallelTools,
    NamedTool,
    RequiredTool,
    NoTool,
    OneTool,
    Results,
    ResultsAndText,
    FailedResult,
    ImageResult,
    Image,
    ImageUrl,
    Pdf,
    JsonMode,
    JsonSchema,
    ReasoningShown,
    ReasoningReplayed,
    ReasoningHidden,
    MaxTokens,
    Stop,
    Sampling,
    Seed,
    CacheMark,
    CachedTokens,
    Usage,
    Refusal,
    RateLimited,
    Overloaded,
    UnknownModel,
    BrokenStream,
    CutStream,
}

impl Feature {
    /// All of them, with what they are called.
    pub(crate) const ALL: [(Self, &'static str); 38] = [
        (Self::Text, "text"),
        (Self::System, "system prompt arrives once"),
        (Self::Turns, "several turns"),
        (Self::TwoUsers, "two user turns in a row"),
        (Self::AssistantFirst, "the assistant begins"),
        (Self::Prefill, "a prefill is gone on with"),
        (Self::Tool, "one tool"),
        (Self::BareTool, "a tool without parameters"),
        (Self::ParallelTools, "parallel tools"),
        (Self::NamedTool, "a forced tool"),
        (Self::RequiredTool, "any tool forced"),
        (Self::NoTool, "tools forbidden"),
        (Self::OneTool, "parallel tools off"),
        (Self::Results, "tool results round trip"),
        (Self::ResultsAndText, "tool results and the user's words"),
        (Self::FailedResult, "tool result that is an error"),
        (Self::ImageResult, "tool result with an image"),
        (Self::Image, "image inside"),
        (Self::ImageUrl, "image by address"),
        (Self::Pdf, "PDF inside"),
        (Self::JsonMode, "JSON mode"),
        (Self::JsonSchema, "JSON schema"),
        (Self::ReasoningShown, "reasoning shown"),
        (Self::ReasoningReplayed, "reasoning replayed"),
        (Self::ReasoningHidden, "reasoning hidden"),
        (Self::MaxTokens, "limit of tokens"),
        (Self::Stop, "stop sequence"),
        (Self::Sampling, "temperature and top_p"),
        (Self::Seed, "seed"),
        (Self::CacheMark, "cache marker arrives"),
        (Self::CachedTokens, "cached tokens come back"),
        (Self::Usage, "usage and cost"),
        (Self::Refusal, "refusal"),
        (Self::RateLimited, "rate limit before the answer"),
        (Self::Overloaded, "overload before the answer"),
        (Self::UnknownModel, "unknown model"),
        (Self::BrokenStream, "error in the middle"),
        (Self::CutStream, "cut in the middle"),
    ];

    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(feature, _)| *feature == self).unwrap().1
    }

    /// Proves it for one cell, in one of the two ways.
    pub(crate) async fn prove(self, ask: &mut Ask<'_>) -> Proof {
        match self {
            Self::Text => content::text(ask).await,
            Self::System => content::system(ask).await,
            Self::Turns => content::turns(ask).await,
            Self::TwoUsers => content::two_users(ask).await,
            Self::AssistantFirst => content::assistant_first(ask).await,
            Self::Prefill => content::prefill(ask).await,
            Self::Image => content::image(ask).await,
            Self::ImageUrl => content::image_url(ask).await,
            Self::Pdf => content::pdf(ask).await,
            Self::Tool => tools::one(ask).await,
            Self::BareTool => tools::bare(ask).await,
            Self::ParallelTools => tools::parallel(ask).await,
            Self::NamedTool => tools::named(ask).await,
            Self::RequiredTool => tools::required(ask).await,
            Self::NoTool => tools::forbidden(ask).await,
            Self::OneTool => tools::one_at_most(ask).await,
            Self::Results => tools::results(ask).await,
            Self::ResultsAndText => tools::results_and_text(ask).await,
            Self::FailedResult => tools::failed_result(ask).await,
            Self::ImageResult => tools::image_result(ask).await,
            Self::JsonMode => parameters::json_mode(ask).await,
            Self::JsonSchema => parameters::json_schema(ask).await,
            Self::MaxTokens => parameters::max_tokens(ask).await,
            Self::Stop => parameters::stop(ask).await,
            Self::Sampling => parameters::sampling(ask).await,
            Self::Seed => parameters::seed(ask).await,
            Self::CacheMark => parameters::cache_mark(ask).await,
            Self::ReasoningShown => reasoning::shown(ask).await,
            Self::ReasoningReplayed => reasoning::replayed(ask).await,
            Self::ReasoningHidden => reasoning::hidden(ask).await,
            Self::CachedTokens => endings::cached_tokens(ask).await,
            Self::Usage => endings::usage(ask).await,
            Self::Refusal => endings::refusal(ask).await,
            Self::RateLimited => endings::rate_limited(ask).await,
            Self::Overloaded => endings::overloaded(ask).await,
            Self::UnknownModel => endings::unknown_model(ask).await,
            Self::BrokenStream => endings::breaks_off(ask, "failing").await,
            Self::CutStream => endings::breaks_off(ask, "cut").await,
        }
    }
}
