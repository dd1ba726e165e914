//! The laws of what is no conversation: embeddings, rankings, speech, transcripts, pictures,
//! judgements, and counts of tokens.
//!
//! - What goes up is JSON or a form, the same for the same call, and not much more of it than came.
//! - What is answered is what was asked for: as many vectors as inputs, documents of the request,
//!   each at most once.
//! - What stops early is no answer, and neither is what is no JSON, but for a sound.
//! - No count comes from nowhere: it is in the answer, or was counted from the request.
//! - The client gets JSON, subtitles that players read, or the sound as it came.

use std::collections::BTreeSet;

use arbitrary::Arbitrary;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request};
use serde_json::Value;
use tollgate_providers::{ADAPTERS, Adapter, Counter, Inbound, Operations, Reply, Task};
use tollgate_types::Usage;
use tollgate_wire::chat::UsageView;
use tollgate_wire::json::RawObject;
use tollgate_wire::operation::{
    GeneratedImage, MediaSource, ModerationInput, Operation, OperationAnswer, OperationCall,
    OperationContent, OperationRequest, Ranked, Rendered, RerankRequest, Transcript,
    TranscriptFormat, Upload,
};
use tollgate_wire::{Address, Call, DIALECTS};

use crate::json::{check, is_json, strings, value};
use crate::places::Place;
use crate::{NOW, answers, multipart, subtitles};

/// The most bytes that one byte of a request or an answer may become: a digit and its comma become
/// a vector's frame.
const GROWTH_MAX: usize = 256;
/// What an empty one may come to.
const FRAME_MAX: usize = 64 * 1_024;

/// Where a question ends and its file or its answer begins. JSON has none.
pub const SECTION_END: u8 = 0x1e;
/// Where a file's name and its media type end.
pub const FIELD_END: u8 = 0x1f;

/// Names of models that adapters tell apart.
pub const MODELS: &[&str] = &[
    "m-1",
    "text-embedding-3-small",
    "whisper-1",
    "gpt-4o-transcribe-diarize",
    "gpt-image-1",
    "dall-e-2",
    "dall-e-3",
    "embed-v4.0",
    "imagen-4.0-generate-001",
    "gemini-3-pro-image-preview",
    "gemini-2.5-flash-preview-tts",
    "gemini-3.8-flash-tts",
    "gemini-embedding-2",
    "gemini-embedding-001",
    "amazon.titan-embed-text-v2:0",
    "amazon.titan-embed-image-v1",
    "amazon.nova-2-multimodal-embeddings-v1:0",
    "us.cohere.embed-v4:0",
    "cohere.rerank-v3-5:0",
    "amazon.rerank-v1:0",
    "amazon.nova-canvas-v1:0",
];

/// What the header of an answer says.
const MEDIA_TYPES: [&str; 4] =
    ["application/json", "audio/mpeg", "", "Application/JSON; charset=utf-8"];
/// What fetched media are.
const FETCHED: &str = "data:image/png;base64,iVBORw0KGgo=";

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An operation, as JSON.
    Json(Operation),
    /// A transcript, as a form with a file.
    Form,
    /// How many tokens a conversation has.
    Count,
}

/// Everything that may be asked for; the number of a kind is its place.
pub const KINDS: [Kind; 8] = [
    Kind::Json(Operation::Embeddings),
    Kind::Json(Operation::Rerank),
    Kind::Json(Operation::Speech),
    Kind::Json(Operation::Transcription),
    Kind::Json(Operation::Image),
    Kind::Json(Operation::Moderation),
    Kind::Form,
    Kind::Count,
];

/// Whom a question is put to, and how.
#[derive(Debug, Clone, Copy, Default, Arbitrary)]
pub struct Choices {
    /// The low three bits are the kind; bit 3: media were fetched; the next two choose the media
    /// type of the answer.
    pub task: u8,
    /// Who answers, of those that perform it.
    pub adapter: u8,
    /// The model's name there; for a count the client's dialect too.
    pub model: u8,
    /// What the endpoint is like.
    pub place: u8,
    /// Where the answer breaks off.
    pub cut: u16,
}

impl Choices {
    /// The choices as an input begins with them.
    pub fn to_bytes(self) -> [u8; 6] {
        let Self { task, adapter, model, place, cut } = self;
        let [low, high] = cut.to_le_bytes();
        [task, adapter, model, place, low, high]
    }

