//! Commands as they run without a server.

use super::arguments::{Arguments, Command, KeyCommand};
use super::failure::Failure;
use super::{apply, dead_letters, key, migrate};
use crate::cli::arguments::DeadLettersCommand;
use crate::config::Environment;
use crate::testing::Place;
use crate::wiring::{self, Parts};
use clap::{CommandFactory, Parser};
use std::process::ExitCode;

const FILE: &str = "[tenant]\nslug = \"acme\"\n[[agents]]\nslug = \"helper\"\n\
    [[api_keys]]\nslug = \"site\"\nscopes = [\"chat\"]\nvalue = { file = \"key.txt\" }\n\
    [[api_keys]]\nslug = \"other\"\nscopes = [\"read\"]\nvalue = { env = \"OTHER\" }\n";

#[test]
fn the_command_line_is_consistent_and_every_command_parses() {
    Arguments::command().debug_assert();
    for line in [
        "serve --config x.toml",
        "--config x.toml apply f.toml",
        "doctor --json",
        "config check",
        "config show",
        "migrate",
        "key create ci --tenant acme --scopes chat,read",
        "dead-letters list --tenant acme --limit 5",
        "dead-letters replay run_00000000000000000000000001",
        "dead-letters replay out_00000000000000000000000001 --tenant acme",
        "completions zsh",
    ] {
        let words = std::iter::once("rookery").chain(line.split(' '));
        assert!(Arguments::try_parse_from(words).is_ok(), "{line}");
    }
    assert!(Arguments::try_parse_from(["rookery", "dead-letters", "replay", "con_1"]).is_err());
}

#[tokio::test]
async fn a_file_is_applied_without_a_server_with_secrets_from_beside_it_and_the_environment() {
    let place = Place::new();
    let file = place.write("acme.toml", FILE);
    place.write("key.txt", "a-key-with-20-letters\n");
    let pairs = [("OTHER".to_owned(), "another-key-of-22-chars".to_owned())];
    let environment = Environment::from_pairs(pairs);
    for _ in 0..2 {
        let done = apply::run(place.config(), environment.clone(), file.clone()).await;
        assert_eq!(done.unwrap(), ExitCode::SUCCESS);
    }
    let config = place.config();
    let database = wiring::open_database(&config).await.unwrap();
    let parts = Parts::over(&config, &database).unwrap();
    let state = parts.tenants().tenant_by_slug("acme").await.unwrap().unwrap();
    assert_eq!(state.tenant.version, 1);
    assert_eq!(state.api_keys.len(), 2);
    database.close().await;
}

#[tokio::test]
async fn a_bad_file_is_a_fault_and_leaves_nothing_behind() {
    let place = Place::new();
    let file = place.write("acme.toml", FILE);
    let refused = apply::run(place.config(), Environment::default(), file).await.unwrap_err();
    let Failure::Given(faults) = refused else { panic!("{refused}") };
    assert_eq!(
        faults.to_string(),
        "api_keys[0].value: file `key.txt` cannot be read: No such file or directory (os error 2)\n\
         api_keys[1].value: environment variable `OTHER` is not set"
    );
    assert!(!place.data_dir().exists());
}

#[tokio::test]
async fn keys_and_dead_letters_of_an_unknown_tenant_fail() {
    let place = Place::new();
    assert_eq!(migrate::run(place.config()).await.unwrap(), ExitCode::SUCCESS);
    let line = ["rookery", "key", "create", "ci", "--tenant", "nobody"];
    let Command::Key { command } = Arguments::parse_from(line).command else {
        panic!("not a key command")
    };
    let KeyCommand::Create(_) = &command;
    let refused = key::run(place.config(), command).await.unwrap_err();
    assert_eq!(refused.to_string(), "there is no tenant `nobody`");
    for id in ["run_00000000000000000000000001", "out_00000000000000000000000001"] {
        let replay = DeadLettersCommand::Replay { id: id.parse().unwrap(), tenant: None };
        let refused = dead_letters::run(place.config(), replay).await.unwrap_err();
        assert!(refused.to_string().contains("is not a dead letter"), "{refused}");
    }
}

#[tokio::test]
async fn a_command_refuses_a_database_that_a_server_without_a_socket_holds() {
    let place = Place::new();
    let config = place.config();
    let database = wiring::open_database(&config).await.unwrap();
    database.lock_single_node().await.unwrap();
    let list = DeadLettersCommand::List { tenant: None, limit: 10 };
    let refused = dead_letters::run(place.config(), list).await.unwrap_err();
    assert!(refused.to_string().contains("in use"), "{refused}");
    database.close().await;
}
