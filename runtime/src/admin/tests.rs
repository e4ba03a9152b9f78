//! Client and server over a real socket and a real database.

use super::{AdminClient, AdminSocket, AdminState, KeyRequest, SOCKET_FILE, Status, router};
use crate::cli::Failure;
use crate::serve::{ListenerSettings, serve_on};
use crate::testing::{Place, mode};
use crate::wiring::{self, Database, Parts};
use futures::FutureExt;
use rookery_control::{SecretSources, TenantSpec, parse};
use rookery_domain::Secret;
use rookery_domain::api_key::Scope;
use rookery_domain::id::TenantId;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

struct NoSecrets;

impl SecretSources for NoSecrets {
    fn env(&self, _name: &str) -> Option<Secret> {
        None
    }

    fn file(&self, _path: &str) -> Result<Secret, String> {
        Err("there are none".to_owned())
    }
}

struct Running {
    place: Place,
    database: Database,
    parts: Parts,
    changed: mpsc::Receiver<TenantId>,
    stop: CancellationToken,
    tasks: TaskTracker,
    _socket: AdminSocket,
}

async fn start(body_bytes_max: usize) -> Running {
    let place = Place::new();
    let config = place.config();
    let database = wiring::open_database(&config).await.unwrap();
    database.migrate().await.unwrap();
    let parts = Parts::over(&config, &database).unwrap();
    let (sender, changed) = mpsc::channel(16);
    let state = AdminState {
        control: parts.control("https://bots.example.com"),
        changed: Arc::new(move |tenant| sender.try_send(tenant).unwrap()),
        replayed: Arc::new(|tenant| panic!("nothing of {tenant} was replayed")),
        status: Arc::new(|| {
            async {
                Status {
                    pid: 7,
                    version: "1".to_owned(),
                    http: "http://h".to_owned(),
                    ops: "http://o".to_owned(),
                    overseers: Some(0),
                }
            }
            .boxed()
        }),
        body_bytes_max,
    };
    let (socket, listener) = AdminSocket::bind(&place.data_dir()).unwrap();
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let settings = ListenerSettings {
        connections_max: 4,
        header_read_timeout: Duration::from_secs(5),
        finish_within: Duration::from_secs(1),
    };
    tasks.spawn(serve_on(listener, router(state), settings, stop.clone()));
    tasks.close();
    Running { place, database, parts, changed, stop, tasks, _socket: socket }
}

fn spec(running: &Running, text: &str) -> TenantSpec {
    let control = running.parts.control("");
    parse(text, control.known(), &NoSecrets).unwrap()
}

const FILE: &str = "[tenant]\nslug = \"acme\"\n[[agents]]\nslug = \"helper\"\n\
    [[api_keys]]\nslug = \"site\"\nscopes = [\"chat\"]\n";

#[tokio::test]
async fn a_file_is_applied_once_and_the_running_system_is_told() {
    let mut running = start(1024 * 1024).await;
    let client = AdminClient::find(&running.place.config()).await.unwrap().unwrap();
    assert_eq!(client.status().await.unwrap().pid, 7);
    let spec = spec(&running, FILE);
    let first = client.apply(&spec).await.unwrap();
    let second = client.apply(&spec).await.unwrap();
    assert!(first.changed && !second.changed);
    assert_eq!(running.changed.recv().await, Some(first.applied.tenant.id));
    let request =
        KeyRequest { tenant: "acme".to_owned(), slug: "ci".to_owned(), scopes: vec![Scope::Read] };
    let made = client.create_key(&request).await.unwrap();
    assert!(made.value.0.expose().starts_with("rk_"));
    assert_eq!(running.changed.recv().await, Some(made.tenant_id));
    assert!(running.changed.try_recv().is_err());
    assert_eq!(client.dead_letters(Some("acme"), 5).await.unwrap(), []);
    for nobody in ["run_00000000000000000000000001", "out_00000000000000000000000001"] {
        assert_eq!(client.replay(None, nobody.parse().unwrap()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_fault_arrives_as_faults_and_an_unknown_tenant_as_a_failure() {
    let running = start(1024 * 1024).await;
    let client = AdminClient::find(&running.place.config()).await.unwrap().unwrap();
    client.apply(&spec(&running, FILE)).await.unwrap();
    let mut request = KeyRequest {
        tenant: "acme".to_owned(),
        slug: "site".to_owned(),
        scopes: vec![Scope::Read],
    };
    let taken = client.create_key(&request).await.unwrap_err();
    assert!(matches!(taken, Failure::Given(_)), "{taken}");
    request.tenant = "nobody".to_owned();
    let stranger = client.create_key(&request).await.unwrap_err();
    assert_eq!(stranger.to_string(), "there is no tenant `nobody`");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let running = start(64).await;
    let client = AdminClient::find(&running.place.config()).await.unwrap().unwrap();
    assert!(client.apply(&spec(&running, FILE)).await.is_err());
}

#[tokio::test]
async fn the_socket_is_its_owners_alone_and_a_stale_one_is_no_server() {
    let running = start(1024).await;
    let config = running.place.config();
    let path = running.place.data_dir().join(SOCKET_FILE);
    assert_eq!(mode(&path), 0o600);
    running.stop.cancel();
    running.tasks.wait().await;
    assert!(path.exists());
    assert!(AdminClient::find(&config).await.unwrap().is_none());
    let (again, _listener) = AdminSocket::bind(&running.place.data_dir()).unwrap();
    assert_eq!(mode(&path), 0o600);
    drop(again);
    assert!(!path.exists());
    running.database.close().await;
}

#[tokio::test]
async fn a_data_directory_too_deep_for_a_socket_is_named() {
    let place = Place::new();
    let deep = place.directory.path().join("x".repeat(120));
    std::fs::create_dir_all(&deep).unwrap();
    let refused = AdminSocket::bind(&deep).unwrap_err();
    assert!(refused.to_string().contains("storage.data_dir"), "{refused}");
}
