//! Whether a JSON value fits a JSON Schema (draft 2020-12), within a bound of steps.
//!
//! Both come from outside: the schema with the request, the value from a model. A general validator
//! follows references without a bound, and takes exponential time on schemas that are made for it.
//! This one looks at the keywords that structured outputs use, and passes over the others, as the
//! specification asks for unknown ones. When it has taken its steps, it finds no problem. Tests hold
//! it against a general validator.

use regex::RegexBuilder;
use serde_json::{Map, Value};

/// Most steps: a subschema is one, and so is each member, item or entry that it looks at.
const STEPS_MAX: usize = 200_000;
/// What compiling a pattern counts for.
const PATTERN_STEPS: usize = 500;
/// How many bytes of a text count for one step.
const BYTES_PER_STEP: usize = 32;
/// Deepest nesting of subschemas, through references too.
const DEPTH_MAX: usize = 128;
/// Most that a pattern may take when it is compiled.
const REGEX_BYTES_MAX: usize = 64 * 1024;
/// Longest array that is looked through for repetitions.
const UNIQUE_MAX: usize = 256;

/// The first thing in which the value does not fit, in words.
pub(super) fn problem(schema: &Value, value: &Value) -> Option<String> {
    let mut walk = Walk { root: schema, steps: STEPS_MAX };
    walk.check(schema, value, DEPTH_MAX).err().map(|mut problem| {
        problem.truncate(problem.floor_char_boundary(200));
        problem
    })
}

struct Walk<'s> {
    root: &'s Value,
    steps: usize,
}

type Checked = Result<(), String>;

/// What looking at one subschema counts for, without those inside of it.
fn cost(schema: &Value, value: &Value) -> usize {
    let list = |name: &str| schema.get(name).and_then(Value::as_array).map_or(0, Vec::len);
    let patterns = schema.get("patternProperties").and_then(Value::as_object);
    let patterns = patterns.map_or(0, Map::len) + usize::from(schema.get("pattern").is_some());
    let size = match value {
        Value::Object(members) => members.len().saturating_mul(1 + patterns),
        Value::Array(items) if schema.get("uniqueItems").is_some() => {
            items.len().min(UNIQUE_MAX).pow(2)
        }
        Value::Array(items) => items.len(),
        Value::String(text) => text.len() / BYTES_PER_STEP,
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    let entries = list("enum") + list("required");
    size.saturating_add(1 + entries + patterns * PATTERN_STEPS)
}

fn must(holds: bool, problem: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(problem()) }
}

impl<'s> Walk<'s> {
    fn check(&mut self, schema: &'s Value, value: &Value, depth: usize) -> Checked {
        let Some(depth) = depth.checked_sub(1).filter(|_| self.spend(cost(schema, value))) else {
            self.steps = 0;
            return Ok(());
        };
        let keywords = match schema {
            Value::Bool(false) => return Err("nothing is allowed here".to_owned()),
            Value::Object(keywords) => keywords,
            _ => return Ok(()),
        };
        if let Some(target) = keywords.get("$ref").and_then(|it| self.target(it)) {
            self.check(target, value, depth)?;
        }
        plain(keywords, value)?;
        self.combined(keywords, value, depth)?;
        match value {
            Value::Object(members) => self.members(keywords, members, depth),
            Value::Array(items) => self.items(keywords, items, depth),
            Value::String(text) => text_fits(keywords, text),
            Value::Number(_) => number_fits(keywords, value),
            Value::Null | Value::Bool(_) => Ok(()),
        }
    }

    /// Takes steps; false when there are not as many left.
    fn spend(&mut self, steps: usize) -> bool {
        let left = self.steps.checked_sub(steps);
        self.steps = left.unwrap_or(0);
        left.is_some()
    }

