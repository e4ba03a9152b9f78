//! Configuration on both databases.

use super::fixture::{Fixture, Sample, on_every_database};
use crate::entity::{ownership, routes, wake};
use rookery_domain::api_key::{ApiKey, Scope};
use rookery_domain::id::{AgentId, ApiKeyId, TenantId};
use rookery_domain::ports::control::TenantChange;
use rookery_domain::ports::{ApiKeys, ControlStore, Directory, SecretVault, StoreError};
use rookery_domain::{Secret, Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::time::Duration;
use uuid::Uuid;

on_every_database! {
    a_saved_tenant_is_read_back_by_its_slug,
    a_new_revision_replaces_the_published_one_and_keeps_its_number,
    a_change_from_an_old_version_is_refused_and_leaves_nothing,
    of_many_changes_from_one_version_exactly_one_is_made,
    of_many_creations_of_one_slug_exactly_one_is_made,
    a_slug_of_another_tenant_is_refused,
    a_renamed_tenant_is_found_under_its_new_slug_only,
    a_connection_id_of_another_tenant_is_refused,
    a_key_text_of_another_tenant_is_refused,
    a_change_that_names_another_tenants_things_is_refused,
    a_connection_to_an_agent_of_another_tenant_is_refused,
    a_change_that_fails_half_way_leaves_nothing,
    a_change_marks_the_tenant_and_is_audited_in_a_whole_chain,
    tenants_are_listed_oldest_first_in_pages,
    a_replaced_key_opens_with_its_new_text_only,
    a_revoked_key_frees_its_text,
    a_revoked_key_that_is_given_again_is_good_again,
    a_one_time_key_is_redeemed_exactly_once_by_many_at_once,
    only_a_good_one_time_key_is_redeemed,
    a_key_matches_its_own_text_within_its_own_tenant_only,
    a_removed_secret_is_gone,
    a_changed_connection_asks_its_platform_again_who_the_bot_is,
}

async fn a_saved_tenant_is_read_back_by_its_slug(fixture: Fixture) {
    let sample = fixture.tenant().await;
    let state = fixture.control.tenant_by_slug(&sample.slug).await.unwrap().unwrap();
    assert_eq!(state.tenant.id, sample.tenant);
    assert_eq!(state.tenant.version, 1);
    assert_eq!(state.agents.len(), 1);
    assert_eq!(state.agents[0].profile, sample.agent_change(1).profile);
    assert_eq!(state.connections, [sample.connection()]);
    assert_eq!(state.api_keys, [sample.api_key()]);
    let other = fixture.control.tenant_by_slug("no-such-tenant").await.unwrap();
    assert_eq!(other, None);
}

async fn a_new_revision_replaces_the_published_one_and_keeps_its_number(fixture: Fixture) {
    let sample = fixture.tenant().await;
    let change = TenantChange { agents: vec![sample.agent_change(2)], ..sample.change(1) };
    let published = change.agents[0].revision_id;
    fixture.control.save(change).await.unwrap();
    let state = fixture.control.tenant_by_slug(&sample.slug).await.unwrap().unwrap();
    assert_eq!(state.tenant.version, 2);
    assert_eq!(state.agents.len(), 1);
    assert_eq!(state.agents[0].revision_id, published);
    assert_eq!(state.agents[0].revision, 2);
    assert_eq!(state.agents[0].profile.instructions, "Revision 2.");
}

async fn a_change_from_an_old_version_is_refused_and_leaves_nothing(fixture: Fixture) {
    let sample = fixture.tenant().await;
    fixture.control.save(sample.change(1)).await.unwrap();
    let outdated = TenantChange { agents: vec![sample.agent_change(2)], ..sample.change(1) };
    let refused = fixture.control.save(outdated).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))));
    let again = fixture.control.save(sample.creation()).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))));
    let state = fixture.control.tenant_by_slug(&sample.slug).await.unwrap().unwrap();
    assert_eq!(state.tenant.version, 2);
    assert_eq!(state.agents[0].revision, 1);
}

async fn outcomes(
    fixture: &Fixture,
    changes: impl Iterator<Item = TenantChange>,
) -> Vec<Result<(), StoreError>> {
    let running: Vec<_> = changes
        .map(|change| {
            let control = fixture.control.clone();
            async move { control.save(change).await }
        })
        .collect();
    futures::future::join_all(running).await
}

async fn of_many_changes_from_one_version_exactly_one_is_made(fixture: Fixture) {
    let sample = fixture.tenant().await;
    let results = outcomes(&fixture, (0..8).map(|_| sample.change(1))).await;
    let made = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(made, 1, "{results:?}");
    assert!(results.iter().all(|result| matches!(result, Ok(()) | Err(StoreError::Conflict(_)))));
    assert_eq!(fixture.database.verify_audit(sample.tenant).await.unwrap(), None);
}

