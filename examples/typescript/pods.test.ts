// What our product relies on when it keeps each tenant in a pod.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Account, type Inbox, type Page, type Pod } from "./openmail.js";

describe("pods", { concurrency: true }, () => {
  it("are found by their clientId", async (test) => {
    const api = await Account.of(test);
    const pod = await api.create<Pod>("/v1/pods", { clientId: "acme", name: "Acme" });
    assert.deepEqual([pod.clientId, pod.name, pod.isDefault], ["acme", "Acme", false]);
    assert.deepEqual(await api.get<Pod>("/v1/pods/acme"), pod);
  });

  it("do not share a clientId", async (test) => {
    const api = await Account.of(test);
    await api.create<Pod>("/v1/pods", { clientId: "acme" });
    const { error } = await api.refused(409, "POST", "/v1/pods", { clientId: "acme" });
    assert.equal(error, "client_id_taken");
  });

  it("are deleted once they are empty", async (test) => {
    const api = await Account.of(test);
    await api.create<Pod>("/v1/pods", { clientId: "acme" });
    const inbox = await api.create<Inbox>("/v1/inboxes", { podId: "acme" });
    assert.equal((await api.refused(409, "DELETE", "/v1/pods/acme")).error, "pod_not_empty");

    await api.delete(`/v1/inboxes/${inbox.id}`);
    await api.delete("/v1/pods/acme");
    assert.equal((await api.refused(404, "GET", "/v1/pods/acme")).error, "not_found");
  });

  it("name the place that breaks the contract", async (test) => {
    const api = await Account.of(test);
    const failure = await api.refused(400, "POST", "/v1/pods", { clientId: "x".repeat(300) });
    assert.equal(failure.error, "bad_request");
    assert.equal(failure.violations?.[0]?.pointer, "/clientId");
    assert.equal(failure.violations?.[0]?.rule, "maxLength");
  });

  it("are laid out with their inboxes in one call", async (test) => {
    const api = await Account.of(test);
    const inboxes = [{ address: "ops@openmail.sh" }];
    const fragment = { pods: [{ clientId: "acme", name: "Acme", inboxes }] };
    await api.call(200, "PATCH", "/_mock/state", fragment);

    assert.equal((await api.get<Pod>("/v1/pods/acme")).name, "Acme");
    const listed = await api.get<Page<Inbox>>("/v1/inboxes?podId=acme");
    assert.deepEqual(listed.data.map((inbox) => inbox.address), ["ops@openmail.sh"]);
  });

  it("are not seen with another key", async (test) => {
    const [api, other] = await Promise.all([Account.of(test), Account.of(test, "-other")]);
    await api.create<Pod>("/v1/pods", { clientId: "acme" });
    assert.equal((await other.refused(404, "GET", "/v1/pods/acme")).error, "not_found");
    await other.create<Pod>("/v1/pods", { clientId: "acme" });
  });
});
