use crate::catalog::Catalog;
use crate::format::Overlay;
use crate::{EffortLevel, MaxTokensField};

fn rows(text: &str) -> Overlay {
    toml::from_str(text).unwrap()
}

fn over_builtin(text: &str) -> Catalog {
    Catalog::builtin().overlay(rows(text)).unwrap()
}

#[test]
fn the_documented_configuration_adds_a_provider_a_model_and_an_endpoint() {
    let catalog = over_builtin(
        r#"
        [[provider]]
        slug     = "acme"
        name     = "Acme"
        protocol = "openai-chat"
        base_url = "http://127.0.0.1:9001/v1/"
        region   = "eu"

        [[model]]
        id             = "acme/small"
        name           = "Acme: Small"
        context_length = 128000
        input          = ["text", "image"]
        output         = ["text"]

        [[endpoint]]
        model          = "acme/small"
        provider       = "acme"
        upstream_model = "small-1"
        max_output     = 16384
        price          = { input = "0.15", output = "0.60", cache_read = "0.075" }
        "#,
    );
    let [endpoint] = catalog.endpoints("acme/small") else { panic!("one endpoint") };
    assert_eq!(endpoint.id.as_str(), "acme/acme/small");
    assert_eq!(endpoint.provider.base_url, "http://127.0.0.1:9001/v1");
    assert_eq!((endpoint.context_length, endpoint.max_output), (Some(128_000), Some(16_384)));
    assert!(endpoint.supports("tools"));
    let price = endpoint.price.as_ref().unwrap();
    assert_eq!((price.rates.input.picos(), price.source.as_str()), (150_000, "config"));
    assert_eq!(catalog.provider("ACME").unwrap().slug.as_str(), "acme");
    assert_eq!(catalog.models().len(), Catalog::builtin().models().len() + 1);
}

#[test]
fn a_known_provider_keeps_what_the_row_leaves_out() {
    let catalog = over_builtin(
        "[[provider]]\nslug = 'openai'\nbase_url = 'http://127.0.0.1:9/v1'\n\
         quirks = { stream_options = false, efforts = ['low', 'max'] }\ndata_policy = { training = true }",
    );
    let openai = catalog.provider("openai").unwrap();
    assert_eq!((openai.name.as_str(), openai.protocol.as_str()), ("OpenAI", "openai-chat"));
    assert_eq!(openai.base_url, "http://127.0.0.1:9/v1");
    assert!(!openai.quirks.stream_options);
    assert_eq!(openai.quirks.efforts, Some(vec![EffortLevel::Low, EffortLevel::Max]));
    assert_eq!(openai.quirks.max_tokens_field, MaxTokensField::MaxCompletionTokens);
    assert_eq!(openai.data_policy.training, Some(true));
    assert_eq!(openai.data_policy.retention_days, Some(30));
    assert_eq!(openai.env, ["OPENAI_API_KEY"]);
    let endpoints = catalog.endpoints("openai/gpt-4o-mini");
    assert!(endpoints.iter().any(|e| e.provider.base_url == "http://127.0.0.1:9/v1"));
    // Another name of a provider is the same provider.
    let catalog = over_builtin("[[provider]]\nslug = 'google'\nregion = 'us'");
    assert_eq!(catalog.provider("google-ai-studio").unwrap().region.as_deref(), Some("us"));
}

#[test]
fn an_endpoint_is_added_or_changed() {
    let id = "openai/gpt-4o-mini";
    let before = Catalog::builtin().endpoints(id).len();
    let catalog = over_builtin(
        "[[endpoint]]\nmodel = 'openai/gpt-4o-mini'\nprovider = 'openai'\n\
         price = { input = '1', output = '2' }\n\
         [[endpoint]]\nmodel = 'openai/gpt-4o-mini'\nprovider = 'ollama'\n\
         [[endpoint]]\nmodel = 'openai/gpt-4o-mini'\nprovider = 'openai'\nsuffix = 'fp8'",
    );
    let endpoints = catalog.endpoints(id);
    assert_eq!(endpoints.len(), before + 2);
    let tagged = |tag: &str| endpoints.iter().find(|e| e.tag() == tag).unwrap();
    let openai = tagged("openai").price.as_ref().unwrap();
    assert_eq!(openai.rates.input.to_per_million(), "1");
    // The price is taken whole, what is not named is kept.
    assert_eq!(openai.rates.cache_read, None);
    assert_eq!(tagged("openai").upstream_model, "gpt-4o-mini");
    assert_eq!(tagged("ollama").upstream_model, "gpt-4o-mini");
    assert_eq!(tagged("ollama").price, None);
    assert_eq!(tagged("openai/fp8").id.as_str(), "openai/openai/gpt-4o-mini@fp8");
}

#[test]
fn a_known_model_keeps_what_the_row_leaves_out() {
    let catalog =
        over_builtin("[[model]]\nid = 'openai/gpt-4o-mini'\nname = 'Mini'\naliases = ['m']");
    let model = catalog.resolve("m").unwrap();
    assert_eq!((model.name.as_str(), model.context_length), ("Mini", Some(128_000)));
    assert!(!catalog.endpoints("openai/gpt-4o-mini").is_empty());
}