async fn of_many_creations_of_one_slug_exactly_one_is_made(fixture: Fixture) {
    let slug = Sample::fresh().slug;
    let samples: Vec<_> =
        (0..6).map(|_| Sample { slug: slug.clone(), ..Sample::fresh() }).collect();
    let results = outcomes(&fixture, samples.iter().map(Sample::creation)).await;
    let made = results.iter().position(Result::is_ok).unwrap();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    let state = fixture.control.tenant_by_slug(&slug).await.unwrap().unwrap();
    assert_eq!(state.tenant.id, samples[made].tenant);
}

async fn a_slug_of_another_tenant_is_refused(fixture: Fixture) {
    let first = fixture.tenant().await;
    let second = Sample { slug: first.slug.clone(), ..Sample::fresh() };
    let refused = fixture.control.save(second.creation()).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))));
    assert_eq!(fixture.directory.tenant(second.tenant).await.unwrap(), None);
}

async fn a_renamed_tenant_is_found_under_its_new_slug_only(fixture: Fixture) {
    let sample = fixture.tenant().await;
    let renamed = Sample { slug: format!("{}-new", sample.slug), ..sample.clone() };
    fixture.control.save(renamed.change(1)).await.unwrap();
    assert_eq!(fixture.control.tenant_by_slug(&sample.slug).await.unwrap(), None);
    let state = fixture.control.tenant_by_slug(&renamed.slug).await.unwrap().unwrap();
    assert_eq!(state.tenant.id, sample.tenant);
}

async fn a_connection_id_of_another_tenant_is_refused(fixture: Fixture) {
    let first = fixture.tenant().await;
    let second = Sample { connection: first.connection, ..Sample::fresh() };
    let refused = fixture.control.save(second.creation()).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    let owner = fixture.directory.connection_tenant(first.connection).await.unwrap();
    assert_eq!(owner, Some(first.tenant));
}

async fn a_key_text_of_another_tenant_is_refused(fixture: Fixture) {
    let first = fixture.tenant().await;
    let second = Sample { key_text: first.key_text.clone(), ..Sample::fresh() };
    let refused = fixture.control.save(second.creation()).await;
    assert!(matches!(&refused, Err(StoreError::Conflict(text)) if !text.contains("canary")));
    let found = fixture.directory.api_key(&first.key_text).await.unwrap();
    assert_eq!(found.unwrap().tenant_id, first.tenant);
}

async fn a_change_that_names_another_tenants_things_is_refused(fixture: Fixture) {
    let (first, second) = (fixture.tenant().await, fixture.tenant().await);
    let connection = TenantChange { connections: vec![second.connection()], ..first.change(1) };
    let key = TenantChange {
        api_keys: vec![(second.api_key(), Secret::new("another text 123"))],
        ..first.change(1)
    };
    for change in [connection, key] {
        let refused = fixture.control.save(change).await;
        assert!(matches!(refused, Err(StoreError::NotFound(_))), "{refused:?}");
    }
}

async fn a_connection_to_an_agent_of_another_tenant_is_refused(fixture: Fixture) {
    let (first, second) = (fixture.tenant().await, fixture.tenant().await);
    for agent in [second.agent, AgentId::from_uuid(Uuid::from_u128(1))] {
        let mut connection = first.connection();
        connection.agent_id = agent;
        let change = TenantChange { connections: vec![connection], ..first.change(1) };
        let refused = fixture.control.save(change).await;
        assert!(matches!(refused, Err(StoreError::NotFound(_))), "{refused:?}");
    }
}

async fn a_change_that_fails_half_way_leaves_nothing(fixture: Fixture) {
    let sample = Sample::fresh();
    let mut change = sample.creation();
    let too_long = "x".repeat(crate::vault::SECRET_SIZE_BYTES_MAX + 1);
    change.secrets.push(("llm/main".to_owned(), Secret::new(too_long)));
    assert!(fixture.control.save(change).await.is_err());
    assert_eq!(fixture.control.tenant_by_slug(&sample.slug).await.unwrap(), None);
    assert_eq!(fixture.directory.tenant(sample.tenant).await.unwrap(), None);
    assert_eq!(fixture.directory.api_key(&sample.key_text).await.unwrap(), None);
    assert_eq!(mark(&fixture, sample.tenant).await, None);
    let owned = ownership::Entity::find_by_id(sample.tenant.as_uuid())
        .one(fixture.database.reader())
        .await
        .unwrap();
    assert_eq!(owned, None);
    fixture.control.save(sample.creation()).await.unwrap();
    assert!(fixture.directory.tenant(sample.tenant).await.unwrap().is_some());
}

