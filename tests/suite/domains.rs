//! Custom domains through the protocol: added, checked, scoped, removed, and every refusal of that.

use serde_json::{Value, json};

use crate::support::post::{Post, START, id};
use crate::support::{Account, Answer};

const STATE: &str = "/_mock/state";

fn add(account: &Account, name: &str) -> Answer {
    account.post("/v1/domains", json!({ "domain": name }))
}

fn path(domain: &Value) -> String {
    format!("/v1/domains/{}", id(domain))
}

fn verify(account: &Account, domain: &Value) -> Answer {
    account.send("POST", &format!("{}/verify", path(domain)), None)
}

fn lay(account: &Account, fragment: Value) {
    account.patch(STATE, fragment).expect(200);
}

#[test]
fn a_domain_is_added_checked_and_used() {
    let post = Post::new("domains-life");
    let domain = add(&post.account, "Meridian.IO").expect(201).json();
    assert_eq!(domain["domain"], "meridian.io");
    assert_eq!(domain["status"], "pending");
    assert_eq!(domain["podId"], Value::Null);
    assert_eq!(domain["verifiedAt"], Value::Null);
    let inbox = json!({ "domain": "meridian.io", "mailboxName": "ada" });
    let early = post.account.post("/v1/inboxes", inbox.clone());
    early.refused(400, "invalid_domain");
    post.advance("1m");
    let checked = verify(&post.account, &domain).expect(200).json();
    assert_eq!(checked["status"], "verified");
    assert_eq!(checked["verifiedAt"], "2040-01-16T09:31:00.000Z");
    assert_eq!(checked["message"], Value::Null);
    assert_eq!(post.account.get(&path(&domain)).expect(200).json(), checked);
    // Another check changes nothing.
    post.advance("1m");
    assert_eq!(verify(&post.account, &domain).expect(200).json(), checked);
    let inbox = post.account.post("/v1/inboxes", inbox).expect(201).json();
    let stands = post.account.delete(&path(&domain));
    stands.refused(422, "domain_has_inboxes");
    let inbox = format!("/v1/inboxes/{}", id(&inbox));
    post.account.delete(&inbox).expect(204);
    post.account.delete(&path(&domain)).expect(204);
    post.account.get(&path(&domain)).refused(404, "not_found");
}

#[test]
fn records_are_those_that_the_service_tells() {
    let post = Post::new("domains-records");
    let one = add(&post.account, "one.example").expect(201).json();
    let two = add(&post.account, "two.example").expect(201).json();
    let records = one["records"].as_array().expect("records");
    let shown: Vec<(&str, &str)> = records
        .iter()
        .map(|it| (it["type"].as_str().unwrap(), it["name"].as_str().unwrap()))
        .collect();
    let expected = [
        ("MX", "@"),
        ("TXT", "omail._domainkey"),
        ("MX", "bounce"),
        ("TXT", "bounce"),
        ("TXT", "_dmarc"),
    ];
    assert_eq!(shown, expected);
    let key = |domain: &Value| domain["records"][1]["value"].as_str().unwrap().to_owned();
    assert!(
        key(&one).starts_with("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA")
    );
    assert!(key(&one).ends_with("QIDAQAB") || key(&one).ends_with("IDAQAB"));
    assert_ne!(key(&one), key(&two));
    assert_eq!(one["records"][0]["priority"], 10);
    assert_eq!(one["records"][4]["status"], Value::Null);
    let checked = verify(&post.account, &one).expect(200).json();
    assert_eq!(checked["records"][0]["status"], "verified");
    assert_eq!(key(&checked), key(&one));
}

