//! One call from its first attempt to its end, as one stream.

use super::language_model::Shared;
use super::plan::{Plan, Step};
use super::report;
use crate::breaker::Ticket;
use crate::provider::{Attempt, ProviderStream};
use futures::StreamExt;
use rookery_domain::model::{ModelEvent, ModelRef};
use rookery_domain::ports::{ModelCall, ModelError, ModelErrorKind};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout_at};

/// One call on its way.
pub(super) struct Answering {
    shared: Arc<Shared>,
    call: ModelCall,
    route: Vec<ModelRef>,
    deadline: Instant,
    plan: Option<Plan>,
    live: Option<Live>,
    /// Set behind a `Started`, which goes out first.
    held: Option<ModelEvent>,
    /// The caller has seen text or a tool call: nobody else may start over.
    visible: bool,
}

/// The attempt that runs.
struct Live {
    index: usize,
    provider: Arc<str>,
    model: ModelRef,
    stream: ProviderStream,
    started_at: Instant,
    answering: bool,
    ticket: Ticket,
    _slot: OwnedSemaphorePermit,
}

impl Answering {
    pub(super) fn new(shared: Arc<Shared>, call: ModelCall, route: Vec<ModelRef>) -> Self {
        let deadline = Instant::now() + call.time_limit;
        let plan = Plan::new(route.len(), shared.retry, deadline);
        Self {
            shared,
            call,
            route,
            deadline,
            plan: Some(plan),
            live: None,
            held: None,
            visible: false,
        }
    }

    /// The next event; an error is the last item.
    pub(super) async fn next(&mut self) -> Option<Result<ModelEvent, ModelError>> {
        loop {
            if let Some(event) = self.held.take() {
                return Some(Ok(event));
            }
            let Some(live) = self.live.as_mut() else {
                self.plan.as_ref()?;
                match self.open().await {
                    Ok(()) => continue,
                    Err(error) => return Some(Err(error)),
                }
            };
            match timeout_at(self.deadline, live.stream.next()).await {
                Ok(Some(Ok(event))) => return Some(Ok(self.pass_on(event))),
                Ok(Some(Err(error))) => {
                    if let Err(error) = self.fail(error) {
                        return Some(Err(error));
                    }
                }
                Ok(None) => {
                    let error = failure(ModelErrorKind::BrokenOff, &live.model);
                    if let Err(error) = self.fail(error) {
                        return Some(Err(error));
                    }
                }
                Err(_elapsed) => return Some(Err(self.run_out())),
            }
        }
    }

    /// Carries the plan out until an attempt runs or the call failed.
    async fn open(&mut self) -> Result<(), ModelError> {
        loop {
            let now = Instant::now();
            let step = self.plan.as_ref().map_or(Step::GiveUp, |plan| plan.next(now));
            let index = match step {
                _ if now >= self.deadline => return Err(self.run_out()),
                Step::Try(index) => index,
                Step::Wait { index, until } => {
                    sleep_until(until).await;
                    index
                }
                Step::GiveUp => return Err(self.give_up()),
            };
            match self.attempt(index).await {
                Ok(live) => {
                    self.live = Some(live);
                    return Ok(());
                }
                Err(error) if error.kind.fails_over() => self.note(index, error),
                Err(error) => {
                    self.plan = None;
                    return Err(error);
                }
            }
        }
    }

    async fn attempt(&mut self, index: usize) -> Result<Live, ModelError> {
        let (model, seat) = self
            .route
            .get(index)
            .and_then(|model| Some((model, self.shared.seats.get(&model.provider)?)))
            .ok_or_else(|| self.lost(ModelErrorKind::NoRoute))?;
        let unavailable =
            |retry_after| ModelError { retry_after, ..failure(ModelErrorKind::Unavailable, model) };
        let slot = seat.slot(self.deadline).await.ok_or_else(|| {
            report::saturated(&seat.name);
            unavailable(None)
        })?;
        let started_at = Instant::now();
        let ticket = self
            .shared
            .circuits
            .admit(seat.circuit(&self.call), started_at)
            .map_err(|wait| unavailable(Some(wait)))?;
        report::started(&seat.name);
        let attempt = Attempt { model, tenant_key: seat.tenant_key(&self.call), call: &self.call };
        match seat.provider.start(attempt).await {
            Ok(stream) => Ok(Live {
                index,
                provider: Arc::clone(&seat.name),
                model: model.clone(),
                stream,
                started_at,
                answering: false,
                ticket,
                _slot: slot,
            }),
            Err(error) => {
                settle(ticket, &error);
                report::failed(&seat.name, model, &self.call, &error);
                Err(error)
            }
        }
    }

    fn pass_on(&mut self, event: ModelEvent) -> ModelEvent {
        if matches!(event, ModelEvent::Text(_) | ModelEvent::ToolCall(_)) {
            self.visible = true;
        }
        let first = match self.live.as_mut() {
            Some(live) if !live.answering => {
                live.answering = true;
                live.ticket.answering();
                Some(live.model.clone())
            }
            _ => None,
        };
        if let ModelEvent::Stop { usage, .. } = &event
            && let Some(live) = self.live.take()
        {
            let took = live.started_at.elapsed();
            report::answered(&live.provider, &live.model, &self.call, *usage, took);
            live.ticket.succeeded();
            self.plan = None;
        }
        match first {
            Some(model) => {
                self.held = Some(event);
                ModelEvent::Started { model }
            }
            None => event,
        }
    }

    /// Ends the attempt that runs. `Err` ends the call.
    fn fail(&mut self, error: ModelError) -> Result<(), ModelError> {
        let Some(live) = self.live.take() else {
            return Ok(());
        };
        report::failed(&live.provider, &live.model, &self.call, &error);
        settle(live.ticket, &error);
        if !error.kind.fails_over() {
            self.plan = None;
            return Err(error);
        }
        if self.visible {
            self.plan = None;
            return Err(ModelError { kind: ModelErrorKind::BrokenOff, ..error });
        }
        self.note(live.index, error);
        Ok(())
    }

    fn note(&mut self, index: usize, error: ModelError) {
        let Self { shared, plan, .. } = self;
        if let Some(plan) = plan {
            plan.failed(index, error, Instant::now(), |wait| shared.jitter.spread(wait));
        }
    }

    fn give_up(&mut self) -> ModelError {
        self.plan
            .take()
            .and_then(Plan::into_error)
            .unwrap_or_else(|| self.lost(ModelErrorKind::NoRoute))
    }

    /// The time of the whole call is up.
    fn run_out(&mut self) -> ModelError {
        self.plan = None;
        match self.live.take() {
            // Whoever is still answering is slow, not broken.
            Some(live) if live.answering => failure(ModelErrorKind::TimedOut, &live.model),
            Some(live) => {
                let error = failure(ModelErrorKind::TimedOut, &live.model);
                report::failed(&live.provider, &live.model, &self.call, &error);
                settle(live.ticket, &error);
                error
            }
            None => self.lost(ModelErrorKind::TimedOut),
        }
    }

    fn lost(&self, kind: ModelErrorKind) -> ModelError {
        ModelError {
            kind,
            model: self.route.first().map_or_else(|| "none".to_owned(), ToString::to_string),
            status: None,
            retry_after: None,
        }
    }
}

/// A refusal of our request shows that the provider is well.
fn settle(ticket: Ticket, error: &ModelError) {
    if error.kind.fails_over() {
        ticket.failed();
    } else {
        ticket.succeeded();
    }
}

fn failure(kind: ModelErrorKind, model: &ModelRef) -> ModelError {
    ModelError { kind, model: model.to_string(), status: None, retry_after: None }
}
