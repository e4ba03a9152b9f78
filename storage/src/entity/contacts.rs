//! Persons as they were met on a channel.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[cfg_attr(not(test), expect(dead_code, reason = "written by the lanes, read by nothing yet"))]
#[sea_orm(table_name = "contacts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub connection_id: Uuid,
    pub platform_user_id: String,
    pub display_name: Option<String>,
    pub locale: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
#[cfg_attr(not(test), expect(dead_code, reason = "written by the lanes, read by nothing yet"))]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
