let lastSecond = -1;
let lastText = "";

/** `Mon, 23 Nov 2026 00:49:47 GMT`. */
export function httpDate(time: number): string {
  const second = Math.floor(time / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = new Date(second * 1000).toUTCString();
  }
  return lastText;
}

/** Seconds since the epoch; `undefined` for anything but a date as HTTP writes it, which conditions then ignore. */
export function parseHttpDate(text: string): number | undefined {
  if (!text.endsWith("GMT")) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : Math.floor(time / 1000);
}
