//! The README keeps its promises: what it shows, works.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::support::start;
use openmail_mock::{Config, Running};

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    fs::read_to_string(path).expect("README.md is there")
}

/// The first fenced block of that language that holds `word`.
fn block(language: &str, word: &str) -> String {
    let text = readme();
    let fence = format!("```{language}\n");
    let mut blocks = text.split(&fence).skip(1);
    let found = blocks.find_map(|rest| {
        rest.split("```")
            .next()
            .filter(|block| block.contains(word))
    });
    found
        .unwrap_or_else(|| panic!("no {language} block with {word}"))
        .to_owned()
}

#[test]
fn the_first_contract_test_passes_as_written() {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: python3 is not on this machine");
        return;
    }
    let mock = start(Config::default());
    // Twice, because people run their tests again.
    for _ in 0..2 {
        let run = Command::new("python3")
            .args(["-c", &block("python", "unittest")])
            .env("OPENMAIL_BASE_URL", mock.url())
            .output()
            .expect("python3 runs");
        let told = String::from_utf8_lossy(&run.stderr);
        assert!(
            run.status.success() && told.contains("Ran 2 tests"),
            "{told}"
        );
    }
}

/// `scripts/examples` runs it.
#[test]
fn the_example_that_is_shown_is_the_example() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/python/test_mail.py");
    // The packaged crate leaves it out.
    if let Ok(example) = fs::read_to_string(path) {
        assert_eq!(block("python", "hmac"), example);
    }
}

#[test]
fn the_shell_commands_work_as_written() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("skipped: curl is not on this machine");
        return;
    }
    let mock = start(Config::default());
    let told = shell(&mock, &block("sh", "OPENMAIL_API_KEY"));
    assert_eq!(told.matches("\"podId\"").count(), 2, "{told}");
    let told = shell(&mock, &block("sh", "/_mock/state"));
    assert_eq!(told.matches("ops@openmail.sh").count(), 1, "{told}");
    let told = shell(&mock, &block("sh", "/_mock/inbound"));
    // In the outbox, in the answer to the expectation, in the list of threads.
    assert_eq!(told.matches("Welcome").count(), 3, "{told}");
    let told = shell(&mock, &block("sh", "/_mock/faults"));
    assert_eq!(told.matches("\"hits\":0").count(), 5, "{told}");
}

#[test]
fn the_refusals_that_are_asked_for_come() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("skipped: curl is not on this machine");
        return;
    }
    let mock = start(Config::default());
    // The inbox is that of the block before it; a refusal is no failure of the command.
    let refused = block("sh", "fail.test").replace("curl ", "curl --no-fail ");
    let told = shell(&mock, &(block("sh", "/_mock/inbound") + &refused));
    for code in ["recipient_suppressed", "no_mx_records"] {
        let error = format!("\"error\":\"{code}\"");
        assert_eq!(told.matches(&error).count(), 1, "{told}");
    }
}

/// What commands of the README print when they are sent to this mock.
fn shell(mock: &Running, script: &str) -> String {
    let script = script
        .replace("http://127.0.0.1:6245", mock.url())
        .replace("curl ", "curl -sf ");
    let run = Command::new("sh")
        .args(["-ec", &script])
        .output()
        .expect("sh runs");
    let told = String::from_utf8_lossy(&run.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{told}{complaint}");
    told
}

#[test]
fn the_fixture_that_is_shown_loads() {
    let document: Value = serde_json::from_str(&block("json", "$schema")).expect("it is JSON");
    let mock = start(Config::with_fixture(document));
    let account = super::support::account_of(&mock, "w");
    let inboxes = account.get("/v1/inboxes").expect(200).json();
    assert_eq!(inboxes["total"], 2);
}

#[test]
fn the_faults_that_are_shown_are_the_faults_that_are_told() {
    let shown = block("", "check pods.json");
    let document = r#"{
  "$schema": "./schema.json",
  "account": { "plan": "pro", "keys": ["om_meridian_account"] },
  "domains": [{ "domain": "meridian.io", "pod": "meridain", "status": "verified" }],
  "pods": [
    {
      "clientId": "meridian",
      "nmae": "Meridian Analytics",
      "inboxes": [{ "address": "support@meridian.io" }, { "address": "support@meridian.io" }]
    }
  ]
}
"#;
    let folder = std::env::temp_dir().join(format!("openmail-mock-readme-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder of one's own");
    fs::write(folder.join("pods.json"), document).expect("it can be written");
    let check = Command::new(env!("CARGO_BIN_EXE_openmail-mock"))
        .args(["check", "pods.json"])
        .current_dir(&folder)
        .output()
        .expect("the binary runs");
    let told = String::from_utf8_lossy(&check.stderr);
    assert_eq!(shown, format!("$ openmail-mock check pods.json\n{told}"));
    fs::remove_dir_all(&folder).expect("it is ours");
}

#[test]
fn the_error_that_is_shown_is_the_error_that_comes() {
    let shown = block("", "bad_request");
    let shown: String = shown.lines().skip(2).collect();
    let account = super::support::account("readme-error");
    let answer = account
        .post("/v1/pods", serde_json::json!({ "name": 7 }))
        .expect(400);
    assert_eq!(String::from_utf8_lossy(&answer.body), shown);
}

#[test]
fn the_failure_that_is_asked_for_is_the_failure_that_comes() {
    let shown = block("", "Prefer:");
    let shown: String = shown.lines().skip(2).collect();
    let account = super::support::account("readme-prefer");
    let headers = [("prefer", "error=pod_not_empty")];
    let answer = account.send_raw("DELETE", "/v1/pods/acme", &headers, b"");
    assert_eq!(String::from_utf8_lossy(&answer.body), shown);
}

#[test]
fn every_option_is_described() {
    let help_of = |arguments: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_openmail-mock"));
        let help = program.args(arguments).output().expect("the binary runs");
        String::from_utf8_lossy(&help.stdout).into_owned()
    };
    let help = help_of(&["--help"]) + &help_of(&["exec", "--help"]);
    let options = help
        .split_whitespace()
        .filter(|word| word.starts_with("--"));
    let text = readme();
    for option in options.filter(|option| !matches!(*option, "--" | "--help" | "--version")) {
        let described = [format!("`{option}`"), format!("`{option} ")];
        let is_described = described.iter().any(|words| text.contains(words));
        assert!(is_described, "the README lacks {option}");
    }
}
