// What our product relies on when a tenant's inboxes stay in the tenant's pod.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Account, type Inbox, type Page, type Pod } from "./openmail.js";

describe("inboxes", { concurrency: true }, () => {
  it("live in the pod they were created in", async (test) => {
    const api = await Account.of(test);
    const pod = await api.create<Pod>("/v1/pods", { clientId: "acme" });
    const inbox = await api.create<Inbox>("/v1/inboxes", { podId: "acme" });
    await api.create<Inbox>("/v1/inboxes", {}); // This one lands in the default pod.
    assert.equal(inbox.podId, pod.id);

    const listed = await api.get<Page<Inbox>>("/v1/inboxes?podId=acme");
    assert.deepEqual(listed, { data: [inbox], total: 1 });
  });

  // The fixture `saas` scopes meridian.io to the pod `meridian`, and has a pod `cedar` too.
  it("cannot use the scoped domain of another pod", async (test) => {
    const api = await Account.of(test);
    const sales = { mailboxName: "sales", domain: "meridian.io" };
    const foreign = await api.refused(400, "POST", "/v1/inboxes", { podId: "cedar", ...sales });
    assert.equal(foreign.error, "invalid_domain");

    const own = await api.create<Inbox>("/v1/inboxes", { podId: "meridian", ...sales });
    assert.equal(own.address, "sales@meridian.io");
  });
});
