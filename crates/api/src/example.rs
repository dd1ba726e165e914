//! The model of the first example that a newcomer is shown.

use tollgate_catalog::{Catalog, Endpoint, Modality, Model};

use crate::listing::lead;

/// Answers with what it is told: the simulator's, which costs nothing.
const ECHO: &str = "tollgate/echo";
/// The call that decides which model is the cheapest.
const TOKENS: u64 = 1_000;

/// A model that can be called, to be named in an example: the simulator's echo, else the cheapest
/// that writes text. None when there is none, which is so until a provider has a key.
pub fn example_model(routable: &Catalog) -> Option<&Model> {
    let price = |endpoint: &Endpoint| {
        endpoint.price.as_ref().map(|price| price.rates.estimate(TOKENS, TOKENS))
    };
    let cost = |model: &Model| lead(routable.endpoints(model.id.as_str())).and_then(price);
    let talks = |model: &&std::sync::Arc<Model>| {
        // What goes away soon is no example.
        model.architecture.output_modalities == [Modality::Text] && model.expiration_date.is_none()
    };
    let cheapest = || {
        let talking = routable.models().iter().filter(talks);
        // Of what has no price nobody knows what it costs.
        talking.min_by_key(|model| (cost(model).is_none(), cost(model)))
    };
    routable.model(ECHO).or_else(cheapest).map(AsRef::as_ref)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(provider: &str) -> Option<String> {
        let known = Catalog::builtin();
        let routable = known
            .restricted_to(|it| provider.split(',').any(|one| one == it.provider.slug.as_str()));
        example_model(&routable).map(|model| model.id.to_string())
    }

    #[test]
    fn the_simulator_comes_first_then_what_is_cheapest() {
        assert_eq!(named("tollgate,openai").as_deref(), Some("tollgate/echo"));
        assert!(
            named("openai").is_some_and(|id| id.starts_with("openai/")),
            "{:?}",
            named("openai")
        );
        assert_eq!(named("nobody"), None);
    }
}
