use super::{CalculationError, EXPRESSION_BYTES_MAX, EXPRESSION_DEPTH_MAX, calculate};
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

#[test]
fn expressions_have_the_value_that_arithmetic_gives_them() {
    for (expression, expected) in [
        ("12*7", "84"),
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("-2^2", "-4"),
        ("2^3^2", "512"),
        ("2**10", "1024"),
        ("2^-1", "0.5"),
        ("2^100", "1267650600228229401496703205376"),
        ("0.1 + 0.2", "0.3"),
        ("10 / 4", "2.5"),
        ("9 / 3", "3"),
        ("1 / 3", "about 0.333333333333"),
        ("17 % 5", "2"),
        ("6 × 7 ÷ 2 − 1", "20"),
        ("1_000_000 * 3", "3000000"),
        ("1.5e3 + 1", "1501"),
        ("2e", "unexpected name `e`"),
        ("sqrt(144)", "12"),
        ("sqrt(2)", "about 1.41421356237"),
        ("round(2.5) + floor(-1.5) + ceil(1.2)", "3"),
        ("min(3, 1, 2) + max(4, 9)", "10"),
        ("abs(-5)", "5"),
        ("log10(1000)", "3"),
        ("sin(0) + cos(0)", "1"),
        ("pi", "about 3.14159265359"),
        ("5!", "unexpected character `!`"),
        ("", "the expression is incomplete"),
        ("2 +", "the expression is incomplete"),
        ("(1", "the expression is incomplete"),
        ("2 3", "unexpected number 3"),
        ("1.2.3", "not a number: `1.2.3`"),
        ("import", "unknown name `import`"),
        ("exec(1)", "unknown name `exec`"),
        ("sqrt(1, 2)", "wrong number of arguments for `sqrt`"),
        ("1/0", "division by zero"),
        ("1 % 0", "division by zero"),
        ("0^-1", "division by zero"),
        ("sqrt(-1)", "the result is not a real number"),
        ("9^9^9^9", "the result is too large"),
        ("1e999", "not a number: `1e999`"),
        ("10^300 * 10^300", "the result is too large"),
        ("170141183460469231731687303715884105727 + 1", "about 1.7014118346e38"),
    ] {
        let shown = calculate(expression).unwrap_or_else(|error| error.to_string());
        assert_eq!(shown, expected, "{expression}");
    }
}

#[test]
fn an_expression_at_the_length_limit_is_worked_out_and_one_beyond_it_is_refused() {
    let fits = format!("{}1", "1+".repeat((EXPRESSION_BYTES_MAX - 1) / 2));
    assert_eq!(fits.len(), EXPRESSION_BYTES_MAX - 1);
    assert_eq!(calculate(&format!("{fits} ")).unwrap(), "500");
    assert_eq!(calculate(&format!("{fits}  ")), Err(CalculationError::TooLong));
}

#[test]
fn nesting_at_the_limit_is_worked_out_and_beyond_it_is_refused() {
    // The innermost number is a level of its own.
    let nested = |levels: usize| format!("{}1{}", "(".repeat(levels), ")".repeat(levels));
    assert_eq!(calculate(&nested(EXPRESSION_DEPTH_MAX - 1)).unwrap(), "1");
    for hostile in [
        nested(EXPRESSION_DEPTH_MAX),
        "-".repeat(EXPRESSION_DEPTH_MAX + 1),
        "2^".repeat(EXPRESSION_DEPTH_MAX + 1),
        "sqrt(".repeat(EXPRESSION_DEPTH_MAX + 1),
    ] {
        assert_eq!(calculate(&hostile), Err(CalculationError::TooDeep));
    }
}

proptest! {
    #[test]
    fn any_text_has_a_value_or_an_error(text in any::<String>()) {
        prop_assert!(!calculate(&text).unwrap_or_else(|error| error.to_string()).is_empty());
    }

    #[test]
    fn any_expression_has_a_value_or_an_error(text in "[0-9.e+*/%^(),a-z -]{0,80}") {
        prop_assert!(!calculate(&text).unwrap_or_else(|error| error.to_string()).is_empty());
    }

    #[test]
    fn whole_numbers_are_exact(left in any::<i64>(), right in any::<i64>()) {
        let (a, b) = (i128::from(left), i128::from(right));
        prop_assert_eq!(calculate(&format!("({left}) * ({right})")).unwrap(), (a * b).to_string());
        prop_assert_eq!(calculate(&format!("({left}) - ({right})")).unwrap(), (a - b).to_string());
    }

    #[test]
    fn a_result_is_never_long(base in 2_u32..1000, exponent in any::<u32>()) {
        if let Ok(text) = calculate(&format!("{base}^{exponent}")) {
            prop_assert!(text.len() < 60);
        }
    }
}
