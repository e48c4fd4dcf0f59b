// One stand-in for a test run, and a tenant for each test.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export async function start() {
  const data = await mkdtemp(join(tmpdir(), "openprofile-"));
  const program = spawn("openprofile", ["dev", "--port=0", "--memory", `--data=${data}`], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(program.stdout, "data"); // it is silent until it answers
  const { url } = JSON.parse(await readFile(join(data, "endpoints.json"), "utf8"));
  const call = async (path, body) => {
    const answer = await fetch(`${url}/_openprofile/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const found = answer.status === 204 ? undefined : await answer.json();
    if (!answer.ok) throw new Error(found.error.message);
    return found;
  };
  return {
    async tenant() {
      const { tenant } = await call("tenants", {});
      const at = (path) => `tenants/${tenant}/${path}`;
      return {
        baseUrl: `${url}/beta`,
        token: async (wanted = {}) => (await call(at("tokens"), wanted)).token,
        fault: (fault) => call(at("faults"), fault),
        clock: (change) => call(at("clock"), change),
      };
    },
    async stop() {
      program.kill();
      await once(program, "exit");
      await rm(data, { recursive: true });
    },
  };
}
