use super::{CodeStyle, StyledText, read};
use proptest::prelude::*;

fn text(source: &str) -> String {
    read(source).text().to_owned()
}

/// The text with a letter per style before each run.
fn marked(source: &str) -> String {
    let styled = read(source);
    let mut out = String::new();
    for (piece, style) in styled.runs_in(0..styled.text().len()) {
        let mut letters = String::new();
        for (set, letter) in [
            (style.emphasis.bold, 'b'),
            (style.emphasis.italic, 'i'),
            (style.emphasis.strike, 's'),
            (style.quote, 'q'),
            (style.code == CodeStyle::Inline, 'c'),
            (matches!(style.code, CodeStyle::Block(_)), 'p'),
            (style.link.is_some(), 'l'),
        ] {
            if set {
                letters.push(letter);
            }
        }
        out.extend(["<", &letters, ">", piece]);
    }
    out
}

#[test]
fn emphasis_nests_and_neighbours_of_one_style_are_one_run() {
    assert_eq!(marked("**bold _both_** ~~gone~~ `code`"), "<b>bold <bi>both<> <s>gone<> <c>code");
    assert_eq!(marked("**a****b**"), "<b>a****b");
}

#[test]
fn a_heading_is_bold_and_blocks_are_a_blank_line_apart() {
    assert_eq!(marked("# Title\nbody\n\nmore"), "<b>Title<>\n\nbody\n\nmore");
    assert_eq!(text("a\n\n---\n\nb"), "a\n\n──────────\n\nb");
}

#[test]
fn lists_keep_their_numbers_nesting_and_task_signs() {
    assert_eq!(
        text("intro\n\n3. three\n4. four\n   - inner\n     - deeper\n5. five\n\nend"),
        "intro\n\n3. three\n4. four\n  • inner\n    • deeper\n5. five\n\nend"
    );
    assert_eq!(text("- [x] done\n- [ ] open"), "☑ done\n☐ open");
    assert_eq!(text("- a\n\n- b\n\n  second"), "• a\n\n• b\n\nsecond");
}

#[test]
fn a_quote_is_one_run_over_its_paragraphs() {
    assert_eq!(marked("> a\n>\n> b\n\nc"), "<q>a\n\nb<>\n\nc");
    assert_eq!(marked("> a\n>> b"), "<q>a\n\nb");
    assert_eq!(marked("> - a\n>   - b"), "<q>• a\n  • b");
}

#[test]
fn a_line_break_before_any_text_breaks_no_line() {
    assert_eq!(marked("```\na\n```\n\n> \\\n> b"), "<p>a<>\n\n<q>b");
    assert_eq!(marked("- \\\n  b"), "<>• b");
}

#[test]
fn a_code_block_interrupts_a_quote_and_keeps_its_language() {
    assert_eq!(marked("> a\n> ```rust\n> b\n> ```\n> c"), "<q>a<>\n\n<p>b<>\n\n<q>c");
    let styled = read("```rust ignore\nlet a = 1;\n```");
    let (_, style) = styled.run(0).unwrap();
    assert_eq!(style.code, CodeStyle::Block(Some("rust".into())));
    assert_eq!(styled.text(), "let a = 1;");
    let hostile = read("```<b>`x\ncode\n```");
    assert!(hostile.runs_in(0..4).all(|(_, style)| style.code != CodeStyle::Inline));
}

#[test]
fn a_table_becomes_aligned_code_with_its_addresses() {
    assert_eq!(
        marked("| a | long name |\n|---|---|\n| **wide cell** | [x](https://example.com/) |"),
        "<p>a         | long name\n----------+-------------------------\nwide cell | x (https://example.com/)"
    );
}

#[test]
fn images_are_links_and_inert_addresses_are_text() {
    assert_eq!(marked("![alt](https://example.com/i.png)"), "<l>alt");
    assert_eq!(marked("![](https://example.com/i.png)"), "<l>image");
    assert_eq!(marked("[](https://example.com/)"), "<l>https://example.com/");
    assert_eq!(marked("[x](javascript:alert(1))"), "<>x");
    assert_eq!(marked("[x](java&#115;cript:alert(1))"), "<>x");
    assert_eq!(marked("[x][r]\n\n[r]: DATA:text/html,1"), "<>x");
    assert_eq!(marked("[`f()`](https://example.com/)"), "<l>f()");
}

#[test]
fn raw_html_is_text() {
    assert_eq!(text("a <svg onload=alert(1)> b"), "a <svg onload=alert(1)> b");
    assert_eq!(text("<script>\nx\n</script>\n\nb"), "<script>\nx\n</script>\n\nb");
}

#[test]
fn characters_hidden_behind_entities_are_neutralised_too() {
    assert_eq!(text("a&#8238;b&#27;c\u{200b}d `e\u{202e}f`"), "abcd ef");
}

#[test]
fn a_hostile_table_is_not_multiplied_by_its_padding() {
    let wide = "x".repeat(32);
    let head = [wide.as_str(); 12].join("|");
    let source =
        format!("|{head}|\n|{}\n{}", "-|".repeat(12), "|a|b|c|d|e|f|g|h|i|j|k|l|\n".repeat(2_000));
    assert!(text(&source).len() < 5 * source.len());
}

#[test]
fn deep_nesting_does_not_multiply_indentation() {
    let source = format!("{}x", "- ".repeat(5_000));
    assert!(text(&source).len() < 40 * source.len());
}

fn covers(styled: &StyledText) -> bool {
    let whole = 0..styled.text().len();
    let joined: String = styled.runs_in(whole).map(|(piece, _)| piece).collect();
    joined == styled.text()
}

proptest! {
    #[test]
    fn every_source_is_read_without_a_panic_and_its_runs_cover_the_text(
        source in "[a `*_~>#\\-|\n\\[\\]()!<&;0-9😀]{0,200}",
    ) {
        prop_assert!(covers(&read(&source)));
    }
}
