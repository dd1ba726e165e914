//! Writes what fuzzing starts from: every recording of the adapters' tests and every request in
//! `requests/`, in the form that each target reads.
//!
//! `seeds FOLDER` writes `FOLDER/TARGET/…`.

use std::fs;
use std::io::Error;
use std::path::{Path, PathBuf};

use tollgate_fuzz::frames;
use tollgate_fuzz::operations::{
    Choices, KINDS, Kind, MODELS, SECTION_END, is_answered, performers,
};
use tollgate_providers::ADAPTERS;
use tollgate_wire::DIALECTS;
use tollgate_wire::operation::Operation;

// The instrumented crates need libFuzzer's symbols, and libFuzzer needs a target.
libfuzzer_sys::fuzz_target!(|_data: &[u8]| {});

/// The longest seed: what is longer makes every run slow and shows nothing new.
const SEED_BYTES_MAX: usize = 12 * 1024;

/// Counts of tokens as they are answered.
const COUNTS: &[&str] = &[
    r#"{"input_tokens":31}"#,
    r#"{"inputTokens":31}"#,
    r#"{"object":"response.input_tokens","input_tokens":31}"#,
    r#"{"totalTokens":31,"promptTokensDetails":[{"modality":"TEXT","tokenCount":31}]}"#,
    r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
];

/// A file of a form: a second of silence would be too long, its header is enough.
const FILE: &[u8] = b"hello.WAV\x1faudio/wav\x1fRIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\
    @\x1f\0\0\x80>\0\0\x02\0\x10\0data\x04\0\0\0\0\0\0\0";

/// Two cuts, as `Split` reads them.
const SPLIT: [u8; 4] = [37, 0, 201, 1];

fn main() -> Result<(), Error> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::args().nth(1).unwrap_or_else(|| "seeds".to_owned());
    let folder = PathBuf::from(folder);
    let recorded = here.join("../crates/providers/tests/recordings");
    for (protocol, name, bytes) in recordings(&recorded)? {
        answers(&folder, &protocol, &name, &bytes)?;
    }
    let asked = files(&here.join("requests"))?;
    for (name, bytes) in &asked {
        requests(&folder, name, bytes)?;
    }
    let mut answered = Vec::new();
    collect(&recorded.join("operations"), "", &mut answered)?;
    answered.sort();
    operations(&folder, &asked, &answered)
}

/// Protocol, name and bytes of every recording.
fn recordings(folder: &Path) -> Result<Vec<(String, String, Vec<u8>)>, Error> {
    let mut all = Vec::new();
    for adapter in ADAPTERS {
        let own = folder.join(adapter.protocol());
        if own.is_dir() {
            let files = files(&own)?.into_iter();
            all.extend(files.map(|(name, bytes)| (adapter.protocol().to_owned(), name, bytes)));
        }
    }
    Ok(all)
}

fn files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        all.push((name, fs::read(path)?));
    }
    all.sort();
    Ok(all)
}

fn seed(folder: &Path, target: &str, name: &str, parts: [&[u8]; 2]) -> Result<(), Error> {
    let bytes = parts.concat();
    if bytes.len() > SEED_BYTES_MAX {
        return Ok(());
    }
    fs::create_dir_all(folder.join(target))?;
    fs::write(folder.join(target).join(name), bytes)
}

fn answers(folder: &Path, protocol: &str, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let name = format!("{protocol}-{name}");
    let Some(at) = ADAPTERS.iter().position(|it| it.protocol() == protocol) else { return Ok(()) };
    // Chat, and one of the others by the length: all six of each take longer than a run.
    for client in [0, bytes.len() % DIALECTS.len()] {
        let choices = [&[byte(at), byte(client)], &SPLIT[..]].concat();
        seed(folder, "adapters", &format!("{name}-{client}"), [&choices, bytes])?;
    }
    let natives = ADAPTERS.iter().filter(|it| it.native().is_some());
    if let Some(at) = natives.clone().position(|it| it.protocol() == protocol) {
        seed(folder, "relays", &name, [&[&[byte(at)], &SPLIT[..]].concat(), bytes])?;
    }
    match name.rsplit('.').next() {
        Some("eventstream") => {
            let choices = [&[0], &SPLIT[..], &[90, 0, 4]].concat();
            seed(folder, "event_stream", &name, [&choices, &frames::script(bytes)])?;
            let choices = [&[1], &SPLIT[..], &[0, 0, 0]].concat();
            seed(folder, "event_stream", &format!("{name}-bytes"), [&choices, bytes])
        }
        Some("json") => seed(folder, "json", &name, [&[0], bytes]),
        _ => seed(folder, "sse", &name, [&SPLIT, bytes]),
    }
}

/// The files in a folder and in those within it.
fn collect(folder: &Path, prefix: &str, all: &mut Vec<(String, Vec<u8>)>) -> Result<(), Error> {
    let own = files(folder)?.into_iter();
    all.extend(own.map(|(name, bytes)| (format!("{prefix}{name}"), bytes)));
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            collect(&path, &format!("{prefix}{name}-"), all)?;
        }
    }
    Ok(())
}

