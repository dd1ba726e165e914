//! The parts that contents are made of, as they are received.
//!
//! <https://ai.google.dev/api/caching#Part>

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::config::detail;
use super::survey::is_film;
use crate::error::BadRequest;
use crate::json::kind_of;
use crate::translation::base64;
use crate::translation::outgoing::ChatPart;
use crate::translation::parse;

/// One part: one of its kinds, and perhaps a signature.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'a> {
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(default)]
    thought: Option<bool>,
    #[serde(borrow, default, alias = "thought_signature")]
    thought_signature: Option<Cow<'a, str>>,
    #[serde(borrow, default, alias = "inline_data")]
    inline_data: Option<Blob<'a>>,
    #[serde(borrow, default, alias = "file_data")]
    file_data: Option<FileData<'a>>,
    #[serde(borrow, default, alias = "function_call")]
    function_call: Option<FunctionCall<'a>>,
    #[serde(borrow, default, alias = "function_response")]
    function_response: Option<FunctionResponse<'a>>,
    #[serde(borrow, default, alias = "executable_code")]
    executable_code: Option<ExecutableCode<'a>>,
    #[serde(borrow, default, alias = "code_execution_result")]
    code_execution_result: Option<CodeExecutionResult<'a>>,
    #[serde(default, alias = "tool_call")]
    tool_call: Option<IgnoredAny>,
    #[serde(default, alias = "tool_response")]
    tool_response: Option<IgnoredAny>,
    #[serde(default, alias = "video_metadata")]
    video_metadata: Option<IgnoredAny>,
    #[serde(borrow, default, alias = "media_resolution")]
    media_resolution: Option<&'a RawValue>,
}

/// Media, here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Blob<'a> {
    #[serde(borrow, alias = "mime_type")]
    mime_type: Cow<'a, str>,
    #[serde(borrow)]
    data: Cow<'a, str>,
    #[serde(borrow, default, alias = "display_name")]
    display_name: Option<Cow<'a, str>>,
}

/// Media, elsewhere.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileData<'a> {
    #[serde(borrow, default, alias = "mime_type")]
    mime_type: Option<Cow<'a, str>>,
    #[serde(borrow, alias = "file_uri")]
    file_uri: Cow<'a, str>,
    #[serde(borrow, default, alias = "display_name")]
    display_name: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
struct FunctionCall<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    args: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct FunctionResponse<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
    #[serde(borrow, default)]
    parts: Option<Vec<&'a RawValue>>,
}

#[derive(Debug, Deserialize)]
struct ExecutableCode<'a> {
    #[serde(borrow, default)]
    language: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    code: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
struct CodeExecutionResult<'a> {
    #[serde(borrow, default)]
    output: Option<Cow<'a, str>>,
}

/// What a part says.
#[derive(Debug)]
pub(super) enum Said<'a> {
    /// Text, perhaps none.
    Text(Cow<'a, str>),
    /// A thought.
    Thought(Cow<'a, str>),
    /// Media.
    Media(ChatPart<'a>),
    /// A call of a tool.
    Call(Call<'a>),
    /// What a tool answered.
    Result(ToolResult<'a>),
    /// What chat has no word for.
    Unknown(&'static str),
}

/// A call of a tool.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// The id, if it has one.
    pub(super) id: Option<Cow<'a, str>>,
    /// The function.
    pub(super) name: Cow<'a, str>,
    /// JSON of an object.
    pub(super) arguments: &'a str,
}

/// What a tool answered.
#[derive(Debug)]
pub(super) struct ToolResult<'a> {
    /// The call's id, if it is given.
    pub(super) id: Option<Cow<'a, str>>,
    /// The function.
    pub(super) name: Option<Cow<'a, str>>,
    /// What it said.
    pub(super) text: Cow<'a, str>,
    /// Media it returned.
    pub(super) media: Vec<ChatPart<'a>>,
    /// Whether it failed.
    pub(super) is_error: bool,
}

/// A part and the signature on it.
#[derive(Debug)]
pub(super) struct Signed<'a> {
    /// What it says.
    pub(super) said: Said<'a>,
    /// Its signature.
    pub(super) signature: Option<Cow<'a, str>>,
    /// Whether it says which piece of a film is meant: chat has no word for it.
    pub(super) cuts_film: bool,
}

impl<'a> Part<'a> {
    /// The id of the call it is, if it is one that has one.
    pub(super) fn call_id(&self) -> Option<Cow<'a, str>> {
        self.function_call.as_ref()?.id.clone()
    }

    /// Reads what it says. `resolution` is how closely to look where the part says nothing of it.
    pub(super) fn read(
        self,
        path: &str,
        resolution: Option<&'static str>,
    ) -> Result<Signed<'a>, BadRequest> {
        let signature = self.thought_signature.filter(|it| !it.is_empty());
        let level = self.media_resolution.and_then(level);
        let detail = level.or(resolution);
        let said = if let Some(call) = self.function_call {
            Said::Call(call.read(path)?)
        } else if let Some(result) = self.function_response {
            Said::Result(result.read(path, detail)?)
        } else if let Some(blob) = self.inline_data {
            Said::Media(blob.read(detail))
        } else if let Some(file) = self.file_data {
            Said::Media(file.read(detail))
        } else if let Some(code) = self.executable_code {
            let language = code.language.unwrap_or_default().to_ascii_lowercase();
            Said::Text(fenced(&language, &code.code))
        } else if let Some(result) = self.code_execution_result {
            Said::Text(fenced("", &result.output.unwrap_or_default()))
        } else if let Some(text) = self.text {
            let is_thought = self.thought == Some(true);
            if is_thought { Said::Thought(text) } else { Said::Text(text) }
        } else if self.tool_call.is_some() {
            Said::Unknown("toolCall")
        } else if self.tool_response.is_some() {
            Said::Unknown("toolResponse")
        } else if signature.is_some() {
            Said::Text(Cow::Borrowed(""))
        } else {
            return Err(BadRequest::new(format!(
                "{path}: Expected one of text, inlineData, fileData, functionCall, functionResponse, executableCode, codeExecutionResult"
            )));
        };
        Ok(Signed { said, signature, cuts_film: self.video_metadata.is_some() })
    }
}

