//! The OpenAPI document, made of the very endpoints that answer.

use crate::serve::endpoint::{Allowed, Body, Endpoint, Schemas, Shape, shape};
use crate::serve::problem::{Code, Shown};
use axum::http::Method;
use gateway::WireCommand;
use serde_json::json;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{
    ComponentsBuilder, ContactBuilder, ContentBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi,
    OpenApiBuilder, Ref, RefOr, Required, ResponseBuilder, Schema, ServerBuilder, schema::Type,
};

/// Statuses that any endpoint may answer with.
const ANYWHERE: [u16; 10] = [400, 401, 403, 404, 408, 421, 422, 429, 431, 503];
/// Statuses that one with a body may answer with besides.
const WITH_BODY: [u16; 3] = [409, 413, 415];

const ABOUT: &str = "Trading, clearing, registry and supervision of a market in one node. Prices, quantities and amounts are \
    texts with a decimal point, never floating-point numbers. Answers of reads carry Huangpu-Sequence: the record of the log after \
    which they were true. Problems are application/problem+json (RFC 9457) with a stable code.";

/// What the endpoints are among, in the order of the docs.
const TAGS: [(&str, &str); 13] = [
    ("session", "Signing in, passwords and one-time codes of people."),
    ("market data", "Markets, instruments, books and listings as they stand."),
    ("rules", "The rules in force, those to come, and what changes."),
    ("history", "Orders, fills, trades and candles, from the projection."),
    ("streams", "A WebSocket; its messages are described at `/v1/asyncapi.json`."),
    ("commands", "Every command that may be sent under its own name, one endpoint each."),
    ("orders", "The commands about one order, by its number or your own name for it."),
    ("registry and clearing", "Participants, accounts, holdings, pledges, statements and compliance."),
    ("acts of two persons", "What one proposes and another approves."),
    ("users and keys", "Users of participants, their duties and their keys."),
    ("supervision", "Alerts and cases."),
    ("log", "The records of the log."),
    ("operation", "How the node is doing, for people and for machines."),
];

/// The document of these endpoints, as it is sent.
#[must_use]
pub(super) fn text(endpoints: &[Endpoint]) -> String {
    formats(&document(endpoints).to_pretty_json().unwrap_or_default())
}

/// The registry of formats has no hyphen where utoipa writes one.
pub(super) fn formats(text: &str) -> String {
    text.replace("\"format\": \"u-int", "\"format\": \"uint")
}

/// The document of these endpoints.
#[must_use]
fn document(endpoints: &[Endpoint]) -> OpenApi {
    let mut schemas: Schemas = Vec::new();
    shape::<Shown<'static>>(&mut schemas);
    WireCommand::schemas(&mut schemas);
    let mut paths: BTreeMap<&str, PathItem> = BTreeMap::new();
    for endpoint in endpoints {
        let item = PathItem::new(method(&endpoint.method), operation(endpoint, &mut schemas));
        match paths.get_mut(endpoint.path.as_str()) {
            Some(path) => path.merge_operations(item),
            None => {
                paths.insert(&endpoint.path, item);
            }
        }
    }
    let mut all = PathsBuilder::new();
    for (path, item) in paths {
        all = all.path(path, item);
    }
    let mut components = ComponentsBuilder::new();
    for (name, schema) in schemas {
        components = components.schema(name, schema);
    }
    let header = |name: &str, about: &str| {
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, about)))
    };
    let cookie = ApiKeyValue::new(crate::serve::access::COOKIE);
    let components = components
        .security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)))
        .security_scheme(
            "csrf",
            header("X-CSRF-Token", "Changes within a session carry the session's token."),
        )
        .security_scheme("key", header("HP-KEY", "The public name of a key."))
        .security_scheme(
            "key_time",
            header("HP-TIME", "Milliseconds since 1970, within ten seconds of the node's."),
        )
        .security_scheme(
            "key_sign",
            header(
                "HP-SIGN",
                "HMAC-SHA256, in hex, over time, method, path with query, and body, under the key's secret.",
            ),
        )
        .build();
    let contact = ContactBuilder::new().name(Some("The operator of this node"));
    let server = ServerBuilder::new().url("/").description(Some("The node that serves this document."));
    let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let info =
        InfoBuilder::new().title("Huangpu").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT));
    OpenApiBuilder::new()
        .info(info.license(Some(license)).contact(Some(contact.build())).build())
        .servers(Some([server.build()]))
        .paths(all.build())
        .components(Some(components))
        .tags(Some(TAGS.map(tag)))
        .build()
}

fn tag((name, about): (&str, &str)) -> Tag {
    TagBuilder::new().name(name).description(Some(about)).build()
}

