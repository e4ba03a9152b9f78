//! What the commands of the fast path say. Pure; the overseer carries out their effects.

mod respond;

pub(crate) use respond::{CommandEffect, CommandSetting, respond, unknown};

#[cfg(test)]
mod tests;