#[test]
fn an_alias_follows_its_target() {
    let catalog = over_builtin(
        "[[model]]\nid = 'acme/best'\nalias_target = 'openai/gpt-4o-mini'\ncontext_length = 5",
    );
    let (own, target) = (catalog.endpoints("acme/best"), catalog.endpoints("openai/gpt-4o-mini"));
    assert_eq!(own.len(), target.len());
    assert!(own.iter().all(|e| e.model.id.as_str() == "acme/best"));
    assert_eq!(own.first().unwrap().upstream_model, target.first().unwrap().upstream_model);
}

#[test]
fn every_problem_is_named_with_its_place() {
    for (text, message) in [
        (
            "[[endpoint]]\nmodel='openai/gpt-4o-mimi'\nprovider='openai'",
            "endpoint openai of openai/gpt-4o-mimi: unknown model `openai/gpt-4o-mimi`; \
             did you mean `openai/gpt-4o-mini`?",
        ),
        (
            "[[endpoint]]\nmodel='openai/gpt-4o-mini'\nprovider='opnai'",
            "model openai/gpt-4o-mini: endpoint opnai: unknown provider `opnai`; \
             did you mean `openai`?",
        ),
        ("[[endpoint]]\nprovider='openai'", "endpoint openai: `model` is missing"),
        (
            "[[provider]]\nslug='acme'\nbase_url='https://a.example'",
            "provider acme: `protocol` is missing",
        ),
        (
            "[[provider]]\nslug='acme'\nprotocol='gemini'\nbase_url='ftp://a.example'",
            "provider acme: base_url: `ftp://a.example` is not an http or https address",
        ),
        ("[[provider]]\nslug='acme'\nprotocol='gemini'", "provider acme: `base_url` is missing"),
        (
            "[[provider]]\nslug='a/b'\nprotocol='gemini'\nbase_url='https://a.example'",
            "provider a/b: `a/b` is not a valid name: printable ASCII without spaces and slashes",
        ),
        (
            "[[model]]\nid='small'",
            "model small: `small` is not a valid name: author/model in printable ASCII without \
             spaces",
        ),
        ("[[model]]\nid='a/b'\ninput=[]", "model a/b: `input` is missing"),
        (
            "[[model]]\nid='a/b'\nknowledge_cutoff='soon'",
            "model a/b: knowledge_cutoff: `soon` is not a day such as 2026-07-02",
        ),
        (
            "[[model]]\nid='a/b'\nalias_target='openai/gpt-4o-mimi'",
            "model a/b: unknown model `openai/gpt-4o-mimi`; did you mean `openai/gpt-4o-mini`?",
        ),
        (
            "[[model]]\nid='a/b'\nalias_target='~openai/gpt-latest'",
            "model a/b: an alias is served by its target's endpoints, and its target is not an \
             alias",
        ),
    ] {
        let errors = Catalog::builtin().overlay(rows(text)).unwrap_err();
        let [error] = errors.as_slice() else { panic!("{text}: {errors:?}") };
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn every_fault_of_a_price_is_named() {
    let place = "model openai/gpt-4o-mini: endpoint openai: price";
    for (price, message) in [
        ("input='0.15'", format!("{place}: `output` is missing")),
        (
            "input='cheap', output='1'",
            format!(
                "{place}.input: `cheap` is not a decimal number of dollars such as \"0.15\" with \
                 at most 6 places"
            ),
        ),
        (
            "input='0.0000001', output='1'",
            format!(
                "{place}.input: `0.0000001` is not a decimal number of dollars such as \"0.15\" \
                 with at most 6 places"
            ),
        ),
        (
            "input='1', output='1', tiers=[{above=2, input='1'}, {above=2, input='1'}]",
            format!("{place}: tiers must have rising `above`"),
        ),
        (
            "input='1', output='1', windows=[{utc_start='2460', utc_end='0000', input='1'}]",
            format!("{place}.windows: `2460` is not an hour in UTC such as 1630"),
        ),
        (
            "input='1', output='1', windows=[{utc_start='0100', utc_end='0100', input='1'}]",
            format!("{place}.windows: a window must end at another time than it starts"),
        ),
        (
            "input='1', output='1', as_of='today'",
            format!("{place}.as_of: `today` is not a day such as 2026-07-02"),
        ),
    ] {
        let text = format!(
            "[[endpoint]]\nmodel='openai/gpt-4o-mini'\nprovider='openai'\nprice={{ {price} }}"
        );
        let errors = Catalog::builtin().overlay(rows(&text)).unwrap_err();
        let [error] = errors.as_slice() else { panic!("{price}: {errors:?}") };
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let text = "[[provider]]\nslug='a b'\n[[model]]\nid='x'";
    let errors = Catalog::builtin().overlay(rows(text)).unwrap_err();
    assert_eq!(errors.len(), 4, "{errors:?}");
}

#[test]
fn an_unknown_key_is_refused() {
    for (text, named) in [
        ("[[provider]]\nslog = 'x'", "`slog`"),
        ("[[model]]\nid = 'a/b'\ncontext = 5", "`context`"),
        ("[[endpoint]]\nprovider = 'x'\nprice = { inptu = '1' }", "`inptu`"),
        ("[[endpoint]]\nprovider = 'x'\nprice = { input = 0.15, output = '1' }", "0.15"),
        (
            "[[endpoint]]\nprovider = 'x'\nprice = { tiers = [{ above = 1, inptu = '1' }] }",
            "`inptu`",
        ),
        ("[[provider]]\nslug = 'x'\nquirks = { stream = true }", "`stream`"),
        ("[[provider]]\nslug = 'x'\nquirks = { efforts = ['none'] }", "`none`"),
    ] {
        let error = toml::from_str::<Overlay>(text).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}
