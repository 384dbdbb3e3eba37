"""Pods and mail through the client that openapi-python-client makes of our document."""

import base64
import os
import uuid
from io import BytesIO

import pytest
from openmail_client import AuthenticatedClient
from openmail_client.api.attachments import get_attachment, get_attachment_text
from openmail_client.api.inboxes import create_inbox, delete_inbox, list_inboxes
from openmail_client.api.messages import delete_message, get_raw_message, list_messages, send_email
from openmail_client.api.pods import create_pod, delete_pod, get_pod, list_pods, update_pod
from openmail_client.api.threads import delete_thread, get_thread_messages, list_threads, update_thread
from openmail_client.models import (
    CreateInboxBody,
    CreatePodBody,
    Error,
    MessageDirection,
    SendEmailFilesBody,
    SendEmailJsonBody,
    SendEmailJsonBodyAttachmentsItem,
    UpdatePodBody,
    UpdateThreadBody,
)
from openmail_client.types import UNSET, File


@pytest.fixture
def api():
    """A world that no other test has; an answer that the document does not know raises."""
    key = f"om_test_flows-{uuid.uuid4().hex}"
    base = os.environ["OPENMAIL_BASE_URL"]
    return AuthenticatedClient(
        base_url=base, token=key, raise_on_unexpected_status=True, httpx_args={"trust_env": False}
    )


def refused(answer, status, code):
    assert answer.status_code == status, answer.content
    assert isinstance(answer.parsed, Error)
    assert answer.parsed.error == code


def test_pods(api):
    pod = create_pod.sync(client=api, body=CreatePodBody(client_id="acme", name="Acme"))
    assert (pod.client_id, pod.is_default) == ("acme", False)
    assert get_pod.sync("acme", client=api) == pod
    refused(create_pod.sync_detailed(client=api, body=CreatePodBody(client_id="acme")), 409, "client_id_taken")
    assert update_pod.sync(pod.id, client=api, body=UpdatePodBody(name=None)).name is None
    assert list_pods.sync(client=api).total == 2

    inbox = create_inbox.sync(client=api, body=CreateInboxBody(pod_id="acme"))
    assert [it.id for it in list_inboxes.sync(client=api, pod_id="acme").data] == [inbox.id]
    refused(delete_pod.sync_detailed("acme", client=api), 409, "pod_not_empty")
    assert delete_inbox.sync_detailed(inbox.id, client=api).status_code == 204
    assert delete_pod.sync_detailed("acme", client=api).status_code == 204
    refused(get_pod.sync_detailed("acme", client=api), 404, "not_found")


def test_mail_between_two_inboxes(api):
    ada, bo = (create_inbox.sync(client=api, body=CreateInboxBody(mailbox_name=name)) for name in ("ada", "bob"))
    file = SendEmailJsonBodyAttachmentsItem(
        filename="list.txt", content_type="text/plain", data=base64.b64encode(b"oak\nash\n").decode()
    )
    body = SendEmailJsonBody(to=bo.address, subject="Wood", body="The list is attached.", attachments=[file])
    sent = send_email.sync(ada.id, client=api, body=body, idempotency_key="1")
    assert send_email.sync(ada.id, client=api, body=body, idempotency_key="1") == sent

    page = list_messages.sync(bo.id, client=api)
    [came] = page.data
    assert (page.total, came.direction, came.subject) == (1, MessageDirection.INBOUND, "Wood")
    assert [it.filename for it in came.attachments] == ["list.txt"]
    assert get_attachment_text.sync(came.id, "list.txt", client=api).text == "oak\nash\n"
    there = get_attachment.sync_detailed(came.id, "list.txt", client=api)
    assert (there.status_code, "location" in there.headers) == (302, True)
    assert b"Subject: Wood" in get_raw_message.sync(came.id, client=api).payload.read()

    [thread] = list_threads.sync(bo.id, client=api).data
    assert thread.message_count == 1
    answer = SendEmailFilesBody(
        to=ada.address,
        body="Thank you.",
        thread_id=thread.id,
        # The generator fills defaults in, and writes truth values into forms as Python does: `True`.
        include_quote=UNSET,
        attachments=[File(payload=BytesIO(b"\x00\x01"), file_name="seal.bin", mime_type="application/octet-stream")],
    )
    replied = send_email.sync_detailed(bo.id, client=api, body=answer)
    assert replied.status_code == 200, replied.content
    read = get_thread_messages.sync(thread.id, client=api)
    assert [it.direction.value for it in read.data] == ["inbound", "outbound"]
    answered = list_messages.sync(ada.id, client=api, direction=MessageDirection.INBOUND).data
    assert [(it.subject, it.attachments[0].size_bytes) for it in answered] == [("Re: Wood", 2)]

    assert update_thread.sync_detailed(thread.id, client=api, body=UpdateThreadBody(is_read=True)).status_code == 200
    assert delete_message.sync_detailed(came.id, client=api).status_code == 204
    assert delete_thread.sync_detailed(thread.id, client=api).status_code == 204
    refused(get_thread_messages.sync_detailed(thread.id, client=api), 404, "not_found")
    refused(send_email.sync_detailed(ada.id, client=api, body=SendEmailJsonBody(to="b", body="x")), 400, "bad_request")
