import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Interests } from "./interests.mjs";
import { start } from "./stand-in.mjs";

let standIn;
before(async () => (standIn = await start()));
after(() => standIn.stop());

async function app() {
  const tenant = await standIn.tenant();
  const interests = new Interests(await tenant.token(), tenant.baseUrl);
  return { tenant, interests };
}

test("an interest is added", async () => {
  const { interests } = await app();
  await interests.add("Chess");
  assert.deepEqual(await interests.names(), ["Chess"]);
});

test("each test begins with nothing", async () => {
  const { interests } = await app();
  assert.deepEqual(await interests.names(), []);
});

test("the app waits when it is told to", async () => {
  const { tenant, interests } = await app();
  await tenant.fault({ status: 429, retryAfter: 0, count: 2 });
  await interests.add("Chess");
  assert.deepEqual(await interests.names(), ["Chess"]);
});

test("a token runs out", async () => {
  const { tenant, interests } = await app();
  await tenant.clock({ advance: 3600 });
  await assert.rejects(interests.names(), /expired/);
});
