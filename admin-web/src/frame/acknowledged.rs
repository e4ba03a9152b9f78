//! The kill point behind an acknowledgement.

use axum::body::Body;
use axum::response::Response;
use futures::StreamExt;
use rookery_domain::kill_point::{self, KillPoint};

/// Marks a response whose arrival means "it is durable". In a build with kill points the process
/// can be ended right behind it: the connection's task drops the body once it has handed all of it
/// to the socket's buffer and flushes before it gives up its turn, so a task spawned by that drop
/// runs after the write. In every other build the response is returned as it is.
pub(crate) fn acknowledged(response: Response) -> Response {
    if !kill_point::ENABLED {
        return response;
    }
    let (parts, body) = response.into_parts();
    let passing = PassOnDrop;
    let chunks = body.into_data_stream().map(move |chunk| {
        let _held_until_the_end = &passing;
        chunk
    });
    Response::from_parts(parts, Body::from_stream(chunks))
}

struct PassOnDrop;

impl Drop for PassOnDrop {
    #[expect(
        clippy::disallowed_methods,
        reason = "exists in test builds only, and has to outlive the connection's task"
    )]
    fn drop(&mut self) {
        if tokio::runtime::Handle::try_current().is_ok() {
            tokio::spawn(async { kill_point::hit(KillPoint::K3Acknowledged) });
        }
    }
}