    /// What is asked for.
    pub fn kind(self) -> Kind {
        KINDS[usize::from(self.task) % KINDS.len()]
    }

    fn model(self) -> &'static str {
        MODELS[usize::from(self.model) % MODELS.len()]
    }

    fn media_type(self) -> &'static str {
        MEDIA_TYPES[usize::from(self.task >> 4) % MEDIA_TYPES.len()]
    }
}

/// Whether an adapter does such a thing.
pub fn performs(adapter: &dyn Adapter, kind: Kind) -> bool {
    let performs = |wanted| adapter.operations().is_some_and(|it| it.performs(wanted));
    match kind {
        Kind::Json(operation) => performs(operation),
        Kind::Form => performs(Operation::Transcription),
        Kind::Count => adapter.counter().is_some(),
    }
}

/// The adapters that do such a thing; the number of an adapter is its place among them.
pub fn performers(kind: Kind) -> Vec<&'static dyn Adapter> {
    ADAPTERS.iter().copied().filter(|adapter| performs(*adapter, kind)).collect()
}

/// Reads a call; `None` when it is wrong. Returns what follows the question too.
pub fn call(kind: Kind, input: &[u8]) -> (Option<OperationCall>, &[u8]) {
    let (question, rest) = section(input, SECTION_END);
    let body = Bytes::copy_from_slice(question);
    match kind {
        Kind::Json(operation) => (OperationCall::read(operation, body).ok(), rest),
        Kind::Form => {
            let (file, rest) = section(rest, SECTION_END);
            let fields = RawObject::read(body).ok();
            let call = fields.and_then(|fields| {
                OperationCall::of_form(Operation::Transcription, fields, upload(file)).ok()
            });
            (call, rest)
        }
        Kind::Count => (None, rest),
    }
}

/// A file: its name and its media type, each of which may be empty, and what it holds.
fn upload(file: &[u8]) -> Upload {
    let (name, rest) = section(file, FIELD_END);
    let (media_type, bytes) = section(rest, FIELD_END);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = |bytes: &[u8]| Some(text(bytes)).filter(|text| !text.is_empty());
    Upload {
        file_name: said(name),
        media_type: said(media_type),
        bytes: Bytes::copy_from_slice(bytes),
    }
}

fn section(input: &[u8], end: u8) -> (&[u8], &[u8]) {
    match input.iter().position(|byte| *byte == end) {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &[]),
    }
}

/// Whether the adapter that was chosen reads the input's answer as one: what seeds are chosen by.
pub fn is_answered(choices: Choices, input: &[u8]) -> bool {
    let kind = choices.kind();
    let all = performers(kind);
    let Some(adapter) = all.get(usize::from(choices.adapter) % all.len()) else { return false };
    let (Some(call), body) = call(kind, input) else { return false };
    let place = Place::from_bits(choices.place);
    let asked = Asked { adapter: *adapter, call: &call, place: &place, choices };
    asked.encode().is_some() && asked.answer(body).is_ok()
}

/// Holds an operation, or a count, to its laws.
pub fn keeps_the_laws(choices: Choices, input: &[u8]) {
    let kind = choices.kind();
    if kind == Kind::Count {
        return a_count_keeps_the_laws(choices, input);
    }
    let (Some(call), body) = call(kind, input) else { return };
    let exact = value(call.object().text().as_bytes()).is_some();
    let call = fetched(call, choices.task & 0b1000 != 0);
    let place = Place::from_bits(choices.place);
    for adapter in ADAPTERS.iter().filter(|it| it.operations().is_some()) {
        let asked = Asked { adapter: *adapter, call: &call, place: &place, choices };
        let sent = asked.encode();
        let is_performed = performs(*adapter, kind);
        assert!(is_performed || sent.is_none(), "{} does more than it says", adapter.protocol());
        if let Some(request) = sent {
            request_is_well_formed(adapter.protocol(), &request, &call, exact);
        }
    }
    let all = performers(kind);
    let adapter = all[usize::from(choices.adapter) % all.len()];
    let asked = Asked { adapter, call: &call, place: &place, choices };
    an_answer_keeps_the_laws(&asked, body, exact);
}

