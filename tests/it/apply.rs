//! `rookery apply`: one door, before the server starts or while it runs.

use rookery_tests::system::{BOT_TOKEN, Database, Setup, System};

on_both_databases!(the_same_file_gives_the_same_ids_however_often_and_whenever_it_is_applied);

async fn the_same_file_gives_the_same_ids_however_often_and_whenever_it_is_applied(
    database: Database,
) {
    let mut system = System::prepare(Setup::on(database)).await.unwrap();
    let file = system.apply_file();
    let before = system.apply(&file).await.unwrap();
    system.serve(None).await.unwrap();
    let running = system.apply(&file).await.unwrap();
    let again = system.apply(&file).await.unwrap();
    assert_eq!(before, running);
    assert_eq!(running, again);
    assert_eq!(before["tenant"]["slug"], "acme");
    assert!(before["tenant"]["id"].as_str().unwrap().starts_with("ten_"));
    assert!(before["agents"]["helper"]["id"].as_str().unwrap().starts_with("agt_"));
    assert!(before["api_keys"]["site"]["id"].as_str().unwrap().starts_with("key_"));
    let hook = before["connections"]["tg"]["hook_url"].as_str().unwrap();
    let id = before["connections"]["tg"]["id"].as_str().unwrap();
    assert_eq!(hook, format!("{}/hooks/telegram/{id}", system.base()));
    assert_eq!(before["connections"].as_object().unwrap().len(), 2, "no more than the file names");
    assert_eq!(system.sql("select count(*) from agent_revisions").await.unwrap(), "1");
}

#[tokio::test]
async fn secrets_are_nowhere_in_the_clear() {
    let mut system = System::prepare(Setup::on(Database::Sqlite)).await.unwrap();
    let file = system.apply_file();
    system.apply(&file).await.unwrap();
    system.serve(None).await.unwrap();
    system.wait_until_connected().await.unwrap();
    system.process().unwrap().terminate().unwrap();
    system.process().unwrap().ended(std::time::Duration::from_secs(30)).await.unwrap();
    let mut clear = Vec::new();
    for entry in walk(system.directory()) {
        let bytes = std::fs::read(&entry).unwrap_or_default();
        let found =
            |secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        if [BOT_TOKEN, rookery_tests::system::API_KEY, rookery_tests::system::HOOK_SECRET]
            .into_iter()
            .any(found)
        {
            clear.push(entry);
        }
    }
    assert_eq!(clear, Vec::<std::path::PathBuf>::new());
}

fn walk(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files
}

#[tokio::test]
async fn a_bad_file_is_refused_with_one_line_per_fault_and_changes_nothing() {
    let system = System::prepare(Setup::on(Database::Sqlite)).await.unwrap();
    let good = system.apply_file();
    let without_secret = good.replace("webhook_secret = { env = \"ACME_TELEGRAM_SECRET\" }\n", "");
    let later = format!(
        "{good}\n[[documents]]\nslug = \"hours\"\nagent = \"helper\"\nfile = \"hours.md\"\n"
    );
    let discord = format!(
        "{good}\n[[connections]]\nslug = \"dc\"\nchannel = \"discord\"\nagent = \"helper\"\n"
    );
    let misspelled =
        good.replace("while_busy", "while_bussy").replace("instructions", "instruction");
    let short_key =
        good.replace("value = { env = \"ACME_API_KEY\" }", "value = { value = \"short\" }");
    for (file, part) in [
        (without_secret, "webhook_secret"),
        (later, "not in this version"),
        (discord, "not in this version"),
        (misspelled, "instructions"),
        (short_key, "16"),
        ("[tenant".to_owned(), ""),
    ] {
        let refused = system.try_apply(&file).await.unwrap();
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert_eq!(refused.stdout, "");
        assert!(refused.stderr.contains(part), "{} lacks {part}", refused.stderr);
    }
}

#[tokio::test]
async fn what_is_missing_from_a_newer_file_ends() {
    let system = System::start(Setup::on(Database::Sqlite)).await.unwrap();
    let api = system.api().unwrap();
    assert_eq!(api.get("/api/v1/agents").await.unwrap().0, 200);
    let file = system.apply_file();
    let (before, after) = file.split_once("[[connections]]\nslug = \"tg\"").unwrap();
    let (_, rest) = after.split_once("[[connections]]").unwrap();
    let without = format!("{before}[[connections]]{rest}")
        .replace("slug = \"site\"\nscopes", "slug = \"other\"\nscopes");
    system.apply(&without.replace("ACME_API_KEY", "ACME_TELEGRAM_TOKEN")).await.unwrap();
    let unknown = async {
        loop {
            if api.get("/api/v1/agents").await.unwrap().0 == 401 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    let limit = std::time::Duration::from_secs(5);
    assert!(tokio::time::timeout(limit, unknown).await.is_ok(), "the key still works");
}
