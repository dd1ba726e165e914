//! Function declarations and whether they must be called (contract §2.3).
//!
//! <https://ai.google.dev/api/caching#Tool>

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::names::camel;
use super::schema::Json;
use crate::error::BadRequest;
use crate::translation::schema::is_closed;
use crate::translation::{Translation, many, parse};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Declaration<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    description: Option<Cow<'a, str>>,
    #[serde(default)]
    parameters: Option<Json>,
    #[serde(borrow, default, alias = "parameters_json_schema")]
    parameters_json_schema: Option<&'a RawValue>,
    #[serde(default)]
    response: Option<serde::de::IgnoredAny>,
    #[serde(default, alias = "response_json_schema")]
    response_json_schema: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    behavior: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Serialize)]
struct ChatTool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: ChatFunction<'a>,
}

#[derive(Debug, Serialize)]
struct ChatFunction<'a> {
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Parameters<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    strict: bool,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Parameters<'a> {
    Raw(&'a RawValue),
    Rewritten(Json),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ToolConfig {
    #[serde(alias = "function_calling_config")]
    function_calling_config: Option<FunctionCalling>,
    #[serde(alias = "retrieval_config")]
    retrieval_config: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct FunctionCalling {
    mode: Option<String>,
    #[serde(alias = "allowed_function_names")]
    allowed_function_names: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ToolChoice<'a> {
    Word(&'static str),
    Function {
        #[serde(rename = "type")]
        kind: &'static str,
        function: FunctionName<'a>,
    },
}

#[derive(Serialize)]
struct FunctionName<'a> {
    name: &'a str,
}

/// Writes the tools and which of them to call.
pub(super) fn write(
    tools: Option<&RawValue>,
    config: Option<&RawValue>,
    chat: &mut Translation<'_, '_>,
) -> Result<(), BadRequest> {
    let mut offered = tools.map_or_else(|| Ok(Vec::new()), |tools| read(tools, chat))?;
    let config: ToolConfig =
        config.map_or_else(|| Ok(ToolConfig::default()), |config| parse("toolConfig", config))?;
    if config.retrieval_config.is_some() {
        chat.lose("toolConfig.retrievalConfig");
    }
    let calling = config.function_calling_config.unwrap_or_default();
    let allowed = calling.allowed_function_names.unwrap_or_default();
    let mode = calling.mode.unwrap_or_default().to_ascii_uppercase();
    // Names narrow the choice in these modes alone.
    let narrows = match mode.as_str() {
        "ANY" => allowed.len() > 1,
        "VALIDATED" => !allowed.is_empty(),
        _ => false,
    };
    if offered.is_empty() {
        return Ok(());
    }
    if narrows {
        offered.retain(|tool| allowed.iter().any(|name| *name == tool.function.name));
    }
    if offered.is_empty() {
        return Err(BadRequest::new(
            "toolConfig.functionCallingConfig.allowedFunctionNames: None of them is declared",
        ));
    }
    if mode == "VALIDATED" {
        validate(&mut offered, chat);
    }
    chat.field("tools", &offered);
    let choice = match (mode.as_str(), allowed.as_slice()) {
        ("" | "MODE_UNSPECIFIED", _) => return Ok(()),
        ("AUTO" | "VALIDATED", _) => ToolChoice::Word("auto"),
        ("NONE", _) => ToolChoice::Word("none"),
        ("ANY", [name]) => {
            ToolChoice::Function { kind: "function", function: FunctionName { name } }
        }
        ("ANY", _) => ToolChoice::Word("required"),
        _ => {
            return Err(BadRequest::new(format!(
                "toolConfig.functionCallingConfig.mode: Expected one of AUTO, ANY, NONE, VALIDATED, received \"{mode}\""
            )));
        }
    };
    chat.field("tool_choice", &choice);
    Ok(())
}

/// The schema is followed to the letter, or there is no call: chat says so of each tool. Providers
/// refuse it of a schema that leaves something open, so such a tool is offered as it is.
fn validate(offered: &mut [ChatTool<'_>], chat: &mut Translation<'_, '_>) {
    for ChatTool { function, .. } in offered {
        let schema = function.parameters.as_ref().map(serde_json::to_value);
        function.strict = schema.is_some_and(|it| it.is_ok_and(|it| is_closed(&it)));
        if !function.strict && function.parameters.is_some() {
            chat.lose("toolConfig.functionCallingConfig.mode");
        }
    }
}

/// Whether a choice is made, for the survey of the request.
pub(super) fn has_choice(config: &str) -> bool {
    let config = serde_json::from_str::<ToolConfig>(config).unwrap_or_default();
    config.function_calling_config.is_some_and(|it| it.mode.is_some())
}

fn read<'a>(
    tools: &'a RawValue,
    chat: &mut Translation<'_, '_>,
) -> Result<Vec<ChatTool<'a>>, BadRequest> {
    let mut offered = Vec::new();
    for (index, tool) in many("tools", tools)?.into_iter().enumerate() {
        let path = format!("tools.{index}");
        let members: BTreeMap<String, &RawValue> = parse(&path, tool)?;
        for (name, value) in members {
            let name = camel(&name);
            if name != "functionDeclarations" {
                chat.lose(format!("tools.{name}"));
                continue;
            }
            let path = format!("{path}.functionDeclarations");
            for (index, declaration) in many(&path, value)?.into_iter().enumerate() {
                let declaration: Declaration<'_> = parse(&format!("{path}.{index}"), declaration)?;
                offered.push(ChatTool::read(declaration, chat));
            }
        }
    }
    Ok(offered)
}

impl<'a> ChatTool<'a> {
    fn read(it: Declaration<'a>, chat: &mut Translation<'_, '_>) -> Self {
        if it.response.is_some() || it.response_json_schema.is_some() {
            chat.lose("tools.functionDeclarations.response");
        }
        if it.behavior.is_some() {
            chat.lose("tools.functionDeclarations.behavior");
        }
        let as_is = it.parameters_json_schema.filter(|it| it.get() != "null");
        let rewritten = || it.parameters.map(Json::into_json_schema).map(Parameters::Rewritten);
        let parameters = as_is.map(Parameters::Raw).or_else(rewritten);
        let function =
            ChatFunction { name: it.name, description: it.description, parameters, strict: false };
        Self { kind: "function", function }
    }
}
