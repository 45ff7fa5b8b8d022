/** `rollcall who` and `rollcall why` see what clients see. Runs in one process, or over NATS (TEST_COMPOSITION). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { WhoAnswer, WhyAnswer } from "@rollcall/contracts";
import { befriend, eventually, type Person, story, storyServer } from "@rollcall/testkit";

const server = await storyServer();

async function ask<T>(path: string): Promise<T> {
  const response = await server.admin("GET", path);
  assert.equal(response.status, 200, path);
  return (await response.json()) as T;
}

const path = (person: Person): string => `/users/${encodeURIComponent(person.jid)}`;
const who = (person: Person): Promise<WhoAnswer> => ask(`${path(person)}/who`);
const why = (person: Person, to: Person): Promise<WhyAnswer> =>
  ask(`${path(person)}/why/${encodeURIComponent(to.jid)}`);

/** The verdict and the reasons, as soon as they are what is expected. */
async function becomes(person: Person, to: Person, shown: string, ...codes: string[]): Promise<void> {
  let last: unknown;
  await eventually(`${shown} ${codes.join(", ")}`, async () => {
    const answer = await why(person, to);
    last = [answer.shown, answer.reasons.map(({ code }) => code)];
    return JSON.stringify(last) === JSON.stringify([shown, codes]);
  }).catch(() => assert.deepEqual(last, [shown, codes]));
}

describe("rollcall why", () => {
  test(
    "follows a subscription from the request to the first presence, and to the end of the session",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await becomes(romeo, juliet, "no", "offline", "not-subscribed", "observer-offline");
      const orchard = await romeo.connect("orchard");
      await becomes(romeo, juliet, "no", "not-available", "not-subscribed", "observer-offline");
      await orchard.roster();
      await orchard.presence();
      const balcony = await juliet.online("balcony");
      await becomes(romeo, juliet, "no", "not-subscribed");
      balcony.send(`<presence to='${romeo.jid}' type='subscribe'/>`);
      await becomes(romeo, juliet, "no", "request-pending");
      orchard.send(`<presence to='${juliet.jid}' type='subscribed'/>`);
      await becomes(romeo, juliet, "yes", "shown");
      await orchard.close();
      await becomes(romeo, juliet, "no", "offline");
    }),
  );

  test(
    "knows who is connected and has sent no presence, or has not fetched the roster",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await befriend(romeo, juliet);
      await romeo.online("orchard");
      const balcony = await juliet.connect("balcony");
      await becomes(romeo, juliet, "no", "observer-not-available");
      await balcony.presence();
      await becomes(romeo, juliet, "yes", "shown", "observer-not-interested");
    }),
  );

  test(
    "knows directed presence",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      orchard.send(`<presence to='${balcony.full}'/>`);
      await becomes(romeo, juliet, "yes", "shown", "directed-only");
      orchard.send(`<presence to='${balcony.full}' type='unavailable'/>`);
      await becomes(romeo, juliet, "no", "not-subscribed");
    }),
  );

  test(
    "finds rosters that disagree",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await server.importRoster(romeo.jid, { [juliet.jid]: { subscription: "none" } });
      await server.importRoster(juliet.jid, { [romeo.jid]: { subscription: "both" } });
      await romeo.online("orchard");
      await juliet.online("balcony");
      await becomes(romeo, juliet, "no", "rosters-disagree");
      await becomes(juliet, romeo, "no", "one-sided");
    }),
  );

  test(
    "says whom it does not know, and refuses what is no question",
    story(server, ["romeo"], async ({ romeo }) => {
      const nobody = `nobody-${romeo.jid}`;
      const answer = await ask<WhyAnswer>(`/users/${encodeURIComponent(nobody)}/why/${romeo.jid}`);
      assert.deepEqual([answer.shown, answer.reasons[0]?.code], ["no", "no-account"]);
      for (const to of [romeo.jid, "juliet@elsewhere.example", "no jid@@"]) {
        const refused = await server.admin("GET", `${path(romeo)}/why/${encodeURIComponent(to)}`);
        assert.equal(refused.status, 400, to);
      }
    }),
  );
});

describe("rollcall who", () => {
  test(
    "shows sessions with their presence, who sees the account, and what changed last",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await befriend(romeo, juliet);
      const orchard = await romeo.online(
        "orchard",
        "<show>away</show><status>not for operators</status><priority>3</priority>",
      );
      await romeo.connect("street");
      orchard.send(
        `<iq type='set' id='name'><query xmlns='jabber:iq:roster'><item jid='${juliet.jid}' name='J'/></query></iq>`,
      );
      await eventually("the roster has seen the set", async () => {
        const [last] = (await who(romeo)).roster?.commands.toReversed() ?? [];
        return last?.event === "set" && last.contact === juliet.jid && last.confirmed;
      });
      const answer = await who(romeo);
      assert.deepEqual(
        answer.sessions
          ?.map(({ available, interested, priority, resource, show }) => ({
            available,
            interested,
            priority,
            resource,
            show,
          }))
          .sort((a, b) => (a.resource < b.resource ? -1 : 1)),
        [
          { available: true, interested: true, priority: 3, resource: "orchard", show: "away" },
          { available: false, interested: false, priority: 0, resource: "street", show: undefined },
        ],
      );
      assert.deepEqual(
        [answer.exists, answer.roster?.subscribers, answer.roster?.subscribedTo, answer.unknown],
        [true, [juliet.jid], [juliet.jid], []],
      );
      assert.doesNotMatch(JSON.stringify(answer), /not for operators/);
    }),
  );

  test(
    "remembers when somebody went offline",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await befriend(romeo, juliet);
      const orchard = await romeo.online("orchard");
      await orchard.close();
      await eventually("romeo is gone", async () => (await who(romeo)).sessions?.length === 0);
      assert.ok(Math.abs(((await who(romeo)).lastUnavailableAt ?? 0) - Date.now()) < 60_000);
    }),
  );
});
