//! Writing answers, once their cost is known (contract §1.1).

use serde::Serialize;

use super::{
    Document, GeneratedImage, ModerationVerdict, OperationAnswer, OperationCall, OperationContent,
    OperationRequest, Ranked, Rendered, Transcript, TranscriptFormat, TranscriptionRequest, Vector,
    VectorEncoding, transcription,
};
use crate::chat::{AnswerHead, UsageView};
use crate::json::{ObjectWriter, UsdNumber};
use tollgate_types::Usage;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

impl OperationAnswer {
    /// Writes the answer as the client wants it.
    pub fn render(&self, call: &OperationCall, head: &AnswerHead, usage: &UsageView) -> Rendered {
        let body = match &self.content {
            OperationContent::Embeddings(vectors) => {
                embeddings(vectors, encoding(call), head, usage)
            }
            OperationContent::Rerank(ranked) => rerank(ranked, call, head, usage),
            OperationContent::Speech(speech) => {
                return Rendered {
                    media_type: speech.media_type.clone(),
                    body: speech.audio.to_vec(),
                };
            }
            OperationContent::Transcription(transcript) => {
                return transcription(transcript, call, usage);
            }
            OperationContent::Image(images) => image(images, head, usage),
            OperationContent::Moderation(verdicts) => moderation(verdicts, head, usage),
        };
        Rendered { media_type: JSON.to_owned(), body }
    }
}

fn encoding(call: &OperationCall) -> VectorEncoding {
    match call.request() {
        OperationRequest::Embeddings(request) => request.encoding,
        _ => VectorEncoding::default(),
    }
}

fn embeddings(
    vectors: &[Vector],
    encoding: VectorEncoding,
    head: &AnswerHead,
    usage: &UsageView,
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = ObjectWriter::new(&mut out);
    object.field("id", head.id.as_str());
    object.field("object", "list");
    object.field("model", &head.model);
    object.field("provider", &head.provider);
    let mut data = vec![b'['];
    for (index, vector) in vectors.iter().enumerate() {
        if index > 0 {
            data.push(b',');
        }
        data.extend_from_slice(
            format!(r#"{{"object":"embedding","index":{index},"embedding":"#).as_bytes(),
        );
        vector.write(&mut data, encoding);
        data.push(b'}');
    }
    data.push(b']');
    object.raw(b"data", &data);
    object.field("usage", &EmbeddingsUsage::of(usage));
    object.end();
    out
}

#[derive(Serialize)]
struct EmbeddingsUsage {
    prompt_tokens: u64,
    total_tokens: u64,
    cost: UsdNumber,
    cost_details: CostDetails,
    is_byok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_tokens_details: Option<Modalities>,
    #[serde(flatten)]
    remarks: Remarks,
}

#[derive(Serialize)]
struct CostDetails {
    upstream_inference_cost: UsdNumber,
    upstream_inference_prompt_cost: UsdNumber,
    upstream_inference_completions_cost: UsdNumber,
}

/// Tokens by the kind of input.
#[derive(Serialize)]
struct Modalities {
    #[serde(skip_serializing_if = "is_zero")]
    text_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    image_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    audio_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    video_tokens: u64,
}

/// What a caller should know of the counts, as in a chat's usage.
#[derive(Serialize)]
struct Remarks {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_estimated: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_unpriced: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl EmbeddingsUsage {
    fn of(view: &UsageView) -> Self {
        Self {
            prompt_tokens: view.usage.prompt_tokens,
            total_tokens: view.usage.total_tokens(),
            cost: UsdNumber(view.cost),
            cost_details: CostDetails {
                upstream_inference_cost: UsdNumber(view.upstream_cost),
                upstream_inference_prompt_cost: UsdNumber(view.prompt_cost),
                upstream_inference_completions_cost: UsdNumber(view.completion_cost),
            },
            is_byok: view.is_byok,
            prompt_tokens_details: Modalities::of(&view.usage),
            remarks: Remarks::of(view),
        }
    }
}

impl Modalities {
    /// Only for two kinds or more: of one it says nothing new.
    fn of(usage: &Usage) -> Option<Self> {
        let (image, audio, video) =
            (usage.image_prompt_tokens, usage.audio_prompt_tokens, usage.video_prompt_tokens);
        let media = image.saturating_add(audio).saturating_add(video);
        let modalities = Self {
            text_tokens: usage.prompt_tokens.saturating_sub(media),
            image_tokens: image,
            audio_tokens: audio,
            video_tokens: video,
        };
        let kinds = [modalities.text_tokens, image, audio, video];
        (kinds.into_iter().filter(|tokens| *tokens > 0).count() >= 2).then_some(modalities)
    }
}

impl Remarks {
    fn of(view: &UsageView) -> Self {
        Self { is_estimated: view.usage.is_estimated(), is_unpriced: view.unpriced }
    }
}

#[derive(Serialize)]
struct RerankObject<'a> {
    id: &'a str,
    model: &'a str,
    provider: &'a str,
    results: Vec<RankedObject<'a>>,
    usage: RerankUsage,
}

#[derive(Serialize)]
struct RankedObject<'a> {
    index: usize,
    relevance_score: f64,
    document: DocumentObject<'a>,
}

#[derive(Serialize)]
struct DocumentObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
}

#[derive(Serialize)]
struct RerankUsage {
    cost: UsdNumber,
    #[serde(skip_serializing_if = "is_zero")]
    search_units: u64,
    #[serde(skip_serializing_if = "is_zero")]
    total_tokens: u64,
    #[serde(flatten)]
    remarks: Remarks,
}