    /// What a reference inside of the schema points to.
    fn target(&self, reference: &Value) -> Option<&'s Value> {
        let pointer = reference.as_str()?.strip_prefix('#')?;
        self.root.pointer(&pointer.replace("%25", "%").replace("%22", "\""))
    }

    fn fits(&mut self, schema: &'s Value, value: &Value, depth: usize) -> bool {
        self.check(schema, value, depth).is_ok()
    }

    fn combined(
        &mut self,
        keywords: &'s Map<String, Value>,
        value: &Value,
        depth: usize,
    ) -> Checked {
        for schema in list(keywords, "allOf") {
            self.check(schema, value, depth)?;
        }
        if let Some(any) = keywords.get("anyOf").and_then(Value::as_array) {
            let fits = any.iter().any(|it| self.fits(it, value, depth));
            must(fits, || "none of anyOf fits".to_owned())?;
        }
        if let Some(one) = keywords.get("oneOf").and_then(Value::as_array) {
            let fit = one.iter().filter(|it| self.fits(it, value, depth)).count();
            // Without steps everything fits.
            must(fit == 1 || self.steps == 0, || format!("{fit} of oneOf fit"))?;
        }
        if let Some(not) = keywords.get("not") {
            let fits = self.fits(not, value, depth);
            must(!fits || self.steps == 0, || "what not says fits".to_owned())?;
        }
        if let Some(condition) = keywords.get("if") {
            let branch = if self.fits(condition, value, depth) { "then" } else { "else" };
            if let Some(schema) = keywords.get(branch) {
                self.check(schema, value, depth)?;
            }
        }
        Ok(())
    }

    fn members(
        &mut self,
        keywords: &'s Map<String, Value>,
        members: &Map<String, Value>,
        depth: usize,
    ) -> Checked {
        for name in list(keywords, "required").iter().filter_map(Value::as_str) {
            must(members.contains_key(name), || format!("{name} is missing"))?;
        }
        bounds(keywords, members.len(), ["minProperties", "maxProperties"], "members")?;
        let properties = keywords.get("properties").and_then(Value::as_object);
        let patterns: Vec<(Option<regex::Regex>, &'s Value)> = keywords
            .get("patternProperties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(pattern, schema)| (regex(pattern), schema))
            .collect();
        for (name, value) in members {
            let within = |problem: String| format!("{name}: {problem}");
            let mut is_known = false;
            if let Some(schema) = properties.and_then(|it| it.get(name)) {
                is_known = true;
                self.check(schema, value, depth).map_err(within)?;
            }
            for (regex, schema) in &patterns {
                // A pattern that is not known may fit anything.
                is_known |= regex.is_none();
                if regex.as_ref().is_some_and(|it| it.is_match(name)) {
                    is_known = true;
                    self.check(schema, value, depth).map_err(within)?;
                }
            }
            match keywords.get("additionalProperties") {
                Some(schema) if !is_known => self.check(schema, value, depth).map_err(within)?,
                _ => {}
            }
            if let Some(schema) = keywords.get("propertyNames") {
                self.check(schema, &Value::from(name.as_str()), depth).map_err(within)?;
            }
        }
        Ok(())
    }

    fn items(
        &mut self,
        keywords: &'s Map<String, Value>,
        items: &[Value],
        depth: usize,
    ) -> Checked {
        bounds(keywords, items.len(), ["minItems", "maxItems"], "items")?;
        let first = list(keywords, "prefixItems");
        for (at, value) in items.iter().enumerate() {
            if let Some(schema) = first.get(at).or_else(|| keywords.get("items")) {
                self.check(schema, value, depth).map_err(|it| format!("[{at}]: {it}"))?;
            }
        }
        if keywords.get("uniqueItems") == Some(&Value::Bool(true)) && items.len() <= UNIQUE_MAX {
            let mut earlier = items.iter().enumerate();
            let repeats = earlier.any(|(at, it)| items.iter().take(at).any(|o| same(o, it)));
            must(!repeats, || "items repeat".to_owned())?;
        }
        Ok(())
    }
}

fn list<'s>(keywords: &'s Map<String, Value>, name: &str) -> &'s [Value] {
    keywords.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn regex(pattern: &str) -> Option<regex::Regex> {
    RegexBuilder::new(pattern).size_limit(REGEX_BYTES_MAX).build().ok()
}

/// `type`, `enum` and `const`.
fn plain(keywords: &Map<String, Value>, value: &Value) -> Checked {
    match keywords.get("type") {
        Some(Value::String(name)) => {
            must(is_of(name, value), || format!("expected {name}"))?;
        }
        Some(Value::Array(names)) => {
            let fits = names.iter().filter_map(Value::as_str).any(|name| is_of(name, value));
            must(fits, || "expected another type".to_owned())?;
        }
        _ => {}
    }
    if let Some(allowed) = keywords.get("enum").and_then(Value::as_array) {
        must(allowed.iter().any(|it| same(it, value)), || "it is not of enum".to_owned())?;
    }
    let constant = keywords.get("const");
    must(constant.is_none_or(|it| same(it, value)), || "it is not const".to_owned())
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|it| it.fract() == 0.0)
        }
        _ => true,
    }
}

/// Whether two values say the same: 1 and 1.0 do, and so do members in another order.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => {
            a == b
                || matches!((a.as_f64(), b.as_f64()), (Some(a), Some(b)) if a.to_bits() == b.to_bits())
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, it)| b.get(name).is_some_and(|o| same(it, o)))
        }
        (a, b) => a == b,
    }
}

fn bounds(
    keywords: &Map<String, Value>,
    count: usize,
    [least, most]: [&str; 2],
    what: &str,
) -> Checked {
    let bound = |name: &str| keywords.get(name).and_then(whole);
    if let Some(least) = bound(least) {
        must(count >= least, || format!("{count} {what} are fewer than {least}"))?;
    }
    if let Some(most) = bound(most) {
        must(count <= most, || format!("{count} {what} are more than {most}"))?;
    }
    Ok(())
}

fn whole(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

fn text_fits(keywords: &Map<String, Value>, text: &str) -> Checked {
    if keywords.contains_key("minLength") || keywords.contains_key("maxLength") {
        bounds(keywords, text.chars().count(), ["minLength", "maxLength"], "characters")?;
    }
    let pattern = keywords.get("pattern").and_then(Value::as_str);
    let fits = pattern.and_then(regex).is_none_or(|it| it.is_match(text));
    must(fits, || format!("it does not match {}", pattern.unwrap_or_default()))
}

/// Whether a number is within a bound.
type Within = fn(f64, f64) -> bool;

/// Keywords that bound a number.
const NUMBER_BOUNDS: &[(&str, Within)] = &[
    ("minimum", |number, bound| number >= bound),
    ("maximum", |number, bound| number <= bound),
    ("exclusiveMinimum", |number, bound| number > bound),
    ("exclusiveMaximum", |number, bound| number < bound),
    ("multipleOf", |number, step| step <= 0.0 || is_multiple(number, step)),
];

fn number_fits(keywords: &Map<String, Value>, value: &Value) -> Checked {
    let Some(number) = value.as_f64() else { return Ok(()) };
    let bound = |name: &str| keywords.get(name).and_then(Value::as_f64);
    for (name, fits) in NUMBER_BOUNDS {
        if let Some(bound) = bound(name) {
            must(fits(number, bound), || format!("{number} is not within {name} {bound}"))?;
        }
    }
    Ok(())
}

/// Decimal steps such as 0.01 are no exact floats: what is nearly a multiple is one.
fn is_multiple(number: f64, step: f64) -> bool {
    let times = number / step;
    (times - times.round()).abs() <= 1e-9 * times.abs().max(1.0)
}
