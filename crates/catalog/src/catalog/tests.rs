use std::collections::HashSet;

use super::*;
use crate::Modality;

fn endpoint(model: &str, provider: &str) -> Arc<Endpoint> {
    let endpoints = Catalog::builtin().endpoints(model);
    let found = endpoints.iter().find(|endpoint| endpoint.provider.slug.as_str() == provider);
    Arc::clone(found.unwrap_or_else(|| panic!("{model} at {provider}")))
}

#[test]
fn the_built_in_catalogue_is_large_and_whole() {
    let catalog = Catalog::builtin();
    assert!(catalog.models().len() >= 450, "{} models", catalog.models().len());
    let serving: HashSet<&str> =
        catalog.all_endpoints().map(|endpoint| endpoint.provider.slug.as_str()).collect();
    assert!(serving.len() >= 50, "{} providers serve", serving.len());
    assert!(catalog.providers().len() >= 165, "{} providers", catalog.providers().len());
    // Nothing is lost between the rows and the result.
    assert_eq!(catalog.models().len(), catalog.0.rows.models.len());
    assert_eq!(catalog.providers().len(), catalog.0.rows.providers.len());
    for model in catalog.models() {
        let endpoints = catalog.endpoints(model.id.as_str());
        assert!(!endpoints.is_empty(), "{} has no endpoint", model.id);
        assert!(endpoints.iter().all(|endpoint| endpoint.model.id == model.id));
    }
    let newest_first = catalog.models().is_sorted_by_key(|model| std::cmp::Reverse(model.created));
    assert!(newest_first);
}

#[test]
fn endpoint_ids_are_unique() {
    let mut seen = HashSet::new();
    for endpoint in Catalog::builtin().all_endpoints() {
        assert!(seen.insert(endpoint.id.clone()), "{}", endpoint.id);
    }
}

#[test]
fn every_price_has_provenance_and_no_zero_is_an_accident() {
    let free = [
        "mistralai/mistral-moderation-2603",
        "openai/omni-moderation-latest",
        "openrouter/free",
        "openrouter/owl-alpha",
        "z-ai/glm-4.7-flash",
    ];
    for endpoint in Catalog::builtin().all_endpoints() {
        let Some(price) = &endpoint.price else { continue };
        assert!(!price.source.is_empty() && price.source != "config", "{}", endpoint.id);
        assert_eq!(price.as_of.as_ref().map(String::len), Some(10), "{}", endpoint.id);
        let id = endpoint.model.id.as_str();
        let rates = price.rates;
        let tokens = [rates.input, rates.output].map(|price| price.picos() > 0);
        let writes_text = endpoint.output_modalities.contains(&Modality::Text);
        // What writes no text may be billed by anything, but by something.
        let is_billed = if writes_text {
            tokens == [true, true]
        } else {
            let mut prices = crate::Rate::ALL.iter().filter_map(|rate| rates.get(*rate));
            prices.any(|price| price.picos() > 0)
        };
        assert!(is_billed || id.ends_with(":free") || free.contains(&id), "{}", endpoint.id);
    }
}

/// Only where the licence of published weights lays nothing on what they write.
#[test]
fn what_may_be_distilled_is_known_of_open_weights_only() {
    let of = |id: &str| Catalog::builtin().model(id).unwrap().distillable;
    for id in ["deepseek/deepseek-r1", "openai/gpt-oss-120b", "qwen/qwen3-32b", "z-ai/glm-4.6"] {
        assert_eq!(of(id), Some(true), "{id}");
    }
    // A licence with conditions, and models that are only sold.
    let unknown =
        ["qwen/qwen-2.5-72b-instruct", "openai/gpt-5", "deepseek/deepseek-r1-distill-llama-70b"];
    for id in unknown {
        assert_eq!(of(id), None, "{id}");
    }
    for model in Catalog::builtin().models().iter().filter(|it| it.distillable.is_some()) {
        assert!(model.hugging_face_id.is_some(), "{}", model.id);
    }
}

#[test]
fn every_operation_has_models_of_several_providers() {
    let catalog = Catalog::builtin();
    for (modality, models, providers) in [
        (Modality::Embeddings, 40, 12),
        (Modality::Rerank, 12, 6),
        (Modality::Speech, 9, 6),
        (Modality::Transcription, 6, 6),
        (Modality::Image, 15, 6),
        (Modality::Moderation, 3, 3),
    ] {
        let writing: Vec<_> = catalog
            .all_endpoints()
            .filter(|endpoint| endpoint.output_modalities.contains(&modality))
            .collect();
        let ids: HashSet<_> = writing.iter().map(|endpoint| endpoint.model.id.as_str()).collect();
        let slugs: HashSet<_> =
            writing.iter().map(|endpoint| endpoint.provider.slug.as_str()).collect();
        assert!(ids.len() >= models, "{modality:?}: {} models", ids.len());
        assert!(slugs.len() >= providers, "{modality:?}: {} providers", slugs.len());
    }
}

