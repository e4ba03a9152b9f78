use super::source::Source;
use super::tree::{TextFile, Tree};
use super::{
    architecture, configuration, decisions, links, modules, reference, sizes, vendors, wiring,
    words,
};
use crate::finding::{Finding, Severity};
use proptest::prelude::*;

fn tree(files: &[(&str, &str)]) -> Tree {
    Tree::new(
        files
            .iter()
            .map(|(path, text)| TextFile { path: (*path).to_owned(), text: (*text).to_owned() })
            .collect(),
    )
}

fn places(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.place.as_str()).collect()
}

fn lines(count: usize) -> String {
    "const A: u8 = 1;\n".repeat(count)
}

#[test]
fn the_scanner_tells_code_strings_and_comments_apart() {
    let text = r##"let a = "b // c"; // d "e"
let f = r#"g " h"#; /* i /* j */ k */ let l = '"'; let m: &'static str = 'n';"##;
    let source = Source::scan(text);
    let first = &source.lines[0];
    assert!(first.code.contains("let a =") && !first.code.contains('c'));
    assert!(first.strings.contains("b // c"));
    assert!(first.comments.contains("d \"e\""));
    let second = &source.lines[1];
    assert!(second.strings.contains("g \" h"));
    assert!(second.comments.contains('k'));
    assert!(second.code.contains("let l =") && second.code.contains("'static str"));
}

#[test]
fn lines_of_test_modules_do_not_count() {
    let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n";
    assert_eq!(Source::scan(text).product_lines(), 2);
    let beside = "#[cfg(test)]\nmod tests;\nfn c() {}\n";
    assert_eq!(Source::scan(beside).product_lines(), 1);
}

#[test]
fn functions_are_measured_without_blank_lines_comments_and_braces_in_strings() {
    let text = "trait T {\n    fn declared(&self);\n}\nfn written(\n    a: u8,\n) -> u8 {\n\n    // why\n    let b = \"}{{\";\n    if a > 1 {\n        2\n    } else { 3 }\n}\n";
    let functions = Source::scan(text).functions();
    assert_eq!(functions.len(), 1, "{functions:?}");
    assert_eq!(functions[0].name, "written");
    assert_eq!((functions[0].line, functions[0].lines), (4, 8));
}

proptest! {
    #[test]
    fn no_text_makes_the_scanner_panic_or_lose_a_line(text in "[a-z\"'#/*\\\\r{}; \n]{0,200}") {
        let source = Source::scan(&text);
        prop_assert_eq!(source.lines.len(), text.split('\n').count());
        let _functions = source.functions();
    }
}

#[test]
fn a_file_warns_over_four_hundred_lines_and_fails_over_six_hundred() {
    let table = [
        (400, None),
        (401, Some(Severity::Warning)),
        (600, Some(Severity::Warning)),
        (601, Some(Severity::Error)),
    ];
    for (count, expected) in table {
        let findings = sizes::check(&tree(&[("llm/src/a.rs", &lines(count))]));
        assert_eq!(findings.first().map(|finding| finding.severity), expected, "{count}");
    }
}

#[test]
fn tests_and_migrations_may_be_long_and_the_harness_may_not() {
    let long = lines(700);
    let findings = sizes::check(&tree(&[
        ("llm/src/tests.rs", &long),
        ("tests/it/kill.rs", &long),
        ("storage/src/migration/first.rs", &long),
        ("tests/src/process.rs", &long),
    ]));
    assert_eq!(places(&findings), ["tests/src/process.rs"]);
}

#[test]
fn a_long_function_is_named_with_its_line() {
    let text = format!("\nfn long() {{\n{}}}\n", "    call();\n".repeat(70));
    let findings = sizes::check(&tree(&[("llm/src/a.rs", &text)]));
    assert_eq!(places(&findings), ["llm/src/a.rs:2"]);
}

#[test]
fn a_table_of_contents_opens_with_words_and_holds_names_only() {
    let good = "//! What and why.\n#![expect(\n    clippy::exit,\n    reason = \"why\"\n)]\n\n#[derive(A)]\npub mod a;\nmod b;\npub use b::{\n    C,\n    D,\n};\npub(crate) use b::E;\n#[cfg(test)]\nmod tests {\n    fn f() {}\n}\n";
    assert_eq!(modules::check(&tree(&[("llm/src/lib.rs", good)])), vec![]);
    let silent = modules::check(&tree(&[("llm/src/a/mod.rs", "mod b;\n")]));
    assert_eq!(places(&silent), ["llm/src/a/mod.rs:1"]);
    let busy = modules::check(&tree(&[(
        "llm/src/lib.rs",
        "//! What.\npub mod a;\n/// Does.\npub fn b() {\n    1\n}\n",
    )]));
    assert_eq!(places(&busy), ["llm/src/lib.rs:4"]);
}

#[test]
fn unfinished_words_silenced_lints_and_empty_names_are_refused() {
    let unfinished = format!("// {}: later\n", concat!("TO", "DO"));
    let silenced = format!("#[{}(dead_code)]\nfn a() {{}}\n", "allow");
    let findings = words::check(&tree(&[
        ("llm/src/a.rs", &unfinished),
        ("llm/src/b.rs", &silenced),
        ("llm/src/helpers.rs", ""),
        ("llm/src/common/a.rs", ""),
    ]));
    assert_eq!(
        places(&findings),
        ["llm/src/a.rs:1", "llm/src/b.rs:1", "llm/src/common/a.rs", "llm/src/helpers.rs"]
    );
}

