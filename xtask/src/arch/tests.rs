use super::{confinement, star, unused};
use crate::tidy::tree::{TextFile, Tree};
use crate::workspace::{Dependency, Member, Use, Workspace};

fn local(name: &str) -> Dependency {
    Dependency {
        name: name.to_owned(),
        version: "*".to_owned(),
        is_local: true,
        is_optional: false,
        used: Use::Normal,
    }
}

fn foreign(name: &str, used: Use) -> Dependency {
    Dependency {
        name: name.to_owned(),
        version: "^1".to_owned(),
        is_local: false,
        is_optional: false,
        used,
    }
}

fn workspace(members: &[(&str, Vec<Dependency>)]) -> Workspace {
    Workspace {
        members: members
            .iter()
            .map(|(name, dependencies)| Member {
                name: (*name).to_owned(),
                folder: name.trim_start_matches("rookery-").to_owned(),
                dependencies: dependencies.clone(),
            })
            .collect(),
        ..Workspace::default()
    }
}

#[test]
fn a_star_passes() {
    let star = workspace(&[
        ("rookery-domain", vec![]),
        ("rookery-control", vec![local("rookery-domain")]),
        ("rookery-admin-web", vec![local("rookery-domain"), local("rookery-control")]),
        ("rookery-runtime", vec![local("rookery-domain"), local("rookery-admin-web")]),
        ("rookery-tests", vec![local("rookery-runtime")]),
        ("rookery-bench", vec![local("rookery-runtime"), local("rookery-tests")]),
        ("rookery-xtask", vec![]),
    ]);
    assert_eq!(star::check(&star), vec![]);
    assert_eq!(confinement::check(&star), vec![]);
}

#[test]
fn a_sibling_is_refused_with_both_names_and_the_fix() {
    let findings = star::check(&workspace(&[(
        "rookery-actors",
        vec![local("rookery-domain"), local("rookery-storage")],
    )]));
    assert_eq!(findings.len(), 1);
    let text = findings[0].to_string();
    assert!(text.contains("rookery-actors"), "{text}");
    assert!(text.contains("rookery-storage"), "{text}");
    assert!(text.contains("wiring.rs"), "{text}");
}

#[test]
fn nobody_but_tests_and_bench_reaches_the_runtime_and_nobody_but_bench_the_tests() {
    for name in ["rookery-control", "rookery-domain", "rookery-xtask"] {
        let findings = star::check(&workspace(&[(name, vec![local("rookery-runtime")])]));
        assert_eq!(findings.len(), 1, "{name}");
    }
    let findings = star::check(&workspace(&[("rookery-runtime", vec![local("rookery-tests")])]));
    assert_eq!(findings.len(), 1);
}

#[test]
fn a_crate_may_ask_for_itself_in_its_tests() {
    let mut itself = local("rookery-storage");
    itself.used = Use::Development;
    assert_eq!(star::check(&workspace(&[("rookery-storage", vec![itself])])), vec![]);
}

#[test]
fn a_crate_without_a_row_is_refused() {
    assert_eq!(star::check(&workspace(&[("rookery-extras", vec![])])).len(), 1);
}

#[test]
fn a_library_outside_its_crate_is_refused_even_in_tests() {
    for used in [Use::Normal, Use::Development, Use::Build] {
        let findings = confinement::check(&workspace(&[(
            "rookery-actors",
            vec![foreign("sea-orm-migration", used)],
        )]));
        assert_eq!(findings.len(), 1, "{used:?}");
        assert!(findings[0].fix.contains("rookery-storage"));
    }
}

#[test]
fn a_server_may_be_faked_in_any_crates_tests_and_served_in_few() {
    let in_tests = workspace(&[("rookery-llm", vec![foreign("axum", Use::Development)])]);
    assert_eq!(confinement::check(&in_tests), vec![]);
    let in_code = workspace(&[("rookery-llm", vec![foreign("axum", Use::Normal)])]);
    assert_eq!(confinement::check(&in_code).len(), 1);
}

#[test]
fn a_feature_for_tests_counts_as_tests() {
    let mut anyhow = foreign("anyhow", Use::Normal);
    let always = workspace(&[("rookery-storage", vec![anyhow.clone()])]);
    assert_eq!(confinement::check(&always).len(), 1);
    anyhow.is_optional = true;
    let behind_a_feature = workspace(&[("rookery-storage", vec![anyhow])]);
    assert_eq!(confinement::check(&behind_a_feature), vec![]);
}

#[test]
fn the_two_http_clients_are_told_apart() {
    let swapped = workspace(&[
        ("rookery-channels", vec![foreign("reqwest", Use::Normal)]),
        ("rookery-llm", vec![foreign("reqwest012", Use::Normal)]),
    ]);
    assert_eq!(confinement::check(&swapped).len(), 2);
}

#[test]
fn the_domain_has_no_runtime() {
    let findings = confinement::check(&workspace(&[(
        "rookery-domain",
        vec![foreign("tokio", Use::Normal), foreign("tokio", Use::Development)],
    )]));
    assert_eq!(findings.len(), 1);
}

#[test]
fn what_nobody_names_or_asks_for_is_told() {
    let members = workspace(&[(
        "rookery-llm",
        vec![
            foreign("serde", Use::Normal),
            foreign("tokio-util", Use::Normal),
            foreign("axum", Use::Development),
        ],
    )]);
    let file = |path: &str, text: &str| TextFile { path: path.to_owned(), text: text.to_owned() };
    let tree = Tree::new(vec![
        file("llm/src/a.rs", "use tokio_util::sync;\n"),
        file("tools/src/a.rs", "use serde::Serialize;\n"),
        file("llm/src/tests.rs", "fn f() { axum::serve(); }\n"),
        file("Cargo.toml", "[workspace.dependencies]\nserde = \"1\"\nforgotten = \"1\"\n"),
    ]);
    let findings = unused::check(&members, &tree);
    let problems: Vec<_> = findings.iter().map(|found| found.problem.as_str()).collect();
    assert_eq!(
        problems,
        ["asks for serde and names it nowhere", "offers forgotten, which no crate asks for"]
    );
}
