//! From inbound messages to the reply; written before the first model call.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "turns")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub session_id: Uuid,
    pub agent_id: Uuid,
    pub revision_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub inbox_ids: String,
    #[sea_orm(column_type = "Text")]
    pub reply_target: String,
    pub state: String,
    pub attempt: i64,
    pub error_code: Option<String>,
    pub started_at: i64,
    pub finished_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
