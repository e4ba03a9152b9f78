//! Metered facts, written with the reply they belong to.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[expect(clippy::struct_field_names, reason = "`model` is the language model that was used")]
#[sea_orm(table_name = "usage_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agent_id: Uuid,
    pub session_id: Uuid,
    pub turn_id: Uuid,
    pub kind: String,
    pub model: String,
    pub quantity: i64,
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub estimated: bool,
    pub at: i64,
    pub folded: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
