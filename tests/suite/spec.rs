//! `--spec FILE`: the document given at the start is the program, with no change of code.
//!
//! The client of `support` judges by the built-in document, so these tests speak on a plain
//! connection.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use openmail_mock::{Config, Running};
use serde_json::{Value, json};

use crate::support::{Answer, Connection};

/// A document in a file of its own, which goes when the test ends.
struct SpecFile(PathBuf);

impl SpecFile {
    fn write(document: &Value) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("openmail-mock-spec-{}-{number}.json", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, document.to_string()).expect("the temporary folder takes a file");
        Self(path)
    }
}

impl Drop for SpecFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A mock that serves a document.
pub struct Mock {
    pub running: Running,
    _file: SpecFile,
}

impl Mock {
    pub fn of(document: &Value) -> Self {
        let file = SpecFile::write(document);
        let config = Config {
            spec: Some(file.0.clone()),
            ..Config::default()
        };
        Self {
            running: crate::support::start(config),
            _file: file,
        }
    }

    /// Sends a request with these headers and no others.
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send_bytes(method, path, headers, body.as_bytes())
    }

    pub fn send_bytes(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        let mut connection = Connection::open(self.running.address());
        connection.request(method, path, &headers.collect::<Vec<_>>(), body);
        connection.answer()
    }

    /// Sends a request with the key of the default world, and JSON if there is a body.
    pub fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let key = format!("Bearer {}", self.running.key());
        let body = body.map(|body| body.to_string());
        let mut headers = vec![("authorization", key.as_str())];
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        self.send(method, path, &headers, &body.unwrap_or_default())
    }

    /// The last exchange with an operation, as the journal shows it.
    pub fn journal(&self, operation: &str) -> Value {
        let path = format!("/_mock/requests?operation={operation}");
        let listed = self.call("GET", &path, None).expect(200).json();
        listed["data"][0].clone()
    }
}

/// The built-in document, to be changed.
fn built_in() -> Value {
    serde_json::from_str(openmail_mock::api::DOCUMENT).expect("the built-in document is JSON")
}

#[track_caller]
fn remove(document: &mut Value, pointer: &str, name: &str) {
    let holder = document.pointer_mut(pointer).and_then(Value::as_object_mut);
    let removed = holder.and_then(|holder| holder.shift_remove(name));
    assert!(
        removed.is_some(),
        "the built-in document has {pointer}/{name}"
    );
}

#[test]
fn a_copy_of_the_built_in_document_behaves_as_it() {
    let mock = Mock::of(&built_in());
    let pod = mock.call("POST", "/v1/pods", Some(json!({ "clientId": "c" })));
    let pod = pod.expect(201).json();
    let answer = mock.call("GET", "/v1/pods/c", None).expect(200);
    assert_eq!(answer.json()["id"], pod["id"]);
    assert_eq!(answer.header("openmail-mock-synthesized"), None);
}

#[test]
fn an_operation_that_the_document_lacks_is_not_served() {
    let mut document = built_in();
    remove(&mut document, "/paths", "/v1/pods/{id}");
    let mock = Mock::of(&document);
    mock.call("GET", "/v1/pods/x", None)
        .refused(404, "not_found");
    mock.call("GET", "/v1/pods", None).expect(200);
}

#[test]
fn an_operation_that_was_taken_out_is_not_found_though_its_path_stays() {
    let mut document = built_in();
    remove(&mut document, "/paths/~1v1~1pods", "post");
    let mock = Mock::of(&document);
    mock.call("POST", "/v1/pods", Some(json!({})))
        .refused(404, "not_found");
    mock.call("GET", "/v1/pods", None).expect(200);
}

#[test]
fn a_method_that_no_document_has_is_not_allowed() {
    let mut document = built_in();
    remove(&mut document, "/paths/~1v1~1pods", "post");
    let mock = Mock::of(&document);
    let answer = mock.call("PUT", "/v1/pods", Some(json!({})));
    let answer = answer.refused(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("GET"));
}