#[test]
fn a_check_comes_to_what_the_state_says() {
    let post = Post::new("domains-outcome");
    let domain = add(&post.account, "acme.example").expect(201).json();
    for outcome in ["failed", "pending", "verifying", "under_review", "verified"] {
        let row = json!({ "domain": "acme.example", "verification": outcome });
        lay(&post.account, json!({ "domains": [row] }));
        let checked = verify(&post.account, &domain).expect(200).json();
        assert_eq!(checked["status"], outcome);
        assert_eq!(checked["verifiedAt"].is_null(), outcome != "verified");
    }
    let row = json!({ "domain": "acme.example", "verification": "provider_error" });
    lay(&post.account, json!({ "domains": [row] }));
    verify(&post.account, &domain).refused(502, "provider_error");
    let kept = post.account.get(&path(&domain)).expect(200).json();
    assert_eq!(kept["status"], "verified");
}

#[test]
fn every_refusal_of_a_new_domain_comes_in_its_order() {
    let post = Post::new("domains-refused");
    let account = &post.account;
    let errors = [
        "domain_taken",
        "identity_exists",
        "domain_blocked",
        "provider_error",
    ];
    let rejected: Vec<Value> = errors
        .iter()
        .map(|error| json!({ "domain": format!("{}.example", error.replace('_', "-")), "error": error }))
        .collect();
    let settings = json!({ "rejectedDomains": rejected, "plan": "free", "spendCapPaused": true });
    lay(account, json!({ "account": settings }));
    let body = json!({ "domain": "no dots", "podId": "nowhere" });
    account
        .post("/v1/domains", body)
        .refused(400, "invalid_pod");
    add(account, "no dots").refused(403, "plan_limit");
    lay(account, json!({ "account": { "plan": "pro" } }));
    add(account, "no dots").refused(402, "spend_cap_paused");
    lay(account, json!({ "account": { "spendCapPaused": false } }));
    for name in [
        "no dots",
        "",
        "a",
        "-a.example",
        "a..example",
        "a.example.",
        "openmail.sh",
        "sub.openmail.sh",
        "1.2.3.4",
        "x.123",
    ] {
        add(account, name).refused(422, "invalid_domain");
    }
    add(account, "domain-taken.example").refused(409, "domain_taken");
    add(account, "identity-exists.example").refused(409, "identity_exists");
    add(account, "Domain-Blocked.example").refused(422, "domain_blocked");
    add(account, "provider-error.example").refused(502, "provider_error");
    add(account, "acme.example").expect(201);
    add(account, "ACME.example").refused(409, "domain_exists");
    let listed = account.get("/v1/domains").expect(200).json();
    assert_eq!(listed["total"], 1);
}

#[test]
fn a_preferred_refusal_speaks_of_adding_a_domain() {
    let post = Post::new("domains-prefer");
    let headers = [
        ("content-type", "application/json"),
        ("prefer", "error=invalid_domain"),
    ];
    let body = json!({ "domain": "meridian.io" }).to_string();
    let answer = post
        .account
        .send_raw("POST", "/v1/domains", &headers, body.as_bytes());
    let words = answer.refused(422, "invalid_domain").json()["message"].to_string();
    assert!(words.contains("no name of a domain"), "{words}");
}

#[test]
fn a_scope_moves_as_long_as_inboxes_fit() {
    let post = Post::new("domains-scope");
    let account = &post.account;
    let pod = account.post("/v1/pods", json!({ "clientId": "acme" }));
    let pod = pod.expect(201).json();
    let domain = add(account, "acme.example").expect(201).json();
    verify(account, &domain).expect(200);
    let inbox = json!({ "domain": "acme.example" });
    account.post("/v1/inboxes", inbox).expect(201);
    let scope = |pod: Value| account.patch(&path(&domain), json!({ "podId": pod }));
    let refused = scope(json!("acme")).refused(422, "domain_has_inboxes");
    assert!(refused.message().contains("1 inbox"));
    scope(json!("nowhere")).refused(400, "invalid_pod");
    account
        .patch(&path(&domain), json!({}))
        .refused(400, "bad_request");
    let other = add(account, "other.example").expect(201).json();
    let moved = account.patch(&path(&other), json!({ "podId": "acme" }));
    assert_eq!(moved.expect(200).json()["podId"], pod["id"]);
    let widened = account.patch(&path(&other), json!({ "podId": null }));
    assert_eq!(widened.expect(200).json()["podId"], Value::Null);
}

