"""What our product relies on when it keeps each tenant in a pod."""


def test_a_tenant_is_found_by_its_client_id(api):
    pod = create(api, "/v1/pods", clientId="acme", name="Acme")
    assert (pod["clientId"], pod["name"], pod["isDefault"]) == ("acme", "Acme", False)

    found = api.get("/v1/pods/acme")
    assert (found.status_code, found.json()) == (200, pod)


def test_a_client_id_is_taken_once(api):
    create(api, "/v1/pods", clientId="acme")
    again = api.post("/v1/pods", json={"clientId": "acme"})
    assert refusal(again) == (409, "client_id_taken")


def test_an_inbox_lives_in_its_pod(api):
    pod = create(api, "/v1/pods", clientId="acme")
    inbox = create(api, "/v1/inboxes", podId="acme")
    create(api, "/v1/inboxes")  # This one lands in the default pod.
    assert inbox["podId"] == pod["id"]

    listed = api.get("/v1/inboxes", params={"podId": "acme"}).json()
    assert listed == {"data": [inbox], "total": 1}


def test_a_scoped_domain_is_refused_to_other_pods(api):
    """The fixture `saas` scopes meridian.io to the pod `meridian`, and has a pod `cedar` too."""
    sales = {"mailboxName": "sales", "domain": "meridian.io"}
    foreign = api.post("/v1/inboxes", json={"podId": "cedar", **sales})
    assert refusal(foreign) == (400, "invalid_domain")

    own = create(api, "/v1/inboxes", podId="meridian", **sales)
    assert own["address"] == "sales@meridian.io"


def test_a_pod_is_deleted_once_it_is_empty(api):
    create(api, "/v1/pods", clientId="acme")
    inbox = create(api, "/v1/inboxes", podId="acme")
    assert refusal(api.delete("/v1/pods/acme")) == (409, "pod_not_empty")

    assert api.delete(f"/v1/inboxes/{inbox['id']}").status_code == 204
    assert api.delete("/v1/pods/acme").status_code == 204
    assert refusal(api.get("/v1/pods/acme")) == (404, "not_found")


def test_a_breach_of_the_contract_names_its_place(api):
    answer = api.post("/v1/pods", json={"clientId": "x" * 300})
    assert refusal(answer) == (400, "bad_request")

    violation = answer.json()["violations"][0]
    assert (violation["pointer"], violation["rule"]) == ("/clientId", "maxLength")


def test_a_state_is_laid_out_in_one_call(api):
    inboxes = [{"address": "ops@openmail.sh"}]
    fragment = {"pods": [{"clientId": "acme", "name": "Acme", "inboxes": inboxes}]}
    api.patch("/_mock/state", json=fragment).raise_for_status()

    assert api.get("/v1/pods/acme").json()["name"] == "Acme"
    listed = api.get("/v1/inboxes", params={"podId": "acme"}).json()["data"]
    assert [inbox["address"] for inbox in listed] == ["ops@openmail.sh"]


def test_two_keys_are_two_accounts(api, open_account):
    create(api, "/v1/pods", clientId="acme")
    other = open_account("-other")
    assert refusal(other.get("/v1/pods/acme")) == (404, "not_found")
    create(other, "/v1/pods", clientId="acme")


def create(api, path, **fields):
    answer = api.post(path, json=fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


def refusal(answer):
    return answer.status_code, answer.json().get("error")
