/**
 * What the stream parser costs, in µs of CPU per stanza. By hand, after a build:
 *
 *   node packages/xmpp/dist/parse-stream.bench.js
 *
 * CPU time of the process, best of several rounds; a busy machine still adds some 30 %.
 */
import { Buffer } from "node:buffer";
import { type StreamItem, StreamParser } from "./parse-stream.ts";

const header = `<?xml version="1.0"?><stream:stream to="example.com" version="1.0" xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams">`;

const presence =
  `<presence id="p1-7f3a" to="romeo@example.net"><show>away</show><status>be right back</status>` +
  `<priority>5</priority><c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="http://client.example/" ver="QgayPKawpkPSDYmw="/></presence>`;

const message =
  `<message type="chat" id="a7c1f2d4-93b1" to="romeo@example.net/orchard"><body>Wherefore art thou, Romeo? Deny thy father and refuse thy name</body>` +
  `<active xmlns="http://jabber.org/protocol/chatstates"/><request xmlns="urn:xmpp:receipts"/>` +
  `<origin-id xmlns="urn:xmpp:sid:0" id="a7c1f2d4-93b1"/></message>`;

const disco =
  `<iq type="result" id="d1" to="example.net"><query xmlns="http://jabber.org/protocol/disco#info"><identity category="client" type="pc" name="Client"/>` +
  Array.from({ length: 40 }, (_, i) => `<feature var="http://jabber.org/protocol/feature-${i}"/>`).join("") +
  `</query></iq>`;

const roster =
  `<iq type="set" id="r1"><query xmlns="jabber:iq:roster">` +
  Array.from(
    { length: 100 },
    (_, i) =>
      `<item jid="contact${i}@example.com" name="Contact ${i}" subscription="both"><group>Friends</group></item>`,
  ).join("") +
  `</query></iq>`;

function opened(): StreamParser {
  const parser = new StreamParser({ maxStanzaBytes: 262_144, maxDepth: 64, maxAttributes: 64 });
  parser.push(Buffer.from(header));
  parser.next();
  return parser;
}

function drain(parser: StreamParser): number {
  let items = 0;
  for (let item: StreamItem | undefined = parser.next(); item !== undefined; item = parser.next()) {
    if (item.kind !== "stanza") throw new Error(`unexpected ${item.kind}`);
    items++;
  }
  return items;
}

/** @returns µs of CPU per call of `run`. */
function measure(calls: number, run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 7; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < calls; i++) run();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / calls);
  }
  return best;
}

function report(name: string, bytes: number, micros: number): void {
  const rate = (bytes / micros).toFixed(0);
  console.log(
    `${name.padEnd(44)} ${String(bytes).padStart(6)} B ${micros.toFixed(2).padStart(9)} µs ${rate.padStart(6)} MB/s`,
  );
}

function benchWholeChunks(name: string, xml: string, calls: number): void {
  const parser = opened();
  const chunk = Buffer.from(xml);
  report(
    name,
    chunk.length,
    measure(calls, () => {
      parser.push(chunk);
      drain(parser);
    }),
  );
}

function benchPieces(name: string, xml: string, size: number, calls: number): void {
  const parser = opened();
  const bytes = Buffer.from(xml);
  report(
    name,
    bytes.length,
    measure(calls, () => {
      for (let i = 0; i < bytes.length; i += size) {
        parser.push(bytes.subarray(i, i + size));
        drain(parser);
      }
    }),
  );
}

/** Heap and external memory per parser that stands idle in an open stream. */
function benchIdle(): void {
  const parsers: StreamParser[] = [];
  const chunk = Buffer.from(presence);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 20_000; i++) {
    const parser = opened();
    parser.push(chunk);
    drain(parser);
    parsers.push(parser);
  }
  globalThis.gc?.();
  const bytes = (process.memoryUsage().heapUsed - before) / parsers.length;
  const note = globalThis.gc === undefined ? " (run with --expose-gc for a true figure)" : "";
  console.log(`idle parser, after one stanza: ${bytes.toFixed(0)} B of heap${note}`);
}

const euro = "€ zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich ";

benchWholeChunks("presence", presence, 200_000);
benchWholeChunks("message", message, 200_000);
benchWholeChunks("message, not all ASCII", message.replace("Romeo?", "Roméo ♥?"), 100_000);
benchWholeChunks("disco#info, 40 features", disco, 20_000);
benchWholeChunks("roster set, 100 items", roster, 5_000);
benchWholeChunks("64 mixed stanzas in one chunk", (presence + message).repeat(32), 4_000);
benchWholeChunks("message of 60 KB", message.replace("Wherefore", euro.repeat(800)), 500);
benchPieces("presence in two pieces", presence, 120, 100_000);
benchPieces("presence byte by byte", presence, 1, 5_000);
benchPieces("roster set in pieces of 100 B", roster, 100, 2_000);
benchPieces("200 KB of text in pieces of 100 B", message.replace("Wherefore", "x".repeat(2e5)), 100, 20);
benchPieces(
  "200 KB attribute in pieces of 100 B",
  message.replace("a7c1f2d4-93b1", "x".repeat(2e5)),
  100,
  20,
);
benchPieces("200 KB attribute byte by byte", message.replace("a7c1f2d4-93b1", "x".repeat(2e5)), 1, 1);
benchPieces(
  "200 KB of small elements byte by byte",
  message.replace("</body>", `${"<a/>".repeat(5e4)}</body>`),
  1,
  1,
);
const name = "x".repeat(9e4);
benchPieces("names of 90 KB byte by byte", message.replaceAll("body>", `${name}>`), 1, 1);
const prefixes = Array.from({ length: 60 }, (_, i) => ` xmlns:p${i}="${i}"`).join("");
const prefixed = `<a${Array.from({ length: 60 }, (_, i) => ` p${i}:a=""`).join("")}/>`;
benchWholeChunks(
  "200 KB of attributes with 60 prefixes",
  `<message><x${prefixes}>${prefixed.repeat(200_000 / prefixed.length)}</x></message>`,
  5,
);
benchWholeChunks("200 KB of CDATA sections", `<message>${"<![CDATA[]]>".repeat(16_000)}</message>`, 20);
benchIdle();