/// Whether a request's file is named after this dialect or operation.
fn is_of(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-'))
}

/// A file's name begins with its dialect's.
fn requests(folder: &Path, name: &str, body: &[u8]) -> Result<(), Error> {
    let Some(at) = DIALECTS.iter().position(|it| is_of(name, it.as_str())) else { return Ok(()) };
    // What an address says: nothing, or all that it can.
    for (address, place) in [(0, 0), (0b1_0111, 0b1011_0101), (0b1_1111, 0b0100_1010)] {
        let choices = [byte(at), address, place];
        seed(folder, "requests", &format!("{name}-{address}"), [&choices, body])?;
    }
    seed(folder, "json", name, [&[0], body])
}

/// What the files of a kind's requests begin with.
fn prefix(kind: Kind) -> &'static str {
    match kind {
        Kind::Json(Operation::Embeddings) => "embeddings",
        Kind::Json(Operation::Rerank) => "rerank",
        Kind::Json(Operation::Speech) => "speech",
        Kind::Json(Operation::Transcription) => "transcription",
        Kind::Json(Operation::Image) => "image",
        Kind::Json(Operation::Moderation) => "moderation",
        Kind::Form => "form",
        Kind::Count => "",
    }
}

type Files = [(String, Vec<u8>)];

/// Every request with something for an answer, and every recording with the first request of each
/// kind and adapter that it is an answer to.
fn operations(folder: &Path, asked: &Files, answered: &Files) -> Result<(), Error> {
    for (task, kind) in KINDS.into_iter().enumerate().filter(|(_, kind)| *kind != Kind::Count) {
        let own: Vec<_> = asked.iter().filter(|(name, _)| is_of(name, prefix(kind))).collect();
        for (at, (name, question)) in own.iter().enumerate() {
            let question = question_of(kind, question);
            for model in 0..MODELS.len() {
                let choices =
                    Choices { task: byte(task), model: byte(model), ..Choices::default() };
                let choices = Choices { place: byte(at + model), ..choices };
                let name = format!("{name}-{model}");
                seed(folder, "operations", &name, [&choices.to_bytes(), &question])?;
            }
        }
        for (at, (name, answer)) in answered.iter().enumerate() {
            let all = own.iter().map(|(_, question)| question_of(kind, question));
            let inputs: Vec<_> = all.map(|question| [&question[..], answer].concat()).collect();
            let count = performers(kind).len();
            for adapter in 0..count {
                let choices =
                    Choices { task: byte(task), adapter: byte(adapter), ..Choices::default() };
                // What is no answer to anybody is one of the seeds too, with somebody.
                let first = || (adapter == at % count).then(|| (choices, &inputs[0][..]));
                let found = first_answered(choices, &inputs).or_else(first);
                let Some((choices, input)) = found else { continue };
                let name = format!("{name}-{task}-{adapter}");
                seed(folder, "operations", &name, [&choices.to_bytes(), input])?;
            }
        }
    }
    counts(folder, asked)
}

/// A question, with its file if it is a form, up to where the answer begins.
fn question_of(kind: Kind, body: &[u8]) -> Vec<u8> {
    let mut question = [body, &[SECTION_END]].concat();
    if kind == Kind::Form {
        question.extend_from_slice(FILE);
        question.push(SECTION_END);
    }
    question
}

/// The first input, and the first model, that an answer is one to.
fn first_answered(choices: Choices, inputs: &[Vec<u8>]) -> Option<(Choices, &[u8])> {
    let models = 0..MODELS.len();
    let mut all = models.flat_map(|model| inputs.iter().map(move |input| (model, input)));
    all.find_map(|(model, input)| {
        let choices = Choices { model: byte(model), cut: 37, ..choices };
        is_answered(choices, input).then_some((choices, input.as_slice()))
    })
}

/// The counters, with a request of every dialect.
fn counts(folder: &Path, asked: &Files) -> Result<(), Error> {
    let Some(task) = KINDS.iter().position(|kind| *kind == Kind::Count) else { return Ok(()) };
    for (dialect, known) in DIALECTS.iter().enumerate() {
        for (at, (name, question)) in
            asked.iter().filter(|(name, _)| is_of(name, known.as_str())).enumerate()
        {
            for adapter in 0..performers(Kind::Count).len() {
                let count = COUNTS[(adapter + dialect + at) % COUNTS.len()];
                let choices = Choices {
                    task: byte(task),
                    adapter: byte(adapter),
                    model: byte(dialect),
                    ..Choices::default()
                };
                let input = [question, &[SECTION_END][..], count.as_bytes()].concat();
                let name = format!("count-{name}-{adapter}");
                seed(folder, "operations", &name, [&choices.to_bytes(), &input])?;
            }
        }
    }
    Ok(())
}

fn byte(at: usize) -> u8 {
    u8::try_from(at).unwrap_or(u8::MAX)
}
