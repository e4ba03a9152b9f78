//! Base URLs as people write them, and the one URL that is called.

use reqwest::Url;

/// Reads a base URL; an empty one means the vendor's own.
///
/// Errors say what is wrong without repeating the URL, which may carry a credential.
pub(crate) fn base_url(text: &str, vendor: &str) -> Result<Url, String> {
    let trimmed = text.trim();
    let url = Url::parse(if trimmed.is_empty() { vendor } else { trimmed })
        .map_err(|error| format!("not a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("write it as https://host/path".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user or password: set `api_key`".to_owned());
    }
    Ok(url)
}

/// Appends a path, whether or not the base ends with a slash. A query stays where it is.
pub(crate) fn join(mut base: Url, path: &str) -> Url {
    let joined = format!("{}/{path}", base.path().trim_end_matches('/'));
    base.set_path(&joined);
    base.set_fragment(None);
    base
}
