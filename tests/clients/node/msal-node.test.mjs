// @azure/msal-node against the local authority over TLS.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ConfidentialClientApplication,
  CryptoProvider,
  PublicClientApplication,
} from "@azure/msal-node";
import { addInterest, authority, choose, endpoints, host, redirectUri, scope } from "./stand-in.mjs";

const auth = { clientId: endpoints.client.id, authority, knownAuthorities: [host] };
const confidential = () =>
  new ConfidentialClientApplication({ auth: { ...auth, clientSecret: endpoints.client.secret } });

async function signIn(application, scopes, person) {
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const url = await application.getAuthCodeUrl({
    scopes,
    redirectUri,
    state: "kept as it is",
    nonce: "n-1",
    codeChallenge: challenge,
    codeChallengeMethod: "S256",
  });
  const sent = await choose(url, person);
  assert.equal(sent.get("state"), "kept as it is");
  const code = sent.get("code");
  return application.acquireTokenByCode(
    { scopes, redirectUri, code, codeVerifier: verifier },
    { code, nonce: "n-1" },
  );
}

for (const tenant of [endpoints.tenant, "harbour.example"]) {
  test(`an application by itself, in the tenant ${tenant}`, async () => {
    const application = new ConfidentialClientApplication({
      auth: {
        ...auth,
        authority: `${endpoints.tls_url}/${tenant}`,
        clientSecret: endpoints.client.secret,
      },
    });
    const { accessToken } = await application.acquireTokenByClientCredential({ scopes: [scope] });
    const item = await addInterest(accessToken, `users/${endpoints.users[0].id}`);
    assert.equal(item.createdBy.application.id, endpoints.client.id);
  });
}

test("a wrong secret", async () => {
  const application = new ConfidentialClientApplication({
    auth: { ...auth, clientSecret: "wrong" },
  });
  await assert.rejects(
    application.acquireTokenByClientCredential({ scopes: [scope] }),
    (error) => error.errorCode === "invalid_client" && /AADSTS7000215/.test(error.message),
  );
});

test("the OpenID Connect protocol mode", async () => {
  const application = new ConfidentialClientApplication({
    auth: {
      ...auth,
      authority: `${authority}/v2.0`,
      clientSecret: endpoints.client.secret,
    },
    system: { protocolMode: "OIDC" },
  });
  const { accessToken } = await application.acquireTokenByClientCredential({ scopes: [scope] });
  assert.ok(accessToken);
});

for (const tenant of [endpoints.tenant, "common", "organizations"]) {
  test(`a person signs in at ${tenant}, and stays signed in`, async () => {
    const person = endpoints.users[1];
    const application = new PublicClientApplication({
      auth: { ...auth, authority: `${endpoints.tls_url}/${tenant}` },
    });
    const first = await signIn(application, ["User.ReadWrite"], person);
    assert.equal((await addInterest(first.accessToken)).createdBy.user.id, person.id);
    assert.equal(first.account.username, person.userPrincipalName);
    assert.equal(first.account.homeAccountId, `${person.id}.${endpoints.tenant}`);
    assert.equal(first.idTokenClaims.nonce, "n-1");
    assert.equal(first.tenantId, endpoints.tenant);

    const again = { account: first.account, scopes: ["User.ReadWrite"] };
    const kept = await application.acquireTokenSilent(again);
    assert.equal(kept.fromCache, true);
    const renewed = await application.acquireTokenSilent({ ...again, forceRefresh: true });
    assert.equal(renewed.fromCache, false);
    assert.equal((await addInterest(renewed.accessToken)).createdBy.user.id, person.id);
  });
}

test("a device waits until its code is entered", async () => {
  const person = endpoints.users[2];
  const application = new PublicClientApplication({ auth });
  const { accessToken } = await application.acquireTokenByDeviceCode({
    scopes: ["User.ReadWrite"],
    deviceCodeCallback: ({ verificationUri, userCode }) => {
      choose(`${verificationUri}?user_code=${userCode}`, person);
    },
  });
  assert.equal((await addInterest(accessToken)).createdBy.user.id, person.id);
});

test("a service goes on in the name of its caller", async () => {
  const person = endpoints.users[3];
  const own = `api://${endpoints.client.id}/.default`;
  const caller = await signIn(new PublicClientApplication({ auth }), [own], person);
  const { accessToken } = await confidential().acquireTokenOnBehalfOf({
    oboAssertion: caller.accessToken,
    scopes: [scope],
  });
  assert.equal((await addInterest(accessToken)).createdBy.user.id, person.id);
});
