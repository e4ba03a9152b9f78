//! `[[agents]]`.

use super::section::{Section, not_here};
use super::tenant::{AgentSpec, Known};
use crate::fault::Faults;
use rookery_domain::agent::AgentProfile;
use rookery_domain::model::{ModelRef, ModelRole};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Greatest length of an agent's instructions, in bytes.
pub(super) const INSTRUCTIONS_BYTES_MAX: usize = 64 * 1024;
/// Greatest number of models in one route.
pub(super) const ROUTE_MAX: usize = 16;

const KEYS: &[&str] = &[
    "slug",
    "name",
    "instructions",
    "tools",
    "while_busy",
    "roles",
    "on_ambiguous",
    "group_activation",
];
const ROLES: &[&str] = &["chat", "reflect", "fast", "plan", "compact", "embed"];

/// Reads one agent.
pub(super) fn read(
    path: &str,
    table: &Map<String, Value>,
    known: Known<'_>,
    faults: &mut Faults,
) -> Option<AgentSpec> {
    let section = Section::open(path, table, KEYS, faults);
    let slug = section.slug("slug", faults);
    let name = section.name("name", slug.as_deref().unwrap_or_default(), faults);
    let instructions = section.text("instructions", faults).unwrap_or_default();
    if instructions.len() > INSTRUCTIONS_BYTES_MAX {
        faults.push(
            section.path_of("instructions"),
            format!("is longer than {INSTRUCTIONS_BYTES_MAX} bytes"),
        );
    }
    let profile = AgentProfile {
        name,
        instructions: instructions.to_owned(),
        tools: tools(&section, known, faults),
        while_busy: section
            .word("while_busy", &["queue", "debounce", "interrupt"], faults)
            .unwrap_or_default(),
        roles: roles(&section, faults),
        on_ambiguous: section.word("on_ambiguous", &["resend", "stay-silent"], faults),
        group_activation: section
            .word("group_activation", &["mention", "always"], faults)
            .unwrap_or_default(),
    };
    Some(AgentSpec { slug: slug?, profile })
}

fn tools(section: &Section<'_>, known: Known<'_>, faults: &mut Faults) -> Vec<String> {
    let mut tools: Vec<String> = Vec::new();
    for (index, name) in section.texts("tools", faults).into_iter().enumerate() {
        let path = format!("{}[{index}]", section.path_of("tools"));
        if !known.tools.iter().any(|tool| tool == name) {
            faults.push(path, not_here(name, known.tools.iter().map(String::as_str)));
        } else if tools.iter().any(|tool| tool == name) {
            faults.push(path, "is listed twice");
        } else {
            tools.push(name.to_owned());
        }
    }
    tools
}

fn roles(section: &Section<'_>, faults: &mut Faults) -> BTreeMap<ModelRole, Vec<ModelRef>> {
    let Some(table) = section.table("roles", faults) else {
        return BTreeMap::new();
    };
    let inner = Section::open(section.path_of("roles"), table, ROLES, faults);
    ModelRole::ALL
        .into_iter()
        .filter(|role| table.contains_key(role.as_str()))
        .map(|role| (role, route(&inner, role, faults)))
        .collect()
}

fn route(section: &Section<'_>, role: ModelRole, faults: &mut Faults) -> Vec<ModelRef> {
    let path = section.path_of(role.as_str());
    let texts = section.texts(role.as_str(), faults);
    if texts.is_empty() || texts.len() > ROUTE_MAX {
        faults.push(&path, format!("needs 1 to {ROUTE_MAX} models"));
    }
    let mut models = Vec::with_capacity(texts.len());
    for (index, text) in texts.into_iter().enumerate() {
        match text.parse() {
            Ok(model) => models.push(model),
            Err(error) => faults.push(format!("{path}[{index}]"), format!("`{text}` is {error}")),
        }
    }
    models
}
