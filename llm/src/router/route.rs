//! From a role to an ordered list of models.

use rookery_domain::model::{ModelRef, ModelRole};
use rookery_domain::ports::ModelCall;
use std::collections::BTreeMap;

/// The installation's routes by role.
#[derive(Debug, Clone)]
pub(super) struct Routes(BTreeMap<ModelRole, Vec<ModelRef>>);

impl Routes {
    pub(super) fn new(roles: BTreeMap<ModelRole, Vec<ModelRef>>) -> Self {
        Self(roles)
    }

    /// The route of a role: its own, else that of `chat`. A model that talks cannot make vectors,
    /// so `embed` has its own or none.
    pub(super) fn of(&self, role: ModelRole) -> &[ModelRef] {
        let own = self.get(role);
        if own.is_empty() && role != ModelRole::Embed {
            return self.get(ModelRole::Chat);
        }
        own
    }

    /// The route of a call: its own replaces the installation's.
    pub(super) fn of_call<'route>(&'route self, call: &'route ModelCall) -> &'route [ModelRef] {
        if call.route.is_empty() { self.of(call.role) } else { &call.route }
    }

    fn get(&self, role: ModelRole) -> &[ModelRef] {
        self.0.get(&role).map_or(&[], Vec::as_slice)
    }
}
