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
