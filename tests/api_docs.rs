//! docs/api.md says which endpoints and problems there are: its tables are written from those that the node answers with.
//! `UPDATE_EXPECTED=1` writes them; otherwise a stale page fails.

use huangpu::serve::{Code, endpoints};
use std::fmt::Write;
use std::fs;
use std::path::Path;

const BEGIN: &str = "<!-- generated: UPDATE_EXPECTED=1 cargo test --test api_docs -->\n";
const END: &str = "<!-- end -->\n";

fn tables() -> String {
    let mut text = String::from("\n## Endpoints\n");
    let mut tag = "";
    for endpoint in endpoints() {
        if endpoint.tag != tag {
            tag = endpoint.tag;
            let _ = write!(text, "\n### {tag}\n\n| | | for |\n|---|---|---|\n");
        }
        let (method, path) = (endpoint.method.as_str(), &endpoint.path);
        let _ = writeln!(text, "| `{method} {path}` | {} | {} |", endpoint.summary, endpoint.allowed.text());
    }
    text.push_str("\n## Problems\n\nA problem is `application/problem+json` (RFC 9457): `type`, `title`, `status`, `detail`, and `code`, which stays the same; where\n");
    text.push_str("they are known also `field`, `line` and `column`, `stage` and `reason`, `sequence`, `id`, and `retry_after` in seconds. `wrong` says what\n");
    text.push_str("`detail` says of a field, or of what is not there, in parts: its `kind` (`absent`, `unexpected`, `too_fine`, `too_large`, `off_tick`, `broken`) and what belongs to\n");
    text.push_str("it, for whoever shows it in another language.\n\n");
    text.push_str("| code | status | meaning |\n|---|---|---|\n");
    for code in Code::ALL {
        let _ = writeln!(text, "| `{}` | {} | {} |", code.text(), code.status(), code.title());
    }
    text.push('\n');
    text
}

#[test]
fn the_page_of_the_api_is_that_of_the_node() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    let expected = tables();
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert!(
            found == expected,
            "docs/api.md is stale: UPDATE_EXPECTED=1 cargo test --test api_docs writes it"
        );
    }
}

#[test]
fn every_endpoint_is_named_once() {
    let mut all: Vec<String> =
        endpoints().iter().map(|entry| format!("{} {}", entry.method, entry.path)).collect();
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
    assert!(count > 90, "only {count} endpoints");
}
