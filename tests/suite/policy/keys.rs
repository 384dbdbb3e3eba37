//! What keys of pods and inboxes may do with policy.

use serde_json::json;

use super::{OTHER, add, added, get, holder, in_desk, path, set, under, world};

#[test]
fn a_pod_key_manages_its_pod_and_the_inboxes_there() {
    let name = "policy-key-pod";
    let post = world(name);
    let pod = holder(&post, name, "pod");
    for scope in ["podId=own", &in_desk()] {
        let rule = added(&pod, scope, "inbound", "block", "a.example");
        set(&pod, scope, "inbound", "allowlist").expect(200);
        assert_eq!(get(&pod, scope)["inbound"]["mode"], "allowlist");
        pod.get(&under("audit", scope)).expect(200);
        let id = rule["id"].as_str().expect("an id");
        pod.delete(&under(&format!("rules/{id}"), scope))
            .expect(204);
        set(&pod, scope, "inbound", "inherit").expect(200);
    }
    for scope in ["", "podId=other", &format!("inboxId={OTHER}")] {
        pod.get(&path(scope)).refused(403, "forbidden");
        pod.get(&under("audit", scope)).refused(403, "forbidden");
        add(&pod, scope, "inbound", "block", "a.example").refused(403, "forbidden");
        set(&pod, scope, "inbound", "allowlist").refused(403, "forbidden");
    }
    pod.get(&path("podId=nowhere")).refused(404, "not_found");
}

#[test]
fn an_inbox_key_cannot_even_read() {
    let name = "policy-key-inbox";
    let post = world(name);
    let inbox = holder(&post, name, "inbox");
    for scope in ["", "podId=own", &in_desk()] {
        inbox.get(&path(scope)).refused(403, "forbidden");
        inbox.get(&under("audit", scope)).refused(403, "forbidden");
        set(&inbox, scope, "inbound", "allowlist").refused(403, "forbidden");
    }
    inbox.get(&path("podId=nowhere")).refused(404, "not_found");
}

#[test]
fn a_pod_key_lifts_nothing() {
    let name = "policy-key-none";
    let post = world(name);
    let pod = holder(&post, name, "pod");
    for scope in ["podId=own", &in_desk()] {
        let refused = set(&pod, scope, "outbound", "none").refused(403, "forbidden");
        assert!(
            refused.json()["message"]
                .as_str()
                .expect("words")
                .contains("`none`")
        );
        let body = json!({ "outbound": { "mode": "none", "rules": [] } });
        pod.send("PUT", &path(scope), Some(body))
            .refused(403, "forbidden");
    }
}

#[test]
fn a_pod_key_adds_no_allow_rules_under_an_allowlist() {
    let name = "policy-key-allow";
    let post = world(name);
    let pod = holder(&post, name, "pod");
    // Without an allowlist around it may.
    let kept = added(&pod, "podId=own", "inbound", "allow", "kept.example");
    set(&post.account, "", "inbound", "allowlist").expect(200);
    for scope in ["podId=own", &in_desk()] {
        let refused = add(&pod, scope, "inbound", "allow", "a.example").refused(403, "forbidden");
        assert!(
            refused.json()["message"]
                .as_str()
                .expect("words")
                .contains("allowlist")
        );
        added(&pod, scope, "inbound", "block", "a.example");
        added(&pod, scope, "outbound", "allow", "a.example");
        let rules = json!([{ "type": "allow", "value": "b.example" }]);
        let body = json!({ "inbound": { "mode": "allowlist", "rules": rules } });
        pod.send("PUT", &path(scope), Some(body))
            .refused(403, "forbidden");
    }
    // A rule that stood there is no new one.
    let rules = json!([{ "type": "allow", "value": "kept.example" }]);
    let body = json!({ "inbound": { "mode": "allowlist", "rules": rules } });
    let answer = pod.send("PUT", &path("podId=own"), Some(body)).expect(200);
    assert_eq!(answer.json()["rules"][0], kept);
    // Nobody is in the way of an account key.
    added(&post.account, "podId=own", "inbound", "allow", "a.example");
}

/// What a pod's key allowed before the account had an allowlist once let its senders pass that.
#[test]
fn what_a_pod_key_allows_never_passes_the_accounts_allowlist() {
    let name = "policy-key-before";
    let post = world(name);
    let pod = holder(&post, name, "pod");
    added(&pod, "podId=own", "inbound", "allow", "sly.example");
    added(&pod, "podId=own", "inbound", "allow", "known.example");
    set(&pod, "podId=own", "inbound", "allowlist").expect(200);
    let arrives = |from: &str| {
        let mail = json!({ "from": from, "to": "desk@openmail.sh" });
        let came = post.account.post("/_mock/inbound", mail).expect(200).json();
        came["results"][0]["dropped"].is_null()
    };
    assert!(arrives("ada@sly.example"), "its own allowlist lets it pass");
    added(&post.account, "", "inbound", "allow", "known.example");
    set(&post.account, "", "inbound", "allowlist").expect(200);
    assert!(!arrives("ada@sly.example"));
    assert!(arrives("ada@known.example"));
    // A copy of the state knows whose rule it is.
    let state = post.account.get("/_mock/state").expect(200).json();
    post.account
        .send("PUT", "/_mock/state", Some(state.clone()))
        .expect(200);
    assert_eq!(post.account.get("/_mock/state").expect(200).json(), state);
    assert!(!arrives("ada@sly.example"));
    // What the account wants too passes.
    let rules = json!([{ "type": "allow", "value": "sly.example" }]);
    let body = json!({ "inbound": { "mode": "inherit", "rules": rules } });
    post.account
        .send("PUT", &path("podId=own"), Some(body))
        .expect(200);
    assert!(arrives("ada@sly.example"));
}

#[test]
fn a_value_that_could_never_match_is_refused() {
    let post = world("policy-value");
    let long = format!("x@{}.example", "a".repeat(64));
    for value in ["*@x.com", "a*@x.com", "1.2.3.4", "*.1.2.3.4", &long, "x.12"] {
        let refused = add(&post.account, "", "inbound", "block", value);
        refused.refused(400, "bad_request");
    }
    let refused = add(&post.account, "", "inbound", "block", "*@x.com");
    let words = refused.json()["message"].to_string();
    assert!(words.contains("example.com"), "{words}");
}

#[test]
fn a_refused_replacement_leaves_everything_as_it_was() {
    let name = "policy-key-whole";
    let post = world(name);
    let pod = holder(&post, name, "pod");
    added(&pod, "podId=own", "inbound", "block", "a.example");
    let before = get(&pod, "podId=own");
    let body = json!({
        "inbound": { "mode": "allowlist", "rules": [] },
        "outbound": { "mode": "none" },
    });
    pod.send("PUT", &path("podId=own"), Some(body))
        .refused(403, "forbidden");
    assert_eq!(get(&pod, "podId=own"), before);
}