/// The built-in document with names of pods three characters long at most.
fn short_names() -> Value {
    let mut document = built_in();
    document["components"]["schemas"]["Pod"]["properties"]["name"]["maxLength"] = json!(3);
    document
}

#[test]
fn a_tighter_length_refuses_the_request() {
    let mock = Mock::of(&short_names());
    let answer = mock.call("POST", "/v1/pods", Some(json!({ "name": "long" })));
    let body = answer.refused(400, "bad_request").json();
    let violation = &body["violations"][0];
    assert_eq!(
        (
            &violation["pointer"],
            &violation["rule"],
            &violation["expected"],
            &violation["actual"]
        ),
        (&json!("/name"), &json!("maxLength"), &json!(3), &json!(4))
    );
    assert_eq!(
        violation["spec"],
        "#/components/schemas/Pod/properties/name/maxLength"
    );
}

#[test]
fn what_a_tighter_length_admits_still_works() {
    let mock = Mock::of(&short_names());
    mock.call("POST", "/v1/pods", Some(json!({ "name": "abc" })))
        .expect(201);
}

#[test]
fn a_stored_name_that_the_document_forbids_is_a_breach() {
    let mut document = built_in();
    // Only the answer is held tighter: the request's own schema stays as it is.
    let body =
        "/paths/~1v1~1pods/post/requestBody/content/application~1json/schema/properties/name";
    remove(&mut document, body, "x-openmail-mock-also");
    document["components"]["schemas"]["Pod"]["properties"]["name"]["maxLength"] = json!(3);
    let mock = Mock::of(&document);
    mock.call(
        "POST",
        "/v1/pods",
        Some(json!({ "name": "ok", "clientId": "short" })),
    )
    .expect(201);
    mock.call(
        "POST",
        "/v1/pods",
        Some(json!({ "name": "long", "clientId": "c" })),
    )
    .refused(500, "contract_breach");
    let answer = mock
        .call("GET", "/v1/pods/c", None)
        .refused(500, "contract_breach");
    let violation = &answer.json()["violations"][0];
    assert_eq!(
        (&violation["side"], &violation["pointer"]),
        (&json!("response"), &json!("/name"))
    );
    mock.call("GET", "/v1/pods/short", None).expect(200);
}

#[test]
fn an_undocumented_failure_is_answered_and_marked_in_the_journal() {
    let mut document = built_in();
    remove(
        &mut document,
        "/paths/~1v1~1pods~1{id}/get/responses",
        "404",
    );
    let mock = Mock::of(&document);
    mock.call("GET", "/v1/pods/nobody", None)
        .refused(404, "not_found");
    let entry = mock.journal("getPod");
    assert_eq!(entry["undocumentedStatus"], true);
    assert_eq!(entry["contractBreach"], false);
}

#[test]
fn a_documented_failure_is_not_marked() {
    let mock = Mock::of(&built_in());
    mock.call("GET", "/v1/pods/nobody", None)
        .refused(404, "not_found");
    assert_eq!(mock.journal("getPod")["undocumentedStatus"], false);
}

#[test]
fn an_undocumented_success_is_a_breach_that_undoes_nothing() {
    let mut document = built_in();
    remove(&mut document, "/paths/~1v1~1pods/post/responses", "201");
    let mock = Mock::of(&document);
    let answer = mock.call("POST", "/v1/pods", Some(json!({ "clientId": "c" })));
    let violation = answer.refused(500, "contract_breach").json()["violations"][0].clone();
    assert_eq!(
        (&violation["in"], &violation["actual"]),
        (&json!("status"), &json!(201))
    );
    assert_eq!(mock.journal("createPod")["contractBreach"], true);
    mock.call("GET", "/v1/pods/c", None).expect(200);
}