#[test]
fn what_is_not_a_conversation_is_at_its_price() {
    use crate::Rate;
    for (model, provider, rate, per_unit) in [
        ("openai/text-embedding-3-small", "openai", Rate::Input, "0.00000002"),
        ("openai/text-embedding-3-large", "openai", Rate::Input, "0.00000013"),
        ("openai/tts-1", "openai", Rate::Character, "0.000015"),
        // $0.006 a minute.
        ("openai/whisper-1", "openai", Rate::AudioSecond, "0.0000001"),
        ("openai/gpt-image-1", "openai", Rate::ImageOutput, "0.00004"),
        ("google/imagen-4", "google-ai-studio", Rate::OutputImage, "0.04"),
        ("cohere/rerank-v3.5", "cohere", Rate::SearchUnit, "0.002"),
        ("voyageai/rerank-2.5", "voyage", Rate::Input, "0.00000005"),
        ("mistralai/mistral-embed", "mistral", Rate::Input, "0.0000001"),
    ] {
        let endpoint = endpoint(model, provider);
        let price = endpoint.price.as_ref().unwrap().rates.get(rate);
        assert_eq!(price.unwrap().to_per_unit(), per_unit, "{model}");
        assert!(endpoint.supported_parameters.is_empty(), "{model}");
        assert!(!endpoint.output_modalities.contains(&Modality::Text), "{model}");
    }
}

#[test]
fn the_best_known_pairs_are_there_at_their_price() {
    for (model, provider, upstream, input, output) in [
        ("openai/gpt-4o-mini", "openai", "gpt-4o-mini", "0.15", "0.6"),
        ("openai/gpt-4o", "openai", "gpt-4o", "2.5", "10"),
        ("openai/gpt-5", "openai", "gpt-5", "1.25", "10"),
        ("openai/gpt-5-chat", "openai", "gpt-5-chat-latest", "1.25", "10"),
        ("openai/gpt-4", "openai", "gpt-4", "30", "60"),
        ("openai/gpt-4-turbo", "openai", "gpt-4-turbo", "10", "30"),
        ("anthropic/claude-sonnet-4.5", "anthropic", "claude-sonnet-4-5", "3", "15"),
        ("anthropic/claude-haiku-4.5", "anthropic", "claude-haiku-4-5", "1", "5"),
        ("anthropic/claude-opus-4.7", "anthropic", "claude-opus-4-7", "5", "25"),
        ("google/gemini-2.5-flash", "google-ai-studio", "gemini-2.5-flash", "0.3", "2.5"),
        ("google/gemini-2.5-pro", "google-ai-studio", "gemini-2.5-pro", "1.25", "10"),
        ("mistralai/codestral-2508", "mistral", "codestral-2508", "0.3", "0.9"),
        ("mistralai/mistral-large-2512", "mistral", "mistral-large-2512", "0.5", "1.5"),
        ("deepseek/deepseek-v4-flash", "deepseek", "deepseek-v4-flash", "0.14", "0.28"),
        ("x-ai/grok-4.3", "xai", "grok-4.3", "1.25", "2.5"),
        ("meta-llama/llama-3.3-70b-instruct", "groq", "llama-3.3-70b-versatile", "0.59", "0.79"),
        ("openai/gpt-oss-120b", "cerebras", "gpt-oss-120b", "0.35", "0.75"),
        ("cohere/command-a", "cohere", "command-a-03-2025", "2.5", "10"),
        ("perplexity/sonar", "perplexity", "sonar", "1", "1"),
        ("moonshotai/kimi-k2.6", "moonshotai", "kimi-k2.6", "0.95", "4"),
        ("openai/gpt-4o-mini", "openrouter", "openai/gpt-4o-mini", "0.15", "0.6"),
        ("tollgate/echo", "tollgate", "echo", "0.1", "0.4"),
    ] {
        let endpoint = endpoint(model, provider);
        let rates = endpoint.price.as_ref().unwrap().rates;
        let found = (rates.input.to_per_million(), rates.output.to_per_million());
        assert_eq!((found.0.as_str(), found.1.as_str()), (input, output), "{model}");
        assert_eq!(endpoint.upstream_model, upstream);
    }
}

