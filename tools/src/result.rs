//! Results as a model gets them: never longer than a limit, and honest about being cut.

/// The longest result of a built-in tool, including the note that it was cut.
pub const RESULT_BYTES_MAX: usize = 4 * 1024;

const NOTE: &str = " [cut: the result was longer]";

/// Cuts a result at the limit, at a character boundary.
pub(crate) fn cap(mut text: String) -> String {
    if text.len() > RESULT_BYTES_MAX {
        let keep = text.floor_char_boundary(RESULT_BYTES_MAX - NOTE.len());
        text.truncate(keep);
        text.push_str(NOTE);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{NOTE, RESULT_BYTES_MAX, cap};

    #[test]
    fn a_result_at_the_limit_is_whole_and_one_beyond_it_is_cut_with_a_note() {
        let fits = "é".repeat(RESULT_BYTES_MAX / 2);
        assert_eq!(cap(fits.clone()), fits);
        let cut = cap(format!("{fits}é"));
        assert!(cut.len() <= RESULT_BYTES_MAX);
        assert!(cut.ends_with(NOTE));
    }
}