/// An API that nobody here knows: one key in a header, one operation for all, one of bytes.
fn weather() -> Value {
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Weather", "version": "1" },
        "components": { "securitySchemes": {
            "key": { "type": "apiKey", "in": "header", "name": "X-Weather-Key" },
        } },
        "paths": {
            "/stations/{id}": { "get": {
                "operationId": "getStation",
                "security": [ { "key": [] } ],
                "parameters": [
                    { "name": "id", "in": "path", "required": true, "schema": { "type": "integer" } },
                ],
                "responses": { "200": { "description": "", "content": { "application/json": {
                    "schema": { "type": "object", "required": ["id", "name", "heights"], "properties": {
                        "id": { "type": "integer", "minimum": 1 },
                        "name": { "type": "string", "example": "Zugspitze" },
                        "heights": { "type": "array", "minItems": 2, "items": { "enum": [2962] } },
                    } },
                } } } },
            } },
            "/ping": { "get": { "responses": { "200": {
                "description": "",
                "headers": { "X-Load": { "required": true, "schema": { "type": "integer", "minimum": 7 } } },
                "content": { "text/plain": { "schema": { "type": "string" }, "example": "pong" } },
            } } } },
            "/images": { "post": {
                "operationId": "addImage",
                "requestBody": { "required": true, "content": { "image/png": { "schema": { "type": "string", "format": "binary" } } } },
                "responses": { "204": { "description": "" } },
            } },
        },
    })
}

fn key(mock: &Mock) -> String {
    mock.running.key().to_owned()
}

#[test]
fn an_unknown_api_is_answered_from_its_document() {
    let mock = Mock::of(&weather());
    let key = key(&mock);
    let answer = mock.send("GET", "/stations/5", &[("x-weather-key", &key)], "");
    let answer = answer.expect(200);
    assert_eq!(
        answer.json(),
        json!({ "id": 1, "name": "Zugspitze", "heights": [2962, 2962] })
    );
}

#[test]
fn a_made_up_answer_says_so() {
    let mock = Mock::of(&weather());
    let answer = mock.send("GET", "/ping", &[], "").expect(200);
    assert_eq!(answer.header("openmail-mock-synthesized"), Some("true"));
    assert_eq!(
        mock.call("GET", "/_mock/requests", None).json()["data"][0]["synthesized"],
        true
    );
}

#[test]
fn an_unknown_api_needs_its_own_key_where_it_says_so() {
    let mock = Mock::of(&weather());
    let bearer = format!("Bearer {}", mock.running.key());
    for headers in [
        &[][..],
        &[("authorization", bearer.as_str())],
        &[("x-weather-key", "wrong")],
    ] {
        mock.send("GET", "/stations/5", headers, "")
            .refused(401, "unauthorized");
    }
}

#[test]
fn an_operation_without_security_needs_no_key() {
    let mock = Mock::of(&weather());
    let answer = mock.send("GET", "/ping", &[], "").expect(200);
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(answer.header("x-load"), Some("7"));
    assert_eq!(answer.body, b"pong");
}

#[test]
fn a_body_that_is_no_json_is_taken_by_its_media_type() {
    let mock = Mock::of(&weather());
    let png = [("content-type", "image/png")];
    mock.send("POST", "/images", &png, "\u{89}PNG").expect(204);
    mock.send("POST", "/images", &png, "")
        .refused(400, "bad_request");
    let json = [("content-type", "application/json")];
    mock.send("POST", "/images", &json, "{}")
        .refused(415, "unsupported_media_type");
}

#[test]
fn requests_of_an_unknown_api_are_checked() {
    let mock = Mock::of(&weather());
    let key = key(&mock);
    let answer = mock.send("GET", "/stations/five", &[("x-weather-key", &key)], "");
    let violations = answer.refused(400, "bad_request").json()["violations"].clone();
    assert_eq!(
        (&violations[0]["in"], &violations[0]["rule"]),
        (&json!("path"), &json!("type"))
    );
}

#[test]
fn operations_of_the_built_in_document_are_unknown_to_another() {
    let mock = Mock::of(&weather());
    mock.call("GET", "/v1/pods", None).refused(404, "not_found");
}

