//! Row security of the first schema, on PostgreSQL.

/// Tables that a tenant owns: row security is enabled and forced on each.
const TENANT_TABLES: &[&str] = &[
    "tenants",
    "agents",
    "agent_revisions",
    "connections",
    "contacts",
    "sessions",
    "messages",
    "turns",
    "turn_steps",
    "inbox",
    "outbox",
    "usage_events",
    "usage_minutes",
    "secrets",
    "data_keys",
    "api_keys",
    "audit_log",
];

const CURRENT_TENANT: &str =
    "tenant_id = nullif(current_setting('app.current_tenant', true), '')::uuid";

/// A reader of routes must already know the key that it asks for.
const CURRENT_ROUTE: &str = "key = nullif(current_setting('app.current_route', true), '')";

/// Rows of these are rewritten again and again; room in the page keeps the rewrite out of indexes.
const REWRITTEN_IN_PLACE: &[&str] = &["sessions", "ownership", "wake"];

/// The statements, in order.
pub(super) fn row_security() -> Vec<String> {
    let mut statements = Vec::new();
    for table in TENANT_TABLES.iter().copied().chain(["routes"]) {
        statements.push(format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"));
        statements.push(format!("ALTER TABLE {table} FORCE ROW LEVEL SECURITY"));
        statements.push(format!(
            "CREATE POLICY {table}_of_tenant ON {table} USING ({CURRENT_TENANT}) WITH CHECK ({CURRENT_TENANT})"
        ));
    }
    statements
        .push(format!("CREATE POLICY routes_by_key ON routes FOR SELECT USING ({CURRENT_ROUTE})"));
    for table in REWRITTEN_IN_PLACE {
        statements.push(format!("ALTER TABLE {table} SET (fillfactor = 70)"));
    }
    statements
}