#[test]
fn special_prices_survive() {
    let sonnet = endpoint("anthropic/claude-sonnet-4.5", "anthropic").price.clone().unwrap().rates;
    assert_eq!(sonnet.cache_write.unwrap().to_per_million(), "3.75");
    assert_eq!(sonnet.cache_write_1h.unwrap().to_per_million(), "6");
    let image = endpoint("google/gemini-2.5-flash-image", "google-ai-studio");
    assert_eq!(image.price.as_ref().unwrap().rates.image_output.unwrap().to_per_million(), "30");
    assert_eq!(endpoint("openai/gpt-5.5", "openai").price.as_ref().unwrap().overrides.len(), 1);
    // Unpriced, not free.
    assert_eq!(endpoint("openai/gpt-oss-120b", "nvidia").price, None);
}

#[test]
fn the_simulators_models_can_what_their_names_say() {
    let own = |name: &str| endpoint(&format!("tollgate/{name}"), "tollgate");
    assert!(own("vision").reads(Modality::Image) && !own("echo").reads(Modality::Image));
    assert!(own("tools").supports("tools") && !own("echo").supports("tools"));
    assert!(own("think").supports("reasoning") && own("json").supports("structured_outputs"));
    assert!(own("cached").caches_implicitly());
    let simulator = Catalog::builtin().provider("tollgate").unwrap();
    assert!(simulator.builtin && simulator.base_url.is_empty());
    assert_eq!(
        Catalog::builtin().models().iter().filter(|m| m.id.author() == "tollgate").count(),
        13
    );
    // One of each rate that is not of a token, beside the operation it is usual for.
    for (name, writes, rate) in [
        ("embed", Modality::Embeddings, crate::Rate::Input),
        ("rerank", Modality::Rerank, crate::Rate::SearchUnit),
        ("image", Modality::Image, crate::Rate::OutputImage),
        ("speech", Modality::Speech, crate::Rate::Character),
        ("transcribe", Modality::Transcription, crate::Rate::AudioSecond),
        ("moderate", Modality::Moderation, crate::Rate::Input),
    ] {
        let endpoint = own(name);
        assert_eq!(endpoint.output_modalities, [writes]);
        assert!(endpoint.price.as_ref().unwrap().rates.get(rate).unwrap().picos() > 0, "{name}");
    }
}

#[test]
fn a_provider_answers_to_all_its_names() {
    let catalog = Catalog::builtin();
    for (name, slug) in [
        ("openai", "openai"),
        ("OpenAI", "openai"),
        ("google", "google-ai-studio"),
        ("Google AI Studio", "google-ai-studio"),
        ("togetherai", "together"),
        ("Together", "together"),
        ("zai", "z-ai"),
        ("DeepInfra", "deepinfra"),
        ("fireworks-ai", "fireworks"),
    ] {
        let found = catalog.provider(name).map(|provider| provider.slug.as_str());
        assert_eq!(found, Some(slug), "{name}");
    }
    assert!(catalog.provider("nobody").is_none());
    assert!(catalog.provider("ollama").unwrap().local);
}

#[test]
fn a_model_may_need_another_protocol_than_its_provider() {
    let codex = endpoint("openai/gpt-5-codex", "openai");
    assert_eq!(codex.protocol.as_str(), "openai-responses");
    assert_eq!(codex.provider.protocol.as_str(), "openai-chat");
    assert_eq!(endpoint("openai/gpt-5", "openai").protocol.as_str(), "openai-chat");
}

#[test]
fn a_moving_name_is_served_by_its_targets_endpoints() {
    let alias = endpoint("~anthropic/claude-sonnet-latest", "anthropic");
    assert_eq!(alias.upstream_model, "claude-sonnet-4-6");
    assert_eq!(alias.id.as_str(), "anthropic/~anthropic/claude-sonnet-latest");
}

#[test]
fn a_restricted_catalogue_has_only_what_can_be_called() {
    let all = Catalog::builtin();
    let only = all.restricted_to(|endpoint| endpoint.provider.slug.as_str() == "anthropic");
    assert_eq!(only.providers().len(), 1);
    assert!(only.models().len() > 5 && only.models().len() < 20);
    assert!(only.all_endpoints().all(|e| e.provider.slug.as_str() == "anthropic"));
    assert!(only.endpoints("openai/gpt-4o-mini").is_empty());
    assert!(only.resolve("gpt-4o-mini").is_err());
    assert_eq!(only.resolve("claude-sonnet-4-5").unwrap().id.author(), "anthropic");
    // What it was made from is not forgotten.
    assert_eq!(only.overlay(Overlay::default()).unwrap().models().len(), all.models().len());
    assert!(all.restricted_to(|_| false).models().is_empty());
}

#[test]
fn rate_keys_are_the_rows() {
    for rate in crate::Rate::ALL {
        assert_eq!(serde_json::to_string(&rate).unwrap(), format!("\"{}\"", rate.key()));
    }
}
