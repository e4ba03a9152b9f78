//! Every table × two tenants × both databases, generated from the entity list.

use super::{TenantEntity, TenantScope};
use crate::entity::{for_each_tenant_entity, routes};
use crate::fixture::{Fixture, postgres, sqlite_memory};
use rookery_domain::id::TenantId;
use rookery_domain::ports::StoreError;
use rookery_domain::testing::store_suite::StoreFixture;
use sea_orm::sea_query::{ColumnType, Expr};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, IntoActiveModel, Iterable,
    Statement, Value,
};
use sqlx::{Connection, PgConnection};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A row of any table: the tenant where the tenant stands, something of the right type elsewhere.
fn sample<E: TenantEntity>(tenant: TenantId) -> E::ActiveModel
where
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    let mut row = <E::ActiveModel as ActiveModelTrait>::default();
    for column in E::Column::iter() {
        let value: Value = match column.def().get_column_type() {
            ColumnType::Uuid => Uuid::from_u128(77).into(),
            ColumnType::BigInteger => 1_i64.into(),
            ColumnType::Boolean => false.into(),
            ColumnType::VarBinary(_) | ColumnType::Blob => vec![1_u8].into(),
            _ => "[]".into(),
        };
        row.set(column, value);
    }
    row.set(E::TENANT, tenant.as_uuid().into());
    row
}

/// Nothing that a stranger does shows or changes the owner's row.
async fn is_isolated<E: TenantEntity>(scope: &TenantScope, owner: TenantId, stranger: TenantId)
where
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    let table = E::default().table_name().to_owned();
    let theirs = scope.write(owner).await.unwrap();
    if theirs.find::<E>().one(theirs.connection()).await.unwrap().is_none() {
        theirs.insert(sample::<E>(owner)).await.unwrap();
    }
    theirs.commit().await.unwrap();

    let reading = scope.read(stranger).await.unwrap();
    let seen = reading.find::<E>().all(reading.connection()).await.unwrap();
    assert!(seen.is_empty(), "{table} is visible to a stranger");
    reading.commit().await.unwrap();

    let writing = scope.write(stranger).await.unwrap();
    let forged = writing.insert(sample::<E>(owner)).await;
    assert!(matches!(forged, Err(StoreError::Broken(_))), "{table}");
    writing.commit().await.unwrap();

    let changing = scope.write(stranger).await.unwrap();
    let column = E::Column::iter().last().unwrap();
    let changed = changing
        .update::<E>()
        .col_expr(column, Expr::col(column))
        .exec(changing.connection())
        .await;
    // The audit log may not be changed by the serving role at all.
    assert!(changed.is_err() || changed.unwrap().rows_affected == 0, "{table}");
    drop(changing);

    let removing = scope.write(stranger).await.unwrap();
    let removed = removing.delete::<E>().exec(removing.connection()).await;
    assert!(removed.is_err() || removed.unwrap().rows_affected == 0, "{table}");
    drop(removing);

    let reading = scope.read(owner).await.unwrap();
    let kept = reading.find::<E>().all(reading.connection()).await.unwrap();
    assert_eq!(kept.len(), 1, "{table} of its owner");
    reading.commit().await.unwrap();
}

/// What row security does where the scope's filter is left out.
async fn is_isolated_without_the_filter<E: TenantEntity>(
    scope: &TenantScope,
    owner: TenantId,
    stranger: TenantId,
) where
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    let table = E::default().table_name().to_owned();
    let reading = scope.read(stranger).await.unwrap();
    let seen = E::find().all(reading.connection()).await.unwrap();
    assert!(seen.is_empty(), "{table} is visible to a stranger");
    drop(reading);

    let column = E::Column::iter().last().unwrap();
    let changing = scope.write(stranger).await.unwrap();
    let changed =
        E::update_many().col_expr(column, Expr::col(column)).exec(changing.connection()).await;
    assert!(changed.is_err() || changed.unwrap().rows_affected == 0, "{table}");
    drop(changing);

    let removing = scope.write(stranger).await.unwrap();
    let removed = E::delete_many().exec(removing.connection()).await;
    assert!(removed.is_err() || removed.unwrap().rows_affected == 0, "{table}");
    drop(removing);

    let forging = scope.write(stranger).await.unwrap();
    let forged = E::insert(sample::<E>(owner))
        .exec_without_returning(forging.connection())
        .await
        .unwrap_err()
        .to_string();
    assert!(forged.contains("row-level security"), "{table}: {forged}");
    drop(forging);

    let nobody = scope.database.begin_write().await.unwrap();
    let seen = E::find().all(&nobody).await.unwrap();
    assert!(seen.is_empty(), "{table} is visible without a tenant");
}