fn rerank(
    ranked: &[Ranked],
    call: &OperationCall,
    head: &AnswerHead,
    usage: &UsageView,
) -> Vec<u8> {
    let (documents, top_n): (&[Document], _) = match call.request() {
        OperationRequest::Rerank(request) => (&request.documents, request.top_n),
        _ => (&[], None),
    };
    let mut results: Vec<RankedObject<'_>> =
        ranked.iter().filter_map(|rank| ranked_object(rank, documents)).collect();
    results.sort_by(|one, other| other.relevance_score.total_cmp(&one.relevance_score));
    let most = top_n.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    results.truncate(most);
    let object = RerankObject {
        id: head.id.as_str(),
        model: &head.model,
        provider: &head.provider,
        results,
        usage: RerankUsage {
            cost: UsdNumber(usage.cost),
            search_units: usage.usage.search_units,
            total_tokens: usage.usage.total_tokens(),
            remarks: Remarks::of(usage),
        },
    };
    serde_json::to_vec(&object).unwrap_or_default()
}

/// A rank with its document; none for a document that was never sent.
fn ranked_object<'a>(rank: &Ranked, documents: &'a [Document]) -> Option<RankedObject<'a>> {
    let document = documents.get(rank.index)?;
    Some(RankedObject {
        index: rank.index,
        relevance_score: rank.relevance_score,
        document: DocumentObject {
            text: document.text.as_deref(),
            image: document.image_text.as_deref(),
        },
    })
}

#[derive(Serialize)]
struct TranscriptObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<f64>,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    segments: Option<&'a [transcription::Segment]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<&'a [transcription::Word]>,
    usage: TranscriptUsage,
}

#[derive(Serialize)]
struct TranscriptUsage {
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    #[serde(skip_serializing_if = "is_zero")]
    input_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    output_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    total_tokens: u64,
    cost: UsdNumber,
    #[serde(flatten)]
    remarks: Remarks,
}

fn transcription(transcript: &Transcript, call: &OperationCall, view: &UsageView) -> Rendered {
    let OperationRequest::Transcription(request) = call.request() else {
        return plain(TEXT, transcript.text.clone());
    };
    let length = seconds(view.usage.prompt_audio_milliseconds);
    match request.format {
        TranscriptFormat::Json | TranscriptFormat::VerboseJson => Rendered {
            media_type: JSON.to_owned(),
            body: transcript_json(transcript, request, view),
        },
        TranscriptFormat::Text => plain(TEXT, format!("{}\n", transcript.text)),
        TranscriptFormat::Srt => plain(TEXT, transcription::srt(transcript, length)),
        TranscriptFormat::Vtt => {
            plain("text/vtt; charset=utf-8", transcription::vtt(transcript, length))
        }
    }
}

fn plain(media_type: &str, text: String) -> Rendered {
    Rendered { media_type: media_type.to_owned(), body: text.into_bytes() }
}

fn transcript_json(
    transcript: &Transcript,
    request: &TranscriptionRequest,
    view: &UsageView,
) -> Vec<u8> {
    let usage = &view.usage;
    let length = Some(usage.prompt_audio_milliseconds).filter(|length| *length > 0).map(seconds);
    let verbose = request.format == TranscriptFormat::VerboseJson;
    let object = TranscriptObject {
        task: verbose.then_some("transcribe"),
        language: transcript.language.as_deref().filter(|_| verbose),
        duration: transcript.duration.or(length).filter(|_| verbose),
        text: &transcript.text,
        segments: request.wants_segments().then_some(transcript.segments.as_slice()),
        words: request.wants_words().then_some(transcript.words.as_slice()),
        usage: TranscriptUsage {
            seconds: length,
            input_tokens: usage.prompt_tokens,
            output_tokens: usage.completion_tokens,
            total_tokens: usage.total_tokens(),
            cost: UsdNumber(view.cost),
            remarks: Remarks::of(view),
        },
    };
    serde_json::to_vec(&object).unwrap_or_default()
}

fn seconds(milliseconds: u64) -> f64 {
    std::time::Duration::from_millis(milliseconds).as_secs_f64()
}

#[derive(Serialize)]
struct ImagesObject<'a> {
    created: i64,
    data: Vec<ImageObject<'a>>,
    usage: &'a UsageView,
}

#[derive(Serialize)]
struct ImageObject<'a> {
    b64_json: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<&'a str>,
}

fn image(images: &[GeneratedImage], head: &AnswerHead, usage: &UsageView) -> Vec<u8> {
    let data = images.iter().map(|image| ImageObject {
        b64_json: &image.data,
        media_type: image.media_type.as_deref(),
    });
    let object = ImagesObject { created: head.created.unix_seconds(), data: data.collect(), usage };
    serde_json::to_vec(&object).unwrap_or_default()
}

#[derive(Serialize)]
struct ModerationObject<'a> {
    id: &'a str,
    model: &'a str,
    results: &'a [ModerationVerdict],
    usage: &'a UsageView,
}

fn moderation(verdicts: &[ModerationVerdict], head: &AnswerHead, usage: &UsageView) -> Vec<u8> {
    let object =
        ModerationObject { id: head.id.as_str(), model: &head.model, results: verdicts, usage };
    serde_json::to_vec(&object).unwrap_or_default()
}
