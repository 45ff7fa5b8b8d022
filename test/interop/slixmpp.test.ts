/** slixmpp from Debian, over STARTTLS, trusting the self-made certificate and no other. */
import { test } from "node:test";
import { needsLibrary, pythonStory } from "./python-romeo.ts";

test(
  "slixmpp logs in, subscribes, is approved, sees presence, chats, and comes back after a restart",
  needsLibrary("slixmpp"),
  () => pythonStory("slixmpp"),
);
