/** RFC 6121, 8.5.2: stanzas for the bare JID of an account. */
import { describe } from "node:test";
import { storyServer } from "@rollcall/testkit";
import { cell, serviceUnavailable, specimens } from "./cell.ts";

const server = await storyServer();
const { normal, namedNormal, unknown, chat, groupchat, headline, messageError } = specimens;
const { available, unavailable, presenceError, get, set, result, iqError } = specimens;
const to = "bare";
const everyone = { negative: ["cellar", "vault"], one: ["cellar", "balcony"] } as const;
const everyoneOfSeveral = ["cellar", "balcony", "chamber", "garden"];
const answer = serviceUnavailable;

describe("a message for the bare JID", () => {
  cell(
    server,
    "of type normal is kept while all resources are negative",
    { situation: "negative", to, stanza: normal, kept: true },
    { situation: "negative", to, stanza: namedNormal, kept: true },
  );
  cell(server, "of type normal reaches the one non-negative resource", {
    situation: "one",
    to,
    stanza: normal,
    reaches: ["balcony"],
  });
  cell(
    server,
    "of type normal, none or an unknown one reaches every non-negative resource",
    { situation: "several", to, stanza: namedNormal, reaches: ["balcony", "chamber", "garden"] },
    { situation: "several", to, stanza: normal, reaches: ["balcony", "chamber", "garden"] },
    { situation: "several", to, stanza: unknown, reaches: ["balcony", "chamber", "garden"] },
  );
  cell(server, "of type chat is kept while all resources are negative", {
    situation: "negative",
    to,
    stanza: chat,
    kept: true,
  });
  cell(server, "of type chat reaches the one non-negative resource", {
    situation: "one",
    to,
    stanza: chat,
    reaches: ["balcony"],
  });
  cell(server, "of type chat reaches exactly one of several: highest priority, then latest presence", {
    situation: "several",
    to,
    stanza: chat,
    reaches: ["chamber"],
  });
  cell(
    server,
    "of type groupchat is refused while all resources are negative",
    { situation: "negative", to, stanza: groupchat, answer },
    { situation: "negative", to, stanza: groupchat, answer, sender: "subscriber" },
  );
  cell(server, "of type groupchat is refused where one resource is non-negative", {
    situation: "one",
    to,
    stanza: groupchat,
    answer,
  });
  cell(server, "of type groupchat is refused where several resources are non-negative", {
    situation: "several",
    to,
    stanza: groupchat,
    answer,
  });
  cell(server, "of type headline is dropped while all resources are negative", {
    situation: "negative",
    to,
    stanza: headline,
  });
  cell(server, "of type headline reaches the one non-negative resource", {
    situation: "one",
    to,
    stanza: headline,
    reaches: ["balcony"],
  });
  cell(server, "of type headline reaches every non-negative resource", {
    situation: "several",
    to,
    stanza: headline,
    reaches: ["balcony", "chamber", "garden"],
  });
  cell(server, "of type error is dropped while all resources are negative", {
    situation: "negative",
    to,
    stanza: messageError,
  });
  cell(server, "of type error is dropped where one resource is non-negative", {
    situation: "one",
    to,
    stanza: messageError,
  });
  cell(server, "of type error is dropped where several resources are non-negative", {
    situation: "several",
    to,
    stanza: messageError,
  });
});

describe("a message for the bare JID of an account that is not available", () => {
  cell(
    server,
    "of type normal or chat is kept",
    { situation: "offline", to, stanza: normal, kept: true },
    { situation: "offline", to, stanza: chat, kept: true },
  );
  cell(
    server,
    "of type groupchat is refused, to everybody",
    { situation: "offline", to, stanza: groupchat, answer },
    { situation: "offline", to, stanza: groupchat, answer, sender: "subscriber" },
  );
  cell(
    server,
    "of type headline or error is dropped",
    { situation: "offline", to, stanza: headline },
    { situation: "offline", to, stanza: headline, sender: "subscriber" },
    { situation: "offline", to, stanza: messageError },
  );
  cell(
    server,
    "finds connected resources as good as none",
    { situation: "connected", to, stanza: normal, kept: true },
    { situation: "connected", to, stanza: chat, kept: true },
    { situation: "connected", to, stanza: groupchat, answer },
    { situation: "connected", to, stanza: headline },
    { situation: "connected", to, stanza: messageError },
  );
});

describe("presence for the bare JID", () => {
  cell(
    server,
    "reaches every available resource where all are negative",
    { situation: "negative", to, stanza: available, reaches: everyone.negative },
    { situation: "negative", to, stanza: unavailable, reaches: everyone.negative },
  );
  cell(
    server,
    "reaches every available resource where one is non-negative",
    { situation: "one", to, stanza: available, reaches: everyone.one },
    { situation: "one", to, stanza: unavailable, reaches: everyone.one },
  );
  cell(
    server,
    "reaches every available resource where several are non-negative",
    { situation: "several", to, stanza: available, reaches: everyoneOfSeveral },
    { situation: "several", to, stanza: unavailable, reaches: everyoneOfSeveral },
  );
  cell(
    server,
    "is dropped where nobody is available, and not kept",
    { situation: "offline", to, stanza: available },
    { situation: "offline", to, stanza: unavailable, sender: "subscriber" },
    { situation: "connected", to, stanza: available },
    { situation: "connected", to, stanza: unavailable },
  );
  cell(
    server,
    "of type error reaches every available resource and is never answered",
    { situation: "negative", to, stanza: presenceError, reaches: everyone.negative },
    { situation: "one", to, stanza: presenceError, reaches: everyone.one },
    { situation: "several", to, stanza: presenceError, reaches: everyoneOfSeveral },
    { situation: "offline", to, stanza: presenceError },
  );
});

describe("an iq for the bare JID", () => {
  cell(
    server,
    "that nobody here understands is refused by the server while all resources are negative",
    { situation: "negative", to, stanza: get, answer },
    { situation: "negative", to, stanza: set, answer, sender: "subscriber" },
  );
  cell(
    server,
    "that nobody here understands is refused by the server where one resource is non-negative",
    { situation: "one", to, stanza: get, answer, sender: "subscriber" },
    { situation: "one", to, stanza: set, answer },
  );
  cell(
    server,
    "that nobody here understands is refused by the server where several resources are non-negative",
    { situation: "several", to, stanza: get, answer },
    { situation: "several", to, stanza: set, answer, sender: "subscriber" },
  );
  cell(
    server,
    "that nobody here understands is refused by the server where nobody is available",
    { situation: "offline", to, stanza: get, answer },
    { situation: "offline", to, stanza: set, answer, sender: "subscriber" },
    { situation: "connected", to, stanza: get, answer },
  );
  cell(
    server,
    "of type result or error is dropped while all resources are negative",
    { situation: "negative", to, stanza: result },
    { situation: "negative", to, stanza: iqError },
  );
  cell(
    server,
    "of type result or error is dropped where one resource is non-negative",
    { situation: "one", to, stanza: result },
    { situation: "one", to, stanza: iqError },
  );
  cell(
    server,
    "of type result or error is dropped where several resources are non-negative",
    { situation: "several", to, stanza: result },
    { situation: "several", to, stanza: iqError },
  );
});
