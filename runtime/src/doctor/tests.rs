use super::report::{Report, State};
use super::run;
use crate::testing::Place;
use crate::wiring::{self, Parts};
use std::os::unix::fs::PermissionsExt;

async fn report(place: &Place) -> Report {
    run(Some(&place.file()), &place.environment()).await
}

fn state_of(report: &Report, name: &str) -> Vec<State> {
    report.checks.iter().filter(|check| check.name == name).map(|check| check.state).collect()
}

#[tokio::test]
async fn a_machine_before_its_first_start_is_well_and_stays_untouched() {
    let place = Place::new();
    let report = report(&place).await;
    assert!(report.ok, "{}", report.table());
    assert!(!place.data_dir().exists());
}

#[tokio::test]
async fn an_installation_that_is_not_running_is_well() {
    let place = Place::new();
    let config = place.config();
    let database = wiring::open_database(&config).await.unwrap();
    database.migrate().await.unwrap();
    Parts::over(&config, &database).unwrap();
    database.close().await;
    let report = report(&place).await;
    assert!(report.ok, "{}", report.table());
    assert_eq!(state_of(&report, "migrations"), [State::Ok]);
    assert_eq!(state_of(&report, "single-node lock"), [State::Ok]);
    assert_eq!(state_of(&report, "root key"), [State::Ok]);
}

#[tokio::test]
async fn a_database_that_another_process_holds_and_an_open_root_key_fail() {
    let place = Place::new();
    let config = place.config();
    let database = wiring::open_database(&config).await.unwrap();
    database.lock_single_node().await.unwrap();
    Parts::over(&config, &database).unwrap();
    let key = place.data_dir().join("root.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let report = report(&place).await;
    assert!(!report.ok);
    assert_eq!(state_of(&report, "single-node lock"), [State::Failed]);
    assert_eq!(state_of(&report, "migrations"), [State::Warning]);
    assert_eq!(state_of(&report, "root key"), [State::Failed]);
    assert!(report.table().contains("chmod 600"));
    database.close().await;
}

#[tokio::test]
async fn a_taken_port_a_provider_that_is_down_and_a_faulty_configuration_fail() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let down = format!("http://{}/v1", free.local_addr().unwrap());
    drop(free);
    let place = Place::new()
        .with("ROOKERY__OPS__LISTEN", &address)
        .with("ROOKERY__LLM__PROVIDERS__MAIN__KIND", "openai")
        .with("ROOKERY__LLM__PROVIDERS__MAIN__BASE_URL", &down)
        .with("ROOKERY__LLM__PROVIDERS__MAIN__API_KEY", "canary");
    let report = report(&place).await;
    assert_eq!(state_of(&report, "ops.listen"), [State::Failed]);
    assert_eq!(state_of(&report, "model provider main"), [State::Failed]);
    let printed = serde_json::to_string(&report).unwrap();
    assert!(!printed.contains("canary"), "{printed}");

    let faulty = Place::new().with("ROOKERY__HTTP__LISTEN", "nowhere");
    let report = run(Some(&faulty.file()), &faulty.environment()).await;
    assert!(!report.ok);
    assert_eq!(state_of(&report, "configuration"), [State::Failed]);
}
