//! Everything an overseer knows, read from the store: at its start, and page by page while a stored
//! backlog is longer than its memory.

use super::actor::Overseer;
use super::decide::wants_page;
use super::intake::lane_of;
use super::message::OverseerMessage;
use super::place::SessionPlace;
use super::quota::QuotaBook;
use super::state::{Item, OverseerState, TenantConfig};
use crate::connections::Opened;
use ractor::ActorRef;
use rookery_domain::id::{InboxId, TenantId};
use rookery_domain::outbox::OutboxRow;
use rookery_domain::ownership::Lease;
use rookery_domain::ports::StoreError;
use rookery_domain::turn::UnfinishedTurn;
use rookery_domain::usage::DayUsage;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Running turns, and unsettled rows, read at a start. More are found by the next start.
const UNFINISHED_TURNS_MAX: u32 = 1_000;
const UNSETTLED_PAGE: u32 = 500;

/// Replies or turns were left waiting for another configuration; a fresh start takes them up.
pub(super) const STARTS_OVER: &str = "starting over under a new configuration";

/// A busy tenant is looked through for rows nobody told us of at most this often.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// Vault names of the tenant's own model keys: `llm/<provider>/api_key`.
const KEY_PREFIX: &str = "llm/";
const KEY_SUFFIX: &str = "/api_key";

impl Overseer {
    /// What the tenant is configured to be.
    pub(super) async fn configuration(&self, tenant: TenantId) -> Result<TenantConfig, StoreError> {
        let services = &self.shared.services;
        let record = services
            .directory
            .tenant(tenant)
            .await?
            .ok_or_else(|| StoreError::NotFound(tenant.to_string()))?;
        let agents = services.directory.agents(tenant).await?;
        let secrets = services.vault.with_prefix(tenant, KEY_PREFIX).await?;
        let keys: BTreeMap<_, _> = secrets
            .into_iter()
            .filter_map(|(name, secret)| {
                let provider = name.strip_prefix(KEY_PREFIX)?.strip_suffix(KEY_SUFFIX)?;
                Some((provider.to_owned(), secret))
            })
            .collect();
        Ok(TenantConfig {
            version: record.version,
            agents: agents.into_iter().map(|agent| (agent.id, Arc::new(agent))).collect(),
            keys: Arc::new(keys),
            limits: services.entitlements.daily(&record),
            polls: false,
        })
    }

    /// The day's quota as the store knows it.
    pub(super) async fn quota(&self, lease: &Lease) -> Result<QuotaBook, StoreError> {
        let now = self.shared.services.clock.now();
        let used: DayUsage = self.shared.services.usage.day(lease.tenant_id, now).await?;
        Ok(QuotaBook::new(now, used))
    }

    /// Goes on with everything an earlier owner left: turns, sends, rows.
    pub(super) async fn go_on(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
    ) -> Result<(), StoreError> {
        let services = &self.shared.services;
        let tenant = state.lease.tenant_id;
        let mut after = None;
        loop {
            let rows = services.outbox.unsettled(tenant, after, UNSETTLED_PAGE).await?;
            let full = rows.len() >= usize::try_from(UNSETTLED_PAGE).unwrap_or(usize::MAX);
            after = rows.iter().map(|row| row.id).max();
            self.deliver(myself, state, rows).await;
            if !full {
                break;
            }
        }
        let unfinished = services.turns.unfinished(tenant, UNFINISHED_TURNS_MAX).await?;
        for turn in unfinished {
            self.go_on_with(myself, state, turn).await?;
        }
        state.metering.recorded(state.lease);
        self.next_page(myself, state).await
    }

    async fn go_on_with(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
        unfinished: UnfinishedTurn,
    ) -> Result<(), StoreError> {
        let services = &self.shared.services;
        let tenant = state.lease.tenant_id;
        let connection = unfinished.session.connection_id;
        let opened = match self.shared.connections.open(tenant, connection).await {
            Ok(opened) => opened,
            Err(crate::connections::OpenError::Store(error)) => return Err(error),
            Err(error) => {
                tracing::warn!(turn.id = %unfinished.turn.id, error = %error, "a turn waits");
                state.waiting_for_refresh = true;
                return Ok(());
            }
        };
        let items = self.items_of(state, &opened, &unfinished.turn.inbox_ids).await?;
        let place = SessionPlace::stored(&opened, &unfinished.session);
        let session = place.id;
        lane_of(state, place);
        state.known.extend(items.iter().map(|item| item.id));
        let attempt = services.turns.resume(&state.lease, unfinished.turn.id).await?;
        // The first attempt was no resume.
        if attempt > self.shared.settings.resumes_max.saturating_add(1) {
            self.bury(state, session, items, unfinished);
            return Ok(());
        }
        self.resume(myself, state, (session, items), unfinished).await;
        Ok(())
    }