macro_rules! isolate_each {
    ($($name:ident,)*) => {
        async fn every_table_is_isolated(fixture: &Fixture) {
            let (owner, stranger) = (fixture.tenant().await, fixture.tenant().await);
            let scope = fixture.database.scope();
            // The stranger's own tenant row is no leak.
            let own = scope.write(stranger).await.unwrap();
            own.delete::<crate::entity::tenants::Entity>()
                .exec(own.connection())
                .await
                .unwrap();
            own.commit().await.unwrap();
            $(
                is_isolated::<crate::entity::$name::Entity>(&scope, owner, stranger).await;
                if fixture.postgres.is_some() {
                    is_isolated_without_the_filter::<crate::entity::$name::Entity>(
                        &scope, owner, stranger,
                    )
                    .await;
                }
            )*
        }

        fn tables() -> BTreeSet<String> {
            [$(stringify!($name)),*].into_iter().map(str::to_owned).collect()
        }
    };
}
for_each_tenant_entity!(isolate_each);

#[tokio::test]
async fn every_table_is_isolated_on_sqlite() {
    every_table_is_isolated(&sqlite_memory().await).await;
}

#[tokio::test]
async fn every_table_is_isolated_on_postgres() {
    every_table_is_isolated(&postgres().await).await;
}

#[tokio::test]
async fn row_security_is_forced_on_every_table_that_has_a_tenant() {
    let fixture = postgres().await;
    let url = fixture.postgres.as_ref().unwrap().admin_url.clone();
    let mut admin = PgConnection::connect(&url).await.unwrap();
    let rows: Vec<(String, bool, i64)> = sqlx::query_as(
        "SELECT c.relname::text, c.relrowsecurity AND c.relforcerowsecurity, \
         (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' \
         WHERE c.relkind IN ('r', 'p') AND n.nspname = 'public'",
    )
    .fetch_all(&mut admin)
    .await
    .unwrap();
    let bound: BTreeSet<String> = rows
        .iter()
        .filter(|(_, forced, policies)| *forced && *policies > 0)
        .map(|(table, ..)| table.clone())
        .collect();
    let open: BTreeSet<&str> =
        rows.iter().filter(|(_, forced, _)| !forced).map(|(table, ..)| table.as_str()).collect();
    let mut expected = tables();
    expected.insert("routes".to_owned());
    assert_eq!(bound, expected);
    assert_eq!(open, BTreeSet::from(["ownership", "wake"]));
}

async fn a_route_is_found_by_its_key_only(fixture: &Fixture) {
    let (owner, stranger) = (fixture.tenant().await, fixture.tenant().await);
    let scope = fixture.database.scope();
    let theirs = scope.write(owner).await.unwrap();
    let route = routes::ActiveModel {
        kind: Set("api_key".to_owned()),
        key: Set("a-digest".to_owned()),
        tenant_id: Set(owner.as_uuid()),
        target: Set(Uuid::from_u128(5)),
    };
    theirs.insert(route).await.unwrap();
    theirs.commit().await.unwrap();
    let found = scope.route("api_key", "a-digest").await.unwrap();
    assert_eq!(found, Some((owner, Uuid::from_u128(5))));
    assert_eq!(scope.route("connection", "a-digest").await.unwrap(), None);
    assert_eq!(scope.route("api_key", "").await.unwrap(), None);
    let reading = scope.read(stranger).await.unwrap();
    let listed = reading.find::<routes::Entity>().all(reading.connection()).await.unwrap();
    assert!(listed.is_empty());
}

#[tokio::test]
async fn a_route_is_found_by_its_key_only_on_sqlite() {
    a_route_is_found_by_its_key_only(&sqlite_memory().await).await;
}

#[tokio::test]
async fn a_route_is_found_by_its_key_only_on_postgres() {
    let fixture = postgres().await;
    a_route_is_found_by_its_key_only(&fixture).await;
    // Whoever knows the key can read the row, and neither change nor remove it.
    let transaction = fixture.database.begin_write().await.unwrap();
    let backend = transaction.get_database_backend();
    for (sql, expected) in [
        ("SELECT set_config('app.current_route', 'a-digest', true)", 1),
        ("SELECT 1 FROM routes", 1),
        ("UPDATE routes SET kind = 'api_key' RETURNING 1", 0),
        ("DELETE FROM routes RETURNING 1", 0),
    ] {
        let rows = transaction.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
        assert_eq!(rows.len(), expected, "{sql}");
    }
}

#[tokio::test]
async fn a_reused_connection_forgets_its_tenant() {
    let fixture = postgres().await;
    let tenant = fixture.tenant().await;
    let scope = fixture.database.scope();
    for round in 0..200 {
        let transaction = scope.write(tenant).await.unwrap();
        match round % 4 {
            0 => transaction.commit().await.unwrap(),
            1 => drop(transaction),
            2 => {
                let broken = transaction.connection().execute_unprepared("SELECT 1 / 0").await;
                assert!(broken.is_err());
            }
            _ => {
                let slow = transaction.connection().execute_unprepared("SELECT pg_sleep(0.02)");
                // Dropped while it is running.
                assert!(futures::FutureExt::now_or_never(slow).is_none());
            }
        }
        let statement = Statement::from_string(
            sea_orm::DbBackend::Postgres,
            "SELECT coalesce(current_setting('app.current_tenant', true), '') AS tenant",
        );
        let row = fixture.database.reader().query_one_raw(statement).await.unwrap().unwrap();
        let left: String = row.try_get("", "tenant").unwrap();
        assert_eq!(left, "", "round {round}");
    }
}
