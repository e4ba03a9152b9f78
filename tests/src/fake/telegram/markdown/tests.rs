use super::{Entity, parse_markdown, units};

fn refusal(input: &str) -> String {
    parse_markdown(input).unwrap_err().to_string()
}

fn entity(kind: &'static str, offset: usize, length: usize, argument: Option<&str>) -> Entity {
    Entity { kind, offset, length, argument: argument.map(str::to_owned) }
}

#[test]
fn what_the_vendor_refuses_is_refused_in_its_words() {
    assert_eq!(
        refusal("Hello."),
        "Character '.' is reserved and must be escaped with the preceding '\\'"
    );
    assert_eq!(refusal("a *b"), "Can't find end of Bold entity at byte offset 2");
    assert_eq!(refusal("```rust\nfn"), "Can't find end of Pre entity at byte offset 0");
    assert_eq!(refusal("[a](http://x"), "Can't find end of a URL at byte offset 4");
    assert_eq!(
        refusal("a > b"),
        "Character '>' is reserved and must be escaped with the preceding '\\'"
    );
    assert!(refusal("1 | 2").starts_with("Character '|'"));
    assert!(refusal("*a _b* c_").starts_with("Can't find end of"));
}

#[test]
fn formatting_leaves_the_text_and_its_entities_in_utf16_units() {
    let (text, entities) = parse_markdown("🦜 *bold _both_* `a.b` \\.").unwrap();
    assert_eq!(text, "🦜 bold both a.b .");
    assert_eq!(
        entities,
        [entity("bold", 3, 9, None), entity("italic", 8, 4, None), entity("code", 13, 3, None),]
    );
}

#[test]
fn a_fence_keeps_its_language_and_its_raw_content() {
    let (text, entities) = parse_markdown("```rust\nlet a = *b;\n```").unwrap();
    assert_eq!(text, "let a = *b;\n");
    assert_eq!(entities, [entity("pre", 0, 12, Some("rust"))]);
}

#[test]
fn a_link_keeps_its_unescaped_url() {
    let (text, entities) = parse_markdown("[see](https://a.b/c\\)d)").unwrap();
    assert_eq!(text, "see");
    assert_eq!(entities, [entity("text_link", 0, 3, Some("https://a.b/c)d"))]);
}

#[test]
fn quoted_lines_are_one_quote() {
    let (text, entities) = parse_markdown(">one\n>two\nthree").unwrap();
    assert_eq!(text, "one\ntwo\nthree");
    assert_eq!(entities, [entity("blockquote", 0, 8, None)]);
}

#[test]
fn everything_escaped_is_taken_literally() {
    let (text, entities) =
        parse_markdown("\\_\\*\\[\\]\\(\\)\\~\\`\\>\\#\\+\\-\\=\\|\\{\\}\\.\\!").unwrap();
    assert_eq!(text, "_*[]()~`>#+-=|{}.!");
    assert_eq!(entities, []);
    assert_eq!(units("a🦜"), 3);
}
