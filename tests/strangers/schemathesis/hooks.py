"""What a request that keeps to the schemas may still be refused with: by error code, not only by status.

Schemathesis wants every request that keeps to the schemas accepted, which no rule about state can promise.
What OpenMail refuses beyond the form is listed here for each operation; anything else fails the run, and so
does any status that Schemathesis itself would let pass, such as a 403 or a 409 for no reason on the list.
"""

import os
import urllib.request

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData, Failure, ServerError
from schemathesis.openapi.checks import RejectedPositiveData

ONE_SCOPE = "bad_request: `podId` and `inboxId` exclude each other"
TWO_SPELLINGS = "bad_request: `is_read` and `isRead` are given together and differ"
TWO_GROUPINGS = "bad_request: `group_by` and `groupBy` are given together and differ"
# A field that no schema knows may be called anything, but not everything can stand in a header of a part.
NO_FORM = ["has a header with a control character", "has a header that goes on in a second line"]

# "not_found" holds for every operation: an id that was made up is nobody's. Where the document has no 404,
# `status_code_conformance` says so. The rest is a code, or a code and how its message begins.
LISTED = {
    # Reference, createPod 409: the clientId exists in the account.
    "createPod": ["client_id_taken"],
    "updatePod": ["client_id_taken"],
    # Reference, deletePod 409.
    "deletePod": ["pod_not_empty", "pod_has_domains", "default_pod"],
    # Reference, createPodApiKey and createInboxApiKey 422: the number of active keys is bounded.
    "createPodApiKey": ["api_key_limit_reached"],
    "createInboxApiKey": ["api_key_limit_reached"],
    # Reference, createInbox 400, 409 and 422.
    "createInbox": ["invalid_domain", "invalid_pod", "address_taken", "inbox_limit_reached", "invalid_webhook_url"],
    # Reference, updateInbox 422.
    "updateInbox": ["invalid_webhook_url"],
    # Reference, both 400; the test also 502, when the receiver fails. The world's receiver does not exist.
    "rotateInboxWebhookSecret": ["no_webhook_url"],
    "testInboxWebhook": ["no_webhook_url", "webhook_failed"],
    # Reference, sendEmail 400 (missing subject when required) and 422; OpenMail docs, Policy and Idempotency.
    "sendEmail": [
        "bad_request: `subject` is required for a new thread",
        "recipient_suppressed",
        "recipient_not_permitted",
        "idempotency_key_reused",
    ],
    # Two spellings of one field; what they mean together no schema of a query can say.
    "listThreads": [TWO_SPELLINGS],
    "updateThread": [TWO_SPELLINGS],
    # Reference, getAttachmentText 422.
    "getAttachmentText": ["text_extraction_failed"],
    # OpenMail docs, Custom domains and Pods: whose a domain is, and what stands on it.
    "createDomain": ["invalid_pod", "invalid_domain", "domain_exists", "domain_has_inboxes", "plan_limit"],
    "updateDomain": ["invalid_pod", "domain_has_inboxes"],
    "deleteDomain": ["domain_has_inboxes"],
    # OpenMail docs, Usage: a window has a beginning before its end, and at most 92 days.
    "getUsage": [
        "bad_request: a window has at most 92 days",
        "bad_request: the window ends at ",
        TWO_GROUPINGS,
    ],
    # OpenMail docs, Policy: one scope in a call, `inherit` only below the account, rules changed where they stand.
    "getPolicy": [ONE_SCOPE],
    "replacePolicy": [ONE_SCOPE, "bad_request: `inherit` is a mode of pods and inboxes"],
    "setPolicyMode": [ONE_SCOPE, "bad_request: `inherit` is a mode of pods and inboxes"],
    "createPolicyRule": [ONE_SCOPE, "rule_exists"],
    "deletePolicyRule": [ONE_SCOPE, "inherited_rule"],
    "listPolicyAudit": [ONE_SCOPE, "bad_request: the window ends at "],
}


@schemathesis.hook
def after_load_schema(context, schema):
    """Empties the peer's world: what worlds have of one fixture has the same ids in all of them."""
    url = os.environ["OPENMAIL_BASE_URL"] + "/_mock/reset?world=schemathesis-other"
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, b'{"to": "empty"}', headers)
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()


class UnlistedRefusal(Failure):
    """Data that keeps to the schemas was refused for a reason that is not listed."""

    code = "ST990"
    kind_title = "Refusal that is not listed"


@schemathesis.check
def refusals(ctx, response, case):
    """Holds refusals to the list that Schemathesis lets pass by their status."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if case.method.upper() != case.operation.method.upper() or response.status_code < 400:
        return
    if not is_listed(case, response):
        raise UnlistedRefusal(operation=case.operation.label, message=said(response))


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Drops what the list expects, and what cannot be said on the wire."""
    if isinstance(failure, (RejectedPositiveData, ServerError)):
        return not is_listed(case, response)
    if isinstance(failure, AcceptedNegativeData):
        return not is_right_on_the_wire(case)
    return True


def is_listed(case, response):
    reason = said(response)
    operation = case.operation.definition.raw["operationId"]
    if any(reason.startswith(listed) for listed in ["not_found", *LISTED.get(operation, [])]):
        return True
    return case.media_type == "multipart/form-data" and any(reason.endswith(why) for why in NO_FORM)


def is_right_on_the_wire(case):
    """A part of a form is text or bytes: what is no list of files in the case is one file there."""
    is_form = case.media_type == "multipart/form-data" and isinstance(case.body, dict)
    return is_form and not isinstance(case.body.get("attachments", []), list)


def said(response):
    try:
        answer = response.json()
        return f"{answer['error']}: {answer['message']}"
    except (KeyError, TypeError, ValueError):
        return f"an answer without the envelope, {response.status_code}"
