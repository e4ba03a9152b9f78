//! The child's side: listens, prints where, and serves until it is killed.

use super::batch::Writer;
use super::{ingest, settle, turns};
use crate::options::{CeilingKind, CeilingOptions};
use axum::serve::ListenerExt as _;
use std::io::Write as _;
use tokio::net::{TcpListener, TcpStream};

/// Serves as a ceiling.
pub async fn serve(options: &CeilingOptions) -> anyhow::Result<()> {
    let writer = Writer::start(&options.url, options.tenant).await?;
    let router = match options.kind {
        CeilingKind::Ingest => ingest::router(writer),
        CeilingKind::Settle => settle::router(writer, options.tenant),
        CeilingKind::Turns => turns::router(writer, options.tenant, &options.outside)?,
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "http://{}", listener.local_addr()?)?;
    stdout.flush()?;
    drop(stdout);
    axum::serve(listener.tap_io(without_delay), router).await?;
    Ok(())
}

fn without_delay(stream: &mut TcpStream) {
    // A connection that is gone already says so when it is read.
    let _gone = stream.set_nodelay(true);
}