async fn mark(fixture: &Fixture, tenant: TenantId) -> Option<wake::Model> {
    wake::Entity::find_by_id(tenant.as_uuid()).one(fixture.database.reader()).await.unwrap()
}

async fn a_change_marks_the_tenant_and_is_audited_in_a_whole_chain(fixture: Fixture) {
    let sample = fixture.tenant().await;
    let first = mark(&fixture, sample.tenant).await.unwrap();
    fixture.control.save(sample.change(1)).await.unwrap();
    let second = mark(&fixture, sample.tenant).await.unwrap();
    assert_eq!((second.since, second.version), (first.since, first.version + 1));
    assert_eq!(fixture.database.verify_audit(sample.tenant).await.unwrap(), None);
    let scope = fixture.database.scope();
    let transaction = scope.read(sample.tenant).await.unwrap();
    let entries = transaction
        .find::<crate::entity::audit_log::Entity>()
        .all(transaction.connection())
        .await
        .unwrap();
    assert_eq!(entries.len(), 2);
}

async fn tenants_are_listed_oldest_first_in_pages(fixture: Fixture) {
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(fixture.tenant().await.tenant);
    }
    made.sort_unstable();
    let all = fixture.control.tenants(None, 100_000).await.unwrap();
    assert!(all.is_sorted());
    assert!(made.iter().all(|tenant| all.contains(tenant)));
    let after = fixture.control.tenants(Some(made[0]), 100_000).await.unwrap();
    assert!(!after.contains(&made[0]) && after.contains(&made[1]));
    assert_eq!(fixture.control.tenants(None, 1).await.unwrap(), all[..1]);
    assert_eq!(fixture.control.tenants(None, 0).await.unwrap(), []);
}

async fn a_replaced_key_opens_with_its_new_text_only(fixture: Fixture) {
    let sample = fixture.tenant().await;
    assert!(fixture.directory.api_key(&sample.key_text).await.unwrap().is_some());
    let text = Secret::new(format!("{}-second", sample.key_text.expose()));
    assert_eq!(fixture.directory.api_key(&text).await.unwrap(), None);
    let key = ApiKey { scopes: vec![Scope::Admin], ..sample.api_key() };
    let change = TenantChange { api_keys: vec![(key.clone(), text.clone())], ..sample.change(1) };
    fixture.control.save(change).await.unwrap();
    assert_eq!(fixture.directory.api_key(&sample.key_text).await.unwrap(), None);
    assert_eq!(fixture.directory.api_key(&text).await.unwrap(), Some(key));
}

async fn a_revoked_key_frees_its_text(fixture: Fixture) {
    let (first, second) = (fixture.tenant().await, fixture.tenant().await);
    assert!(fixture.directory.api_key(&first.key_text).await.unwrap().is_some());
    let change = TenantChange { revoked_keys: vec![first.key, second.key], ..first.change(1) };
    fixture.control.save(change).await.unwrap();
    assert_eq!(fixture.directory.api_key(&first.key_text).await.unwrap(), None);
    let foreign = fixture.directory.api_key(&second.key_text).await.unwrap();
    assert!(foreign.is_some(), "another tenant's key was revoked");
    let state = fixture.control.tenant_by_slug(&first.slug).await.unwrap().unwrap();
    assert_eq!(state.api_keys[0].revoked_at, Some(first.change(1).at));
    let taken_over = TenantChange {
        api_keys: vec![(second.api_key(), first.key_text.clone())],
        ..second.change(1)
    };
    fixture.control.save(taken_over).await.unwrap();
    let found = fixture.directory.api_key(&first.key_text).await.unwrap();
    assert_eq!(found, Some(second.api_key()));
}

async fn a_revoked_key_that_is_given_again_is_good_again(fixture: Fixture) {
    let first = fixture.tenant().await;
    let change = TenantChange { revoked_keys: vec![first.key], ..first.change(1) };
    fixture.control.save(change).await.unwrap();
    let revived = TenantChange {
        api_keys: vec![(first.api_key(), first.key_text.clone())],
        ..first.change(2)
    };
    fixture.control.save(revived).await.unwrap();
    let found = fixture.directory.api_key(&first.key_text).await.unwrap();
    assert_eq!(found, Some(first.api_key()));
}

