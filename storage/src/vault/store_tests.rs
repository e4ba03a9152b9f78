//! The vault on both databases.

use super::{RootKeys, VaultError};
use crate::control::fixture::{Fixture, Sample, fresh_root_key, on_every_database};
use crate::entity::{data_keys, secrets};
use rookery_domain::Secret;
use rookery_domain::ports::control::TenantChange;
use rookery_domain::ports::{ControlStore, SecretVault, StoreError};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::sync::atomic::{AtomicBool, Ordering};

on_every_database! {
    a_secret_is_read_back_within_its_own_tenant_only,
    a_prefix_is_taken_letter_by_letter,
    a_stored_secret_is_replaced,
    a_ciphertext_that_was_moved_or_altered_is_refused,
    a_secret_whose_data_key_is_gone_is_refused,
    a_data_key_is_rotated_under_load_without_an_error,
    a_root_key_is_rotated_and_the_old_one_is_useless,
    rotating_the_root_key_again_changes_nothing,
    a_tenant_that_does_not_exist_cannot_be_rotated,
}

const TOKEN: &str = "connection/token";

async fn store(fixture: &Fixture, sample: &Sample, version: i64, named: &[(&str, &str)]) {
    let change = TenantChange {
        secrets: named
            .iter()
            .map(|(name, text)| ((*name).to_owned(), Secret::new(*text)))
            .collect(),
        ..sample.change(version)
    };
    fixture.control.save(change).await.unwrap();
}

async fn a_secret_is_read_back_within_its_own_tenant_only(fixture: Fixture) {
    let (first, second) = (fixture.tenant().await, fixture.tenant().await);
    store(&fixture, &first, 1, &[("llm/main", "mine")]).await;
    let vault = &fixture.vault;
    assert_eq!(vault.get(first.tenant, TOKEN).await.unwrap(), Some(first.secret("token")));
    assert_eq!(vault.get(second.tenant, TOKEN).await.unwrap(), Some(second.secret("token")));
    assert_eq!(vault.get(second.tenant, "llm/main").await.unwrap(), None);
    let all = vault.with_prefix(second.tenant, "").await.unwrap();
    assert_eq!(all, [(TOKEN.to_owned(), second.secret("token"))]);
}

async fn a_prefix_is_taken_letter_by_letter(fixture: Fixture) {
    let sample = fixture.tenant().await;
    let named = [
        ("con_1/token", "a"),
        ("conX1/token", "b"),
        ("CON_1/token", "c"),
        ("con_1", "d"),
        ("con_1/ü%", "e"),
    ];
    store(&fixture, &sample, 1, &named).await;
    let found = fixture.vault.with_prefix(sample.tenant, "con_1/").await.unwrap();
    let listed: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(listed, ["con_1/token", "con_1/ü%"]);
    let found = fixture.vault.with_prefix(sample.tenant, "con_1/ü%").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1.expose(), "e");
    let none = fixture.vault.with_prefix(sample.tenant, "%").await.unwrap();
    assert_eq!(none, []);
}

async fn a_stored_secret_is_replaced(fixture: Fixture) {
    let sample = fixture.tenant().await;
    store(&fixture, &sample, 1, &[(TOKEN, "second")]).await;
    let found = fixture.vault.get(sample.tenant, TOKEN).await.unwrap();
    assert_eq!(found.unwrap().expose(), "second");
    let keys = data_key_rows(&fixture, &sample).await;
    assert_eq!(keys.len(), 1);
}

async fn secret_rows(fixture: &Fixture, sample: &Sample) -> Vec<secrets::Model> {
    let transaction = fixture.database.scope().read(sample.tenant).await.unwrap();
    let rows = transaction.find::<secrets::Entity>();
    rows.all(transaction.connection()).await.unwrap()
}

async fn data_key_rows(fixture: &Fixture, sample: &Sample) -> Vec<data_keys::Model> {
    let transaction = fixture.database.scope().read(sample.tenant).await.unwrap();
    let rows = transaction.find::<data_keys::Entity>();
    rows.all(transaction.connection()).await.unwrap()
}

fn is_unreadable<T: std::fmt::Debug>(result: &Result<T, StoreError>) -> bool {
    let text = VaultError::Unreadable.to_string();
    matches!(result, Err(StoreError::Broken(found)) if *found == text)
}

async fn a_ciphertext_that_was_moved_or_altered_is_refused(fixture: Fixture) {
    let (first, second) = (fixture.tenant().await, fixture.tenant().await);
    store(&fixture, &first, 1, &[("other", "x")]).await;
    let rows = secret_rows(&fixture, &first).await;
    let token = rows.iter().find(|row| row.name == TOKEN).unwrap();
    let mut altered = token.clone();
    altered.ciphertext[0] ^= 1;
    let keys = data_key_rows(&fixture, &first).await;
    // Another name of the tenant, the same row altered, and another tenant even with the key's row.
    for (target, name, row) in
        [(&first, "other", token), (&first, TOKEN, &altered), (&second, TOKEN, token)]
    {
        let transaction = fixture.database.scope().write(target.tenant).await.unwrap();
        if target.tenant == second.tenant {
            transaction
                .update::<data_keys::Entity>()
                .col_expr(data_keys::Column::Wrapped, Expr::value(keys[0].wrapped.clone()))
                .col_expr(data_keys::Column::Nonce, Expr::value(keys[0].nonce.clone()))
                .exec(transaction.connection())
                .await
                .unwrap();
        }
        transaction
            .update::<secrets::Entity>()
            .col_expr(secrets::Column::Ciphertext, Expr::value(row.ciphertext.clone()))
            .col_expr(secrets::Column::Nonce, Expr::value(row.nonce.clone()))
            .filter(secrets::Column::Name.eq(name))
            .exec(transaction.connection())
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        let refused = fixture.vault.get(target.tenant, name).await;
        assert!(is_unreadable(&refused), "{refused:?}");
    }
}

