// @azure/identity against the local authority over TLS.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ClientSecretCredential,
  DeviceCodeCredential,
  OnBehalfOfCredential,
} from "@azure/identity";
import { addInterest, choose, endpoints, scope } from "./stand-in.mjs";

const { tenant, client, users } = endpoints;
const options = { authorityHost: endpoints.tls_url, disableInstanceDiscovery: true };

test("an application by itself", async () => {
  const credential = new ClientSecretCredential(tenant, client.id, client.secret, options);
  const { token } = await credential.getToken(scope);
  const item = await addInterest(token, `users/${users[0].id}`);
  assert.equal(item.createdBy.application.id, client.id);
});

test("the scope may name the service by its host", async () => {
  const credential = new ClientSecretCredential(tenant, client.id, client.secret, options);
  for (const resource of ["https://localhost", endpoints.tls_url]) {
    const { token } = await credential.getToken(`${resource}/.default`);
    await addInterest(token, `users/${users[0].id}`);
  }
});

test("a wrong secret", async () => {
  const credential = new ClientSecretCredential(tenant, client.id, "wrong", options);
  await assert.rejects(credential.getToken(scope), /AADSTS7000215/);
});

test("a device, and a service in the name of its person", async () => {
  const credential = new DeviceCodeCredential({
    ...options,
    tenantId: tenant,
    clientId: client.id,
    userPromptCallback: ({ verificationUri, userCode }) => {
      choose(`${verificationUri}?user_code=${userCode}`, users[4]);
    },
  });
  const caller = await credential.getToken(`api://${client.id}/.default`);
  const service = new OnBehalfOfCredential({
    ...options,
    tenantId: tenant,
    clientId: client.id,
    clientSecret: client.secret,
    userAssertionToken: caller.token,
  });
  const { token } = await service.getToken(scope);
  assert.equal((await addInterest(token)).createdBy.user.id, users[4].id);
});
