import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Stage } from "../testing/stage.ts";

const juliet = "juliet@example.com";
const romeo = "romeo@example.net";
const paris = "paris@example.net";

describe("directed presence", () => {
  it("reaches somebody outside the roster, who learns when the resource goes, and nothing in between", async () => {
    const stage = await Stage.open();
    const county = await stage.online(`${paris}/county`);
    const balcony = await stage.online(`${juliet}/balcony`);
    await balcony.directed(paris, undefined, "<status>hello</status>");
    await stage.settled();
    assert.deepEqual(county.take(), [
      `<presence from="${juliet}/balcony" to="${paris}"><status>hello</status></presence>`,
    ]);
    await balcony.presence("<show>away</show>");
    await stage.settled();
    assert.deepEqual(county.take(), []);
    await balcony.end();
    await stage.settled();
    assert.deepEqual(county.take(), [
      `<presence from="${juliet}/balcony" to="${paris}" type="unavailable"/>`,
    ]);
  });

  it("is over after directed unavailable presence", async () => {
    const stage = await Stage.open();
    const county = await stage.online(`${paris}/county`);
    const balcony = await stage.online(`${juliet}/balcony`);
    await balcony.directed(`${paris}/county`);
    await balcony.directed(`${paris}/county`, "unavailable");
    await stage.settled();
    assert.equal(county.take().length, 2);
    await balcony.end();
    await stage.settled();
    assert.deepEqual(county.take(), []);
  });

  it("is over when the other side sends unavailable presence", async () => {
    const stage = await Stage.open();
    const county = await stage.online(`${paris}/county`);
    const balcony = await stage.online(`${juliet}/balcony`);
    await balcony.directed(`${paris}/county`);
    await county.directed(`${juliet}/balcony`, "unavailable");
    await stage.settled();
    county.take();
    await balcony.end();
    await stage.settled();
    assert.deepEqual(county.take(), []);
  });

  it("does not take a subscriber out of broadcasts, nor tell it twice that the resource is gone", async () => {
    const stage = await Stage.open();
    stage.friends(juliet, romeo);
    const orchard = await stage.online(`${romeo}/orchard`);
    const balcony = await stage.online(`${juliet}/balcony`);
    orchard.take();
    await balcony.directed(romeo);
    await balcony.presence("<show>away</show>");
    await balcony.unavailable();
    await stage.settled();
    assert.equal(orchard.take().length, 3);
  });

  it("does not make a resource available, and is ended when its stream is", async () => {
    const stage = await Stage.open();
    stage.friends(juliet, romeo);
    const orchard = await stage.online(`${romeo}/orchard`);
    const balcony = await stage.connect(`${juliet}/balcony`);
    await balcony.directed(romeo);
    await orchard.send("message", juliet, { type: "headline" });
    await stage.settled();
    assert.deepEqual(balcony.take(), []);
    await balcony.end();
    await stage.settled();
    assert.deepEqual(
      orchard.take().at(-1),
      `<presence from="${juliet}/balcony" to="${romeo}" type="unavailable"/>`,
    );
  });

  it("is ended by unavailable presence although the resource was never available", async () => {
    const stage = await Stage.open();
    const county = await stage.online(`${paris}/county`);
    const balcony = await stage.connect(`${juliet}/balcony`);
    await balcony.directed(paris);
    await balcony.unavailable("<status>bye</status>");
    await stage.settled();
    assert.match(county.take().at(-1) ?? "", /type="unavailable"><status>bye/);
    await balcony.end();
    await stage.settled();
    assert.deepEqual(county.take(), []);
  });

  it("is refused beyond the limit, so that nobody is told of a resource and never that it is gone", async () => {
    const stage = await Stage.open({ settings: { "presence.directed_per_session": 1 } });
    const county = await stage.online(`${paris}/county`);
    const balcony = await stage.connect(`${juliet}/balcony`);
    await balcony.directed(romeo);
    await balcony.directed(paris);
    await balcony.directed(romeo);
    await stage.settled();
    assert.deepEqual(county.take(), []);
    const [error, ...rest] = balcony.take();
    assert.match(error ?? "", /type="error"><error type="wait"><resource-constraint/);
    assert.deepEqual(rest, []);
  });

  it("to a domain that is not ours is refused, a probe or an error is not answered", async () => {
    const stage = await Stage.open();
    const balcony = await stage.connect(`${juliet}/balcony`);
    await balcony.directed("somebody@elsewhere.org");
    await balcony.directed("somebody@elsewhere.org", "probe");
    await balcony.directed("somebody@elsewhere.org", "error");
    await stage.settled();
    const answers = balcony.take();
    assert.equal(answers.length, 1);
    assert.match(answers[0] ?? "", /remote-server-not-found/);
  });
});