/// The call, with its addresses replaced if they were fetched.
fn fetched(call: OperationCall, is_fetched: bool) -> OperationCall {
    let addresses = call.remote_media();
    let distinct: BTreeSet<&String> = addresses.iter().collect();
    assert_eq!(distinct.len(), addresses.len(), "an address would be fetched twice");
    if !is_fetched {
        return call;
    }
    let media: Vec<_> = addresses.into_iter().map(|it| (it, FETCHED.to_owned())).collect();
    let filled = call.with_media(&media);
    assert!(filled.remote_media().is_empty(), "media were fetched and are not used");
    filled
}

/// A call on its way to an adapter.
struct Asked<'a> {
    adapter: &'static dyn Adapter,
    call: &'a OperationCall,
    place: &'a Place,
    choices: Choices,
}

impl Asked<'_> {
    fn operations(&self) -> &'static dyn Operations {
        self.adapter.operations().unwrap()
    }

    fn task(&self) -> Task<'_> {
        let target = self.place.target(self.adapter.protocol(), self.choices.model());
        Task { call: self.call, target, end_user: Some("u-1"), now: NOW }
    }

    fn encode(&self) -> Option<Request<Bytes>> {
        let request = self.operations().encode(&self.task()).ok()?;
        let again = self.operations().encode(&self.task()).unwrap();
        assert_eq!(request.body(), again.body(), "the same call is encoded otherwise");
        assert_eq!(format!("{request:?}"), format!("{again:?}"));
        Some(request)
    }

    fn answer(&self, body: &[u8]) -> Result<OperationAnswer, tollgate_providers::Fault> {
        let media_type = self.choices.media_type().to_owned();
        let reply = Reply { media_type, body: Bytes::copy_from_slice(body) };
        self.operations().answer(&self.task(), &reply)
    }

    fn is_sound(&self) -> bool {
        self.operations().passes_on(self.call)
    }
}

fn request_is_well_formed(
    protocol: &str,
    request: &Request<Bytes>,
    call: &OperationCall,
    exact: bool,
) {
    let body = request.body();
    let media_type = request.headers()[CONTENT_TYPE].to_str().unwrap();
    let room = FRAME_MAX + GROWTH_MAX * call.object().text().len();
    if media_type == "application/json" {
        assert!(call.operation() != Operation::Transcription, "{protocol}: it sends no file");
        check(protocol, body, exact);
        assert!(body.len() <= room, "{protocol}: it outgrows what came");
        return;
    }
    let sent = multipart::parts(media_type, body);
    let sent = sent.iter().filter(|part| part.is_file).map(|part| part.content);
    assert!(sent.eq(files(call.request())), "{protocol}: a file changed");
    let more = match call.request() {
        OperationRequest::Transcription(request) => {
            let Upload { file_name, media_type, bytes } = &request.audio;
            let names = file_name.iter().chain(media_type).map(String::len);
            bytes.len() + 3 * names.sum::<usize>()
        }
        _ => 0,
    };
    assert!(body.len() <= room + more, "{protocol}: it outgrows what came");
}

/// What a call has that goes up as files, where files do.
fn files(request: &OperationRequest) -> Vec<Vec<u8>> {
    let picture = |source: &MediaSource| match source {
        MediaSource::Inline { data, .. } => decoded(data),
        MediaSource::Address(_) => Vec::new(),
    };
    match request {
        OperationRequest::Transcription(request) => vec![request.audio.bytes.to_vec()],
        OperationRequest::Image(request) => request.references.iter().map(picture).collect(),
        _ => Vec::new(),
    }
}

