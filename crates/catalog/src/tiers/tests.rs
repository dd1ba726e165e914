use std::fmt::Write as _;

use tollgate_types::{Timestamp, UnitPrice};

use crate::{Catalog, Endpoint, Lot, Overlay, Rate, Service, ServiceTier};

/// A model at `p` with these lines in its row, and with these further rows.
fn rows(lines: &str, more: &str) -> Result<Catalog, String> {
    let mut text = "[[provider]]\nslug = \"p\"\nname = \"P\"\nprotocol = \"openai-chat\"\nbase_url = \"http://h\"\n\
                    [[model]]\nid = \"a/m\"\n[[model.endpoint]]\nprovider = \"p\"\n".to_owned();
    write!(text, "{lines}\n{more}").unwrap();
    let rows: Overlay = toml::from_str(&text).map_err(|error| error.message().to_owned())?;
    Catalog::from_rows(rows).map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn told(endpoint: &Endpoint) -> (String, String, Option<[String; 3]>) {
    let rates = endpoint.price.as_ref().map(|price| price.rates);
    let prices = rates.map(|it| {
        let of = |rate: Rate| it.get(rate).map_or_else(String::new, UnitPrice::to_per_million);
        [of(Rate::Input), of(Rate::Output), of(Rate::CacheRead)]
    });
    (endpoint.tag(), endpoint.id.to_string(), prices)
}

fn row(tag: &str, id: &str, prices: [&str; 3]) -> (String, String, Option<[String; 3]>) {
    (tag.to_owned(), id.to_owned(), Some(prices.map(str::to_owned)))
}

const PRICE: &str = r#"price = { input = "0.25", output = "2", cache_read = "0.025", web_search = "0.01", tiers = [{ above = 100, input = "0.5" }] }"#;

#[test]
fn section_5_7_a_row_makes_an_endpoint_of_each_tier() {
    let tiers = r#"service_tiers = { priority = "1.8", flex = { input = "0.1", output = "1" } }"#;
    let catalog = rows(&format!("{PRICE}\n{tiers}"), "").unwrap();
    let endpoints = catalog.endpoints("a/m");
    let expected = [
        row("p", "p/a/m", ["0.25", "2", "0.025"]),
        row("p/priority", "p/a/m@priority", ["0.45", "3.6", "0.045"]),
        row("p/flex", "p/a/m@flex", ["0.1", "1", ""]),
    ];
    assert_eq!(endpoints.iter().map(|it| told(it)).collect::<Vec<_>>(), expected);
    let services: Vec<Service> = endpoints.iter().map(|it| it.service).collect();
    let of = Service::Tier;
    assert_eq!(services, [Service::Ordinary, of(ServiceTier::Priority), of(ServiceTier::Flex)]);
    // Long prompts are dearer there too; what is billed by the piece is not.
    let dear = endpoints[1].price.as_ref().unwrap();
    let long = dear.for_prompt(101, Timestamp::from_unix_millis(0));
    assert_eq!(long.input.to_per_million(), "0.9");
    assert_eq!(long.web_search.unwrap().to_per_unit(), "0.01");
    for (from, tier, expected) in [
        (0, Some(ServiceTier::Priority), "p/priority"),
        (1, Some(ServiceTier::Flex), "p/flex"),
        (2, None, "p"),
    ] {
        assert_eq!(catalog.beside(&endpoints[from], tier).unwrap().tag(), expected);
    }
}

#[test]
fn prices_stated_beside_the_multiple_replace_what_comes_of_it() {
    let tiers = r#"service_tiers = { flex = { times = "0.5", cache_read = "0.025", tiers = [{ above = 100, cache_read = "0.03" }], source = "s", as_of = "2026-11-22" } }"#;
    let catalog = rows(&format!("{PRICE}\n{tiers}"), "").unwrap();
    let flex = &catalog.endpoints("a/m")[1];
    assert_eq!(told(flex), row("p/flex", "p/a/m@flex", ["0.125", "1", "0.025"]));
    let price = flex.price.as_ref().unwrap();
    let long = price.for_prompt(101, Timestamp::from_unix_millis(0));
    assert_eq!(long.input.to_per_million(), "0.25");
    assert_eq!(long.cache_read.unwrap().to_per_million(), "0.03");
    assert_eq!((price.source.as_str(), price.as_of.as_deref()), ("s", Some("2026-11-22")));
}

#[test]
fn a_row_of_its_own_goes_before_one_that_is_made() {
    let tiers = r#"service_tiers = { priority = "2" }"#;
    let own = "[[endpoint]]\nmodel = \"a/m\"\nprovider = \"p\"\nsuffix = \"priority\"\nprice = { input = \"9\", output = \"9\" }";
    let catalog = rows(&format!("{PRICE}\n{tiers}"), own).unwrap();
    let told: Vec<_> = catalog.endpoints("a/m").iter().map(|it| told(it)).collect();
    let expected = [
        row("p", "p/a/m", ["0.25", "2", "0.025"]),
        row("p/priority", "p/a/m@priority", ["9", "9", ""]),
    ];
    assert_eq!(told, expected);
}

#[test]
fn tiers_belong_to_the_suffix_they_stand_behind() {
    let rest = format!("suffix = \"fp8\"\n{PRICE}\nservice_tiers = {{ flex = \"0.5\" }}");
    let plain = format!("[[endpoint]]\nmodel = \"a/m\"\nprovider = \"p\"\n{PRICE}");
    let catalog = rows(&rest, &plain).unwrap();
    let told: Vec<(String, Service)> =
        catalog.endpoints("a/m").iter().map(|it| (it.tag(), it.service)).collect();
    let expected = [
        ("p/fp8".to_owned(), Service::Ordinary),
        ("p".to_owned(), Service::Undivided),
        ("p/fp8/flex".to_owned(), Service::Tier(ServiceTier::Flex)),
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_overlay_changes_tiers_and_takes_them_away() {
    let builtin = Catalog::builtin();
    let with = |lines: &str| {
        let row = format!("[[endpoint]]\nmodel = \"openai/gpt-5\"\nprovider = \"openai\"\n{lines}");
        let catalog = builtin.overlay(toml::from_str(&row).unwrap()).unwrap();
        let tags = catalog.endpoints("openai/gpt-5").iter().map(|it| it.tag());
        tags.filter(|tag| tag.starts_with("openai")).collect::<Vec<_>>()
    };
    assert_eq!(with("service_tiers = {}"), ["openai"]);
    assert_eq!(with("service_tiers = { flex = \"0.4\" }"), ["openai", "openai/flex"]);
    assert_eq!(with("max_output = 9"), ["openai", "openai/priority", "openai/flex"]);
}

#[test]
fn mistakes_are_named() {
    for (lines, expected) in [
        (
            format!("{PRICE}\nservice_tiers = {{ priority = \"twice\" }}"),
            "model a/m: endpoint p: service_tiers.priority.times: `twice` is not a decimal number such as \"2\" or \"0.5\" with at most 6 places",
        ),
        (
            "service_tiers = { priority = \"2\" }".to_owned(),
            "model a/m: endpoint p: service_tiers.priority: `price` is missing",
        ),
        (
            format!("{PRICE}\nservice_tiers = {{ flex = {{ input = \"1\" }} }}"),
            "model a/m: endpoint p: service_tiers.flex: `output` is missing",
        ),
        (
            format!("{PRICE}\nservice_tiers = {{ flex = {{ inptu = \"1\" }} }}"),
            "unknown variant `inptu`",
        ),
        (
            format!("{PRICE}\nservice_tiers = {{ scale = \"1\" }}"),
            "unknown variant `scale`, expected `priority` or `flex`",
        ),
        (
            format!("{PRICE}\nservice_tiers = {{ flex = 2 }}"),
            "invalid type: integer `2`, expected how many times the ordinary price, such as \"2\", or a table of prices",
        ),
    ] {
        let error = rows(&lines, "").unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}

/// What the built-in catalogue says of tiers: more for sooner, less for later, and where from.
#[test]
fn the_built_in_tiers_are_priced_as_tiers_are() {
    let catalog = Catalog::builtin();
    let mut counted = [0, 0];
    for endpoint in catalog.all_endpoints().filter(|it| it.model.alias_target.is_none()) {
        let Some(tier) = endpoint.tier() else { continue };
        let ordinary = catalog.beside(endpoint, None).unwrap();
        assert_eq!(ordinary.service, Service::Ordinary, "{}", endpoint.id);
        let (own, other) = (endpoint.price.as_ref().unwrap(), ordinary.price.as_ref().unwrap());
        for rate in Rate::ALL.into_iter().filter(|rate| rate.lot() == Lot::Million) {
            let Some((own, other)) = own.rates.get(rate).zip(other.rates.get(rate)) else {
                continue;
            };
            let fits = match tier {
                ServiceTier::Priority => own > other,
                ServiceTier::Flex => own <= other,
            };
            assert!(fits, "{} {rate:?}: {own:?} beside {other:?}", endpoint.id);
        }
        counted[usize::from(tier == ServiceTier::Flex)] += 1;
    }
    assert!(counted[0] >= 30 && counted[1] >= 25, "{counted:?}");
    let told = |tag: &str| {
        let endpoints = catalog.endpoints("openai/gpt-5-mini").iter();
        told(endpoints.into_iter().find(|it| it.tag() == tag).unwrap()).2.unwrap()
    };
    assert_eq!(told("openai/priority"), ["0.45", "3.6", "0.045"]);
    assert_eq!(told("openai/flex"), ["0.125", "1", "0.0125"]);
}
