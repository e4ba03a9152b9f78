//! Which cryptography TLS uses in this process.

/// Chooses ring, once per process and before anything opens TLS: two providers are linked, and
/// without a choice the first handshake would panic.
pub fn choose_provider() {
    if let Err(other) = rustls::crypto::ring::default_provider().install_default() {
        tracing::debug!(?other, "a TLS provider was chosen before");
    }
}