/// What base64 stands for.
fn decoded(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |byte: u8| DIGITS.iter().position(|digit| *digit == byte);
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0, 0);
    for digit in text.bytes().map_while(digit) {
        (bits, count) = ((bits << 6) | digit, count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap());
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

fn an_answer_keeps_the_laws(asked: &Asked<'_>, body: &[u8], exact: bool) {
    let read = asked.answer(body);
    assert_eq!(format!("{read:?}"), format!("{:?}", asked.answer(body)), "it is read otherwise");
    let Ok(answer) = read else { return };
    if asked.is_sound() {
        let is_json = asked.choices.media_type().to_ascii_lowercase().starts_with("application");
        assert!(!is_json, "JSON was taken for a sound");
    } else {
        assert!(is_json(body), "what is no JSON was taken for an answer");
        let cut = &body[..usize::from(asked.choices.cut) % (body.len() + 1)];
        if cut.trim_ascii_end().len() < body.trim_ascii_end().len() {
            assert!(asked.answer(cut).is_err(), "it was cut off and is an answer");
        }
    }
    it_is_what_was_asked_for(asked.call, &answer.content);
    no_count_comes_from_nowhere(&answer.usage, &asked.call.measured(), body);
    let view = UsageView { usage: answer.usage, ..answers::usage() };
    let rendered = answer.render(asked.call, &answers::head(false), &view);
    let exact = exact && value(body).is_some();
    the_client_can_read(asked.call, &answer.content, &rendered, exact);
    let room = FRAME_MAX + GROWTH_MAX * (body.len() + asked.call.object().text().len());
    assert!(rendered.body.len() <= room, "it outgrows what came");
}

fn it_is_what_was_asked_for(call: &OperationCall, content: &OperationContent) {
    match (call.request(), content) {
        (OperationRequest::Embeddings(request), OperationContent::Embeddings(vectors)) => {
            assert_eq!(vectors.len(), request.inputs.len(), "there are other inputs than vectors");
        }
        (OperationRequest::Rerank(request), OperationContent::Rerank(ranked)) => {
            a_ranking_is_of(request, ranked);
        }
        (OperationRequest::Speech(_), OperationContent::Speech(speech)) => {
            assert!(!speech.audio.is_empty(), "silence was taken for a sound");
            assert!(HeaderValue::from_str(&speech.media_type).is_ok(), "no header says that");
        }
        (OperationRequest::Transcription(_), OperationContent::Transcription(transcript)) => {
            let segments = transcript.segments.iter().flat_map(|it| [it.start, it.end]);
            let words = transcript.words.iter().flat_map(|it| [it.start, it.end]);
            let mut times = segments.chain(words).chain(transcript.duration);
            assert!(times.all(|time| time.is_finite() && time >= 0.0), "there is no such time");
        }
        (OperationRequest::Image(_), OperationContent::Image(images)) => {
            let is_one = |image: &GeneratedImage| !image.data.is_empty();
            assert!(!images.is_empty() && images.iter().all(is_one), "there is no picture");
        }
        (OperationRequest::Moderation(request), OperationContent::Moderation(verdicts)) => {
            let is_text = |input: &&ModerationInput| matches!(input, ModerationInput::Text(_));
            let wanted = request.inputs.iter().filter(is_text).count().max(1);
            assert_eq!(verdicts.len(), wanted, "there are other inputs than judgements");
        }
        _ => panic!("{:?} was answered by {:?}", call.operation(), content.operation()),
    }
}

fn a_ranking_is_of(request: &RerankRequest, ranked: &[Ranked]) {
    let places: BTreeSet<usize> = ranked.iter().map(|it| it.index).collect();
    assert!(!ranked.is_empty() && places.len() == ranked.len(), "a document is ranked twice");
    assert!(places.last().is_some_and(|last| *last < request.documents.len()));
    let most = request.top_n.map_or(usize::MAX, |most| usize::try_from(most).unwrap());
    assert!(ranked.len() <= most, "there is more than was wanted");
    let scores = ranked.iter().map(|it| it.relevance_score);
    assert!(scores.is_sorted_by(|one, other| one >= other), "the best is not the first");
}

/// Holds every count to at most what the numbers of the answer come to, and what was counted from
/// the request. A length in seconds is counted in milliseconds.
fn no_count_comes_from_nowhere(usage: &Usage, measured: &Usage, body: &[u8]) {
    let said = numbers(body);
    let Some(texts) = str::from_utf8(body).ok().and_then(strings) else { return };
    let said: f64 = said + texts.iter().map(|(_, text)| numbers(text.as_bytes())).sum::<f64>();
    for (count, own) in counts(usage).into_iter().zip(counts(measured)) {
        #[expect(clippy::cast_precision_loss, reason = "a bound, and not a near one")]
        let (count, most) = (count as f64, (own as f64) + 1_000.0 * said + body.len() as f64);
        assert!(count <= most * 1.001, "a count comes from nowhere: {usage:?}");
    }
}

/// What the numbers in a text come to, without their signs.
fn numbers(text: &[u8]) -> f64 {
    let is_numeral = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    let numerals = text.split(|byte| !is_numeral(byte)).filter(|numeral| !numeral.is_empty());
    let read = |numeral: &[u8]| str::from_utf8(numeral).ok()?.parse::<f64>().ok();
    numerals.filter_map(read).map(f64::abs).sum()
}

fn counts(usage: &Usage) -> [u64; 13] {
    [
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.cached_tokens,
        usage.audio_prompt_tokens,
        usage.image_prompt_tokens,
        usage.video_prompt_tokens,
        usage.reasoning_tokens,
        usage.audio_completion_tokens,
        usage.image_completion_tokens,
        usage.prompt_characters,
        usage.prompt_audio_milliseconds,
        usage.completion_images,
        usage.search_units,
    ]
}

fn the_client_can_read(
    call: &OperationCall,
    content: &OperationContent,
    rendered: &Rendered,
    exact: bool,
) {
    match (call.request(), content) {
        (_, OperationContent::Speech(speech)) => {
            assert_eq!(
                (&rendered.body, &rendered.media_type),
                (&speech.audio.to_vec(), &speech.media_type)
            );
        }
        (OperationRequest::Transcription(request), OperationContent::Transcription(transcript)) => {
            match request.format {
                TranscriptFormat::Json | TranscriptFormat::VerboseJson => {
                    an_object_can_be_read(rendered, exact);
                }
                TranscriptFormat::Text => {
                    assert_eq!(rendered.body, format!("{}\n", transcript.text).into_bytes());
                }
                TranscriptFormat::Srt => subtitles_can_be_read(transcript, rendered, false),
                TranscriptFormat::Vtt => subtitles_can_be_read(transcript, rendered, true),
            }
        }
        _ => an_object_can_be_read(rendered, exact),
    }
}

fn an_object_can_be_read(rendered: &Rendered, exact: bool) {
    assert_eq!(rendered.media_type, "application/json");
    check("the answer", &rendered.body, exact);
    let object = RawObject::read(Bytes::copy_from_slice(&rendered.body));
    assert!(object.is_ok(), "the answer says something twice");
}

fn subtitles_can_be_read(transcript: &Transcript, rendered: &Rendered, is_web: bool) {
    let text = str::from_utf8(&rendered.body).unwrap();
    let count = Some(transcript.segments.len()).filter(|count| *count > 0);
    subtitles::check(text, is_web, count);
}

fn a_count_keeps_the_laws(choices: Choices, input: &[u8]) {
    let (question, body) = section(input, SECTION_END);
    let dialect = DIALECTS[usize::from(choices.model) % DIALECTS.len()];
    let place = Place::from_bits(choices.place);
    let question = Bytes::copy_from_slice(question);
    let exact = value(&question).is_some();
    let room = FRAME_MAX + GROWTH_MAX * question.len();
    if let Ok(call) = Call::read(dialect, question, Address::default()) {
        for adapter in performers(Kind::Count) {
            let target = place.target(adapter.protocol(), choices.model());
            let inbound = Inbound { call: &call, target, end_user: Some("u-1"), now: NOW };
            if let Ok(request) = adapter.counter().unwrap().encode(&inbound) {
                check(adapter.protocol(), request.body(), exact);
                assert!(request.body().len() <= room, "it outgrows what came");
            }
        }
    }
    let all = performers(Kind::Count);
    let counter = all[usize::from(choices.adapter) % all.len()].counter().unwrap();
    a_count_is_said(counter, choices, body);
}

fn a_count_is_said(counter: &dyn Counter, choices: Choices, body: &[u8]) {
    let Ok(count) = counter.count(body) else { return };
    let said = value(body).expect("what is no JSON was taken for a count");
    let is_it = |value: &Value| value.as_u64() == Some(count);
    assert!(said.as_object().is_some_and(|it| it.values().any(is_it)), "nobody said {count}");
    let cut = &body[..usize::from(choices.cut) % (body.len() + 1)];
    if cut.trim_ascii_end().len() < body.trim_ascii_end().len() {
        assert!(counter.count(cut).is_err(), "it was cut off and is a count");
    }
}
