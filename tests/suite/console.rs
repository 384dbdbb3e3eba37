//! The control plane about itself: its document is complete, and the console shows all of it.

use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use openmail_mock::contract::{Contract, Incoming};
use openmail_mock::control::DOCUMENT;
use openmail_mock::{Config, Running};
use serde_json::Value;
use std::process::Command;
use std::sync::LazyLock;

use crate::support::{Answer, account_of, start};

static MOCK: LazyLock<Running> = LazyLock::new(|| start(Config::default()));
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn document() -> Value {
    serde_json::from_str(&DOCUMENT).expect("it is JSON")
}

fn json_headers() -> HeaderMap {
    let media = HeaderValue::from_static("application/json");
    HeaderMap::from_iter([(CONTENT_TYPE, media)])
}

fn asked(accept: &str) -> Answer {
    let account = account_of(&MOCK, "console");
    account.get("/v1/me").expect(200);
    account
        .send_raw("GET", "/_mock/", &[("accept", accept)], b"")
        .expect(200)
}

fn page() -> String {
    String::from_utf8(asked(BROWSER).body.to_vec()).expect("UTF-8")
}

/// All operations as (method, path, operation).
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, verbs)| {
        let verbs = verbs.as_object().into_iter().flatten();
        verbs.map(move |(verb, operation)| (verb.as_str(), path.as_str(), operation))
    });
    operations.collect()
}

#[test]
fn browsers_get_a_page_and_programs_get_the_list() {
    for (accept, media) in [
        (BROWSER, "text/html; charset=utf-8"),
        ("TEXT/HTML", "text/html; charset=utf-8"),
        (
            "application/json;q=0.5, text/html",
            "text/html; charset=utf-8",
        ),
        ("*/*", "application/json"),
        ("", "application/json"),
        ("application/json", "application/json"),
        ("application/json, text/html", "application/json"),
        ("text/html;q=0", "application/json"),
        (
            "text/html;q=x, application/json;q=0.9",
            "text/html; charset=utf-8",
        ),
    ] {
        let answer = asked(accept);
        assert_eq!(answer.header("content-type"), Some(media), "{accept}");
        assert_eq!(answer.header("vary"), Some("Accept"));
    }
}

#[test]
fn the_console_shows_every_call_with_a_command() {
    let (page, document) = (page(), document());
    for (verb, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().expect("an id");
        assert!(
            page.contains(&format!("id=\"{id}\"")),
            "the console lacks {id}"
        );
        let name = match path.contains("worlds") {
            true => "default",
            false => "onboarded",
        };
        let url = path.replace("{name}", name).replace("{id}", "ID");
        let verb = match verb {
            "get" => String::new(),
            verb => format!("-X {} ", verb.to_uppercase()),
        };
        let command = format!("curl {verb}'http://{}{url}'", MOCK.address());
        assert!(page.contains(&command), "the console lacks {command}");
    }
}

/// The commands of the console, in its order.
fn commands(mock: &Running) -> Vec<String> {
    let account = account_of(mock, "reader");
    let page = account.send_raw("GET", "/_mock/", &[("accept", BROWSER)], b"");
    let page = String::from_utf8(page.expect(200).body).expect("UTF-8");
    let commands = page.split("<h3>With curl</h3><pre>").skip(1);
    let commands = commands.map(|rest| rest.split("</pre>").next().unwrap_or_default());
    let marks = [
        ("&quot;", "\""),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ];
    let plain = |text: &str| {
        let text = text.to_owned();
        marks
            .iter()
            .fold(text, |text, (from, to)| text.replace(from, to))
    };
    commands.map(plain).collect()
}

/// The id that somebody would fill in: the first that the list of that kind shows.
fn first_id(mock: &Running, command: &str) -> Option<String> {
    let (_, path) = command.split_once("/_mock/")?;
    let kind = path.split('/').next()?;
    let account = account_of(mock, "default");
    let listed = account.get(&format!("/_mock/{kind}")).expect(200).json();
    Some(listed["data"][0]["id"].as_str()?.to_owned())
}

