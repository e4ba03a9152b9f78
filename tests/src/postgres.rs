//! A database on a private PostgreSQL server: of the server that all tests of a process share, or
//! of one that the test may stop. Rows are read through `psql`, as the superuser, whom row-level
//! security does not bind.

use anyhow::bail;
use rookery_storage::testing::{PostgresServer, TestDatabase};
use std::process::Stdio;
use tokio::process::Command;

/// One database.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
    database: TestDatabase,
}

#[derive(Debug)]
enum Server {
    Shared,
    Own(Box<PostgresServer>),
}

impl Postgres {
    /// An empty database of the shared server.
    pub async fn shared() -> anyhow::Result<Self> {
        let database = PostgresServer::shared().await?.create_database().await?;
        Ok(Self { server: Server::Shared, database })
    }

    /// An empty database of a server of its own.
    pub async fn own() -> anyhow::Result<Self> {
        let server = PostgresServer::start().await?;
        let database = server.create_database().await?;
        Ok(Self { server: Server::Own(Box::new(server)), database })
    }

    /// The application role's URL: what `storage.url` is set to.
    pub fn url(&self) -> &str {
        &self.database.app_url
    }

    /// The owner's URL: what `storage.migrate_url` is set to.
    pub fn owner_url(&self) -> &str {
        &self.database.owner_url
    }

    /// The superuser's URL, for tests that show that it is refused.
    pub fn superuser_url(&self) -> &str {
        &self.database.admin_url
    }

    /// Ends the server at once, as a crash would.
    pub async fn crash(&self) -> anyhow::Result<()> {
        self.owned()?.crash().await
    }

    /// Starts it again on the same port, with what it has on disk.
    pub async fn resume(&self) -> anyhow::Result<()> {
        self.owned()?.resume().await
    }

    fn owned(&self) -> anyhow::Result<&PostgresServer> {
        match &self.server {
            Server::Own(server) => Ok(server),
            Server::Shared => bail!("other tests use this server, too"),
        }
    }

    /// Runs SQL and returns rows as lines with columns separated by `|`.
    pub async fn query(&self, sql: &str) -> anyhow::Result<String> {
        let output = Command::new("psql")
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .arg(&self.database.admin_url)
            .stdin(Stdio::null())
            .output()
            .await?;
        if !output.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Postgres;

    #[tokio::test]
    async fn a_server_of_ones_own_survives_a_crash_with_its_data() {
        let database = Postgres::own().await.unwrap();
        database.query("create table kept (id int); insert into kept values (7)").await.unwrap();
        database.crash().await.unwrap();
        assert!(database.query("select 1").await.is_err());
        database.resume().await.unwrap();
        assert_eq!(database.query("select id from kept").await.unwrap(), "7");
    }

    #[tokio::test]
    async fn a_shared_server_cannot_be_stopped() {
        assert!(Postgres::shared().await.unwrap().crash().await.is_err());
    }
}
