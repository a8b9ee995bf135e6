//! The API as a page to read, made of the very endpoints that answer.

use crate::serve::endpoint::{Body, Endpoint};
use crate::serve::problem::Code;
use std::collections::BTreeMap;
use std::fmt::Write;
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::{RefOr, Schema};

fn text(raw: &str) -> String {
    raw.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The page.
#[must_use]
pub(super) fn page(endpoints: &[Endpoint]) -> String {
    let mut tags: Vec<&str> = Vec::new();
    for endpoint in endpoints {
        if !tags.contains(&endpoint.tag) {
            tags.push(endpoint.tag);
        }
    }
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Huangpu API</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"/v1/docs.css\"></head><body>\
         <h1>Huangpu API, version 1</h1><p>The same as <a href=\"/v1/openapi.json\">an OpenAPI document</a>. Prices, quantities and \
         amounts are texts with a decimal point. A program signs each request: HP-KEY, HP-TIME (milliseconds), HP-SIGN = hex of \
         HMAC-SHA256 over time, method, path with query, and body, under the key's secret.</p><nav>",
    );
    for tag in &tags {
        let _ = write!(page, "<a href=\"#{}\">{}</a> ", text(&tag.replace(' ', "-")), text(tag));
    }
    page.push_str("<a href=\"#problems\">problems</a></nav>");
    for tag in tags {
        let _ = write!(page, "<h2 id=\"{}\">{}</h2>", text(&tag.replace(' ', "-")), text(tag));
        for endpoint in endpoints.iter().filter(|endpoint| endpoint.tag == tag) {
            write_endpoint(endpoint, &mut page);
        }
    }
    page.push_str("<h2 id=\"problems\">problems</h2><table><tr><th>code<th>status<th>meaning");
    for code in Code::ALL {
        let _ = write!(
            page,
            "<tr id=\"{0}\"><td><code>{0}</code><td>{1}<td>{2}",
            code.text(),
            code.status(),
            text(code.title())
        );
    }
    page.push_str("</table></body></html>");
    page
}

fn write_endpoint(endpoint: &Endpoint, page: &mut String) {
    let (method, path) = (endpoint.method.as_str(), text(&endpoint.path));
    let _ =
        write!(page, "<section><h3><b>{method}</b> <code>{path}</code></h3><p>{}.", text(&endpoint.summary));
    let _ = write!(page, " <i>For {}.</i></p>", text(&endpoint.allowed.text()));
    let query = endpoint.parameters.iter().filter(|one| matches!(one.parameter_in, ParameterIn::Query));
    let query: Vec<String> = query.map(|parameter| parameter.name.clone()).collect();
    if !query.is_empty() {
        let _ = write!(page, "<p>Query: <code>{}</code></p>", text(&query.join(", ")));
    }
    let fields = fields(&endpoint.body);
    if !fields.is_empty() {
        page.push_str("<p>Body:");
        for (name, required) in fields {
            let mark = if required { "" } else { "?" };
            let _ = write!(page, " <code>{}{mark}</code>", text(&name));
        }
        page.push_str("</p>");
    }
    page.push_str("</section>");
}

/// The names of a body's fields, and whether each must be there.
fn fields(body: &Body) -> Vec<(String, bool)> {
    let schema = match body {
        Body::None => return Vec::new(),
        Body::Is(schema) => (**schema).clone(),
        Body::Of(shape) => {
            let mut all = Vec::new();
            shape(&mut all);
            let Some((_, schema)) = all.pop() else { return Vec::new() };
            schema
        }
    };
    let RefOr::T(Schema::Object(object)) = schema else { return Vec::new() };
    let required: BTreeMap<&String, ()> = object.required.iter().map(|name| (name, ())).collect();
    object.properties.keys().map(|name| (name.clone(), required.contains_key(name))).collect()
}

/// How the page looks.
pub(super) const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}\
    nav a{margin-right:.8rem}section{border-top:1px solid #8884;padding:.2rem 0}h3{margin:.6rem 0 0;font-weight:400}p{margin:.2rem 0}\
    code{font-size:.92em}table{border-collapse:collapse}td,th{text-align:left;padding:.1rem .8rem .1rem 0;vertical-align:top}";
