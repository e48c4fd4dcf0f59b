// What every client does with the service: `holds` makes tests of it, and a client's own file shows
// how that client does it. `../client_contract.py` is the same for Python's clients, and
// `../scenarios.json` holds what is sent and expected, for both.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { endpoints, token } from "./stand-in.mjs";

const scenarios = JSON.parse(readFileSync(new URL("../scenarios.json", import.meta.url)));
const unknown = "00000000-0000-4000-8000-000000000000";
const interests = `${endpoints.tls_url}/beta/me/profile/interests`;
const control = `${endpoints.tls_url}/_openprofile`;

/** The interests of the first sample person, as they are without the client under test. */
const stored = {
  async call(method, url = interests, content = undefined) {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const answer = await fetch(url, { method, headers, body: JSON.stringify(content) });
    assert.ok(answer.ok, `${answer.status}`);
    return answer.status === 204 ? undefined : answer.json();
  },
  async all() {
    return (await this.call("GET")).value;
  },
  async clear() {
    for (const { id } of await this.all()) await this.call("DELETE", `${interests}/${id}`);
  },
  /** Create so many; their ids. */
  async hold(count) {
    const ids = [];
    for (let number = 0; number < count; number += 1) {
      const displayName = `Hobby ${String(number).padStart(2, "0")}`;
      const categories = [number % 2 ? "Odd" : "Even"];
      ids.push((await this.call("POST", interests, { displayName, categories })).id);
    }
    return ids;
  },
  /** What the stand-in's log has of requests, the newest first: those after the one `after`. */
  async logged(after = "") {
    const { value } = await this.call("GET", `${control}/requests`);
    const end = value.findIndex((entry) => entry.requestId === after);
    return end < 0 ? value : value.slice(0, end);
  },
};

/** The members of `expected` are those of `found`; it may have others. */
function includes(found, expected) {
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(found[name], value);
}

const contract = {
  async create(client) {
    const { item } = scenarios.create;
    const created = await client.create(item);
    includes(created, item);
    const [kept] = await stored.all();
    assert.equal(kept.id, created.id);
    includes(kept, item);
  },
  async "list with options"(client) {
    const scenario = scenarios.list;
    await stored.hold(scenario.held);
    const found = await client.list(scenario.options);
    assert.deepEqual(found.map((item) => item.displayName), scenario.expected);
    assert.ok(found.every((item) => item.id && !item[scenario.absent]));
  },
  async pages(client) {
    const { held, size } = scenarios.page;
    const ids = await stored.hold(held);
    const [{ requestId }] = await stored.logged();
    const found = await client.pages(size);
    assert.deepEqual(found.map((item) => item.id), ids);
    const pages = (await stored.logged(requestId)).map((entry) => entry.status);
    assert.deepEqual(pages, Array(Math.ceil(held / size)).fill(200));
  },
  async patch(client) {
    const { changes } = scenarios.patch;
    const [id] = await stored.hold(1);
    const changed = await client.patch(id, changes);
    assert.equal(changed.displayName, "Hobby 00");
    includes(changed, changes);
    includes((await stored.all())[0], changes);
  },
  async delete(client) {
    const [first, second] = await stored.hold(2);
    await client.delete(first);
    assert.deepEqual((await stored.all()).map((item) => item.id), [second]);
  },
  async "retry of what came too soon"(client) {
    const { fault, item, statuses } = scenarios.retry;
    await stored.hold(1);
    const [{ requestId }] = await stored.logged();
    await stored.call("POST", `${control}/faults`, fault);
    const created = await client.create(item);
    const logged = (await stored.logged(requestId)).map((entry) => entry.status);
    assert.deepEqual(logged.reverse(), statuses);
    assert.deepEqual((await stored.all()).slice(1).map(({ id }) => id), [created.id]);
  },
  async batch(client) {
    const [first, second] = await stored.hold(2);
    const named = { first, second, unknown };
    const { requests } = scenarios.batch;
    const answered = await client.batch(
      requests.map(({ id, method, item }) => ({ id, method, item: named[item] })),
    );
    assert.deepEqual(answered, Object.fromEntries(requests.map(({ id, status }) => [id, status])));
    assert.deepEqual((await stored.all()).map((item) => item.id), [first]);
  },
  async "batch that creates"(client) {
    const { items } = scenarios.batchCreate;
    const answered = await client.batch(
      items.map((body, index) => ({ id: String(index + 1), method: "POST", body })),
    );
    assert.deepEqual(Object.values(answered), items.map(() => 201));
    const kept = (await stored.all()).map((item) => item.displayName);
    assert.deepEqual(kept.sort(), items.map((item) => item.displayName).sort());
  },
};

/**
 * Tests of the whole contract, over each of the schemes.
 *
 * `connect(base, token)` makes the client of the service at `base`. It has the functions `create`,
 * `list`, `pages`, `patch`, `delete` and `batch`, as class Client of `../client_contract.py`.
 * `unable` are the scenarios, or schemes, that it cannot do, each with the reason.
 */
export function holds(connect, unable = {}) {
  for (const scheme of ["http", "https"]) {
    const base = `${scheme === "http" ? endpoints.url : endpoints.tls_url}/beta`;
    for (const [name, run] of Object.entries(contract)) {
      const skip = unable[scheme] ?? unable[name];
      test(`${name} over ${scheme}`, { skip }, async () => {
        await stored.clear();
        await run(connect(base, token));
      });
    }
  }
}
