//! `GET /openapi.json`: an `OpenAPI` 3.1 document, made from the table of endpoints.

use crate::router::{Endpoint, Guard, endpoints};
use axum::Json;
use serde_json::{Map, Value, json};

/// The document.
pub(crate) async fn openapi() -> Json<Value> {
    Json(document())
}

pub(super) fn document() -> Value {
    let mut paths = Map::new();
    for endpoint in endpoints().iter().filter(|endpoint| endpoint.documented) {
        let methods = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        if let Some(methods) = methods.as_object_mut() {
            methods.insert(endpoint.method.to_owned(), operation(endpoint));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Rookery", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "components": {
            "securitySchemes": {"apiKey": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas(),
        },
    })
}

fn operation(endpoint: &Endpoint) -> Value {
    let mut operation = json!({
        "summary": endpoint.summary,
        "parameters": parameters(endpoint),
        "responses": responses(endpoint),
        "security": if endpoint.guard == Guard::ApiKey { json!([{"apiKey": []}]) } else { json!([]) },
    });
    if let (Some(body), Some(fields)) = (endpoint.body, operation.as_object_mut()) {
        let schema = json!({"$ref": format!("#/components/schemas/{body}")});
        let content = json!({"application/json": {"schema": schema}});
        fields.insert("requestBody".to_owned(), json!({"required": true, "content": content}));
    }
    operation
}

fn parameters(endpoint: &Endpoint) -> Vec<Value> {
    let text = json!({"type": "string"});
    let number = json!({"type": "integer"});
    let mut parameters: Vec<_> = endpoint
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({"in": "path", "name": name, "required": true, "schema": text}))
        .collect();
    let mut add = |place: &str, name: &str, schema: &Value| {
        parameters.push(json!({"in": place, "name": name, "schema": schema}));
    };
    match endpoint.path {
        "/api/v1/agents/{agent}/messages" | "/v1/chat/completions" => {
            add("header", "Idempotency-Key", &text);
        }
        "/api/v1/runs/{run}/events" => add("header", "Last-Event-ID", &text),
        "/api/v1/agents" => {
            add("query", "cursor", &text);
            add("query", "limit", &number);
        }
        "/api/v1/sessions/{session}/messages" => add("query", "limit", &number),
        "/ws/chat" => add("query", "agent", &text),
        _ => {}
    }
    parameters
}

fn responses(endpoint: &Endpoint) -> Value {
    let (status, description, media_type) = match endpoint.path {
        "/api/v1/agents/{agent}/messages" => ("202", "Durable", "application/json"),
        "/api/v1/runs/{run}/events" => ("200", "Events", "text/event-stream"),
        "/ws/chat" => ("101", "A socket", "application/json"),
        _ => ("200", "Done", "application/json"),
    };
    let (problem, schema) = if endpoint.path.starts_with("/v1/") {
        ("application/json", "OpenAiError")
    } else {
        ("application/problem+json", "Problem")
    };
    let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
    json!({
        status: {"description": description, "content": {media_type: {}}},
        "default": {"description": "Refused", "content": {problem: {"schema": schema}}},
    })
}

fn schemas() -> Value {
    let text = json!({"type": "string"});
    json!({
        "NewMessage": {
            "type": "object",
            "required": ["text"],
            "additionalProperties": false,
            "properties": {"text": text, "session": text, "contact": text},
        },
        "CompletionRequest": {
            "type": "object",
            "required": ["model", "messages"],
            "properties": {
                "model": text,
                "messages": {"type": "array", "items": {"type": "object"}},
                "stream": {"type": "boolean"},
                "user": text,
            },
        },
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status", "detail", "code", "request_id"],
            "properties": {
                "type": text, "title": text, "status": {"type": "integer"},
                "detail": text, "code": text, "request_id": text,
            },
        },
        "OpenAiError": {
            "type": "object",
            "required": ["error"],
            "properties": {"error": {
                "type": "object",
                "properties": {
                    "message": text, "type": text,
                    "param": {"type": ["string", "null"]}, "code": {"type": ["string", "null"]},
                },
            }},
        },
    })
}
