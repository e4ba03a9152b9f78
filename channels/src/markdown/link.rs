//! Which addresses a reply may lead to.

use std::sync::Arc;
use url::Url;

/// Schemes that lead to a page, a mail or a profile and run nothing.
const SCHEMES: [&str; 4] = ["http", "https", "mailto", "tg"];

/// Longest address that is kept as a link, in bytes; beyond it only the text is shown.
pub(super) const ADDRESS_BYTES_MAX: usize = 1_024;

/// The address in its one normal form if it may be a link, `None` if it must stay inert.
///
/// The check is made on the parsed address, as a client would read it: entities are already
/// decoded, and the parser drops the tabs and line breaks that hide a scheme from a text search.
pub(super) fn checked(address: &str) -> Option<Arc<str>> {
    if address.len() > ADDRESS_BYTES_MAX {
        return None;
    }
    let url = Url::parse(address).ok()?;
    let allowed = SCHEMES.contains(&url.scheme()) && url.as_str().len() <= ADDRESS_BYTES_MAX;
    allowed.then(|| Arc::from(url.as_str()))
}

#[cfg(test)]
mod tests {
    use super::{ADDRESS_BYTES_MAX, checked};

    #[test]
    fn addresses_that_run_or_embed_something_stay_inert() {
        for address in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            " javascript:alert(1)",
            "data:text/html,<script>",
            "vbscript:x",
            "file:///etc/passwd",
            "//example.com",
            "/relative",
            "",
        ] {
            assert_eq!(checked(address), None, "{address:?}");
        }
    }

    #[test]
    fn an_address_is_kept_up_to_its_limit() {
        let address = format!("https://example.com/{}", "a".repeat(ADDRESS_BYTES_MAX - 20));
        assert_eq!(checked(&address).as_deref(), Some(address.as_str()));
        assert_eq!(checked(&format!("{address}a")), None);
        assert_eq!(checked("tg://user?id=7").as_deref(), Some("tg://user?id=7"));
    }
}
