//! The cache by itself, and the directory on both databases.

use super::cache::Cache;
use super::{CachedDirectory, DirectorySettings};
use crate::control::fixture::{Fixture, Sample, fresh_root_key, on_every_database};
use crate::vault::RootKeys;
use futures::future::FutureExt;
use rookery_domain::api_key::ApiKey;
use rookery_domain::id::{AgentId, ConnectionId, TenantId};
use rookery_domain::ports::control::TenantChange;
use rookery_domain::ports::{ControlStore, Directory, StoreError};
use rookery_domain::{Clock, Secret};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use uuid::Uuid;

const LIFETIME: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn an_entry_lives_from_the_start_of_its_reading() {
    let cache = Cache::new(8, LIFETIME);
    let reading = cache.begin();
    tokio::time::advance(LIFETIME / 2).await;
    cache.put(reading, 1, "one");
    tokio::time::advance(Duration::from_millis(4_999)).await;
    assert_eq!(cache.get(&1), Some("one"));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(cache.get(&1), None);
}

#[tokio::test(start_paused = true)]
async fn a_full_cache_forgets_its_oldest_entries_and_never_grows() {
    let cache = Cache::new(16, LIFETIME);
    for key in 0..1_000 {
        cache.put(cache.begin(), key, key);
        assert!(cache.len() <= 16);
        assert_eq!(cache.get(&key), Some(key));
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    assert_eq!(cache.get(&0), None);
    assert_eq!(cache.get(&998), Some(998));
}

#[test]
fn a_cache_of_capacity_one_holds_one_entry() {
    let cache = Cache::new(1, LIFETIME);
    cache.put(cache.begin(), 1, 1);
    cache.put(cache.begin(), 2, 2);
    assert_eq!((cache.len(), cache.get(&2)), (1, Some(2)));
}

#[test]
fn a_reading_that_began_before_a_change_is_not_kept() {
    let cache = Cache::new(8, LIFETIME);
    let early = cache.begin();
    cache.forget(|_, _| true);
    cache.put(early, 1, "old");
    assert_eq!(cache.get(&1), None);
    cache.put(cache.begin(), 1, "new");
    assert_eq!(cache.get(&1), Some("new"));
}

/// A reading that counts how often it ran, and takes a moment.
async fn counted(count: &AtomicU32, found: Option<u32>) -> Result<Option<u32>, &'static str> {
    count.fetch_add(1, Ordering::SeqCst);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    Ok(found)
}