#[test]
fn a_pod_key_sees_what_its_pod_may_use() {
    let post = Post::new("domains-keys");
    let fixture = json!({
        "pods": [{ "clientId": "own" }, { "clientId": "other" }],
        "domains": [{ "domain": "a.example" }, { "domain": "b.example", "pod": "own" },
                    { "domain": "c.example", "pod": "other" }, { "domain": "d.example" }],
        "keys": [{ "label": "own", "pod": "own" }],
    });
    lay(&post.account, fixture);
    let own = post.account.holding("om_test_domains-keys.own");
    let names = |path: &str| -> Vec<String> {
        let listed = own.get(path).expect(200).json();
        assert_eq!(listed["total"], 3);
        let rows = listed["data"].as_array().expect("rows").iter();
        rows.map(|it| it["domain"].as_str().expect("a name").to_owned())
            .collect()
    };
    assert_eq!(
        names("/v1/domains"),
        ["d.example", "b.example", "a.example"]
    );
    assert_eq!(names("/v1/domains?limit=1&offset=1"), ["b.example"]);
    assert_eq!(names("/v1/domains?offset=3"), Vec::<String>::new());
    let other = json!({ "domain": "e.example", "podId": "other" });
    own.post("/v1/domains", other).refused(403, "forbidden");
    let everywhere = add(&own, "e.example").refused(403, "forbidden");
    assert!(everywhere.message().contains("podId"));
}

#[test]
fn too_many_checks_wait_for_the_next_minute() {
    let post = Post::new("domains-checks");
    let domain = add(&post.account, "acme.example").expect(201).json();
    verify(&post.account, &domain).expect(200);
    lay(&post.account, json!({ "account": { "limits": "on" } }));
    for _ in 0..9 {
        verify(&post.account, &domain).expect(200);
    }
    let refused = verify(&post.account, &domain).refused(429, "rate_limit_exceeded");
    assert_eq!(refused.header("retry-after"), Some("60"));
    post.advance("60s");
    verify(&post.account, &domain).expect(200);
}

#[test]
fn an_export_holds_all_of_it() {
    let post = Post::new("domains-export");
    let document = json!({
        "clock": { "mode": "frozen", "at": START },
        "account": { "rejectedDomains": [{ "domain": "taken.example", "error": "domain_taken" }] },
        "domains": [{ "domain": "a.example", "warnings": ["Mind the gap."], "verifiedAt": "-1h",
                      "createdAt": "-2h", "verification": "failed",
                      "checks": { "minute": "+0s", "count": 3 } },
                    { "domain": "b.example", "status": "under_review" }],
    });
    let put = |document: Value| post.account.send("PUT", STATE, Some(document));
    put(document).expect(200);
    let listed = post.account.get("/v1/domains").expect(200).json();
    assert_eq!(listed["data"][1]["verifiedAt"], "2040-01-16T08:30:00.000Z");
    assert_eq!(listed["data"][1]["warnings"], json!(["Mind the gap."]));
    let export = post.account.get(STATE).expect(200);
    put(export.json()).expect(200);
    assert_eq!(post.account.get(STATE).expect(200).body, export.body);
    assert_eq!(post.account.get("/v1/domains").expect(200).json(), listed);
    let wrong = json!({ "domains": [{ "domain": "b.example", "verifiedAt": "-1h" }] });
    post.account.patch(STATE, wrong).refused(400, "bad_request");
    let twice = json!([{ "domain": "a.example", "error": "domain_taken" },
                       { "domain": "a.example", "error": "domain_blocked" }]);
    let twice = json!({ "account": { "rejectedDomains": twice } });
    post.account.patch(STATE, twice).refused(400, "bad_request");
}
