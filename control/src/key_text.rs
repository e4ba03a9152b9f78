//! The text of API keys: `rk_` (so that leak detectors find it) and 32 random base-62 characters,
//! or a text that the operator brings, at least 16 characters long.

use rookery_domain::Secret;

/// What made keys start with.
pub const PREFIX: &str = "rk_";
/// Random characters of a made key: 190 bits.
pub const BODY_LENGTH: usize = 32;
/// Least length of a text that is brought, in characters.
pub const CHARACTERS_MIN: usize = 16;
/// Greatest length of a text that is brought, in bytes.
pub const BYTES_MAX: usize = 512;
/// How much of a text is kept readable, in characters, so that people can tell keys apart.
pub const SHOWN_CHARACTERS: usize = 7;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The greatest multiple of 62 in a byte: what lies above would favour the first characters.
const UNBIASED: u8 = 248;
/// A draw of 64 bytes misses 32 good ones with a chance of 1 in 10^46.
const DRAWS_MAX: usize = 4;

/// The operating system gave no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub struct RandomError;

/// Where unguessable bytes come from.
pub trait RandomSource: Send + Sync + std::fmt::Debug {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError>;
}

/// A fresh key's text.
pub fn make(random: &dyn RandomSource) -> Result<Secret, RandomError> {
    let mut text = String::with_capacity(PREFIX.len() + BODY_LENGTH);
    text.push_str(PREFIX);
    for _ in 0..DRAWS_MAX {
        let mut draw = [0_u8; 64];
        random.fill(&mut draw)?;
        let wanted = PREFIX.len() + BODY_LENGTH - text.len();
        text.extend(
            draw.iter()
                .filter(|byte| **byte < UNBIASED)
                .filter_map(|byte| ALPHABET.get(usize::from(*byte % 62)))
                .take(wanted)
                .map(|byte| char::from(*byte)),
        );
        if text.len() == PREFIX.len() + BODY_LENGTH {
            return Ok(Secret::new(text));
        }
    }
    Err(RandomError)
}

/// Why a brought text cannot be a key; `None` if it can.
pub fn refusal(text: &Secret) -> Option<String> {
    let text = text.expose();
    if text.chars().count() < CHARACTERS_MIN {
        Some(format!("is too short: give at least {CHARACTERS_MIN} characters"))
    } else if text.len() > BYTES_MAX {
        Some(format!("is too long: give at most {BYTES_MAX} bytes"))
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("takes visible ASCII characters only, for it travels in a header".to_owned())
    } else {
        None
    }
}

/// The part that people see.
pub fn shown_prefix(text: &Secret) -> String {
    text.expose().chars().take(SHOWN_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::{BODY_LENGTH, BYTES_MAX, PREFIX, RandomError, RandomSource, make, refusal};
    use rookery_domain::Secret;

    #[derive(Debug)]
    struct Fixed(u8);

    impl RandomSource for Fixed {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
            buffer.fill(self.0);
            Ok(())
        }
    }

    #[test]
    fn a_made_key_has_the_prefix_and_32_characters() {
        let key = make(&Fixed(61)).unwrap();
        assert_eq!(key.expose(), format!("{PREFIX}{}", "z".repeat(BODY_LENGTH)));
    }

    #[test]
    fn a_source_that_never_gives_an_unbiased_byte_is_given_up() {
        assert_eq!(make(&Fixed(255)), Err(RandomError));
    }

    #[test]
    fn a_brought_key_is_taken_from_16_characters_up_to_the_limit() {
        assert!(refusal(&Secret::new("x".repeat(15))).is_some());
        assert_eq!(refusal(&Secret::new("x".repeat(16))), None);
        assert_eq!(refusal(&Secret::new("x".repeat(BYTES_MAX))), None);
        assert!(refusal(&Secret::new("x".repeat(BYTES_MAX + 1))).is_some());
        assert!(refusal(&Secret::new("sixteen characters with spaces")).is_some());
    }
}
