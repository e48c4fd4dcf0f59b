// The running stand-in, and what a person's browser does on its sign-in pages.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

export const endpoints = JSON.parse(readFileSync(process.env.OPENPROFILE_TEST_ENDPOINTS));
/** A bearer token for the first sample person. */
export const token = process.env.OPENPROFILE_TEST_TOKEN;
export const authority = `${endpoints.tls_url}/${endpoints.tenant}`;
export const host = new URL(endpoints.tls_url).host;
export const scope = "https://graph.microsoft.com/.default";
export const redirectUri = "http://localhost:54321/signed-in";

/** Press the button of `person` on the sign-in page at `url`; the parameters it sends back. */
export async function choose(url, person) {
  const page = await (await fetch(url)).text();
  assert.ok(page.includes(`<button name="person" value="${person.id}">`), page);
  const action = /action="([^"]*)"/.exec(page)[1].replaceAll("&amp;", "&");
  const answer = await fetch(action, {
    method: "POST",
    body: new URLSearchParams({ person: person.id }),
    redirect: "manual",
  });
  const location = answer.headers.get("location");
  return location ? new URL(location).searchParams : undefined;
}

/** Add an interest over TLS with a bearer token, and return it. */
export async function addInterest(token, who = "me") {
  const answer = await fetch(`${endpoints.tls_url}/beta/${who}/profile/interests`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ displayName: "Chess ♟" }),
  });
  assert.equal(answer.status, 201, await answer.clone().text());
  return answer.json();
}
