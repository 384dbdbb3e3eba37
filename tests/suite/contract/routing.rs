//! From method and raw path to an operation, and the values in the path.

use openmail_mock::contract::{Contract, Match};
use serde_json::{Map, Value, json};

use super::{Sent, breaks, checked, document, load, rules};

/// A document with a GET on each template; every operation is called like its template.
fn templates(templates: &[&str]) -> Contract {
    let mut paths = Map::new();
    for template in templates {
        let names = template
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'));
        let parameter = |(name, _): (&str, &str)| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } });
        let parameters: Vec<Value> = names.map(parameter).collect();
        let operation = json!({
            "operationId": template, "parameters": parameters, "responses": { "200": { "description": "" } },
        });
        paths.insert((*template).to_owned(), json!({ "get": operation }));
    }
    load(&document(Value::Object(paths), json!({})))
}

/// The template and the raw values that a path leads to.
fn find<'p>(contract: &Contract, path: &'p str) -> Option<(String, Vec<&'p str>)> {
    match contract.route("GET", path) {
        Match::Operation(index, values) => {
            Some((contract.operations[index].template.clone(), values))
        }
        Match::MethodNotAllowed(_) | Match::NotFound => None,
    }
}

#[track_caller]
fn leads(contract: &Contract, path: &str, template: &str, values: &[&str]) {
    assert_eq!(
        find(contract, path),
        Some((template.to_owned(), values.to_vec())),
        "{path}"
    );
}

#[test]
fn a_literal_beats_a_template() {
    let contract = templates(&["/a/{id}", "/a/me"]);
    leads(&contract, "/a/me", "/a/me", &[]);
    leads(&contract, "/a/you", "/a/{id}", &["you"]);
}

#[test]
fn a_literal_that_leads_nowhere_gives_way_to_a_template() {
    let contract = templates(&["/a/me/x", "/a/{id}/y"]);
    leads(&contract, "/a/me/y", "/a/{id}/y", &["me"]);
}

#[test]
fn segments_may_mix_text_and_parameters() {
    let contract = templates(&[
        "/f/{name}.json",
        "/f/{name}",
        "/g/{a}-{b}",
        "/h/{a}.{b}.json",
        "/i/v{n}",
    ]);
    leads(&contract, "/f/a.b.json", "/f/{name}.json", &["a.b"]);
    leads(&contract, "/f/.json", "/f/{name}", &[".json"]);
    leads(&contract, "/g/x-y-z", "/g/{a}-{b}", &["x-y", "z"]);
    leads(&contract, "/h/x.y.json", "/h/{a}.{b}.json", &["x", "y"]);
    leads(&contract, "/i/v12", "/i/v{n}", &["12"]);
    assert_eq!(find(&contract, "/i/v"), None);
    assert_eq!(find(&contract, "/g/-y"), None);
}

#[test]
fn an_empty_segment_is_no_value() {
    let contract = templates(&["/a/{id}"]);
    assert_eq!(find(&contract, "/a/"), None);
    assert_eq!(find(&contract, "/a"), None);
    assert_eq!(find(&contract, "//a/x"), None);
    assert_eq!(find(&contract, "/a/x/"), None);
    assert_eq!(find(&contract, "a/x"), None);
}

#[test]
fn dots_and_encoded_slashes_stay_inside_their_segment() {
    let contract = templates(&["/a/{id}", "/a"]);
    for raw in ["..", ".", "%2e%2e", "a%2Fb", "%25", "+", "%C3%A4", "a%20b"] {
        let path = format!("/a/{raw}");
        leads(&contract, &path, "/a/{id}", &[raw]);
    }
}

#[test]
fn path_values_are_decoded_once() {
    let contract = templates(&["/a/{id}"]);
    for (raw, value) in [
        ("..", ".."),
        ("a%2Fb", "a/b"),
        ("%2525", "%25"),
        ("a+b", "a+b"),
        ("%C3%A4%F0%9F%98%80", "ä😀"),
        ("100%", "100%"),
    ] {
        let sent = Sent {
            target: &format!("/a/{raw}"),
            ..Sent::default()
        };
        let id = checked(&contract, &sent, |checked| {
            checked.path("id").map(str::to_owned)
        });
        assert_eq!(id.expect("a good request").as_deref(), Some(value));
    }
}

#[test]
fn a_path_value_that_decodes_to_no_text_is_refused() {
    let contract = templates(&["/a/{id}"]);
    let violations = breaks(
        &contract,
        &Sent {
            target: "/a/%FF",
            ..Sent::default()
        },
    );
    assert_eq!(rules(&violations), ["encoding /id"]);
}

#[test]
fn text_of_a_template_that_needs_escapes_is_met_in_escaped_form() {
    let contract = templates(&["/straße/{id}", "/a b"]);
    leads(&contract, "/stra%C3%9Fe/x", "/straße/{id}", &["x"]);
    leads(&contract, "/a%20b", "/a b", &[]);
}

#[test]
fn a_known_path_with_another_method_names_the_methods_it_has() {
    let responses = json!({ "200": { "description": "" } });
    let item = json!({ "put": { "responses": responses }, "get": { "responses": responses } });
    let contract = load(&document(json!({ "/a": item }), json!({})));
    assert_eq!(
        contract.route("DELETE", "/a"),
        Match::MethodNotAllowed(vec!["GET".to_owned(), "PUT".to_owned()])
    );
    assert_eq!(contract.route("DELETE", "/b"), Match::NotFound);
}

#[test]
fn methods_of_templates_for_the_same_path_are_told_together() {
    let responses = json!({ "200": { "description": "" } });
    let id = json!([{ "name": "id", "in": "path", "required": true, "schema": {} }]);
    let contract = load(&document(
        json!({
            "/a/me": { "get": { "responses": responses } },
            "/a/{id}": { "delete": { "responses": responses, "parameters": id } },
        }),
        json!({}),
    ));
    assert!(matches!(
        contract.route("DELETE", "/a/me"),
        Match::Operation(1, _)
    ));
    assert_eq!(
        contract.route("PUT", "/a/me"),
        Match::MethodNotAllowed(vec!["DELETE".to_owned(), "GET".to_owned()])
    );
}