async fn one_time_key(fixture: &Fixture, sample: &Sample, expires_at: Option<Timestamp>) -> Secret {
    let text = Secret::new(format!("one-time-{}", sample.tenant));
    let key = ApiKey {
        id: ApiKeyId::generate(&super::fixture::FreshIds),
        slug: "sign-in".to_owned(),
        one_time: true,
        expires_at,
        ..sample.api_key()
    };
    let change = TenantChange { api_keys: vec![(key, text.clone())], ..sample.change(1) };
    fixture.control.save(change).await.unwrap();
    text
}

async fn a_one_time_key_is_redeemed_exactly_once_by_many_at_once(fixture: Fixture) {
    let sample = fixture.tenant().await;
    let text = one_time_key(&fixture, &sample, None).await;
    assert_eq!(fixture.directory.api_key(&text).await.unwrap(), None);
    let tries = (0..12).map(|_| {
        let (control, text, at) = (fixture.control.clone(), text.clone(), fixture.now());
        async move { control.redeem(&text, at).await.unwrap() }
    });
    let taken: Vec<_> = futures::future::join_all(tries).await;
    let good: Vec<_> = taken.into_iter().flatten().collect();
    assert_eq!(good.len(), 1);
    assert_eq!((good[0].tenant_id, good[0].slug.as_str()), (sample.tenant, "sign-in"));
    assert_eq!(fixture.control.redeem(&text, fixture.now()).await.unwrap(), None);
    assert_eq!(fixture.database.verify_audit(sample.tenant).await.unwrap(), None);
    let transaction = fixture.database.scope().read(sample.tenant).await.unwrap();
    let leading = transaction
        .find::<routes::Entity>()
        .filter(routes::Column::Kind.eq("api_key"))
        .all(transaction.connection())
        .await
        .unwrap();
    let targets: Vec<_> = leading.iter().map(|route| route.target).collect();
    assert_eq!(targets, [sample.key.as_uuid()]);
}

async fn only_a_good_one_time_key_is_redeemed(fixture: Fixture) {
    let (first, second) = (fixture.tenant().await, fixture.tenant().await);
    let end = fixture.now().plus(Duration::from_mins(1));
    let text = one_time_key(&fixture, &first, Some(end)).await;
    assert_eq!(fixture.control.redeem(&first.key_text, fixture.now()).await.unwrap(), None);
    assert_eq!(fixture.control.redeem(&Secret::new("no such key"), end).await.unwrap(), None);
    assert_eq!(fixture.control.redeem(&text, end).await.unwrap(), None);
    let just_before = end.minus(Duration::from_millis(1));
    assert!(fixture.control.redeem(&text, just_before).await.unwrap().is_some());
    let revoked = one_time_key(&fixture, &second, None).await;
    let state = fixture.control.tenant_by_slug(&second.slug).await.unwrap().unwrap();
    let change = TenantChange {
        revoked_keys: state.api_keys.iter().map(|key| key.id).collect(),
        ..second.change(2)
    };
    fixture.control.save(change).await.unwrap();
    assert_eq!(fixture.control.redeem(&revoked, fixture.now()).await.unwrap(), None);
}

async fn a_key_matches_its_own_text_within_its_own_tenant_only(fixture: Fixture) {
    let (first, second) = (fixture.tenant().await, fixture.tenant().await);
    let control = &fixture.control;
    assert!(control.matches(first.tenant, first.key, &first.key_text).await.unwrap());
    assert!(!control.matches(first.tenant, first.key, &second.key_text).await.unwrap());
    assert!(!control.matches(second.tenant, first.key, &first.key_text).await.unwrap());
}

async fn a_removed_secret_is_gone(fixture: Fixture) {
    let (first, second) = (fixture.tenant().await, fixture.tenant().await);
    let change = TenantChange {
        removed_secrets: vec!["connection/token".to_owned(), "absent".to_owned()],
        ..first.change(1)
    };
    fixture.control.save(change).await.unwrap();
    let gone = fixture.vault.get(first.tenant, "connection/token").await.unwrap();
    assert_eq!(gone, None);
    let kept = fixture.vault.get(second.tenant, "connection/token").await.unwrap();
    assert_eq!(kept, Some(second.secret("token")));
}

async fn a_changed_connection_asks_its_platform_again_who_the_bot_is(fixture: Fixture) {
    let sample = fixture.tenant().await;
    let identity = serde_json::json!({ "username": "helper_bot" });
    fixture.directory.remember_identity(sample.tenant, sample.connection, identity).await.unwrap();
    let change = TenantChange { connections: vec![sample.connection()], ..sample.change(1) };
    fixture.control.save(change).await.unwrap();
    let state = fixture.control.tenant_by_slug(&sample.slug).await.unwrap().unwrap();
    assert_eq!(state.connections[0].identity, None);
}