    async fn items_of(
        &self,
        state: &OverseerState,
        opened: &Opened,
        ids: &[InboxId],
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::with_capacity(ids.len());
        for id in ids {
            let row = self.shared.services.inbox.find(state.lease.tenant_id, *id).await?;
            let Some(row) = row.filter(|row| row.outcome.is_none()) else {
                continue;
            };
            if let Ok(inbound) = opened.halves.ingress.normalise(&row.inbound.raw) {
                items.push(Item {
                    id: *id,
                    inbound,
                    superseded: false,
                    edits: Vec::new(),
                    _permit: None,
                });
            }
        }
        Ok(items)
    }

    /// Reads the next page of the backlog, if memory has room for it.
    pub(super) async fn next_page(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
    ) -> Result<(), StoreError> {
        let page = self.shared.settings.recovery_page;
        let page_rows = usize::try_from(page).unwrap_or(usize::MAX);
        state.backlog.catching_up = true;
        let rows_max = self.shared.settings.lane_rows_max;
        while wants_page(state.known.len(), rows_max) {
            let tenant = state.lease.tenant_id;
            let rows =
                self.shared.services.inbox.undone(tenant, state.backlog.cursor, page).await?;
            let full = rows.len() >= page_rows;
            state.backlog.cursor = rows.last().map(|row| row.inbound.id).or(state.backlog.cursor);
            for row in rows {
                self.take(myself, state, row, None).await;
            }
            if !full && state.backlog.missed {
                // Something was stored meanwhile, perhaps with an id below the cursor.
                state.backlog.missed = false;
                state.backlog.cursor = None;
            } else if !full {
                state.backlog = super::state::Backlog::default();
                return Ok(());
            }
        }
        Ok(())
    }

    /// Looks for what nobody told us of: a changed configuration, rows, replayed rows.
    pub(super) async fn look(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
    ) -> Result<(), StoreError> {
        let tenant = self.shared.services.directory.tenant(state.lease.tenant_id).await?;
        if tenant.is_some_and(|tenant| tenant.version != state.config.version) {
            self.refresh(myself, state).await?;
            if state.waiting_for_refresh {
                state.myself.store_lost(STARTS_OVER.to_owned());
                return Ok(());
            }
        }
        if state.backlog.catching_up {
            return Ok(());
        }
        if !state.is_busy() {
            self.send_replayed(myself, state).await?;
            return self.next_page(myself, state).await;
        }
        if state.swept_at.elapsed() >= SWEEP_EVERY {
            state.swept_at = Instant::now();
            let page = self.shared.settings.recovery_page;
            let tenant = state.lease.tenant_id;
            for row in self.shared.services.inbox.undone(tenant, None, page).await? {
                self.take(myself, state, row, None).await;
            }
        }
        Ok(())
    }

    /// Takes up outbound rows that an operator replayed. Nothing is under way, so none of them is in
    /// memory.
    async fn send_replayed(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
    ) -> Result<(), StoreError> {
        let tenant = state.lease.tenant_id;
        let mut after = None;
        loop {
            let outbox = &self.shared.services.outbox;
            let mut rows = outbox.unsettled(tenant, after, UNSETTLED_PAGE).await?;
            let is_last = rows.len() < usize::try_from(UNSETTLED_PAGE).unwrap_or(usize::MAX);
            after = rows.iter().map(|row| row.id).max();
            if state.waiting_for_refresh {
                self.keep_deliverable(tenant, &mut rows).await;
            }
            self.deliver(myself, state, rows).await;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Drops the rows that wait for another configuration. That was said when they were found.
    async fn keep_deliverable(&self, tenant: TenantId, rows: &mut Vec<OutboxRow>) {
        let mut shut = BTreeSet::new();
        for id in rows.iter().map(|row| row.connection_id).collect::<BTreeSet<_>>() {
            if self.shared.connections.open(tenant, id).await.is_err() {
                shut.insert(id);
            }
        }
        rows.retain(|row| !shut.contains(&row.connection_id));
    }

    pub(super) fn bury(
        &self,
        state: &mut OverseerState,
        session: rookery_domain::id::SessionId,
        items: Vec<Item>,
        unfinished: UnfinishedTurn,
    ) {
        let Some(lane) = state.sessions.get_mut(&session) else { return };
        lane.judging = true;
        let case = super::crash::Case {
            lease: state.lease,
            place: lane.place.clone(),
            counter: Arc::clone(&lane.counter),
            turn_id: unfinished.turn.id,
            items,
        };
        super::crash::bury_now(&self.shared, &state.myself, case, unfinished);
    }
}
