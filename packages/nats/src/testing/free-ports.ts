import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Below those that the kernel gives to outgoing connections: one of these could take a port before its server does. */
const first = 20_000;
const count = 12_000;

const reserved = new Set<string>();
let next = (process.pid * 100) % count;

process.on("exit", () => {
  for (const file of reserved) rmSync(file, { force: true });
});

/**
 * Ports of loopback for servers that a test starts, kills and starts again: no other test process is given them while
 * this one runs.
 */
export async function freePorts(wanted: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tried = 0; ports.length < wanted; tried += 1) {
    if (tried > count) throw new Error("no port is free");
    const port = first + next;
    next = (next + 1) % count;
    if (reserve(port) && (await isFree(port))) ports.push(port);
  }
  return ports;
}

/** @returns whether it is this process's now. */
function reserve(port: number): boolean {
  const file = join(tmpdir(), `rollcall-test-port-${port}`);
  if (reserved.has(file)) return false;
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      reserved.add(file);
      return true;
    } catch {
      if (isHeld(file)) return false;
      // Its process was killed.
      rmSync(file, { force: true });
    }
  }
  return false;
}

function isHeld(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, "utf8")) || 1, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