#[test]
fn the_document_in_force_is_served() {
    let mock = Mock::of(&weather());
    let served = mock.send("GET", "/openapi.json", &[], "").expect(200);
    assert_eq!(served.json(), weather());
}

#[test]
fn a_document_with_faults_stops_the_start_naming_each() {
    let mut document = weather();
    document["paths"]["/ping"]["get"]["operationId"] = json!("addImage");
    let file = SpecFile::write(&document);
    let config = Config {
        spec: Some(file.0.clone()),
        ..Config::default()
    };
    let Err(error) = openmail_mock::start(config) else {
        panic!("the mock started");
    };
    let message = error.to_string();
    assert!(
        message.contains("operationId `addImage` is used twice"),
        "{message}"
    );
}

/// A document of one GET operation.
fn single(path: &str, operation: Value) -> Value {
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Single", "version": "1" },
        "paths": { path: { "get": operation } },
    })
}

#[test]
fn an_operation_that_only_shares_an_id_with_ours_is_synthesised() {
    let operation = json!({
        "operationId": "getMe",
        "responses": { "200": { "description": "me", "content": { "application/json": {
            "schema": { "type": "object", "required": ["age"], "properties": { "age": { "type": "integer" } } }
        } } } },
    });
    let mock = Mock::of(&single("/me", operation));
    let answer = mock.call("GET", "/me", None).expect(200);
    assert_eq!(answer.json(), json!({ "age": 0 }));
}

#[test]
fn a_renamed_path_parameter_does_not_take_the_behaviour_away() {
    let mut document = built_in();
    let item = document["paths"].as_object_mut().expect("paths");
    let mut item = item.remove("/v1/pods/{id}").expect("the path of one pod");
    for method in ["get", "patch", "delete"] {
        item[method]["parameters"][0]["name"] = json!("podId");
    }
    document["paths"]["/v1/pods/{podId}"] = item;
    let mock = Mock::of(&document);
    mock.call("POST", "/v1/pods", Some(json!({ "clientId": "cedar" })))
        .expect(201);
    assert_eq!(
        mock.call("GET", "/v1/pods/cedar", None).expect(200).json()["clientId"],
        "cedar"
    );
}

#[test]
fn a_document_whose_answer_no_value_satisfies_stops_the_start() {
    let operation = json!({
        "responses": { "200": { "description": "d", "content": { "application/json": {
            "schema": { "type": "string", "minLength": 5, "maxLength": 3 }
        } } } },
    });
    let file = SpecFile::write(&single("/x", operation));
    let config = Config {
        spec: Some(file.0.clone()),
        ..Config::default()
    };
    let error = openmail_mock::start(config)
        .err()
        .expect("it does not start");
    assert_eq!(error.exit_code(), 3);
    assert!(error.to_string().contains("add an `example`"), "{error}");
}

#[test]
fn a_refused_key_is_told_where_this_document_has_keys_travel() {
    let operation = json!({
        "security": [{ "key": [] }],
        "responses": { "200": { "description": "d" } },
    });
    let mut document = single("/x", operation);
    document["components"] = json!({ "securitySchemes": {
        "key": { "type": "apiKey", "in": "header", "name": "X-Weather-Key" }
    } });
    let mock = Mock::of(&document);
    let message = mock
        .send("GET", "/x", &[], "")
        .refused(401, "unauthorized")
        .message();
    assert!(
        message.contains("`X-Weather-Key: om_test_<name>`"),
        "{message}"
    );
    mock.send("GET", "/x", &[("x-weather-key", "om_test_w")], "")
        .expect(200);
    let journal = mock.call("GET", "/_mock/requests?world=w", None);
    journal.refused(400, "bad_request");
    let journal = mock
        .send("GET", "/_mock/requests?world=w", &[], "")
        .expect(200);
    let text = String::from_utf8_lossy(&journal.body).into_owned();
    assert!(!text.contains("om_test_w"), "{text}");
}
