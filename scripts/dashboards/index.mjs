import { connections } from "./connections.mjs";
import { oneUser } from "./one-user.mjs";
import { overview } from "./overview.mjs";
import { ownership } from "./ownership.mjs";
import { presence } from "./presence.mjs";
import { rosterAndRiak } from "./roster-and-riak.mjs";

/** By the name of their file in `deploy/observability/dashboards`. */
export const dashboards = {
  "overview.json": overview,
  "connections.json": connections,
  "roster-and-riak.json": rosterAndRiak,
  "presence.json": presence,
  "ownership.json": ownership,
  "one-user.json": oneUser,
};
