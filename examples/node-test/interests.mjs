// A small app of Graph code: the interests of whoever signed in.
import { setTimeout } from "node:timers/promises";

export class Interests {
  constructor(token, baseUrl = "https://graph.microsoft.com/beta") {
    this.url = `${baseUrl}/me/profile/interests`;
    this.headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  }

  async names() {
    const answer = await this.send("GET");
    return (await answer.json()).value.map((item) => item.displayName);
  }

  async add(displayName) {
    await this.send("POST", JSON.stringify({ displayName }));
  }

  async send(method, body) {
    for (;;) {
      const answer = await fetch(this.url, { method, body, headers: this.headers });
      if (answer.status === 429) {
        await setTimeout(1000 * Number(answer.headers.get("retry-after")));
      } else if (answer.ok) {
        return answer;
      } else {
        throw new Error((await answer.json()).error.message);
      }
    }
  }
}
