//! The list of steps.

use super::m0001_path;
use sea_orm_migration::prelude::*;

/// All steps, oldest first.
#[derive(Debug)]
pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_path::Migration)]
    }
}
