// @microsoft/microsoft-graph-client over TLS, with tokens of the local authority.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientSecretCredential } from "@azure/identity";
import { Client, GraphError } from "@microsoft/microsoft-graph-client";
import {
  TokenCredentialAuthenticationProvider,
} from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";
import { endpoints, scope } from "./stand-in.mjs";

const { client, users } = endpoints;
const credential = new ClientSecretCredential(endpoints.tenant, client.id, client.secret, {
  authorityHost: endpoints.tls_url,
  disableInstanceDiscovery: true,
});
const connect = (authProvider) =>
  Client.initWithMiddleware({
    baseUrl: `${endpoints.tls_url}/`,
    defaultVersion: "beta",
    customHosts: new Set(["localhost"]),
    authProvider,
  });
const graph = connect(new TokenCredentialAuthenticationProvider(credential, { scopes: [scope] }));
const interests = `/users/${users[5].userPrincipalName}/profile/interests`;

test("the life of an interest", async () => {
  const created = await graph.api(interests).post({
    displayName: "Chess ♟",
    categories: ["Games"],
    allowedAudiences: "organization",
  });
  const one = `${interests}/${created.id}`;
  const read = await graph.api(one).get();
  assert.equal(read.displayName, "Chess ♟");
  const changed = await graph.api(one).patch({ categories: ["Sports"] });
  assert.deepEqual(changed.categories, ["Sports"]);
  assert.equal(changed.displayName, "Chess ♟");
  const { value } = await graph.api(interests).get();
  assert.ok(value.some((item) => item.id === created.id));
  await graph.api(one).delete();
  await assert.rejects(
    graph.api(one).get(),
    (error) =>
      error instanceof GraphError && error.statusCode === 404 && error.code === "itemNotFound",
  );
});

test("a token that does not hold", async () => {
  const refused = connect({ getAccessToken: async () => "nonsense" });
  await assert.rejects(
    refused.api(interests).get(),
    (error) => error.statusCode === 401 && error.code === "InvalidAuthenticationToken",
  );
});
