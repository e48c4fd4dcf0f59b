// @microsoft/microsoft-graph-client over TLS, with tokens of the local authority.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientSecretCredential } from "@azure/identity";
import {
  BatchRequestContent,
  BatchResponseContent,
  Client,
  GraphError,
  PageIterator,
} from "@microsoft/microsoft-graph-client";
import {
  TokenCredentialAuthenticationProvider,
} from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";
import { holds } from "./client-contract.mjs";
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

/** The client, as the contract needs it. */
class GraphClient {
  constructor(base, token) {
    this.graph = Client.init({
      baseUrl: `${new URL(base).origin}/`,
      defaultVersion: "beta",
      customHosts: new Set(["localhost"]),
      authProvider: (done) => done(null, token),
    });
    this.interests = "/me/profile/interests";
  }

  create(item) {
    return this.graph.api(this.interests).post(item);
  }

  async list({ filter, orderby, top, select }) {
    const request = this.graph.api(this.interests);
    return (await request.filter(filter).orderby(orderby).top(top).select(select).get()).value;
  }

  async pages(size) {
    const headers = { Prefer: `odata.maxpagesize=${size}` };
    const first = await this.graph.api(this.interests).headers(headers).get();
    const found = [];
    const each = (item) => found.push(item) > 0;
    await new PageIterator(this.graph, first, each, { headers }).iterate();
    return found;
  }

  patch(id, changes) {
    return this.graph.api(`${this.interests}/${id}`).patch(changes);
  }

  delete(id) {
    return this.graph.api(`${this.interests}/${id}`).delete();
  }

  async batch(requests) {
    const content = new BatchRequestContent(
      requests.map(({ id, method, item, body }) => ({
        id,
        // a relative URL is nothing to Request; of this one, the part after the version is sent
        request: new Request(`https://localhost/beta${this.interests}${item ? `/${item}` : ""}`, {
          method,
          headers: body && { "Content-Type": "application/json" },
          body: JSON.stringify(body),
        }),
      })),
    );
    const answer = await this.graph.api("/$batch").post(await content.getContent());
    const responses = new BatchResponseContent(answer).getResponses();
    return Object.fromEntries([...responses].map(([id, response]) => [id, response.status]));
  }
}

holds((base, token) => new GraphClient(base, token), {
  http: "it deletes the Authorization header of every request that is not https",
});
