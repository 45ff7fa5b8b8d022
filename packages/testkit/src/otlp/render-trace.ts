import type { CollectedSpan } from "./decode-traces.ts";
import { type SpanNode, serviceOf, spanTree } from "./span-tree.ts";

export interface PictureOptions {
  readonly title: string;
  /** Below the title. */
  readonly about: string;
}

const WIDTH = 1_180;
const NAMES = 430;
const ROW = 22;
const TOP = 92;
const MARGIN = 16;
const INDENT = 14;

/** Fill of the bars, dark enough for white paper and light enough for a dark page. */
const colours: Readonly<Record<string, string>> = {
  connection: "#3b82c4",
  roster: "#b7791f",
  presence: "#2f9e6e",
};
const OTHER = "#7a7a8c";

interface Row {
  readonly span: CollectedSpan;
  readonly depth: number;
}

/** A trace as a picture: a row for each span, a bar for its time, a colour for its service. Standalone SVG. */
export function renderTrace(spans: readonly CollectedSpan[], { title, about }: PictureOptions): string {
  const rows = rowsOf(spanTree(spans), 0);
  const begin = Math.min(...spans.map(({ start }) => start));
  const end = Math.max(...spans.map((span) => span.end));
  const scale = (WIDTH - NAMES - 2 * MARGIN - 60) / Math.max(end - begin, 0.001);
  const height = TOP + rows.length * ROW + MARGIN;
  const x = (time: number): number => NAMES + MARGIN + (time - begin) * scale;
  const marks = ticks(end - begin).map(
    (ms) =>
      `<line x1="${round(x(begin + ms))}" y1="${TOP - 8}" x2="${round(x(begin + ms))}" y2="${height - MARGIN}" class="mark"/>` +
      `<text x="${round(x(begin + ms))}" y="${TOP - 13}" class="small" text-anchor="middle">${ms} ms</text>`,
  );
  const services = [...new Set(spans.map(serviceOf))].sort();
  const legend = services.map(
    (service, i) =>
      `<rect x="${WIDTH - MARGIN - (services.length - i) * 120}" y="18" width="11" height="11" rx="2" fill="${colours[service] ?? OTHER}"/>` +
      `<text x="${WIDTH - MARGIN - (services.length - i) * 120 + 17}" y="28" class="small">${escapeText(service)}</text>`,
  );
  const lines = rows.map(({ span, depth }, i) => {
    const y = TOP + i * ROW;
    const left = x(span.start);
    const width = Math.max(2, (span.end - span.start) * scale);
    const where = processesOf(span);
    return (
      `<text x="${MARGIN + depth * INDENT}" y="${y + 15}" class="name">${escapeText(span.name)}</text>` +
      `<text x="${NAMES - 4}" y="${y + 15}" class="small" text-anchor="end">${escapeText(where)}</text>` +
      `<rect x="${round(left)}" y="${y + 4}" width="${round(width)}" height="${ROW - 8}" rx="2" fill="${colours[serviceOf(span)] ?? OTHER}"><title>${escapeText(span.name)}, ${round(span.end - span.start)} ms</title></rect>` +
      `<text x="${round(left + width + 5)}" y="${y + 15}" class="small">${round(span.end - span.start)}</text>`
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escapeText(title)}">
<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-size: 17px; font-weight: 600; }
  .small { font-size: 11px; fill: #57606a; }
  .mark { stroke: #d0d7de; stroke-width: 1; }
</style>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="${MARGIN}" y="30" class="title">${escapeText(title)}</text>
<text x="${MARGIN}" y="52" class="small">${escapeText(about)}</text>
${[...legend, ...marks, ...lines].join("\n")}
</svg>
`;
}

function rowsOf(nodes: readonly SpanNode[], depth: number): Row[] {
  return nodes.flatMap(({ span, steps }) => [{ span, depth }, ...rowsOf(steps, depth + 1)]);
}

/** `presence-…` and the like are long: the last characters tell processes apart. */
function processesOf(span: CollectedSpan): string {
  const id = String(span.resource["service.instance.id"] ?? "");
  return `${serviceOf(span)} ${id.slice(-4)}`;
}

function ticks(duration: number): number[] {
  const step = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500].find((one) => duration / one <= 10) ?? 1_000;
  return Array.from({ length: Math.floor(duration / step) + 1 }, (_, i) => i * step);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escapeText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
