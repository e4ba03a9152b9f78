use super::decide::{Routing, Standing, may_hibernate, route};

const STANDING: Standing = Standing { live: false, away: false, draining: false };

#[test]
fn work_goes_to_the_live_overseer_or_starts_one() {
    assert_eq!(route(Standing { live: true, ..STANDING }), Routing::Forward);
    assert_eq!(route(STANDING), Routing::Start);
}

#[test]
fn nothing_is_started_while_a_tenant_is_away_or_the_node_drains() {
    assert_eq!(route(Standing { away: true, ..STANDING }), Routing::Leave);
    assert_eq!(route(Standing { live: true, draining: true, ..STANDING }), Routing::Leave);
}

#[test]
fn an_overseer_with_an_unseen_arrival_stays() {
    assert!(may_hibernate(3, 3));
    assert!(!may_hibernate(4, 3));
}
