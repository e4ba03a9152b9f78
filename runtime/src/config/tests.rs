use super::{DEFAULTS, Environment, Loaded, ProviderOrigin, load, show};
use rookery_actors::ActorSettings;
use rookery_admin_web::WebSettings;
use rookery_channels::TelegramSettings;
use rookery_control::Faults;
use rookery_domain::Secret;
use rookery_storage::DatabaseSettings;
use rookery_storage::directory::DirectorySettings;
use rookery_storage::live::LiveLimits;
use std::io::Write;
use std::path::Path;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    Environment::from_pairs(
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    )
}

fn with(text: &str, pairs: &[(&str, &str)]) -> Result<Loaded, Faults> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    load(Some(file.path()), &environment(pairs))
}

fn example(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples").join(name)
}

#[test]
fn every_key_of_the_defaults_is_read_and_every_key_that_is_read_has_a_default() {
    let loaded = with("", &[]).unwrap();
    assert_eq!(loaded.unknown, []);
}

#[test]
fn the_defaults_are_those_of_the_crates_that_take_them() {
    let config = with("", &[]).unwrap().config;
    let same = |left: &dyn std::fmt::Debug, right: &dyn std::fmt::Debug| {
        assert_eq!(format!("{left:#?}"), format!("{right:#?}"));
    };
    same(&config.limits.actors, &ActorSettings::default());
    same(&config.channels.telegram, &TelegramSettings::default());
    same(&config.limits.storage.directory, &DirectorySettings::default());
    same(&config.limits.storage.live, &LiveLimits::default());
    let url = Secret::new("sqlite::memory:");
    same(&config.limits.storage.database(&url, None), &DatabaseSettings::new("sqlite::memory:"));
    let public_url: url::Url = "http://localhost".parse().unwrap();
    same(
        &config.limits.web.settings(public_url.clone(), Secret::new("k")),
        &WebSettings::new(public_url, Secret::new("k")),
    );
    let models = rookery_llm::RouterSettings::default();
    same(&config.llm.router.breaker, &models.breaker);
    same(&config.llm.router.retry, &models.retry);
    same(&config.llm.router.providers[0].limits, &rookery_llm::ProviderLimits::default());
}

#[test]
fn the_environment_goes_before_the_file_and_the_file_before_the_defaults() {
    let file = "[http]\nlisten = \"127.0.0.1:1\"\n[ops]\nlisten = \"127.0.0.1:2\"\n\
        [llm.providers.main]\nkind = \"offline\"\n";
    let pairs = [
        ("ROOKERY__HTTP__LISTEN", "127.0.0.1:3"),
        ("ROOKERY__LIMITS__CRASHES_MAX", "7"),
        ("ROOKERY__CLUSTER__ENABLED", "true"),
        ("ROOKERY__EGRESS__ALLOW", "127.0.0.1, localhost"),
        ("ROOKERY__LLM__ROLES__CHAT", "main/a,spare_2/b"),
        ("ROOKERY__LLM__PROVIDERS__SPARE_2__KIND", "openai"),
        ("ROOKERY__LLM__PROVIDERS__SPARE_2__API_KEY", "canary"),
        ("ROOKERY_CONFIG", "/nowhere"),
    ];
    let loaded = with(file, &pairs).unwrap();
    let config = &loaded.config;
    assert_eq!(loaded.unknown, []);
    assert_eq!(config.http.listen.port(), 3);
    assert_eq!(config.ops.listen.port(), 2);
    assert_eq!(config.limits.actors.crashes_max, 7);
    assert!(config.cluster.enabled);
    assert_eq!(config.egress.allow, ["127.0.0.1", "localhost"]);
    let names: Vec<_> = config.llm.router.providers.iter().map(|one| &one.name).collect();
    assert_eq!(names, ["main", "spare_2"]);
    assert_eq!(config.llm.router.providers[1].api_key.expose(), "canary");
    assert_eq!(config.llm.router.roles.values().next().unwrap().len(), 2);
}

#[test]
fn all_faults_are_reported_together() {
    let file = "[http]\nlisten = \"nowhere\"\npublic_url = \"https://x/path\"\n\
        [limits]\ncrashes_max = 0\ntick_every = 30\n\
        [memory]\nbackend = \"paper\"\n\
        [llm.providers.main]\nkind = \"parrot\"\n[llm.roles]\nchat = [\"nobody/x\", \"plain\"]\n";
    let faults = with(file, &[("ROOKERY__SECRETS__ROOT_KEY", "short")]).unwrap_err();
    let paths: Vec<&str> = faults.as_slice().iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "http.listen",
            "http.public_url",
            "secrets.root_key",
            "llm.roles.chat",
            "llm.providers.main.kind",
            "llm.roles.chat",
            "limits.tick_every",
            "limits.crashes_max",
            "memory.backend",
        ]
    );
}

