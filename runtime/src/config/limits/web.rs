//! Limits of the HTTP surface.

use super::super::keys::Keys;
use rookery_admin_web::WebSettings;
use rookery_domain::Secret;
use std::time::Duration;
use url::Url;

/// The key of a limit is its name under `limits`; what each means stands at [`WebSettings`] and in
/// `config/default.toml`.
macro_rules! web_limits {
    ($($name:ident: $kind:ty,)*) => {
        /// Limits of the HTTP surface, until its URL and its key are known.
        #[derive(Debug, Clone)]
        pub struct WebLimits {
            $($name: $kind,)*
        }

        impl WebLimits {
            pub(super) fn read(keys: &mut Keys<'_>) -> Self {
                Self {
                    $($name: keys.read(concat!("limits.", stringify!($name))),)*
                }
            }

            /// The settings of the HTTP surface.
            pub fn settings(&self, public_url: Url, cookie_key: Secret) -> WebSettings {
                WebSettings {
                    public_url,
                    cookie_key,
                    $($name: self.$name,)*
                }
            }
        }
    };
}

web_limits! {
    hook_body_bytes_max: usize,
    api_body_bytes_max: usize,
    completion_body_bytes_max: usize,
    body_read_timeout: Duration,
    stream_keep_alive: Duration,
    streams_max: usize,
    run_wait_max: Duration,
    run_recheck_every: Duration,
    session_recheck_every: Duration,
    sockets_max: usize,
    socket_frame_bytes_max: usize,
    socket_pending_max: usize,
    socket_hello_timeout: Duration,
    socket_ping_every: Duration,
    socket_write_timeout: Duration,
    auth_failures_per_minute_max: u32,
    sign_in_lifetime: Duration,
    retry_after: Duration,
}
