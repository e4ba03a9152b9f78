//! Conversations; `last_seq` is the one counter of messages and outbox rows.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub connection_id: Uuid,
    pub agent_id: Uuid,
    pub conversation_key: String,
    pub kind: String,
    pub contact_id: Option<Uuid>,
    pub last_seq: i64,
    pub context_floor_seq: i64,
    pub created_at: i64,
    pub last_active_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
