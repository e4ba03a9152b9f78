//! The tenant's channel actors: started for rows or for a socket, stopped when they have neither.

use super::actor::Overseer;
use super::message::OverseerMessage;
use super::state::{ChannelSeat, OverseerState, TenantConfig};
use crate::channel::{ChannelActor, ChannelArguments, ChannelHandle};
use crate::connections::{OpenError, Opened};
use crate::ingress::Door;
use ractor::ActorRef;
use rookery_domain::agent::OnAmbiguous;
use rookery_domain::id::ConnectionId;
use rookery_domain::outbox::OutboxRow;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::time::Instant;

impl Overseer {
    /// The connection's channel actor, started if there is none.
    pub(super) async fn channel_for(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
        opened: &Arc<Opened>,
    ) -> Option<ChannelHandle> {
        let id = opened.connection.id;
        if let Some(seat) = state.channels.get(&id) {
            return Some(seat.handle.clone());
        }
        let arguments = ChannelArguments {
            lease: state.lease,
            opened: Arc::clone(opened),
            on_ambiguous: self.on_ambiguous(&state.config, opened),
            door: Door::new(self.shared.clone(), state.tenants.clone()),
        };
        let spawned = ChannelActor::start(
            self.shared.clone(),
            state.myself.clone(),
            arguments,
            myself.get_cell(),
        )
        .await;
        match spawned {
            Ok(handle) => {
                let seat = ChannelSeat {
                    handle: handle.clone(),
                    outstanding: 0,
                    socket: opened.halves.polling.is_some() || opened.wants_start(),
                    stale: false,
                    idle_since: Instant::now(),
                };
                state.channels.insert(id, seat);
                Some(handle)
            }
            Err(error) => {
                tracing::error!(connection.id = %id, error = %error, "channel actor not started");
                state.myself.store_lost("a channel actor could not be started".to_owned());
                None
            }
        }
    }

    /// What the connection's agent wants done where nobody knows whether a reply arrived.
    fn on_ambiguous(&self, config: &TenantConfig, opened: &Opened) -> OnAmbiguous {
        let agent = config.agents.get(&opened.connection.agent_id);
        agent
            .and_then(|agent| agent.profile.on_ambiguous)
            .unwrap_or(self.shared.settings.on_ambiguous)
    }

    /// Hands rows to their channel actors. Rows of a pulled channel need none.
    pub(super) async fn deliver(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
        rows: Vec<OutboxRow>,
    ) {
        let mut by_connection: HashMap<ConnectionId, Vec<OutboxRow>> = HashMap::new();
        for row in rows.into_iter().filter(|row| !row.status.is_settled()) {
            by_connection.entry(row.connection_id).or_default().push(row);
        }
        for (id, rows) in by_connection {
            let opened = match self.shared.connections.open(state.lease.tenant_id, id).await {
                Ok(opened) => opened,
                Err(OpenError::Store(error)) => {
                    return state.myself.store_lost(error.to_string());
                }
                Err(error) => {
                    // They stay in the outbox until the connection works again.
                    tracing::warn!(connection.id = %id, error = %error, "replies wait");
                    state.waiting_for_refresh = true;
                    continue;
                }
            };
            if let Some(handle) = self.channel_for(myself, state, &opened).await {
                if let Some(seat) = state.channels.get_mut(&id) {
                    seat.outstanding += rows.len();
                }
                handle.enqueue(rows);
            }
        }
    }

    /// Starts the channel actors of connections that fetch, or that the platform does not know yet.
    pub(super) async fn start_links(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
    ) {
        let tenant = state.lease.tenant_id;
        let connections = match self.shared.services.directory.connections(tenant).await {
            Ok(connections) => connections,
            Err(error) => return state.myself.store_lost(error.to_string()),
        };
        state.config.polls = false;
        for connection in connections.into_iter().filter(|connection| connection.enabled) {
            match self.shared.connections.open(tenant, connection.id).await {
                Ok(opened) => {
                    state.config.polls |= opened.halves.polling.is_some();
                    if opened.halves.polling.is_some() || opened.wants_start() {
                        self.channel_for(myself, state, &opened).await;
                    }
                }
                Err(error) => tracing::error!(
                    connection.id = %connection.id,
                    error = %error,
                    "a connection does not start"
                ),
            }
        }
    }

    /// Gives the live channel actors the connections as they are configured now.
    pub(super) async fn relink_channels(&self, state: &mut OverseerState) {
        let tenant = state.lease.tenant_id;
        for (id, seat) in &mut state.channels {
            if let Ok(opened) = self.shared.connections.open(tenant, *id).await {
                seat.socket = opened.halves.polling.is_some() || opened.wants_start();
                let on_ambiguous = self.on_ambiguous(&state.config, &opened);
                seat.handle.relink(opened, on_ambiguous);
            } else {
                seat.stale = true;
                seat.handle.stop_polling();
            }
        }
    }

    /// Stops channel actors that have nothing to do, and those of an earlier configuration.
    /// Says whether one of the latter went.
    pub(super) fn let_channels_go(&self, state: &mut OverseerState) -> bool {
        let idle_after = self.shared.settings.channel_idle_after;
        let mut replaced = false;
        state.channels.retain(|_, seat| {
            let idle = seat.outstanding == 0 && seat.idle_since.elapsed() >= idle_after;
            let goes = seat.outstanding == 0 && (seat.stale || (idle && !seat.socket));
            if goes {
                seat.handle.stop();
                replaced |= seat.stale;
            }
            !goes
        });
        replaced
    }
}
