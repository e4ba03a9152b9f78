use super::check;
use super::expression::is_satisfied;
use super::policy::Policy;
use crate::workspace::{Dependency, ForeignCrate, Member, Use, Workspace};
use proptest::prelude::*;

const INDEX: &str = "https://example.org/index";

fn policy() -> Policy {
    toml::from_str(
        r#"
        [licenses]
        allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"]
        exceptions = [{ crate = "gifted", allow = ["CC0-1.0"] }]
        [bans]
        deny = [{ name = "confined", wrappers = ["rookery-storage"] }, { name = "refused" }]
        skip = [{ crate = "known-twice" }]
        [sources]
        allow-registry = ["https://example.org/index"]
        allow-git = ["https://example.org/fork"]
        "#,
    )
    .unwrap()
}

fn sample(name: &str) -> ForeignCrate {
    ForeignCrate {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        license: Some("MIT OR Apache-2.0".to_owned()),
        source: Some(format!("registry+{INDEX}")),
        dependents: ["rookery-storage".to_owned()].into(),
    }
}

fn problems(foreign: Vec<ForeignCrate>) -> Vec<String> {
    let workspace = Workspace { foreign, ..Workspace::default() };
    check(&workspace, &policy()).iter().map(ToString::to_string).collect()
}

fn allowed(name: &str) -> bool {
    ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].contains(&name)
}

#[test]
fn expressions_are_read_as_spdx_means_them() {
    let table = [
        ("MIT", Some(true)),
        ("GPL-3.0-only", Some(false)),
        ("GPL-3.0-only OR MIT", Some(true)),
        ("GPL-3.0-only/MIT", Some(true)),
        ("GPL-3.0-only / MIT", Some(true)),
        ("MIT AND GPL-3.0-only", Some(false)),
        ("MIT AND (GPL-3.0-only OR ISC)", Some(true)),
        ("GPL-3.0-only AND MIT OR ISC", Some(true)),
        ("Apache-2.0 WITH LLVM-exception", Some(true)),
        ("Apache-2.0", Some(false)),
        ("MIT OR", None),
        ("(MIT", None),
        ("MIT ISC", None),
        ("", None),
    ];
    for (expression, expected) in table {
        assert_eq!(is_satisfied(expression, &allowed), expected, "{expression}");
    }
}

#[test]
fn hostile_nesting_is_unreadable_and_does_not_overflow() {
    let expression = "(".repeat(100_000);
    assert_eq!(is_satisfied(&expression, &allowed), None);
}

proptest! {
    #[test]
    fn no_text_makes_the_expression_parser_panic(text in "[A-Z() /+.-]{0,60}") {
        let _verdict = is_satisfied(&text, &allowed);
    }
}

#[test]
fn an_ordinary_crate_passes() {
    assert_eq!(problems(vec![sample("ordinary")]), Vec::<String>::new());
}

#[test]
fn a_foreign_licence_is_refused_unless_excepted_for_that_crate() {
    let mut given = sample("gifted");
    given.license = Some("CC0-1.0".to_owned());
    let mut other = sample("other");
    other.license = Some("CC0-1.0".to_owned());
    let mut silent = sample("silent");
    silent.license = None;
    let problems = problems(vec![given, other, silent]);
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn a_confined_crate_names_who_else_uses_it() {
    let mut confined = sample("confined");
    confined.dependents.insert("rookery-actors".to_owned());
    let problems = problems(vec![confined, sample("refused")]);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("rookery-actors"));
}

#[test]
fn only_known_sources_are_taken() {
    let mut fork = sample("fork");
    fork.source = Some("git+https://example.org/fork?rev=1#2".to_owned());
    let mut look_alike = sample("look-alike");
    look_alike.source = Some("git+https://example.org/forked#2".to_owned());
    let mut path = sample("path");
    path.source = None;
    assert_eq!(problems(vec![fork, look_alike, path]).len(), 2);
}

#[test]
fn duplicates_are_one_warning_without_the_accepted_ones() {
    let mut second = sample("twice");
    second.version = "2.0.0".to_owned();
    let mut accepted = sample("known-twice");
    accepted.version = "2.0.0".to_owned();
    let problems = problems(vec![sample("twice"), second, sample("known-twice"), accepted]);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("warning") && !problems[0].contains("known-twice"));
}

#[test]
fn any_version_is_refused() {
    let workspace = Workspace {
        members: vec![Member {
            name: "rookery-llm".to_owned(),
            folder: "llm".to_owned(),
            dependencies: vec![Dependency {
                name: "anything".to_owned(),
                version: "*".to_owned(),
                is_local: false,
                is_optional: false,
                used: Use::Normal,
            }],
        }],
        ..Workspace::default()
    };
    assert_eq!(check(&workspace, &policy()).len(), 1);
}
