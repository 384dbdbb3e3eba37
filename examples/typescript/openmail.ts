// Gives each test an account of its own, so that tests run in any order and at once.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { TestContext } from "node:test";

const baseUrl = process.env.OPENMAIL_BASE_URL ?? "http://127.0.0.1:6245";

export interface Pod {
  id: string;
  clientId: string | null;
  name: string | null;
  isDefault: boolean;
  createdAt: string;
}

export interface Inbox {
  id: string;
  podId: string;
  address: string;
  displayName: string | null;
  createdAt: string;
}

export interface Page<T> {
  data: T[];
  total: number;
}

interface Failure {
  error: string;
  violations?: { pointer: string; rule: string }[];
}

export class Account {
  readonly #key: string;

  private constructor(key: string) {
    this.#key = key;
  }

  /** An account that no other test knows; the mock makes one out of any key of this form. */
  static async of(test: TestContext, suffix = ""): Promise<Account> {
    const account = new Account(keyOf(test.fullName + suffix));
    // A mock that outlives the run still holds what the last run wrote.
    await account.call(200, "POST", "/_mock/reset");
    return account;
  }

  get<T>(path: string): Promise<T> {
    return this.call(200, "GET", path);
  }

  create<T>(path: string, body: object): Promise<T> {
    return this.call(201, "POST", path, body);
  }

  delete(path: string): Promise<void> {
    return this.call(204, "DELETE", path);
  }

  /** A call that is refused with this status; answers why. */
  refused(status: number, method: string, path: string, body?: object): Promise<Failure> {
    return this.call(status, method, path, body);
  }

  /** A call that is answered with this status. */
  async call<T>(status: number, method: string, path: string, body?: object): Promise<T> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#key}` };
    if (body) headers["content-type"] = "application/json";
    const answer = await fetch(baseUrl + path, { method, headers, body: JSON.stringify(body) });
    const text = await answer.text();
    assert.equal(answer.status, status, `${method} ${path}: ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }
}

/** The digest keeps names apart that are alike in what a key has room for. */
function keyOf(name: string): string {
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `om_test_${name.replace(/[^A-Za-z0-9_-]/g, "-").slice(-55)}-${digest}`;
}
