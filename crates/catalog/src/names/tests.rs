use crate::catalog::Catalog;
use crate::format::Overlay;

/// A small catalogue with every kind of collision.
fn small() -> Catalog {
    let rows = r#"
        provider = [{ slug = "host", protocol = "openai-chat", base_url = "https://h.example/v1" }]
        model = [
            { id = "a/one-1.5", canonical_slug = "a/one-1.5-20260101", aliases = ["uno"], endpoint = [{ provider = "host", upstream_model = "vendor/one-15-fast" }] },
            { id = "a/one-1.5:free", canonical_slug = "a/one-1.5-20260101", endpoint = [{ provider = "host", upstream_model = "vendor/one-15-fast" }] },
            { id = "a/twin", endpoint = [{ provider = "host", upstream_model = "shared" }] },
            { id = "b/twin", endpoint = [{ provider = "host", upstream_model = "shared" }] },
            { id = "~a/one-latest", alias_target = "a/one-1.5" },
        ]
    "#;
    let rows: Overlay = toml::from_str(rows).unwrap();
    Catalog::from_rows(rows).unwrap()
}

#[test]
fn a_model_is_found_by_what_people_call_it() {
    let catalog = small();
    for (name, id) in [
        ("a/one-1.5", "a/one-1.5"),
        ("A/One-1.5", "a/one-1.5"),
        ("a/one-1-5", "a/one-1.5"),
        ("one-1.5", "a/one-1.5"),
        ("ONE-1-5", "a/one-1.5"),
        ("a/one-1.5-20260101", "a/one-1.5"),
        ("one-1-5-20260101", "a/one-1.5"),
        ("uno", "a/one-1.5"),
        ("vendor/one-15-fast", "a/one-1.5"),
        ("one-15-fast", "a/one-1.5"),
        ("one-1.5:free", "a/one-1.5:free"),
        ("b/twin", "b/twin"),
        ("~a/one-latest", "~a/one-latest"),
        ("one-latest", "~a/one-latest"),
        ("a/one-1.5:latest", "a/one-1.5"),
        ("One-1.5:latest", "a/one-1.5"),
    ] {
        assert_eq!(catalog.resolve(name).unwrap().id.as_str(), id, "{name}");
    }
}

#[test]
fn a_name_of_several_models_or_none_says_so() {
    let catalog = small();
    for (name, message) in [
        ("twin", "`twin` could be any of a/twin, b/twin"),
        ("shared", "`shared` could be any of a/twin, b/twin"),
        ("one-1.6", "no model is named `one-1.6`; did you mean `a/one-1.5`?"),
        ("a/one-1.55", "no model is named `a/one-1.55`; did you mean `a/one-1.5`?"),
        ("something-else", "no model is named `something-else`"),
        ("", "no model is named ``"),
    ] {
        assert_eq!(catalog.resolve(name).unwrap_err().to_string(), message);
    }
    let long = "x".repeat(100_000);
    assert_eq!(catalog.resolve(&long).unwrap_err().nearest, None);
}

#[test]
fn the_built_in_names_work() {
    let catalog = Catalog::builtin();
    for (name, id) in [
        ("gpt-4o-mini", "openai/gpt-4o-mini"),
        ("gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini-2024-07-18"),
        ("gpt-5-2025-08-07", "openai/gpt-5"),
        ("claude-sonnet-4.5", "anthropic/claude-sonnet-4.5"),
        ("claude-sonnet-4-5", "anthropic/claude-sonnet-4.5"),
        ("claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4.5"),
        ("claude-haiku-4-5-20251001", "anthropic/claude-haiku-4.5"),
        ("gemini-2.5-flash", "google/gemini-2.5-flash"),
        ("llama-3.3-70b-versatile", "meta-llama/llama-3.3-70b-instruct"),
        ("deepseek/deepseek-v4-flash", "deepseek/deepseek-v4-flash"),
        ("claude-sonnet-latest", "~anthropic/claude-sonnet-latest"),
        ("qwen/qwen3-coder", "qwen/qwen3-coder"),
    ] {
        assert_eq!(catalog.resolve(name).map(|m| m.id.as_str()), Ok(id), "{name}");
    }
    let nearest = catalog.resolve("gpt-4o-mni").unwrap_err().nearest;
    assert_eq!(nearest.unwrap().as_str(), "openai/gpt-4o-mini");
}