async fn a_secret_whose_data_key_is_gone_is_refused(fixture: Fixture) {
    let (first, second) = (fixture.tenant().await, fixture.tenant().await);
    let transaction = fixture.database.scope().write(first.tenant).await.unwrap();
    transaction.delete::<data_keys::Entity>().exec(transaction.connection()).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(is_unreadable(&fixture.vault.get(first.tenant, TOKEN).await));
    assert!(fixture.vault.get(second.tenant, TOKEN).await.unwrap().is_some());
}

async fn a_data_key_is_rotated_under_load_without_an_error(fixture: Fixture) {
    let sample = fixture.tenant().await;
    let before = data_key_rows(&fixture, &sample).await;
    let stopped = AtomicBool::new(false);
    let rotate = async {
        for _ in 0..10 {
            fixture.vault.rotate_data_key(sample.tenant).await.unwrap();
        }
        stopped.store(true, Ordering::SeqCst);
    };
    let write = async {
        let mut version = 1;
        while !stopped.load(Ordering::SeqCst) {
            let text = format!("text {version}");
            store(&fixture, &sample, version, &[("busy", &text)]).await;
            let found = fixture.vault.get(sample.tenant, "busy").await.unwrap();
            assert_eq!(found.unwrap().expose(), text);
            version += 1;
        }
    };
    let read = async {
        while !stopped.load(Ordering::SeqCst) {
            let found = fixture.vault.get(sample.tenant, TOKEN).await.unwrap();
            assert_eq!(found, Some(sample.secret("token")));
            tokio::task::yield_now().await;
        }
    };
    futures::join!(rotate, write, read);
    let after = data_key_rows(&fixture, &sample).await;
    assert_eq!(after.len(), 1);
    assert_ne!(after[0].id, before[0].id);
    let rows = secret_rows(&fixture, &sample).await;
    assert!(rows.iter().all(|row| row.data_key_id == after[0].id));
    assert_eq!(fixture.database.verify_audit(sample.tenant).await.unwrap(), None);
}

async fn a_root_key_is_rotated_and_the_old_one_is_useless(fixture: Fixture) {
    let samples = [fixture.tenant().await, fixture.tenant().await];
    let (old, new) = (&fixture.root_key, fresh_root_key());
    let both = RootKeys::new(new.clone()).with_previous(old.clone());
    let during = fixture.another_process(&both);
    for sample in &samples {
        let found = during.vault.get(sample.tenant, TOKEN).await.unwrap();
        assert_eq!(found, Some(sample.secret("token")));
    }
    let count = during.vault.rotate_root(old, &new).await.unwrap();
    assert_eq!(count, 2);
    let after = fixture.another_process(&RootKeys::new(new.clone()));
    for sample in &samples {
        let found = after.vault.get(sample.tenant, TOKEN).await.unwrap();
        assert_eq!(found, Some(sample.secret("token")));
        let old = fixture.vault.get(sample.tenant, TOKEN).await;
        assert!(matches!(&old, Err(StoreError::Broken(text)) if text.contains(new.id())));
        let rows = data_key_rows(&fixture, sample).await;
        assert!(rows.iter().all(|row| row.root_key_id == new.id()));
        assert_eq!(fixture.database.verify_audit(sample.tenant).await.unwrap(), None);
    }
}

async fn rotating_the_root_key_again_changes_nothing(fixture: Fixture) {
    let sample = fixture.tenant().await;
    let (old, new) = (&fixture.root_key, fresh_root_key());
    let both = RootKeys::new(new.clone()).with_previous(old.clone());
    let during = fixture.another_process(&both);
    during.vault.rotate_root(old, &new).await.unwrap();
    let before = data_key_rows(&fixture, &sample).await;
    during.vault.rotate_root(old, &new).await.unwrap();
    assert_eq!(data_key_rows(&fixture, &sample).await, before);
}

async fn a_tenant_that_does_not_exist_cannot_be_rotated(fixture: Fixture) {
    let refused = fixture.vault.rotate_data_key(Sample::fresh().tenant).await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))));
}

#[tokio::test]
async fn no_plaintext_reaches_the_file() {
    let fixture = Fixture::in_a_file().await;
    let sample = fixture.tenant().await;
    let folder = fixture.folder.as_ref().unwrap().path();
    let (mut read, mut slug_seen) = (0, false);
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let contains = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        read += bytes.len();
        slug_seen |= contains(&sample.slug);
        assert!(!contains("canary-secret"));
        assert!(!contains("rk-canary-text"));
    }
    assert!(read > 0 && slug_seen, "the search must find what is not secret");
    assert!(secrets::Entity::find().one(fixture.database.reader()).await.unwrap().is_some());
}