#[tokio::test]
async fn many_who_miss_one_key_cause_one_reading() {
    let (cache, count) = (Cache::new(8, LIFETIME), AtomicU32::new(0));
    let all = (0..50).map(|_| cache.get_or_read(&1, async || counted(&count, Some(7)).await));
    let found = futures::future::join_all(all).await;
    assert!(found.iter().all(|one| *one == Ok(Some(7))));
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn an_aging_entry_is_read_again_by_one_while_the_others_take_it() {
    let (cache, count) = (Cache::new(8, LIFETIME), AtomicU32::new(0));
    cache.put(cache.begin(), 1, 6);
    tokio::time::advance(LIFETIME * 9 / 10).await;
    let all = (0..50).map(|_| cache.get_or_read(&1, async || counted(&count, Some(7)).await));
    let found = futures::future::join_all(all).await;
    let new = found.iter().filter(|one| **one == Ok(Some(7))).count();
    assert_eq!((new, count.load(Ordering::SeqCst)), (1, 1));
    tokio::time::advance(LIFETIME / 2).await;
    assert_eq!(cache.get(&1), Some(7));
}

#[tokio::test(start_paused = true)]
async fn a_failed_reading_leaves_an_entry_until_its_end_and_no_longer() {
    let cache = Cache::new(8, LIFETIME);
    cache.put(cache.begin(), 1, 6);
    tokio::time::advance(LIFETIME * 9 / 10).await;
    let failing = async || Err::<Option<u32>, _>("no database");
    assert_eq!(cache.get_or_read(&1, failing).await, Ok(Some(6)));
    tokio::time::advance(LIFETIME / 10).await;
    assert_eq!(cache.get_or_read(&1, failing).await, Err("no database"));
}

#[tokio::test(start_paused = true)]
async fn an_entry_whose_source_is_gone_is_forgotten_when_it_is_read_again() {
    let cache = Cache::new(8, LIFETIME);
    cache.put(cache.begin(), 1, 6);
    tokio::time::advance(LIFETIME * 9 / 10).await;
    let gone = async || Ok::<Option<u32>, ()>(None);
    assert_eq!(cache.get_or_read(&1, gone).await, Ok(None));
    assert_eq!(cache.len(), 0);
}

#[tokio::test]
async fn a_reader_that_gives_up_does_not_keep_the_others_out() {
    let cache = Cache::new(8, LIFETIME);
    let stuck = async || std::future::pending::<Result<Option<u32>, ()>>().await;
    let given_up = cache.get_or_read(&1, stuck).now_or_never();
    assert_eq!(given_up, None);
    let found = cache.get_or_read(&1, async || Ok::<_, ()>(Some(7)));
    assert_eq!(found.await, Ok(Some(7)));
}

#[test]
fn a_revoked_key_is_good_for_a_second_at_most() {
    assert!(DirectorySettings::default().key_lifetime <= Duration::from_secs(1));
}

on_every_database! {
    everything_of_a_tenant_is_found_within_it_and_nowhere_else,
    a_change_made_here_is_seen_at_once,
    a_change_made_elsewhere_is_seen_when_its_time_has_passed,
    something_missing_is_seen_at_once_when_it_is_made_here,
    an_expired_key_is_not_found_even_when_it_is_remembered,
    a_revoked_or_one_time_key_is_not_found,
    a_key_made_under_an_earlier_root_key_is_found,
    unknown_ids_and_texts_fill_no_memory,
    an_identity_is_remembered_for_the_tenants_own_connection_only,
    a_disabled_connection_is_still_found,
}

async fn everything_of_a_tenant_is_found_within_it_and_nowhere_else(fixture: Fixture) {
    let (first, second) = (fixture.tenant().await, fixture.tenant().await);
    let directory = &fixture.directory;
    for (own, other) in [(&first, &second), (&second, &first)] {
        let tenant = directory.tenant(own.tenant).await.unwrap().unwrap();
        assert_eq!(tenant.slug, own.slug);
        let connection = directory.connection(own.tenant, own.connection).await.unwrap();
        assert_eq!(connection, Some(own.connection()));
        assert_eq!(directory.connections(own.tenant).await.unwrap().len(), 1);
        let agent = directory.agent(own.tenant, own.agent).await.unwrap().unwrap();
        assert_eq!((agent.tenant_id, agent.revision), (own.tenant, 1));
        assert_eq!(directory.agents(own.tenant).await.unwrap(), [agent]);
        let owner = directory.connection_tenant(own.connection).await.unwrap();
        assert_eq!(owner, Some(own.tenant));
        let key = directory.api_key(&own.key_text).await.unwrap();
        assert_eq!(key, Some(own.api_key()));
        let foreign = directory.connection(own.tenant, other.connection).await.unwrap();
        assert_eq!(foreign, None);
        assert_eq!(directory.agent(own.tenant, other.agent).await.unwrap(), None);
    }
    let nobody = TenantId::from_uuid(Uuid::from_u128(5));
    assert_eq!(directory.tenant(nobody).await.unwrap(), None);
    assert_eq!(directory.connections(nobody).await.unwrap(), []);
    assert_eq!(directory.agents(nobody).await.unwrap(), []);
}

async fn a_change_made_here_is_seen_at_once(fixture: Fixture) {
    let sample = fixture.tenant().await;
    let agent = fixture.directory.agent(sample.tenant, sample.agent);
    assert_eq!(agent.await.unwrap().unwrap().revision, 1);
    let change = TenantChange { agents: vec![sample.agent_change(2)], ..sample.change(1) };
    fixture.control.save(change).await.unwrap();
    let agent = fixture.directory.agent(sample.tenant, sample.agent);
    assert_eq!(agent.await.unwrap().unwrap().revision, 2);
}

/// A directory that believes what it read for as long as `lifetime`.
fn directory(fixture: &Fixture, lifetime: Duration) -> CachedDirectory {
    let settings = DirectorySettings {
        lifetime,
        key_lifetime: lifetime,
        missing_lifetime: lifetime,
        ..DirectorySettings::default()
    };
    let clock: Arc<dyn Clock> = fixture.clock.clone();
    CachedDirectory::new(
        &fixture.database,
        RootKeys::new(fixture.root_key.clone()),
        clock,
        settings,
    )
}

async fn a_change_made_elsewhere_is_seen_when_its_time_has_passed(fixture: Fixture) {
    let sample = fixture.tenant().await;
    let believing = directory(&fixture, Duration::from_hours(1));
    let asking = directory(&fixture, Duration::ZERO);
    for directory in [&believing, &asking] {
        let agent = directory.agent(sample.tenant, sample.agent).await.unwrap();
        assert_eq!(agent.unwrap().revision, 1);
        assert!(directory.api_key(&sample.key_text).await.unwrap().is_some());
    }
    let change = TenantChange {
        agents: vec![sample.agent_change(2)],
        revoked_keys: vec![sample.key],
        ..sample.change(1)
    };
    fixture.control.save(change).await.unwrap();
    for (directory, revision, good) in [(&believing, 1, true), (&asking, 2, false)] {
        let agent = directory.agent(sample.tenant, sample.agent).await.unwrap();
        assert_eq!(agent.unwrap().revision, revision);
        let key = directory.api_key(&sample.key_text).await.unwrap();
        assert_eq!(key.is_some(), good);
    }
    believing.invalidate(sample.tenant);
    let agent = believing.agent(sample.tenant, sample.agent).await.unwrap();
    assert_eq!(agent.unwrap().revision, 2);
    assert_eq!(believing.api_key(&sample.key_text).await.unwrap(), None);
}

async fn something_missing_is_seen_at_once_when_it_is_made_here(fixture: Fixture) {
    let sample = Sample::fresh();
    let directory = &fixture.directory;
    assert_eq!(directory.tenant(sample.tenant).await.unwrap(), None);
    assert_eq!(directory.connection_tenant(sample.connection).await.unwrap(), None);
    assert_eq!(directory.api_key(&sample.key_text).await.unwrap(), None);
    fixture.control.save(sample.creation()).await.unwrap();
    assert!(directory.tenant(sample.tenant).await.unwrap().is_some());
    assert!(directory.connection_tenant(sample.connection).await.unwrap().is_some());
    assert!(directory.api_key(&sample.key_text).await.unwrap().is_some());
}

async fn an_expired_key_is_not_found_even_when_it_is_remembered(fixture: Fixture) {
    let sample = fixture.tenant().await;
    let end = fixture.now().plus(Duration::from_mins(1));
    let text = Secret::new(format!("expiring-{}", sample.tenant));
    let key = ApiKey { expires_at: Some(end), ..sample.api_key() };
    let change = TenantChange { api_keys: vec![(key, text.clone())], ..sample.change(1) };
    fixture.control.save(change).await.unwrap();
    assert!(fixture.directory.api_key(&text).await.unwrap().is_some());
    fixture.clock.set(end);
    assert_eq!(fixture.directory.api_key(&text).await.unwrap(), None);
    let asking = directory(&fixture, Duration::ZERO);
    assert_eq!(asking.api_key(&text).await.unwrap(), None);
}

async fn a_revoked_or_one_time_key_is_not_found(fixture: Fixture) {
    let sample = fixture.tenant().await;
    let asking = directory(&fixture, Duration::ZERO);
    let revoked = ApiKey { revoked_at: Some(fixture.now()), ..sample.api_key() };
    let one_time = ApiKey { one_time: true, ..sample.api_key() };
    for (version, key) in [(1, revoked), (2, one_time)] {
        let change = TenantChange {
            api_keys: vec![(key, sample.key_text.clone())],
            ..sample.change(version)
        };
        fixture.control.save(change).await.unwrap();
        assert_eq!(asking.api_key(&sample.key_text).await.unwrap(), None);
    }
}

async fn a_key_made_under_an_earlier_root_key_is_found(fixture: Fixture) {
    let sample = fixture.tenant().await;
    let new = fresh_root_key();
    let rotated = RootKeys::new(new.clone()).with_previous(fixture.root_key.clone());
    let after = fixture.another_process(&rotated);
    let found = after.directory.api_key(&sample.key_text).await.unwrap();
    assert_eq!(found, Some(sample.api_key()));
    let without = fixture.another_process(&RootKeys::new(new));
    assert_eq!(without.directory.api_key(&sample.key_text).await.unwrap(), None);
}

async fn unknown_ids_and_texts_fill_no_memory(fixture: Fixture) {
    let settings = DirectorySettings { missing_max: 8, ..DirectorySettings::default() };
    let clock: Arc<dyn Clock> = fixture.clock.clone();
    let keys = RootKeys::new(fixture.root_key.clone());
    let directory = CachedDirectory::new(&fixture.database, keys, clock, settings);
    for number in 0..40_u128 {
        let uuid = Uuid::from_u128(number);
        let connection = ConnectionId::from_uuid(uuid);
        assert_eq!(directory.connection_tenant(connection).await.unwrap(), None);
        assert_eq!(directory.tenant(TenantId::from_uuid(uuid)).await.unwrap(), None);
        let text = Secret::new(format!("guess-{number}"));
        assert_eq!(directory.api_key(&text).await.unwrap(), None);
        let agent = directory.agent(TenantId::from_uuid(uuid), AgentId::from_uuid(uuid));
        assert_eq!(agent.await.unwrap(), None);
        assert!(directory.remembered() <= 8);
    }
}

async fn an_identity_is_remembered_for_the_tenants_own_connection_only(fixture: Fixture) {
    let (first, second) = (fixture.tenant().await, fixture.tenant().await);
    let identity = serde_json::json!({ "id": 42, "username": "helper_bot" });
    let directory = &fixture.directory;
    let foreign =
        directory.remember_identity(first.tenant, second.connection, identity.clone()).await;
    assert!(matches!(foreign, Err(StoreError::NotFound(_))));
    directory.remember_identity(second.tenant, second.connection, identity.clone()).await.unwrap();
    let stored = directory.connection(second.tenant, second.connection).await.unwrap();
    assert_eq!(stored.unwrap().identity, Some(identity));
}

async fn a_disabled_connection_is_still_found(fixture: Fixture) {
    let sample = fixture.tenant().await;
    let mut connection = sample.connection();
    connection.enabled = false;
    let change = TenantChange { connections: vec![connection.clone()], ..sample.change(1) };
    fixture.control.save(change).await.unwrap();
    let found = fixture.directory.connection(sample.tenant, sample.connection);
    assert_eq!(found.await.unwrap(), Some(connection));
}
