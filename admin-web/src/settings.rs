//! Every limit and every duration of the HTTP surface, named.

use rookery_domain::Secret;
use std::time::Duration;
use url::Url;

/// What the composition root decides about the HTTP surface.
#[derive(Debug, Clone)]
pub struct WebSettings {
    /// Where people and platforms reach us; its origin is the one that browsers may come from.
    pub public_url: Url,
    /// Signs the chat page's session cookies. Made afresh for every process: a restart signs
    /// everybody out.
    pub cookie_key: Secret,
    /// Largest body of a platform's delivery.
    pub hook_body_bytes_max: usize,
    /// Largest body of an API request.
    pub api_body_bytes_max: usize,
    /// Largest body of a completion request, which carries a whole conversation.
    pub completion_body_bytes_max: usize,
    /// A body must have arrived in this time.
    pub body_read_timeout: Duration,
    /// How often an idle event stream gets a comment, so that proxies keep it open.
    pub stream_keep_alive: Duration,
    /// Event streams and completions that may be open at once in this process.
    pub streams_max: usize,
    /// A run is watched for this long at most; afterwards the client has to come back.
    pub run_wait_max: Duration,
    /// How often an open run is looked up in the store, in case its live events were lost.
    pub run_recheck_every: Duration,
    /// How often the session of an idle socket is looked up, for the same reason.
    pub session_recheck_every: Duration,
    /// Web chat sockets that may be open at once in this process.
    pub sockets_max: usize,
    /// Largest frame a web chat client may send.
    pub socket_frame_bytes_max: usize,
    /// Messages of one socket that may wait for their reply at once.
    pub socket_pending_max: usize,
    /// The first frame must have arrived in this time.
    pub socket_hello_timeout: Duration,
    /// How often a socket is pinged; two unanswered pings end it.
    pub socket_ping_every: Duration,
    /// A frame must have left in this time.
    pub socket_write_timeout: Duration,
    /// Failed authentications from one address within a minute; further ones are refused unseen.
    pub auth_failures_per_minute_max: u32,
    /// How long a browser stays signed in.
    pub sign_in_lifetime: Duration,
    /// What `Retry-After` says where nobody knows better.
    pub retry_after: Duration,
}

impl WebSettings {
    /// The defaults, for a public URL and a key of at least 32 random characters.
    pub const fn new(public_url: Url, cookie_key: Secret) -> Self {
        Self {
            public_url,
            cookie_key,
            hook_body_bytes_max: 1024 * 1024,
            api_body_bytes_max: 256 * 1024,
            completion_body_bytes_max: 1024 * 1024,
            body_read_timeout: Duration::from_secs(10),
            stream_keep_alive: Duration::from_secs(15),
            streams_max: 10_000,
            run_wait_max: Duration::from_secs(3_900),
            run_recheck_every: Duration::from_secs(3),
            session_recheck_every: Duration::from_secs(300),
            sockets_max: 12_000,
            socket_frame_bytes_max: 64 * 1024,
            socket_pending_max: 32,
            socket_hello_timeout: Duration::from_secs(10),
            socket_ping_every: Duration::from_secs(30),
            socket_write_timeout: Duration::from_secs(10),
            auth_failures_per_minute_max: 60,
            sign_in_lifetime: Duration::from_secs(12 * 3_600),
            retry_after: Duration::from_secs(2),
        }
    }
}
