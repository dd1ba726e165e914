//! The rules of Converse that a gateway translating from another protocol breaks most easily.

use serde_json::Value;

use crate::failure::Failure;

/// Checks what is neither a key nor a model.
pub(super) fn request(body: &Value) -> Result<(), Failure> {
    let messages = body.get("messages").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    limits(body)?;
    tools(body)?;
    order(messages)?;
    for (index, message) in messages.iter().enumerate() {
        blocks(message, index)?;
    }
    let uses_tools = messages
        .iter()
        .flat_map(content)
        .any(|block| block.get("toolUse").is_some() || block.get("toolResult").is_some());
    if uses_tools && body.get("toolConfig").is_none() {
        return Err(Failure::invalid(
            "The toolConfig field must be defined when using toolUse and toolResult content \
             blocks.",
        ));
    }
    pairs(messages)
}

fn limits(body: &Value) -> Result<(), Failure> {
    let limit = body.pointer("/inferenceConfig/maxTokens").filter(|limit| !limit.is_null());
    if let Some(limit) = limit
        && limit.as_u64().is_none_or(|limit| limit == 0)
    {
        return Err(constraint(
            limit,
            "inferenceConfig.maxTokens",
            "Member must have value greater than or equal to 1",
        ));
    }
    for key in ["temperature", "topP"] {
        let Some(value) = body.pointer(&format!("/inferenceConfig/{key}")) else { continue };
        if value.as_f64().is_some_and(|value| value > 1.0) {
            return Err(constraint(
                value,
                &format!("inferenceConfig.{key}"),
                "Member must have value less than or equal to 1",
            ));
        }
    }
    Ok(())
}

fn constraint(value: &Value, at: &str, rule: &str) -> Failure {
    Failure::invalid(format!(
        "1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: \
         {rule}"
    ))
}

fn tools(body: &Value) -> Result<(), Failure> {
    let tools = body.pointer("/toolConfig/tools").and_then(Value::as_array);
    if body.get("toolConfig").is_some() && tools.is_none_or(Vec::is_empty) {
        return Err(Failure::invalid(
            "1 validation error detected: Value '[]' at 'toolConfig.tools' failed to satisfy \
             constraint: Member must have length greater than or equal to 1",
        ));
    }
    for (index, tool) in tools.into_iter().flatten().enumerate() {
        if tool.get("cachePoint").is_some() || tool.get("systemTool").is_some() {
            continue;
        }
        let at = format!("toolConfig.tools.{}.member.toolSpec", index + 1);
        let name = tool.pointer("/toolSpec/name").unwrap_or(&Value::Null);
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
        if !name
            .as_str()
            .is_some_and(|name| (1..=64).contains(&name.len()) && name.chars().all(allowed))
        {
            let rule = "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+";
            return Err(constraint(name, &format!("{at}.name"), rule));
        }
        if tool.pointer("/toolSpec/inputSchema/json").is_none() {
            let rule = "Member must not be null";
            return Err(constraint(&Value::Null, &format!("{at}.inputSchema"), rule));
        }
    }
    Ok(())
}

/// Users and assistants take turns, and a user begins.
fn order(messages: &[Value]) -> Result<(), Failure> {
    let roles = messages.iter().map(|message| message.get("role").and_then(Value::as_str));
    let mut before = None;
    for (index, role) in roles.enumerate() {
        match role {
            Some("user" | "assistant") => {}
            role => {
                return Err(constraint(
                    &Value::from(role.unwrap_or("null")),
                    &format!("messages.{}.member.role", index + 1),
                    "Member must satisfy enum value set: [user, assistant]",
                ));
            }
        }
        if role == before {
            return Err(Failure::invalid(
                "A conversation must alternate between user and assistant roles. Make sure the \
                 conversation alternates between user and assistant roles and try again.",
            ));
        }
        if index == 0 && role == Some("assistant") {
            return Err(must_begin());
        }
        before = role;
    }
    if messages.is_empty() { Err(must_begin()) } else { Ok(()) }
}

fn must_begin() -> Failure {
    Failure::invalid(
        "A conversation must start with a user message. Try again with a conversation that starts \
         with a user message.",
    )
}

fn blocks(message: &Value, index: usize) -> Result<(), Failure> {
    if content(message).next().is_none() {
        return Err(Failure::invalid(format!(
            "The content field in the Message object at messages.{index} is empty. Add a \
             ContentBlock object to the content field and try again."
        )));
    }
    for (at, block) in content(message).enumerate() {
        let text = block.get("text").and_then(Value::as_str);
        if text.is_some_and(|text| text.trim().is_empty()) {
            return Err(Failure::invalid(format!(
                "The text field in the ContentBlock object at messages.{index}.content.{at} is \
                 blank. Add text to the text field, and try again."
            )));
        }
        if block.get("type").is_some() || block.as_object().is_none_or(|block| block.len() != 1) {
            return Err(Failure::invalid(format!(
                "The content block at messages.{index}.content.{at} must have exactly one member."
            )));
        }
        let format = block.pointer("/image/format");
        if let Some(format) = format
            && !matches!(format.as_str(), Some("png" | "jpeg" | "gif" | "webp"))
        {
            let place = format!("messages.{}.member.content", index + 1);
            let rule = "Member must satisfy enum value set: [jpeg, png, gif, webp]";
            return Err(constraint(
                format,
                &format!("{place}.{}.member.image.format", at + 1),
                rule,
            ));
        }
    }
    Ok(())
}

/// Every tool that was used gets its result in the next message, and no other does.
fn pairs(messages: &[Value]) -> Result<(), Failure> {
    let mut used: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let results = ids(message, "toolResult");
        let missing: Vec<&str> = used.iter().copied().filter(|id| !results.contains(id)).collect();
        if !missing.is_empty() {
            return Err(Failure::invalid(format!(
                "Expected toolResult blocks at messages.{index}.content for the following Ids: {}",
                missing.join(", ")
            )));
        }
        if results.len() > used.len() {
            return Err(Failure::invalid(format!(
                "The number of toolResult blocks at messages.{index}.content exceeds the number \
                 of toolUse blocks of previous turn."
            )));
        }
        used = ids(message, "toolUse");
    }
    Ok(())
}

fn ids<'a>(message: &'a Value, kind: &str) -> Vec<&'a str> {
    let blocks = content(message).filter_map(|block| block.get(kind));
    blocks.filter_map(|block| block.get("toolUseId").and_then(Value::as_str)).collect()
}

fn content(message: &Value) -> impl Iterator<Item = &Value> {
    message.get("content").and_then(Value::as_array).into_iter().flatten()
}
