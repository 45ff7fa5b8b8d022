/** RFC 6121, 8.5.3: stanzas for a full JID, with a resource that matches and without. */
import { describe } from "node:test";
import { storyServer } from "@rollcall/testkit";
import { cell, serviceUnavailable, specimens } from "./cell.ts";

const server = await storyServer();
const { normal, namedNormal, unknown, chat, groupchat, headline, messageError } = specimens;
const { available, unavailable, presenceError, get, set, result, iqError } = specimens;
const answer = serviceUnavailable;
const connected = { resource: "wing" };
const negative = { resource: "cellar" };
const nonNegative = { resource: "balcony" };
const nowhere = { resource: "nowhere" };

describe("a message for a full JID that a resource has", () => {
  cell(
    server,
    "of type normal reaches that resource alone, whatever its priority",
    { situation: "connected", to: connected, stanza: normal, reaches: ["wing"] },
    { situation: "negative", to: negative, stanza: normal, reaches: ["cellar"] },
    { situation: "one", to: negative, stanza: namedNormal, reaches: ["cellar"] },
    { situation: "one", to: nonNegative, stanza: unknown, reaches: ["balcony"] },
    { situation: "several", to: nonNegative, stanza: normal, reaches: ["balcony"] },
  );
  cell(
    server,
    "of type chat reaches that resource alone, whatever its priority",
    { situation: "connected", to: connected, stanza: chat, reaches: ["wing"] },
    { situation: "negative", to: negative, stanza: chat, reaches: ["cellar"] },
    { situation: "one", to: negative, stanza: chat, reaches: ["cellar"] },
    { situation: "one", to: nonNegative, stanza: chat, reaches: ["balcony"] },
    { situation: "several", to: nonNegative, stanza: chat, reaches: ["balcony"] },
  );
  cell(
    server,
    "of type groupchat reaches that resource alone, whatever its priority",
    { situation: "connected", to: connected, stanza: groupchat, reaches: ["wing"] },
    { situation: "negative", to: negative, stanza: groupchat, reaches: ["cellar"] },
    { situation: "one", to: nonNegative, stanza: groupchat, reaches: ["balcony"] },
    { situation: "several", to: nonNegative, stanza: groupchat, reaches: ["balcony"] },
  );
  cell(
    server,
    "of type headline reaches that resource alone, whatever its priority",
    { situation: "connected", to: connected, stanza: headline, reaches: ["wing"] },
    { situation: "negative", to: negative, stanza: headline, reaches: ["cellar"] },
    { situation: "one", to: nonNegative, stanza: headline, reaches: ["balcony"] },
    { situation: "several", to: nonNegative, stanza: headline, reaches: ["balcony"] },
  );
  cell(
    server,
    "of type error reaches that resource alone, whatever its priority",
    { situation: "connected", to: connected, stanza: messageError, reaches: ["wing"] },
    { situation: "negative", to: negative, stanza: messageError, reaches: ["cellar"] },
    { situation: "several", to: nonNegative, stanza: messageError, reaches: ["balcony"] },
  );
});

describe("a message for a full JID that no resource has", () => {
  cell(
    server,
    "of type normal is dropped for a stranger, whoever is there",
    { situation: "offline", to: nowhere, stanza: normal },
    { situation: "negative", to: nowhere, stanza: namedNormal },
    { situation: "one", to: nowhere, stanza: normal },
    { situation: "several", to: nowhere, stanza: unknown },
  );
  cell(
    server,
    "of type groupchat is dropped for a stranger, whoever is there",
    { situation: "offline", to: nowhere, stanza: groupchat },
    { situation: "negative", to: nowhere, stanza: groupchat },
    { situation: "one", to: nowhere, stanza: groupchat },
    { situation: "several", to: nowhere, stanza: groupchat },
  );
  cell(
    server,
    "of type headline is dropped for a stranger, whoever is there",
    { situation: "offline", to: nowhere, stanza: headline },
    { situation: "negative", to: nowhere, stanza: headline },
    { situation: "one", to: nowhere, stanza: headline },
    { situation: "several", to: nowhere, stanza: headline },
  );
  cell(
    server,
    "of type normal, groupchat or headline is refused to those who learn nothing by it",
    { situation: "offline", to: nowhere, stanza: normal, sender: "in the roster", answer },
    { situation: "several", to: nowhere, stanza: normal, sender: "subscriber", answer },
    { situation: "negative", to: nowhere, stanza: groupchat, sender: "in the roster", answer },
    { situation: "one", to: nowhere, stanza: groupchat, sender: "told by directed presence", answer },
    { situation: "offline", to: nowhere, stanza: groupchat, sender: "subscriber", answer },
    { situation: "one", to: nowhere, stanza: headline, sender: "subscriber", answer },
    { situation: "connected", to: nowhere, stanza: headline, sender: "told by directed presence", answer },
  );
  cell(
    server,
    "of type chat is kept where nobody is available",
    { situation: "offline", to: nowhere, stanza: chat, kept: true },
    { situation: "connected", to: nowhere, stanza: chat, kept: true },
  );
  cell(
    server,
    "of type chat is kept where all resources are negative",
    { situation: "negative", to: nowhere, stanza: chat, kept: true },
    { situation: "negative", to: nowhere, stanza: chat, kept: true, sender: "subscriber" },
  );
  cell(server, "of type chat reaches the one non-negative resource, its address unchanged", {
    situation: "one",
    to: nowhere,
    stanza: chat,
    reaches: ["balcony"],
  });
  cell(server, "of type chat reaches exactly one of several, the most available, its address unchanged", {
    situation: "several",
    to: nowhere,
    stanza: chat,
    reaches: ["chamber"],
  });
  cell(
    server,
    "of type error is dropped, whoever sends it",
    { situation: "offline", to: nowhere, stanza: messageError },
    { situation: "negative", to: nowhere, stanza: messageError },
    { situation: "several", to: nowhere, stanza: messageError, sender: "subscriber" },
  );
});

