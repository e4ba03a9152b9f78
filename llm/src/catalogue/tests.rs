use super::{ModelCatalogue, ModelFacts};

#[test]
fn the_bundled_table_is_complete_and_sane() {
    let catalogue = ModelCatalogue::bundled().unwrap();
    assert_eq!(catalogue.prices_as_of().len(), "YYYY-MM".len());
    for name in ["gpt-5-mini", "claude-sonnet-4-5", "rules"] {
        let facts = catalogue.find(name).unwrap();
        assert!(u64::from(facts.output_tokens_max) < facts.context_tokens, "{name}");
    }
    assert!(catalogue.find("gpt-5-mini").unwrap().price.is_some());
}

#[test]
fn a_dated_or_routed_name_is_the_same_model_and_another_version_is_not() {
    let catalogue = ModelCatalogue::bundled().unwrap();
    for (name, known_as) in [
        ("gpt-5-mini-2025-08-07", Some("gpt-5-mini")),
        ("claude-sonnet-4-5-20250929", Some("claude-sonnet-4-5")),
        ("claude-sonnet-4-20250514", Some("claude-sonnet-4")),
        ("claude-3-5-haiku-latest", Some("claude-3-5-haiku")),
        ("openai/gpt-4o", Some("gpt-4o")),
        ("claude-sonnet-4-9", None),
        ("gpt-5-giant", None),
        ("gpt-4o-2024", None),
        ("", None),
        ("-", None),
        ("20250929", None),
    ] {
        let expected = known_as.map(|known| catalogue.find(known).unwrap());
        assert_eq!(catalogue.find(name), expected, "{name}");
    }
}

#[test]
fn an_unknown_model_gets_the_named_defaults() {
    let catalogue = ModelCatalogue::bundled().unwrap();
    assert_eq!(catalogue.facts("home-made"), ModelFacts::UNKNOWN);
}

#[test]
fn an_unknown_field_in_the_table_is_refused() {
    let text = "prices_as_of = \"2025-11\"\n[models.x]\ncontext = 1\n";
    assert!(ModelCatalogue::parse(text).is_err());
}
