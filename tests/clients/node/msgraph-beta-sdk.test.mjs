// @microsoft/msgraph-beta-sdk (kiota), with its adapter and its models: the package of the fluent
// request builders for users, which its README names, is not published, so requests are made of
// URL templates, as those builders make them.
import {
  AllowedHostsValidator,
  BaseBearerTokenAuthenticationProvider,
  HttpMethod,
  RequestInformation,
} from "@microsoft/kiota-abstractions";
import { GraphBetaRequestAdapter } from "@microsoft/msgraph-beta-sdk";
import {
  createPersonInterestCollectionResponseFromDiscriminatorValue as aPage,
  createPersonInterestFromDiscriminatorValue as anInterest,
  serializePersonInterest,
} from "@microsoft/msgraph-beta-sdk/models/index.js";
import { createODataErrorFromDiscriminatorValue } from
  "@microsoft/msgraph-beta-sdk/models/oDataErrors/index.js";
import { BatchRequestContent, PageIterator } from "@microsoft/msgraph-sdk-core";
import { holds } from "./client-contract.mjs";

const errors = { XXX: createODataErrorFromDiscriminatorValue };
const interests = "{+baseurl}/me/profile/interests{?%24filter,%24orderby,%24select,%24top}";
const interest = "{+baseurl}/me/profile/interests/{id}";

/** The client, as the contract needs it. */
class Sdk {
  constructor(base, token) {
    this.adapter = new GraphBetaRequestAdapter(
      new BaseBearerTokenAuthenticationProvider({
        getAuthorizationToken: async () => token,
        getAllowedHostsValidator: () => new AllowedHostsValidator(),
      }),
    );
    this.adapter.baseUrl = base;
  }

  request(method, template, parameters = {}, body = undefined) {
    const request = new RequestInformation(method, template, {
      baseurl: this.adapter.baseUrl,
      ...parameters,
    });
    request.headers.tryAdd("Accept", "application/json");
    if (body) {
      request.setContentFromParsable(this.adapter, "application/json", body, serializePersonInterest);
    }
    return request;
  }

  create(item) {
    return this.adapter.send(this.request(HttpMethod.POST, interests, {}, item), anInterest, errors);
  }

  async list({ filter, orderby, top, select }) {
    const request = this.request(HttpMethod.GET, interests);
    Object.assign(request.queryParameters, {
      "%24filter": filter,
      "%24orderby": [orderby],
      "%24select": select,
      "%24top": top,
    });
    return (await this.adapter.send(request, aPage, errors)).value;
  }

  async pages(size) {
    const request = this.request(HttpMethod.GET, interests);
    request.headers.add("Prefer", `odata.maxpagesize=${size}`);
    const first = await this.adapter.send(request, aPage, errors);
    const found = [];
    const each = (item) => found.push(item) > 0;
    const options = { headers: request.headers };
    await new PageIterator(this.adapter, first, each, aPage, errors, options).iterate();
    return found;
  }

  patch(id, changes) {
    const request = this.request(HttpMethod.PATCH, interest, { id }, changes);
    return this.adapter.send(request, anInterest, errors);
  }

  delete(id) {
    return this.adapter.sendNoResponseContent(
      this.request(HttpMethod.DELETE, interest, { id }),
      errors,
    );
  }

  async batch(requests) {
    const batch = new BatchRequestContent(this.adapter, errors);
    for (const { id, method, item } of requests) {
      batch.addBatchRequest(this.request(HttpMethod[method], interest, { id: item }), id);
    }
    return Object.fromEntries(await (await batch.postAsync()).getResponsesStatusCodes());
  }
}

holds((base, token) => new Sdk(base, token), {
  "batch that creates": "it sends the body of every request in a batch as {}",
});
