// @pnp/graph with @pnp/nodejs. It has no module for profiles: paths are added to its queryables.
import {
  GraphCollection,
  GraphQueryable,
  graphDelete,
  graphfi,
  graphPatch,
  graphPost,
} from "@pnp/graph";
import "@pnp/graph/batching.js";
import { GraphDefault } from "@pnp/nodejs";
import { BearerToken, body, InjectHeaders } from "@pnp/queryable";
import { holds } from "./client-contract.mjs";

/** The client, as the contract needs it. */
class Pnp {
  constructor(base, token) {
    this.graph = graphfi(base).using(GraphDefault({ baseUrl: base }), BearerToken(token));
  }

  interests(graph = this.graph) {
    return graph.create(GraphCollection, "me/profile/interests");
  }

  interest(id, graph = this.graph) {
    return graph.create(GraphQueryable, `me/profile/interests/${id}`);
  }

  create(item) {
    return graphPost(this.interests(), body(item));
  }

  list({ filter, orderby, top, select }) {
    const [property, direction] = orderby.split(" ");
    return this.interests()
      .filter(filter)
      .orderBy(property, direction !== "desc")
      .top(top)
      .select(...select)();
  }

  async pages(size) {
    const sized = this.interests().using(InjectHeaders({ Prefer: `odata.maxpagesize=${size}` }));
    const found = [];
    for await (const page of sized) found.push(...page);
    return found;
  }

  patch(id, changes) {
    return graphPatch(this.interest(id), body(changes));
  }

  delete(id) {
    return graphDelete(this.interest(id));
  }

  async batch(requests) {
    const [graph, execute] = this.graph.batched();
    const sent = requests.map(({ id, method, item, body: content }) => {
      const done = {
        GET: () => this.interest(item, graph)().then(() => 200),
        DELETE: () => graphDelete(this.interest(item, graph)).then(() => 204),
        POST: () => graphPost(this.interests(graph), body(content)).then(() => 201),
      }[method](); // it tells the status of what was refused alone
      return done.catch((error) => error.status).then((status) => [id, status]);
    });
    await execute();
    return Object.fromEntries(await Promise.all(sent));
  }
}

holds((base, token) => new Pnp(base, token));