/// `mediaResolution` of a part is an object with a level.
fn level(raw: &RawValue) -> Option<&'static str> {
    #[derive(Deserialize)]
    struct Resolution {
        level: String,
    }
    let resolution: Resolution = serde_json::from_str(raw.get()).ok()?;
    detail(&resolution.level)
}

fn fenced<'a>(language: &str, code: &str) -> Cow<'a, str> {
    let code = code.trim_end_matches('\n');
    Cow::Owned(format!("\n```{language}\n{code}\n```\n"))
}

impl<'a> Blob<'a> {
    fn read(self, detail: Option<&'static str>) -> ChatPart<'a> {
        let data = base64::standard(self.data);
        ChatPart::inline(&self.mime_type, data, self.display_name, detail)
    }
}

impl<'a> FileData<'a> {
    fn read(self, detail: Option<&'static str>) -> ChatPart<'a> {
        let film = is_film(self.file_uri.as_bytes());
        let media_type = match self.mime_type.as_deref() {
            None | Some("") if film => "video/*",
            given => given.unwrap_or_default(),
        };
        ChatPart::remote(media_type, self.file_uri, self.display_name, detail)
    }
}

impl<'a> FunctionCall<'a> {
    fn read(self, path: &str) -> Result<Call<'a>, BadRequest> {
        let given = self.args.map_or("null", RawValue::get);
        let arguments = match given.as_bytes().first() {
            Some(b'{') => given,
            Some(b'n') => "{}",
            _ => {
                return Err(BadRequest::new(format!(
                    "{path}.functionCall.args: Expected object, received {}",
                    kind_of(given)
                )));
            }
        };
        Ok(Call { id: self.id, name: self.name, arguments })
    }
}

impl<'a> FunctionResponse<'a> {
    fn read(self, path: &str, detail: Option<&'static str>) -> Result<ToolResult<'a>, BadRequest> {
        let mut media = Vec::new();
        for (index, part) in self.parts.unwrap_or_default().into_iter().enumerate() {
            let path = format!("{path}.functionResponse.parts.{index}");
            match parse::<Part<'a>>(&path, part)?.read(&path, detail)?.said {
                Said::Media(part) => media.push(part),
                _ => {
                    return Err(BadRequest::new(format!(
                        "{path}: Expected one of inlineData, fileData"
                    )));
                }
            }
        }
        let json = self.response.map_or("{}", RawValue::get);
        let Answer { text, is_error } = answer(json);
        Ok(ToolResult { id: self.id, name: self.name, text, media, is_error })
    }
}

struct Answer<'a> {
    text: Cow<'a, str>,
    is_error: bool,
}

/// A tool's answer as text. It stays JSON, as the model would have seen it; only
/// `{"result": "…"}`, which is what plain text becomes on the way to Gemini, becomes plain text
/// again.
fn answer(json: &str) -> Answer<'_> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Plain<'a> {
        #[serde(borrow)]
        result: Cow<'a, str>,
    }
    #[derive(Deserialize)]
    struct Failed<'a> {
        #[serde(borrow, default)]
        error: Option<&'a RawValue>,
    }
    if let Ok(Plain { result }) = serde_json::from_str(json)
        && !is_object(&result)
    {
        return Answer { text: result, is_error: false };
    }
    let failed = serde_json::from_str::<Failed<'_>>(json).ok().and_then(|it| it.error);
    let is_error = failed.is_some_and(|it| !matches!(it.get(), "null" | "false" | "\"\""));
    Answer { text: Cow::Borrowed(json), is_error }
}

/// Text that would be taken for an answer in JSON.
fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{') && serde_json::from_str::<&RawValue>(text).is_ok()
}