fn method(method: &Method) -> HttpMethod {
    match *method {
        Method::POST => HttpMethod::Post,
        Method::PUT => HttpMethod::Put,
        Method::PATCH => HttpMethod::Patch,
        Method::DELETE => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

fn operation(endpoint: &Endpoint, schemas: &mut Schemas) -> OperationBuilder {
    let name = endpoint.path.trim_start_matches("/v1/").replace(['/', '-'], "_").replace(['{', '}'], "");
    let mut operation = OperationBuilder::new()
        .operation_id(Some(format!("{}_{name}", endpoint.method.as_str().to_lowercase())))
        .tag(endpoint.tag)
        .summary(Some(endpoint.summary.clone()))
        .description(Some(format!("For: {}.", endpoint.allowed.text())));
    for name in parameters(&endpoint.path) {
        let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1));
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
        operation = operation.parameter(parameter.required(Required::True).schema(Some(text)));
    }
    for parameter in &endpoint.parameters {
        operation = operation.parameter(parameter.clone());
    }
    if let Some(body) = body(&endpoint.body, schemas) {
        let content = ContentBuilder::new().schema(Some(body)).build();
        let body =
            RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True));
        operation = operation.request_body(Some(body.build()));
    }
    for (status, shape) in &endpoint.answers {
        operation = operation.response(status.to_string(), answer(*status, *shape, schemas));
    }
    if endpoint.answers.is_empty() {
        operation = operation.response("200", ResponseBuilder::new().description("A page.").build());
    }
    let with_body = if endpoint.method == Method::GET { &[][..] } else { &WITH_BODY };
    for status in ANYWHERE.iter().chain(with_body) {
        operation = operation.response(status.to_string(), problem(*status));
    }
    if endpoint.answers.iter().any(|(status, _)| *status == 101) {
        // No answer of HTTP is a success here; what is said afterwards has a document of its own.
        let messages =
            ExtensionsBuilder::new().add("x-websocket", json!({ "messages": "/v1/asyncapi.json" }));
        operation = operation.extensions(Some(messages.build()));
    }
    operation.securities(Some(security(endpoint.allowed)))
}

/// How one says who one is: not at all where anyone may, and at one's choice where it depends on the node's settings.
fn security(allowed: Allowed) -> Vec<SecurityRequirement> {
    if allowed == Allowed::Anyone {
        return Vec::new();
    }
    let none: [&str; 0] = [];
    let session = SecurityRequirement::new("session", none).add("csrf", none);
    let key = SecurityRequirement::new("key", none).add("key_time", none).add("key_sign", none);
    let open = (allowed == Allowed::MarketData).then(SecurityRequirement::default);
    [session, key].into_iter().chain(open).collect()
}

/// The names in braces of a path.
pub(super) fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn body(body: &Body, schemas: &mut Schemas) -> Option<RefOr<Schema>> {
    match body {
        Body::None => None,
        Body::Of(shape) => Some(shape(schemas)),
        Body::Is(schema) => Some((**schema).clone()),
    }
}

fn answer(status: u16, shape: Option<Shape>, schemas: &mut Schemas) -> utoipa::openapi::Response {
    let Some(shape) = shape else {
        let description = if status == 101 { "The connection is a WebSocket from here on." } else { "Done." };
        return ResponseBuilder::new().description(description).build();
    };
    let content = ContentBuilder::new().schema(Some(shape(schemas))).build();
    ResponseBuilder::new().description("Done.").content("application/json", content).build()
}

fn problem(status: u16) -> utoipa::openapi::Response {
    let codes: Vec<&str> =
        Code::ALL.iter().filter(|code| code.status() == status).map(|code| code.text()).collect();
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let description = format!("A problem: {}.", codes.join(", "));
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn references<'a>(of: &'a Value, all: &mut BTreeSet<&'a str>) {
        match of {
            Value::Object(fields) => {
                all.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, all));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, all)),
            _ => {}
        }
    }

    #[test]
    fn everything_that_is_referred_to_is_there() {
        let document: Value =
            serde_json::from_str(&text(&crate::serve::api::endpoints())).expect("the document is JSON");
        let mut all = BTreeSet::new();
        references(&document, &mut all);
        let missing: Vec<_> =
            all.iter().filter(|name| document.pointer(name.trim_start_matches('#')).is_none()).collect();
        assert!(all.len() > 60 && missing.is_empty(), "{missing:?}");
        let level = &document["components"]["schemas"]["Level"]["prefixItems"];
        let kinds: Vec<_> = (0..3).map(|place| level[place]["type"].clone()).collect();
        assert_eq!(kinds, [json!("string"), json!("string"), json!("integer")], "{level}");
        assert_eq!(document["components"]["schemas"]["Time"]["properties"]["sequence"]["format"], "uint64");
    }

    #[test]
    fn every_operation_says_what_it_is_among_and_who_may_call_it() {
        let document: Value = serde_json::from_str(&text(&crate::serve::api::endpoints())).unwrap();
        let tags: Vec<&str> =
            document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
        let mut seen = Vec::new();
        for endpoint in crate::serve::api::endpoints() {
            let method = endpoint.method.as_str().to_lowercase();
            let operation = &document["paths"][endpoint.path.as_str()][method.as_str()];
            if !seen.contains(&endpoint.tag) {
                seen.push(endpoint.tag);
            }
            let choices = operation["security"].as_array().unwrap();
            let open = choices.is_empty() || choices.contains(&json!({}));
            assert_eq!(open, endpoint.allowed.is_open(true), "{}", endpoint.path);
            assert_eq!(choices.is_empty(), endpoint.allowed.is_open(false), "{}", endpoint.path);
            let responses = operation["responses"].as_object().unwrap();
            let succeeds = responses.keys().any(|status| status.starts_with('2'));
            assert_eq!(operation.get("x-websocket").is_none(), succeeds, "{}", endpoint.path);
        }
        assert_eq!(tags, seen, "every tag is described, in the order of the endpoints");
        assert_eq!(document["servers"][0]["url"], "/");
    }

    #[test]
    fn no_two_schemas_have_one_name() {
        let mut schemas = Schemas::new();
        for endpoint in crate::serve::api::endpoints() {
            operation(&endpoint, &mut schemas);
        }
        let mut named: BTreeMap<String, String> = BTreeMap::new();
        for (name, schema) in schemas {
            let schema = serde_json::to_string(&schema).expect("a schema is JSON");
            let before = named.insert(name.clone(), schema.clone());
            assert!(before.is_none_or(|before| before == schema), "{name}");
        }
    }
}
