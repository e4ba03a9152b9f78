//! Audit entries that the path itself writes.

use crate::entity::audit_log;
use crate::fixture::{Fixture, postgres, sqlite_file};
use rookery_domain::Timestamp;
use rookery_domain::audit::AuditEntry;
use rookery_domain::id::{AuditId, NodeId, OutboxId};
use rookery_domain::outbox::{OutboxChange, OutboxStep};
use rookery_domain::ownership::{Lease, NodeRecord};
use rookery_domain::ports::{Inbox, Outbox, Ownership, Turns};
use rookery_domain::testing::store_suite::{StoreFixture, scene};
use rookery_domain::turn::TurnCommit;
use sea_orm::QueryOrder;
use sea_orm::sea_query::Expr;

const AT: Timestamp = Timestamp::from_millis(1_700_000_000_000);

async fn entries(fixture: &Fixture, lease: &Lease) -> Vec<audit_log::Model> {
    let scope = fixture.database.scope();
    let transaction = scope.read(lease.tenant_id).await.unwrap();
    let rows = transaction
        .find::<audit_log::Entity>()
        .order_by_asc(audit_log::Column::Seq)
        .all(transaction.connection())
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    rows
}

async fn change(fixture: &Fixture, lease: &Lease, id: OutboxId, step: OutboxStep) {
    let change = OutboxChange { id, step };
    fixture.store.change(lease, change, AT).await.unwrap();
}

fn entry(fixture: &Fixture) -> AuditEntry {
    AuditEntry {
        id: AuditId::generate(&fixture.ids),
        actor: "runtime".to_owned(),
        action: "turn.failed".to_owned(),
        subject: "trn".to_owned(),
        details: serde_json::json!({ "code": "T1" }),
        at: AT,
    }
}

async fn what_an_auditor_should_see_is_chained(fixture: &Fixture) {
    let scene = scene::Scene::set(fixture).await.unwrap();
    let lease = scene.lease;
    let row = scene.arrive("update-1").await.unwrap();
    let begin = scene.begin(&scene.session("chat"), &[row]);
    fixture.store.begin(&lease, begin.clone()).await.unwrap();
    let commit = TurnCommit { audit: vec![entry(fixture), entry(fixture)], ..scene.commit(&begin) };
    // The repeat of a commit adds no entry either.
    for _ in 0..2 {
        fixture.store.commit(&lease, commit.clone()).await.unwrap();
    }
    let id = commit.outbox[0].id;
    for attempt in 1..=2 {
        change(fixture, &lease, id, OutboxStep::Sending).await;
        let unknown = OutboxStep::Unknown { error: "cut off".to_owned(), resend_at: Some(AT) };
        change(fixture, &lease, id, unknown.clone()).await;
        change(fixture, &lease, id, unknown).await;
        assert_eq!(entries(fixture, &lease).await.len(), 2 + attempt);
    }
    let found = entries(fixture, &lease).await;
    let last = found.last().unwrap();
    assert_eq!(last.action, "outbox.ambiguous");
    assert_eq!(last.subject, id.to_string());
    assert!(last.details.contains("\"attempt\":2"), "{}", last.details);
    let tenant = lease.tenant_id;
    assert_eq!(fixture.database.verify_audit(tenant).await.unwrap(), None);
}

#[tokio::test]
async fn what_an_auditor_should_see_is_chained_on_sqlite() {
    let fixture = sqlite_file().await;
    what_an_auditor_should_see_is_chained(&fixture).await;

    let lease = fixture.store.claim(first_tenant(&fixture).await).await.unwrap();
    let tenant = lease.tenant_id;
    let transaction = fixture.database.scope().write(tenant).await.unwrap();
    transaction
        .update::<audit_log::Entity>()
        .col_expr(audit_log::Column::Subject, Expr::value("another"))
        .filter_seq(3)
        .exec(transaction.connection())
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let broken = fixture.database.verify_audit(tenant).await.unwrap();
    assert_eq!(broken, Some(3));
}

#[tokio::test]
async fn what_an_auditor_should_see_is_chained_on_postgres() {
    what_an_auditor_should_see_is_chained(&postgres().await).await;
}

async fn first_tenant(fixture: &Fixture) -> rookery_domain::id::TenantId {
    let awake = fixture.store.awake(Timestamp::from_millis(i64::MAX), None, 1);
    awake.await.unwrap()[0]
}

trait FilterSeq {
    fn filter_seq(self, seq: i64) -> Self;
}

impl FilterSeq for sea_orm::UpdateMany<audit_log::Entity> {
    fn filter_seq(self, seq: i64) -> Self {
        use sea_orm::{ColumnTrait, QueryFilter};
        self.filter(audit_log::Column::Seq.eq(seq))
    }
}

#[tokio::test]
async fn two_lanes_of_entries_make_one_chain() {
    let fixture = postgres().await;
    let tenant = fixture.tenant().await;
    let record = NodeRecord {
        id: NodeId::generate(&fixture.ids),
        address: String::new(),
        version: "0.0.0".to_owned(),
    };
    fixture.store.boot(&record).await.unwrap();
    let lease = fixture.store.claim(tenant).await.unwrap();
    let by_lane = (0..20).map(|_| {
        let settle = rookery_domain::turn::InboxSettle {
            audit: vec![entry(&fixture)],
            ..scene::settle(Vec::new())
        };
        fixture.store.settle(&lease, settle)
    });
    let by_scope = (0..20).map(|_| async {
        let transaction = fixture.database.scope().write(tenant).await.unwrap();
        crate::audit::append(&transaction, &[entry(&fixture)]).await.unwrap();
        transaction.commit().await.unwrap();
    });
    let (settled, _) = futures::join!(
        futures::future::try_join_all(by_lane),
        futures::future::join_all(by_scope),
    );
    settled.unwrap();
    assert_eq!(entries(&fixture, &lease).await.len(), 40);
    assert_eq!(fixture.database.verify_audit(tenant).await.unwrap(), None);
}