/// Newcomers paste them one after the other.
#[test]
fn the_commands_of_the_console_work_one_after_the_other_in_an_empty_world() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("skipped: curl is not on this machine");
        return;
    }
    let mock = start(Config::default());
    let mut skipped = Vec::new();
    let commands = commands(&mock);
    assert_eq!(commands.len(), operations(&document()).len());
    for command in commands {
        let mut filled = command.clone();
        if command.contains("/ID") {
            match first_id(&mock, &command) {
                Some(id) => filled = command.replace("/ID", &format!("/{id}")),
                None => {
                    skipped.push(command);
                    continue;
                }
            }
        }
        let options = "curl --silent --show-error --max-time 60 --fail-with-body";
        let filled = filled.replacen("curl", options, 1);
        let ran = Command::new("sh").args(["-c", &filled]).output();
        let ran = ran.expect("a shell runs");
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{filled}\n{said}");
    }
    // Nobody is connected, and no command calls the API itself.
    let is_expected =
        |command: &String| command.contains("/sockets/ID") || command.contains("/requests/ID");
    assert!(skipped.iter().all(is_expected), "{skipped:?}");
    assert_eq!(skipped.len(), 3, "{skipped:?}");
}

#[test]
fn the_console_loads_nothing_and_runs_no_script() {
    let answer = asked(BROWSER);
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("script-src"),
        "{policy}"
    );
    let page = page();
    for word in ["<script", " src=", "<link", "@import", "url(", "onclick"] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn the_console_shows_the_open_worlds() {
    let page = page();
    assert!(page.contains("<code>console</code>"));
    assert!(page.contains("/_mock/requests?world=console"));
}

#[test]
fn every_call_of_the_control_plane_is_described() {
    let document = document();
    let tags = document["tags"].as_array().expect("tags");
    let is_told = |words: &Value| words.as_str().is_some_and(|words| !words.is_empty());
    let at = |value: &Value| match value["$ref"].as_str() {
        Some(pointer) => document
            .pointer(&pointer[1..])
            .expect("it leads there")
            .clone(),
        None => value.clone(),
    };
    for (verb, path, operation) in operations(&document) {
        let what = format!("{verb} {path}");
        assert!(
            is_told(&operation["summary"]) && is_told(&operation["description"]),
            "{what}"
        );
        let tag = &operation["tags"][0];
        assert!(
            tags.iter().any(|known| known["name"] == *tag),
            "{what}: {tag}"
        );
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(
                is_told(&at(parameter)["description"]),
                "{what}: {parameter}"
            );
        }
        for (status, answer) in operation["responses"].as_object().expect("answers") {
            assert!(is_told(&at(answer)["description"]), "{what}: {status}");
        }
        let content = operation["requestBody"]["content"]["application/json"].as_object();
        let has_example = content.is_none_or(|media| media.contains_key("example"));
        assert!(has_example, "{what} shows no body");
    }
}

#[test]
fn every_example_of_an_answer_is_what_its_schema_asks_for() {
    let (document, contract) = (
        document(),
        Contract::load(DOCUMENT.to_owned()).expect("no faults"),
    );
    let headers = json_headers();
    for (_, _, operation) in operations(&document) {
        let id = operation["operationId"].as_str().expect("an id");
        let known = contract.operation(id).expect("it is there");
        for (status, answer) in operation["responses"].as_object().expect("answers") {
            let example = &answer["content"]["application/json"]["example"];
            if example.is_null() {
                continue;
            }
            let status = status.parse().expect("a status");
            let body = example.to_string();
            let verdict = contract.check_answer(known, false, status, &headers, body.as_bytes());
            assert!(
                verdict.violations.is_empty(),
                "{id} {status}: {:?}",
                verdict.violations
            );
        }
    }
}

/// The examples of bodies, sent as they stand, break nothing that the document says of them.
#[test]
fn every_example_of_a_body_is_taken() {
    let (document, contract) = (
        document(),
        Contract::load(DOCUMENT.to_owned()).expect("no faults"),
    );
    let headers = json_headers();
    for (_, path, operation) in operations(&document) {
        let example = &operation["requestBody"]["content"]["application/json"]["example"];
        if example.is_null() {
            continue;
        }
        let id = operation["operationId"].as_str().expect("an id");
        let known = contract.operation(id).expect("it is there");
        let body = example.to_string();
        let values = vec!["name"; path.matches('{').count()];
        let incoming = Incoming {
            path: &values,
            query: None,
            headers: &headers,
            body: body.as_bytes(),
            strict: true,
        };
        let checked = contract.check_request(known, incoming);
        assert!(checked.is_ok(), "{id}: {checked:?}");
    }
}
