"""What our product relies on when mail moves."""

import hashlib
import hmac
import json
import threading
import uuid

import httpx
import pytest

DESK = "desk@openmail.sh"


@pytest.fixture
def desk(api):
    """The seed: an inbox with one unread mail of yesterday, on top of the fixtures of all tests."""
    mail = {"from": "Ada <ada@example.com>", "at": "-1d", "text": "Where is my invoice?"}
    seed = {
        "pods": [{"clientId": "acme", "inboxes": [{"address": DESK}]}],
        "threads": [{"inbox": DESK, "subject": "Invoice", "messages": [mail]}],
    }
    api.patch("/_mock/state", json=seed).raise_for_status()
    return api.get("/v1/inboxes", params={"podId": "acme"}).json()["data"][0]["id"]


def test_what_is_unread_is_found(api, desk):
    threads = api.get(f"/v1/inboxes/{desk}/threads", params={"isRead": False}).json()["data"]
    assert [thread["subject"] for thread in threads] == ["Invoice"]


def test_a_mail_whose_answer_is_lost_leaves_once(api, desk):
    fault = {"operation": "sendEmail", "drop": "after", "times": 1}
    api.put("/_mock/faults", json=[fault]).raise_for_status()

    send(api, desk, to="ada@example.com", subject="Your invoice", body="Here it is.")
    expect(api, of="messages", match={"inbox": DESK, "direction": "outbound"}, times=1)
    assert api.get("/_mock/faults").json()["data"][0]["hits"] == 1


def test_what_leaves_in_the_background_is_waited_for(api, desk):
    mail = {"to": "ada@example.com", "subject": "Your invoice", "body": "Here it is."}
    threading.Timer(0.02, send, [api, desk], mail).start()  # Our product, in its own time.

    sent = {"to": "ada@example.com", "subject": "Your *"}
    found = expect(api, of="messages", match=sent, withinMs=5_000)["matched"]
    assert found[0]["bodyText"] == "Here it is."


def test_a_webhook_that_failed_comes_again_signed(api, desk, receiver):
    api.post("/_mock/clock", json={"mode": "frozen"}).raise_for_status()
    api.patch(f"/v1/inboxes/{desk}", json={"webhookUrl": receiver.url}).raise_for_status()
    secret = api.post(f"/v1/inboxes/{desk}/webhook/rotate-secret").json()["webhookSecret"]

    receiver.answers = [500]
    mail = {"from": "ada@example.com", "to": DESK, "subject": "And now?"}
    api.post("/_mock/inbound", json=mail).raise_for_status()
    # Half a minute passes at once, with all that falls due in it.
    api.post("/_mock/clock", json={"by": "30s"}).raise_for_status()

    assert [json.loads(body)["attempt"] for _, body in receiver.came] == [1, 2]
    assert all(is_signed(headers, body, secret) for headers, body in receiver.came)
    expect(api, of="deliveries", match={"inbox": DESK, "status": "delivered"})


def send(api, inbox, **mail):
    """Sends a mail until there is an answer; the key lets the service tell a repetition."""
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    for _ in range(3):
        try:
            answer = api.post(f"/v1/inboxes/{inbox}/send", json=mail, headers=headers)
            return answer.raise_for_status().json()
        except httpx.TransportError:
            pass
    raise TimeoutError("the service does not answer")


def is_signed(headers, body, secret):
    signed = headers["X-Timestamp"].encode() + b"." + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(digest, headers["X-Signature"])


def expect(api, **question):
    """What matched. If nothing does, the answer says what came closest."""
    answer = api.post("/_mock/expect", json=question)
    assert answer.status_code == 200, answer.text
    return answer.json()
