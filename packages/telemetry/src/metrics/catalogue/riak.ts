import { alone, by, counter, gauge, histogram, type MetricSpec } from "./spec.ts";

export const riakMetrics: readonly MetricSpec[] = [
  counter("riak", "riak.operations", "{operation}", "Operations of the store, by outcome.", {
    getFound: { operation: "get", outcome: "found" },
    getMissing: { operation: "get", outcome: "missing" },
    getUnchanged: { operation: "get", outcome: "unchanged" },
    getSiblings: { operation: "get", outcome: "siblings" },
    getFailed: { operation: "get", outcome: "failed" },
    putStored: { operation: "put", outcome: "stored" },
    putSiblings: { operation: "put", outcome: "siblings" },
    putFailed: { operation: "put", outcome: "failed" },
    deleteDeleted: { operation: "delete", outcome: "deleted" },
    deleteMissing: { operation: "delete", outcome: "missing" },
    deleteFailed: { operation: "delete", outcome: "failed" },
    keysListed: { operation: "list_keys", outcome: "listed" },
    keysFailed: { operation: "list_keys", outcome: "failed" },
    propertiesFailed: { operation: "set_properties", outcome: "failed" },
    pingFailed: { operation: "ping", outcome: "failed" },
  }),
  counter("riak", "riak.writes_unknown", "{operation}", "Failed writes that may have been performed.", {
    putUnknown: alone,
  }),
  counter("riak", "riak.failures", "{operation}", "Failed operations, by cause.", {
    ...by("cause", {
      failedUnavailable: "unavailable",
      failedTimeout: "timeout",
      failedOverloaded: "overloaded",
      failedBadRequest: "bad_request",
      failedBadValue: "bad_value",
      failedTooLarge: "too_large",
      failedBadResponse: "bad_response",
      failedServerError: "server_error",
      failedClosed: "closed",
    }),
  }),
  counter("riak-transport", "riak.requests", "{request}", "Requests to hosts of the store.", {
    requests: alone,
  }),
  counter("riak-transport", "riak.retries", "{request}", "Of these: repetitions.", { retries: alone }),
  counter("riak-transport", "riak.requests_refused", "{request}", "Requests that were not made.", {
    ...by("cause", { retriesRefused: "retry_budget", overloaded: "queues_full", noHost: "no_host" }),
  }),
  histogram(
    "riak",
    "riak.operation.duration",
    "s",
    "Operations of the store with all their attempts.",
    {
      getSeconds: { operation: "get" },
      putSeconds: { operation: "put" },
      deleteSeconds: { operation: "delete" },
    },
    { outcome: ["ok", "failed"] },
  ),
  gauge("riak-transport", "riak.hosts", "{host}", "Hosts of the store, by whether they are asked.", {
    ...by("state", { hostsUp: "up", hostsTried: "tried", hostsDown: "down" }),
  }),
];