describe("presence for a full JID", () => {
  cell(
    server,
    "that a resource has reaches that resource alone, available or not",
    { situation: "connected", to: connected, stanza: available, reaches: ["wing"] },
    { situation: "negative", to: negative, stanza: unavailable, reaches: ["cellar"] },
    { situation: "one", to: nonNegative, stanza: available, reaches: ["balcony"] },
    { situation: "several", to: nonNegative, stanza: unavailable, reaches: ["balcony"] },
  );
  cell(
    server,
    "that no resource has is dropped",
    { situation: "offline", to: nowhere, stanza: available },
    { situation: "negative", to: nowhere, stanza: unavailable },
    { situation: "one", to: nowhere, stanza: available },
    { situation: "several", to: nowhere, stanza: available, sender: "subscriber" },
  );
  cell(
    server,
    "of type error reaches the resource that has it",
    { situation: "connected", to: connected, stanza: presenceError, reaches: ["wing"] },
    { situation: "several", to: negative, stanza: presenceError, reaches: ["cellar"] },
  );
  cell(
    server,
    "of type error is dropped where no resource has it",
    { situation: "offline", to: nowhere, stanza: presenceError },
    { situation: "several", to: nowhere, stanza: presenceError, sender: "subscriber" },
  );
});

describe("an iq for a full JID", () => {
  cell(
    server,
    "that a resource has reaches it from those who see its presence",
    { situation: "one", to: nonNegative, stanza: get, sender: "subscriber", reaches: ["balcony"] },
    { situation: "several", to: negative, stanza: set, sender: "subscriber", reaches: ["cellar"] },
    { situation: "connected", to: connected, stanza: get, sender: "subscriber", reaches: ["wing"] },
    {
      situation: "several",
      to: nonNegative,
      stanza: set,
      sender: "told by directed presence",
      reaches: ["balcony"],
    },
  );
  cell(
    server,
    "that a resource has is refused to those who do not see its presence",
    { situation: "one", to: nonNegative, stanza: get, answer },
    { situation: "several", to: negative, stanza: set, answer },
    { situation: "connected", to: connected, stanza: get, answer },
    { situation: "one", to: nonNegative, stanza: get, sender: "in the roster", answer },
  );
  cell(
    server,
    "of type result or error reaches the resource that has it, from anybody",
    { situation: "connected", to: connected, stanza: result, reaches: ["wing"] },
    { situation: "negative", to: negative, stanza: iqError, reaches: ["cellar"] },
    { situation: "several", to: nonNegative, stanza: result, reaches: ["balcony"] },
  );
  cell(
    server,
    "that no resource has is refused, to everybody",
    { situation: "offline", to: nowhere, stanza: get, answer },
    { situation: "negative", to: nowhere, stanza: set, answer },
    { situation: "one", to: nowhere, stanza: get, answer, sender: "subscriber" },
    { situation: "several", to: nowhere, stanza: set, answer },
  );
  cell(
    server,
    "of type result or error is dropped where no resource has it",
    { situation: "offline", to: nowhere, stanza: result },
    { situation: "several", to: nowhere, stanza: iqError, sender: "subscriber" },
  );
});
