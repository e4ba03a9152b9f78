//! The conformance suite on every database, and what is special about each.

mod audit;
mod faults;
mod limits;
mod plans;
mod retention;
mod statements;

mod sqlite_memory {
    rookery_domain::store_suite!(crate::fixture::sqlite_memory);
}

mod sqlite_file {
    rookery_domain::store_suite!(crate::fixture::sqlite_file);
}

mod postgres {
    rookery_domain::store_suite!(crate::fixture::postgres);
}
