use super::language_model::{Router, Shared};
use super::plan::{Plan, RetrySettings, Step};
use super::provider::Seat;
use super::route::Routes;
use crate::breaker::{BreakerSettings, Circuits};
use crate::provider::{Attempt, Provider, ProviderStream};
use crate::router::jitter::Jitter;
use crate::testing::http_client;
use crate::{LlmError, ProviderLimits, ProviderSettings, ROUTE_MODELS_MAX, RouterSettings};
use async_trait::async_trait;
use futures::StreamExt;
use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};
use rookery_domain::id::TenantId;
use rookery_domain::model::{ModelEvent, ModelRef, ModelRole, StopReason, Usage};
use rookery_domain::ports::{LanguageModel, ModelCall, ModelError, ModelErrorKind};
use rookery_domain::testing::model_suite::{ask, call};
use rookery_domain::testing::{ManualClock, SequentialIds};
use rookery_domain::{Secret, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, advance};

/// One thing that a scripted provider does.
#[derive(Debug, Clone)]
enum Act {
    Say(&'static str),
    Think,
    Stop,
    Fail(ModelErrorKind),
    FailAfterWait(ModelErrorKind, Duration),
    Pause(Duration),
}

/// A provider that plays one act list per call; when the lists are used up, it answers.
#[derive(Debug, Default)]
struct Scripted {
    calls: AtomicUsize,
    scripts: Mutex<VecDeque<Vec<Act>>>,
    tenant_keys: Mutex<Vec<Option<String>>>,
}

impl Scripted {
    fn new(scripts: impl IntoIterator<Item = Vec<Act>>) -> Arc<Self> {
        Arc::new(Self { scripts: Mutex::new(scripts.into_iter().collect()), ..Self::default() })
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Provider for Scripted {
    async fn start(&self, attempt: Attempt<'_>) -> Result<ProviderStream, ModelError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let key = attempt.tenant_key.map(|key| key.expose().to_owned());
        self.tenant_keys.lock().await.push(key);
        let script = self.scripts.lock().await.pop_front();
        let acts = script.unwrap_or_else(|| vec![Act::Say("well"), Act::Stop]);
        let model = attempt.model.to_string();
        let stream = futures::stream::iter(acts).filter_map(move |act| {
            let model = model.clone();
            async move { play(act, model).await }
        });
        Ok(stream.boxed())
    }
}

async fn play(act: Act, model: String) -> Option<Result<ModelEvent, ModelError>> {
    let fail = |kind, retry_after| Some(Err(ModelError { kind, model, status: None, retry_after }));
    match act {
        Act::Say(text) => Some(Ok(ModelEvent::Text(text.to_owned()))),
        Act::Think => Some(Ok(ModelEvent::Reasoning("hm".to_owned()))),
        Act::Stop => {
            Some(Ok(ModelEvent::Stop { reason: StopReason::Finished, usage: Usage::default() }))
        }
        Act::Fail(kind) => fail(kind, None),
        Act::FailAfterWait(kind, wait) => fail(kind, Some(wait)),
        Act::Pause(time) => {
            tokio::time::sleep(time).await;
            None
        }
    }
}

fn router(providers: &[(&str, &Arc<Scripted>)]) -> Router {
    router_with(providers, ProviderLimits::default())
}

fn router_with(providers: &[(&str, &Arc<Scripted>)], limits: ProviderLimits) -> Router {
    let seats = providers.iter().map(|(name, provider)| {
        let provider: Arc<dyn Provider> = Arc::<Scripted>::clone(provider);
        let seat = Seat {
            name: Arc::from(*name),
            kind: "scripted".to_owned(),
            has_key: true,
            provider,
            limits,
            slots: Arc::new(Semaphore::new(limits.concurrency_max)),
        };
        ((*name).to_owned(), seat)
    });
    let chat = providers.iter().map(|(name, _)| format!("{name}/m").parse().unwrap()).collect();
    Router {
        shared: Arc::new(Shared {
            seats: seats.collect(),
            routes: Routes::new(BTreeMap::from([(ModelRole::Chat, chat)])),
            circuits: Circuits::new(BreakerSettings::default()),
            retry: RetrySettings::default(),
            jitter: Jitter::new(1),
        }),
    }
}

fn any_call() -> ModelCall {
    call(Vec::new())
}

use ModelErrorKind::{
    BrokenOff, ContextTooLong, Filtered, NoRoute, RateLimited, Refused, TimedOut, Unauthorized,
    Unavailable,
};

#[tokio::test(start_paused = true)]
async fn the_next_model_answers_at_once_when_the_first_one_is_busy_or_down() {
    for kind in [RateLimited, Unavailable, TimedOut, Unauthorized, BrokenOff] {
        let first = Scripted::new([vec![Act::FailAfterWait(kind, Duration::from_secs(60))]]);
        let second = Scripted::new([]);
        let started_at = Instant::now();
        let router = router(&[("a", &first), ("b", &second)]);
        let transcript = ask(&router, any_call()).await;
        assert_eq!(transcript.error, None, "{kind}");
        assert_eq!(transcript.text(), "well");
        assert_eq!(transcript.started(), ["b/m"], "who did not answer is not named");
        assert!(started_at.elapsed() < Duration::from_secs(2));
        assert_eq!((first.calls(), second.calls()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_our_own_request_is_not_passed_to_the_next_model() {
    for kind in [Refused, ContextTooLong, Filtered] {
        let first = Scripted::new([vec![Act::Fail(kind)]]);
        let second = Scripted::new([]);
        let transcript = ask(&router(&[("a", &first), ("b", &second)]), any_call()).await;
        assert_eq!(transcript.error.unwrap().kind, kind);
        assert_eq!(second.calls(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn reasoning_is_not_visible_so_another_model_may_still_start_over() {
    let first = Scripted::new([vec![Act::Think, Act::Fail(Unavailable)]]);
    let second = Scripted::new([]);
    let transcript = ask(&router(&[("a", &first), ("b", &second)]), any_call()).await;
    assert_eq!(transcript.started(), ["a/m", "b/m"]);
    assert_eq!(transcript.text(), "well");
}

#[tokio::test(start_paused = true)]
async fn after_visible_text_an_error_ends_the_call() {
    for (kind, expected) in [(Unavailable, BrokenOff), (TimedOut, BrokenOff), (Filtered, Filtered)]
    {
        let first = Scripted::new([vec![Act::Say("half"), Act::Fail(kind)]]);
        let second = Scripted::new([]);
        let transcript = ask(&router(&[("a", &first), ("b", &second)]), any_call()).await;
        assert_eq!(transcript.text(), "half");
        assert_eq!(transcript.error.unwrap().kind, expected);
        assert_eq!(second.calls(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_an_end_is_a_failure() {
    let first = Scripted::new([vec![]]);
    let second = Scripted::new([vec![Act::Say("half")]]);
    let transcript = ask(&router(&[("a", &first), ("b", &second)]), any_call()).await;
    assert_eq!(transcript.started(), ["b/m"]);
    assert_eq!(transcript.error.unwrap().kind, BrokenOff);
}

#[tokio::test(start_paused = true)]
async fn the_last_model_is_tried_again_within_limits() {
    let fail = vec![Act::Fail(Unavailable)];
    let recovers = Scripted::new([fail.clone(), fail.clone()]);
    let transcript = ask(&router(&[("a", &recovers)]), any_call()).await;
    assert_eq!((transcript.error, recovers.calls()), (None, 3));

    let stays = Scripted::new(vec![fail; 10]);
    let transcript = ask(&router(&[("a", &stays)]), any_call()).await;
    assert_eq!(transcript.error.unwrap().kind, Unavailable);
    assert_eq!(stays.calls(), 3, "one attempt and two more");
}

#[tokio::test(start_paused = true)]
async fn what_the_provider_asks_to_wait_is_honoured_up_to_the_cap() {
    let cap = RetrySettings::default().wait_max;
    for (wait, calls) in
        [(Duration::from_secs(3), 2), (cap, 2), (cap + Duration::from_millis(1), 1)]
    {
        let provider = Scripted::new([vec![Act::FailAfterWait(RateLimited, wait)]]);
        let started_at = Instant::now();
        let transcript = ask(&router(&[("a", &provider)]), any_call()).await;
        assert_eq!(provider.calls(), calls, "{wait:?}");
        if calls == 2 {
            assert_eq!(transcript.error, None);
            assert!(started_at.elapsed() >= wait);
        } else {
            assert_eq!(transcript.error.unwrap().retry_after, Some(wait));
            assert!(started_at.elapsed() < Duration::from_secs(1), "no waiting in vain");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_is_not_tried_again_and_hides_no_failure_that_may_pass() {
    let first = Scripted::new(vec![vec![Act::Fail(Unavailable)]; 5]);
    let second = Scripted::new([vec![Act::Fail(Unauthorized)]]);
    let transcript = ask(&router(&[("a", &first), ("b", &second)]), any_call()).await;
    let error = transcript.error.unwrap();
    assert_eq!((error.kind, error.model.as_str()), (Unavailable, "a/m"));
    assert_eq!((first.calls(), second.calls()), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_circuit_opens_after_five_failures_and_lets_one_probe_pass_after_thirty_seconds() {
    let first = Scripted::new(vec![vec![Act::Fail(Unavailable)]; 5]);
    let second = Scripted::new([]);
    let router = router(&[("a", &first), ("b", &second)]);
    for _ in 0..8 {
        assert_eq!(ask(&router, any_call()).await.error, None);
    }
    assert_eq!(first.calls(), 5, "then it is left alone");
    assert!(router.providers()[0].circuit_open);
    advance(Duration::from_secs(29)).await;
    ask(&router, any_call()).await;
    assert_eq!(first.calls(), 5);
    advance(Duration::from_secs(1)).await;
    assert_eq!(ask(&router, any_call()).await.started(), ["a/m"]);
    assert!(!router.providers()[0].circuit_open);
}

#[tokio::test(start_paused = true)]
async fn an_open_circuit_without_another_model_is_unavailable_and_says_for_how_long() {
    let provider = Scripted::new(vec![vec![Act::Fail(Unavailable)]; 6]);
    let router = router(&[("a", &provider)]);
    for _ in 0..2 {
        ask(&router, any_call()).await;
    }
    let error = ask(&router, any_call()).await.error.unwrap();
    assert_eq!(error.kind, Unavailable);
    assert!(error.retry_after.unwrap() > Duration::from_secs(10));
    assert_eq!(provider.calls(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_with_its_own_bad_key_closes_nothing_for_others() {
    let provider = Scripted::new(vec![vec![Act::Fail(Unauthorized)]; 5]);
    let router = router(&[("a", &provider)]);
    let ids = SequentialIds::default();
    let keyed = |tenant_id| ModelCall {
        tenant_id,
        keys: Arc::new(BTreeMap::from([("a".to_owned(), Secret::new("own"))])),
        ..any_call()
    };
    let tenant = TenantId::generate(&ids);
    for _ in 0..7 {
        assert!(ask(&router, keyed(tenant)).await.error.is_some());
    }
    assert_eq!(provider.calls(), 5);
    let other = ask(&router, keyed(TenantId::generate(&ids))).await;
    assert_eq!(other.error, None);
    assert_eq!(ask(&router, any_call()).await.error, None);
    let keys = provider.tenant_keys.lock().await;
    assert_eq!(keys.last(), Some(&None));
    assert_eq!(keys.first(), Some(&Some("own".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn calls_beyond_a_providers_slots_go_to_the_next_model() {
    let limits = ProviderLimits { concurrency_max: 1, ..ProviderLimits::default() };
    let long = vec![Act::Say("long"), Act::Pause(Duration::from_secs(10)), Act::Stop];
    let first = Scripted::new([long]);
    let second = Scripted::new([]);
    let router = router_with(&[("a", &first), ("b", &second)], limits);
    let mut running = router.stream(any_call()).await.unwrap();
    assert!(running.next().await.unwrap().is_ok());
    let waited_from = Instant::now();
    assert_eq!(ask(&router, any_call()).await.started(), ["b/m"]);
    assert_eq!(waited_from.elapsed(), limits.slot_wait_max);
    let mut hasty = call(vec!["a/m".parse().unwrap()]);
    hasty.time_limit = limits.slot_wait_max / 2;
    let waited_from = Instant::now();
    assert_eq!(ask(&router, hasty).await.error.unwrap().kind, TimedOut);
    assert_eq!(waited_from.elapsed(), limits.slot_wait_max / 2);
    drop(running);
    assert_eq!(ask(&router, any_call()).await.started(), ["a/m"]);
    assert_eq!(first.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_with_its_time_wherever_it_stands() {
    let silent = vec![Act::Pause(Duration::from_secs(3600))];
    let slow = vec![Act::Say("half"), Act::Pause(Duration::from_secs(3600))];
    let busy = vec![Act::FailAfterWait(RateLimited, Duration::from_secs(9))];
    for (script, expected) in [(silent, TimedOut), (slow, TimedOut), (busy, RateLimited)] {
        let provider = Scripted::new([script]);
        let mut call = any_call();
        call.time_limit = Duration::from_secs(5);
        let started_at = Instant::now();
        let transcript = ask(&router(&[("a", &provider)]), call).await;
        assert_eq!(transcript.error.unwrap().kind, expected);
        assert!(started_at.elapsed() <= Duration::from_secs(5));
        assert_eq!(provider.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_without_a_route_uses_that_of_chat_except_for_vectors() {
    let provider = Scripted::new([]);
    let router = router(&[("a", &provider)]);
    for role in ModelRole::ALL {
        let mut call = any_call();
        call.role = role;
        let error = ask(&router, call).await.error.map(|error| error.kind);
        let expected = (role == ModelRole::Embed).then_some(NoRoute);
        assert_eq!(error, expected, "{}", role.as_str());
    }
}

#[tokio::test(start_paused = true)]
async fn the_route_of_a_call_replaces_the_installations_and_unknown_providers_are_passed_over() {
    let first = Scripted::new([]);
    let second = Scripted::new([]);
    let router = router(&[("a", &first), ("b", &second)]);
    let route = |models: &[&str]| models.iter().map(|model| model.parse().unwrap()).collect();
    let transcript = ask(&router, call(route(&["gone/m", "b/other"]))).await;
    assert_eq!(transcript.started(), ["b/other"]);
    let error = ask(&router, call(route(&["gone/m"]))).await.error.unwrap();
    assert_eq!((error.kind, error.model.as_str()), (NoRoute, "none"));
    assert_eq!(first.calls(), 0);
}

#[test]
fn all_faults_of_the_settings_are_reported_together() {
    let provider = |name: &str, kind: &str, base_url: &str| ProviderSettings {
        base_url: base_url.to_owned(),
        ..ProviderSettings::new(name, kind)
    };
    let mut idle = provider("idle", "offline", "");
    idle.limits.concurrency_max = 0;
    idle.limits.idle_max = Duration::ZERO;
    let chat: Vec<ModelRef> = vec!["nowhere/m".parse().unwrap(); ROUTE_MODELS_MAX + 1];
    let settings = RouterSettings {
        providers: vec![
            provider("Main", "openai", ""),
            provider("twice", "gemini", ""),
            provider("twice", "ollama", ""),
            provider("odd", "abacus", ""),
            provider("address", "anthropic", "not a url"),
            idle,
        ],
        roles: BTreeMap::from([(ModelRole::Chat, chat)]),
        breaker: BreakerSettings { failures_max: 0, ..BreakerSettings::default() },
        ..RouterSettings::default()
    };
    let clock = Arc::new(ManualClock::at(Timestamp::EPOCH));
    let Err(LlmError::Settings(faults)) = Router::new(settings, http_client(), clock) else {
        panic!("the settings are refused");
    };
    let mut keys: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
    keys.dedup();
    assert_eq!(
        keys,
        [
            "llm.providers.Main",
            "llm.providers.twice.kind",
            "llm.providers.twice",
            "llm.providers.odd.kind",
            "llm.providers.address.base_url",
            "llm.providers.idle.concurrency_max",
            "llm.providers.idle.idle_max",
            "llm.roles.chat",
            "llm.breaker.failures_max",
        ]
    );
    let text = LlmError::Settings(faults).to_string();
    assert!(text.contains("`gemini` is not in this version"), "{text}");
    assert!(text.contains("openai, anthropic, offline"), "{text}");
}

fn kinds() -> impl Strategy<Value = ModelErrorKind> {
    prop_oneof![
        Just(RateLimited),
        Just(Unavailable),
        Just(TimedOut),
        Just(Unauthorized),
        Just(BrokenOff),
    ]
}

proptest! {
    #[test]
    fn a_plan_ends_and_keeps_its_limits(
        models in 1_usize..6,
        kinds in proptest::collection::vec((kinds(), 0_u64..30_000), 40),
        limit_ms in 0_u64..60_000,
    ) {
        let settings = RetrySettings::default();
        let start = Instant::now();
        let deadline = start + Duration::from_millis(limit_ms);
        let mut plan = Plan::new(models, settings, deadline);
        let mut now = start;
        let mut tried = Vec::new();
        for (kind, wait_ms) in kinds {
            let index = match plan.next(now) {
                Step::GiveUp => break,
                Step::Try(index) => index,
                Step::Wait { index, until } => {
                    prop_assert!(until - now <= settings.wait_max && until < deadline);
                    now = until;
                    index
                }
            };
            tried.push(index);
            let error = ModelError {
                kind,
                model: index.to_string(),
                status: None,
                retry_after: (kind == RateLimited).then(|| Duration::from_millis(wait_ms)),
            };
            plan.failed(index, error, now, |wait| wait);
        }
        let retries = usize::try_from(settings.attempts_max).unwrap();
        prop_assert!(tried.len() <= models + retries, "{:?}", tried);
        prop_assert!(tried.iter().take(models).copied().eq(0..models), "in order: {:?}", tried);
        prop_assert_eq!(plan.next(now), Step::GiveUp);
        prop_assert!(plan.into_error().is_some());
    }
}