#[test]
fn a_word_inside_a_string_or_another_word_is_not_unfinished() {
    let text = format!("const A: &str = \"{0}\";\nstruct {0}ist;\n", concat!("TO", "DO"));
    assert_eq!(words::check(&tree(&[("llm/src/a.rs", &text)])), vec![]);
}

#[test]
fn paths_of_one_machine_and_addresses_in_lock_files_are_refused() {
    let path = format!("see {}someone/rookery\n", concat!("/ho", "me/"));
    let inside = format!("GET /api{}x\n", concat!("/wo", "rk/"));
    let findings = words::check(&tree(&[
        ("docs/a.md", &path),
        ("docs/b.md", &inside),
        ("tests/counterparts/package-lock.json", "{\"resolved\": \"https://example.org\"}"),
    ]));
    assert_eq!(places(&findings), ["docs/a.md:1", "tests/counterparts/package-lock.json"]);
}

#[test]
fn a_vendor_is_named_in_its_folder_only() {
    let text = "let a = TelegramLimits::new(\"api.telegram.org\");\n";
    let findings = vendors::check(&tree(&[
        ("actors/src/a.rs", text),
        ("actors/src/b.rs", "/// As Telegram does.\n"),
        ("actors/src/c.rs", "fn redistribute() {} // OpenAI-compatible\n"),
        ("actors/src/tests.rs", text),
        ("channels/src/telegram/a.rs", text),
        ("runtime/src/config/channels.rs", text),
        ("tests/src/fake/telegram.rs", text),
    ]));
    assert_eq!(places(&findings), ["actors/src/a.rs:1", "actors/src/b.rs:1"]);
    assert_eq!(findings[1].severity, Severity::Warning);
}

#[test]
fn every_key_is_explained() {
    let text = "# About.\n\n[http]\n# Where it listens.\nlisten = \"127.0.0.1:8080\"\nbare = \"#\"\nbehind = 1 # seconds\n# Several.\nlist = [\n  \"a=b\",\n]\nsecond = 2\n";
    let findings = configuration::check(&tree(&[("config/default.toml", text)]));
    assert_eq!(places(&findings), ["config/default.toml:6", "config/default.toml:12"]);
}

#[test]
fn codes_and_their_page_agree_both_ways() {
    let source = "fn code() { \"E-101\"; \"E-102\"; }\n#[cfg(test)]\nmod tests { const A: &str = \"E-999\"; }\n";
    let findings = reference::check(&tree(&[
        ("domain/src/notice.rs", source),
        ("docs/reference/errors.md", "| `E-101` | a |\n| `E-103` | b |\n"),
    ]));
    assert_eq!(places(&findings), ["domain/src/notice.rs", "docs/reference/errors.md"]);
}

#[test]
fn a_decision_has_a_number_of_its_own_and_three_parts() {
    let good = "# One\n## Context\n## Decision\n## Consequences\n";
    let findings = decisions::check(&tree(&[
        ("docs/adr/0001-one.md", good),
        ("docs/adr/0001-two.md", good),
        ("docs/adr/0003-three.md", "# Three\n## Context\n## Decision\n"),
        ("docs/adr/notes.md", good),
    ]));
    assert_eq!(
        places(&findings),
        ["docs/adr/0001-two.md", "docs/adr/0003-three.md", "docs/adr/notes.md"]
    );
}

#[test]
fn every_crate_has_a_section_with_an_invariant() {
    let members = ["domain", "storage", "llm"].map(ToOwned::to_owned);
    let page = "# Map\n## `domain/`: words\n**Invariant:** no I/O.\n## `storage/`\nText.\n";
    let findings = architecture::check(&tree(&[("ARCHITECTURE.md", page)]), &members);
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert_eq!(architecture::check(&tree(&[]), &members).len(), 1);
}

#[test]
fn links_and_names_of_code_lead_somewhere() {
    let page = "[a](docs/a.md#part) [b](docs/b.md) [c](https://example.org)\n`llm/src/a.rs` `llm/src/a.rs::Router::stream` `llm/src/a.rs::gone` `llm/src/b.rs` `<vendor>/src/x.rs` `docs/gone.toml` `data/run.json`\n```\n[d](nowhere)\n```\n";
    let findings = links::check(&tree(&[
        ("README.md", page),
        ("docs/a.md", "[up](../README.md) [out](./b.md)\n"),
        ("llm/src/a.rs", "impl Router { fn stream() {} }\n"),
    ]));
    let problems: Vec<_> = findings.iter().map(|finding| finding.problem.as_str()).collect();
    assert_eq!(
        problems,
        [
            "`docs/b.md` does not exist",
            "`llm/src/a.rs::gone` does not exist",
            "`llm/src/b.rs` does not exist",
            "`docs/gone.toml` does not exist",
            "`./b.md` does not exist"
        ]
    );
}

#[test]
fn one_file_of_the_composition_root_knows_several_parts() {
    let both = "use rookery_llm::Router;\nuse rookery_storage::Database;\n";
    let findings = wiring::check(&tree(&[
        ("runtime/src/wiring.rs", both),
        ("runtime/src/serve.rs", both),
        ("runtime/src/config/llm.rs", "use rookery_llm::RouterSettings;\n"),
    ]));
    assert_eq!(places(&findings), ["runtime/src/serve.rs"]);
}
