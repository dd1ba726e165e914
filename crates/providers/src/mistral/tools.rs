//! Tools and which of them to call (contract §2.3).

use serde::Serialize;
use tollgate_wire::chat::{ChatRequest, Tool, ToolChoice};

use crate::function_tool::FunctionTool;

/// Which tool to call.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Choice<'a> {
    Word(&'static str),
    One {
        #[serde(rename = "type")]
        kind: &'static str,
        function: Named<'a>,
    },
}

/// A function by its name.
#[derive(Debug, Serialize)]
pub(super) struct Named<'a> {
    name: &'a str,
}

/// The tools on offer.
pub(super) fn offered<'a>(request: &'a ChatRequest<'a>) -> Vec<FunctionTool<'a>> {
    let strict = |tool: &'a Tool<'a>| FunctionTool::new(tool).strict(tool.strict);
    request.tools.iter().map(strict).collect()
}

/// Which of them to call. `any` is the older word for required: every version knows it.
pub(super) fn choice<'a>(request: &'a ChatRequest<'a>) -> Option<Choice<'a>> {
    if request.tools.is_empty() {
        return None;
    }
    Some(match request.tool_choice.as_ref()? {
        ToolChoice::Auto => Choice::Word("auto"),
        ToolChoice::None => Choice::Word("none"),
        ToolChoice::Required => Choice::Word("any"),
        ToolChoice::Function(name) => Choice::One { kind: "function", function: Named { name } },
    })
}
