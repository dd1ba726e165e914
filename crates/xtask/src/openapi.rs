//! OpenAPI documents, as something that answers can be held against.

mod difference;

use std::collections::HashMap;
use std::sync::Arc;

use jsonschema::{Draft, Validator};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::exchange::{Answer, Exchange};
pub use difference::Difference;

/// An OpenAPI 3.1 document.
#[derive(Debug)]
pub struct Document {
    root: Value,
    /// Schemas made ready, by their text: most are asked for again and again.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// The members of a path that are operations.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// When it is not JSON or has no paths.
    pub fn read(json: &[u8]) -> Result<Self, String> {
        let root: Value = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        if !root.get("paths").is_some_and(Value::is_object) {
            return Err("not an OpenAPI document: it has no paths".to_owned());
        }
        Ok(Self::of(root))
    }

    fn of(root: Value) -> Self {
        Self { root, validators: Mutex::default() }
    }

    /// The document with every object closed that names members and allows others. So it fits
    /// answers that we write ourselves, and not those that are a provider's own.
    #[must_use]
    pub fn closed(&self) -> Self {
        let mut root = self.root.clone();
        let mut open = vec![&mut root];
        while let Some(value) = open.pop() {
            match value {
                Value::Object(members) => {
                    let names_some = members.contains_key("properties");
                    if let Some(more @ Value::Bool(true)) = members.get_mut("additionalProperties")
                        && names_some
                    {
                        *more = Value::Bool(false);
                    }
                    open.extend(members.values_mut());
                }
                Value::Array(elements) => open.extend(elements),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        Self::of(root)
    }

    /// The document itself.
    pub const fn root(&self) -> &Value {
        &self.root
    }

    /// Method, in capitals, and path of every operation.
    pub fn operations(&self) -> Vec<(String, String)> {
        let paths = self.root.get("paths").and_then(Value::as_object);
        let mut operations = Vec::new();
        for (path, item) in paths.into_iter().flatten() {
            let methods = METHODS.iter().filter(|method| item.get(**method).is_some());
            operations.extend(methods.map(|method| (method.to_ascii_uppercase(), path.clone())));
        }
        operations
    }

    /// What an answer has that its operation does not document.
    pub fn check_answer(&self, exchange: &Exchange) -> Vec<Difference> {
        let Some(operation) = self.operation(exchange) else {
            return vec![Difference::whole("the operation is not documented")];
        };
        let status = exchange.status.to_string();
        let responses = operation.get("responses");
        let named = |key: &str| responses.and_then(|it| it.get(key));
        let Some(response) = named(&status).or_else(|| named("default")) else {
            return vec![Difference::whole(format!("status {status} is not documented"))];
        };
        self.check_response(self.resolve(response), exchange)
    }

    /// The same for the response of this name, whatever the operation.
    pub fn check_component(&self, name: &str, exchange: &Exchange) -> Vec<Difference> {
        let response = self.root.pointer(&format!("/components/responses/{name}"));
        let Some(response) = response else {
            return vec![Difference::whole(format!("there is no response {name}"))];
        };
        self.check_response(response, exchange)
    }

    /// What a request has that its operation does not take. A request that is not JSON is not
    /// looked at.
    pub fn check_request(&self, exchange: &Exchange) -> Vec<Difference> {
        let Some(request) = &exchange.request else { return Vec::new() };
        let pointer = "/requestBody/content/application~1json/schema";
        let schema = self.operation(exchange).and_then(|it| it.pointer(pointer));
        schema.map_or_else(
            || vec![Difference::whole("the operation documents no body of JSON")],
            |schema| self.check(schema, request),
        )
    }

    /// Headers that are documented as always there and are missing, and headers of `ours` that are
    /// there and not documented.
    pub fn check_headers(&self, exchange: &Exchange, ours: &[&str]) -> Vec<Difference> {
        let pointer = format!("/responses/{}", exchange.status);
        let response = self.operation(exchange).and_then(|it| it.pointer(&pointer));
        let headers = response.and_then(|it| self.resolve(it).get("headers")?.as_object());
        let documented = |name: &str| {
            headers.into_iter().flatten().any(|(known, _)| known.eq_ignore_ascii_case(name))
        };
        let mut differences = Vec::new();
        for (name, header) in headers.into_iter().flatten() {
            let header = self.resolve(header);
            let value = exchange.headers.get(&name.to_ascii_lowercase());
            match (value, header.get("required"), header.get("schema")) {
                (None, Some(Value::Bool(true)), _) => {
                    differences.push(Difference::whole(format!("header {name} is missing")));
                }
                (Some(text), _, Some(schema)) => {
                    let wants_integer = schema.get("type") == Some(&json!("integer"));
                    let number = text.parse::<u64>().map(Value::from).ok();
                    let value = number.filter(|_| wants_integer).unwrap_or_else(|| json!(text));
                    differences.extend(self.check(schema, &value));
                }
                _ => {}
            }
        }
        let unknown = ours.iter().filter(|name| exchange.headers.contains_key(**name));
        let unknown = unknown.filter(|name| !documented(name));
        differences.extend(
            unknown.map(|name| Difference::whole(format!("header {name} is not documented"))),
        );
        differences
    }

    /// What `value` has that a schema does not allow.
    pub fn check(&self, schema: &Value, value: &Value) -> Vec<Difference> {
        match self.validator(schema) {
            Ok(validator) => Difference::all(&validator, value),
            Err(problem) => vec![Difference::whole(problem)],
        }
    }

    fn check_response(&self, response: &Value, exchange: &Exchange) -> Vec<Difference> {
        let media_type = exchange.media_type();
        let range = media_type.split('/').next().map(|kind| format!("{kind}/*"));
        let content = response.get("content");
        let is_empty = matches!(&exchange.answer, Answer::Text(text) if text.is_empty());
        if content.is_none() && is_empty {
            return Vec::new();
        }
        let of = |name: &str| content.and_then(|it| it.get(name));
        let Some(described) = of(media_type).or_else(|| range.as_deref().and_then(of)) else {
            let problem = format!("content type {media_type} is not documented");
            return vec![Difference::whole(problem)];
        };
        let Some(schema) = described.get("schema") else { return Vec::new() };
        match &exchange.answer {
            Answer::Json(body) => self.check(schema, body),
            Answer::Text(text) => self.check(schema, &json!(text)),
            Answer::Bytes(_) => Vec::new(),
            Answer::Events(events) => {
                let schema = self.data_of(schema);
                events
                    .iter()
                    .enumerate()
                    .flat_map(|(at, event)| {
                        let differences = self.check(schema, event).into_iter();
                        differences.map(move |it| it.below(&format!("/{at}")))
                    })
                    .collect()
            }
        }
    }

    /// Some documents describe a stream by its data, others by events with data in them.
    fn data_of<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let whole = self.resolve(schema);
        let requires = |name: &str| {
            let required = whole.get("required").and_then(Value::as_array);
            required.is_some_and(|it| it.iter().any(|it| it == name))
        };
        let data = whole.pointer("/properties/data").filter(|_| requires("data"));
        data.unwrap_or(schema)
    }

    fn operation(&self, exchange: &Exchange) -> Option<&Value> {
        let method = exchange.method.to_ascii_lowercase();
        self.root.get("paths")?.get(&exchange.path)?.get(&method)
    }

    /// What a reference refers to; anything else as it is.
    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let pointer = value.get("$ref").and_then(Value::as_str);
        let pointer = pointer.and_then(|it| it.strip_prefix('#'));
        pointer.and_then(|it| self.root.pointer(it)).unwrap_or(value)
    }

    fn validator(&self, schema: &Value) -> Result<Arc<Validator>, String> {
        let text = schema.to_string();
        if let Some(known) = self.validators.lock().get(&text) {
            return Ok(Arc::clone(known));
        }
        // References are to the components, so they have to be in the schema's own document.
        let components = self.root.get("components").cloned().unwrap_or_default();
        let whole = json!({ "allOf": [schema], "components": components });
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .build(&whole)
            .map_err(|error| format!("a schema can't be used: {error}"))?;
        let validator = Arc::new(validator);
        self.validators.lock().insert(text, Arc::clone(&validator));
        Ok(validator)
    }
}

#[cfg(test)]
mod tests;
