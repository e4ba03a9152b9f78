use super::{Ruler, Weight, split};
use proptest::prelude::*;

/// Counts UTF-16 units; text between two `|` is solid.
struct Plain<'a>(&'a str);

impl Ruler for Plain<'_> {
    fn weigh(&mut self, _offset: usize, piece: &str, _first: bool) -> Weight {
        Weight { units: piece.encode_utf16().count(), marks: 0 }
    }

    fn is_solid(&mut self, offset: usize) -> bool {
        self.0[..offset].matches('|').count() % 2 == 1
    }
}

fn parts(text: &str, units: usize) -> Vec<&str> {
    let limit = Weight { units, marks: 1 };
    split(text, limit, &mut Plain(text)).into_iter().map(|range| &text[range]).collect()
}

#[test]
fn a_text_at_the_limit_is_one_part_and_one_unit_more_makes_two() {
    assert_eq!(parts(&"a".repeat(10), 10).len(), 1);
    assert_eq!(parts(&"a".repeat(11), 10), ["aaaaaaaaaa", "a"]);
    assert_eq!(parts("", 10), Vec::<&str>::new());
}

#[test]
fn a_cut_prefers_paragraph_then_line_then_sentence_then_word() {
    assert_eq!(
        parts("one. two\nthree\n\nfour five six", 20),
        ["one. two\nthree\n\n", "four five six"]
    );
    assert_eq!(parts("one. two\nthree four five", 16)[0], "one. two\n");
    assert_eq!(parts("One two three. Four five six", 24)[0], "One two three. ");
    assert_eq!(parts("one two three four", 12)[0], "one two ");
}

#[test]
fn a_solid_stretch_is_left_whole_where_a_line_before_it_will_do() {
    let text = "some words\nbefore\n|let a = 1;\nlet b = 2;|";
    assert_eq!(parts(text, 32)[0], "some words\nbefore\n");
    let long = "|let a = 1;\nlet b = 2;\nlet c = 3;|";
    assert_eq!(parts(long, 16)[0], "|let a = 1;\n");
}

#[test]
fn surrogate_pairs_and_joined_emoji_are_not_cut() {
    let family = "👨\u{200d}👩\u{200d}👧";
    let text = format!("aaaa{family}");
    assert_eq!(parts(&text, 8), ["aaaa", family]);
    assert_eq!(parts("aaa😀", 4), ["aaa", "😀"]);
}

#[test]
fn a_piece_larger_than_the_limit_is_cut_between_its_characters() {
    let zalgo = format!("e{}", "\u{301}".repeat(25));
    let found = parts(&zalgo, 10);
    assert_eq!(found.concat(), zalgo);
    assert!(found.iter().all(|part| part.chars().count() <= 10));
    assert_eq!(parts("😀😀", 1), ["😀", "😀"]);
}

proptest! {
    #[test]
    fn parts_put_together_are_the_text_and_each_fits(
        text in "[a-c .!?\n|😀👩\u{200d}é]{0,200}",
        units in 4_usize..40,
    ) {
        let found = parts(&text, units);
        prop_assert_eq!(found.concat(), text.as_str());
        for part in found {
            prop_assert!(!part.is_empty());
            prop_assert!(part.encode_utf16().count() <= units);
        }
    }
}
