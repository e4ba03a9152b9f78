//! `rookery doctor`: is this installation sound, and if not, what is to be done. It reads, opens and
//! connects, and changes nothing; no check costs money.
//!
//! One file per area, each returning its checks. What does not belong here: repairing.

mod clock;
mod configuration;
mod data_directory;
mod database;
mod listeners;
mod models;
mod report;
mod run;

#[cfg(test)]
mod tests;

pub use report::{Check, Report, State};
pub use run::run;