#[test]
fn an_unknown_key_is_no_fault_and_names_its_neighbour() {
    let loaded = with("[storage]\ndata_dri = \"x\"\n", &[]).unwrap();
    assert_eq!(
        loaded.unknown[0].to_string(),
        "storage.data_dri: unknown key; did you mean `storage.data_dir`?"
    );
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_named() {
    let missing = load(Some(Path::new("/nowhere/rookery.toml")), &environment(&[])).unwrap_err();
    assert!(missing.to_string().contains("/nowhere/rookery.toml"), "{missing}");
    assert!(!missing.to_string().contains('\n'), "{missing}");
    let broken = with("[http\n", &[]).unwrap_err();
    assert!(broken.to_string().contains("is not TOML"), "{broken}");
}

#[test]
fn what_is_shown_holds_no_secret_and_loads_again() {
    let file = "[storage]\nurl = \"postgres://app:canary-1@host/db\"\n\
        [llm.providers.main]\nkind = \"openai\"\napi_key = \"canary-2\"\n\
        [llm]\napi_kye = \"canary-3\"\n[redis]\nurl = \"redis://:canary-4@host\"\n";
    let pairs = [("ROOKERY__STORAGE__MIGRATE_URL", "postgres://o@h/d?password=canary-5")];
    let loaded = with(file, &pairs).unwrap();
    let shown = show(&loaded).unwrap();
    assert!(!shown.contains("canary"), "{shown}");
    assert!(!format!("{loaded:?}").contains("canary"), "debug output");
    assert!(shown.contains("postgres://app:secret@host/db"), "{shown}");
    assert_eq!(with(&shown.replace("[secret]", ""), &[]).unwrap().unknown, []);
}

#[test]
fn without_a_provider_the_first_key_of_the_environment_answers_else_the_offline_model() {
    let config = with("", &[]).unwrap().config;
    assert_eq!(config.llm.origin, ProviderOrigin::Offline);
    assert_eq!(config.llm.router.providers.len(), 1);
    let pairs = [("ANTHROPIC_API_KEY", "canary"), ("OPENAI_API_KEY", "")];
    let config = with("", &pairs).unwrap().config;
    assert_eq!(config.llm.router.providers[0].kind, "anthropic");
    assert_eq!(config.llm.router.providers[0].api_key.expose(), "canary");
    let configured = "[llm.providers.main]\nkind = \"offline\"\n";
    let config = with(configured, &pairs).unwrap().config;
    assert_eq!(config.llm.origin, ProviderOrigin::Configured);
}

#[test]
fn what_this_version_does_not_do_is_refused_by_name() {
    let pairs = [
        ("ROOKERY__CLUSTER__ENABLED", "true"),
        ("ROOKERY__REDIS__URL", "redis://127.0.0.1"),
        ("ROOKERY__MEMORY__BACKEND", "qdrant"),
        ("ROOKERY__CHANNELS__SLACK__SIGNING_SECRET", "x"),
    ];
    let config = with("", &pairs).unwrap().config;
    let refused = config.refuse_what_is_not_here().unwrap_err();
    assert_eq!(refused.as_slice().len(), 4);
    assert!(refused.to_string().starts_with("cluster.enabled: is not in this version"));
    assert!(with("", &[]).unwrap().config.refuse_what_is_not_here().is_ok());
}

#[test]
fn the_embedded_database_follows_the_data_directory() {
    let config = with("", &[("ROOKERY__STORAGE__DATA_DIR", "/x/y")]).unwrap().config;
    assert_eq!(config.storage.url.expose(), "sqlite:///x/y/rookery.db");
    assert!(config.storage.is_embedded_default());
    assert_eq!(config.storage.sqlite_file().unwrap(), Path::new("/x/y/rookery.db"));
    let postgres = [("ROOKERY__STORAGE__URL", "postgres://app@host/db")];
    assert!(!with("", &postgres).unwrap().config.storage.is_embedded_default());
}

#[test]
fn the_public_url_falls_back_to_the_listener_as_this_machine_reaches_it() {
    let config = with("", &[]).unwrap().config;
    let bound = "0.0.0.0:4711".parse().unwrap();
    assert_eq!(config.http.public_url(bound), "http://127.0.0.1:4711");
    let given = [("ROOKERY__HTTP__PUBLIC_URL", "https://bots.example.com/")];
    let config = with("", &given).unwrap().config;
    assert_eq!(config.http.public_url(bound), "https://bots.example.com");
}

#[test]
fn the_example_has_no_fault_and_no_unknown_key() {
    let loaded = load(Some(&example("rookery.toml")), &environment(&[])).unwrap();
    assert_eq!(loaded.unknown, []);
    assert!(loaded.config.refuse_what_is_not_here().is_ok());
    assert!(!DEFAULTS.is_empty());
}
