import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { chmod, link, mkdir, open, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { SettingFault } from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";

const fileName = "admin-token";
/** Shorter tokens can be guessed. */
const minimumLength = 16;

export interface AdminTokenOptions {
  /** The setting `admin.token`. */
  readonly configured: string | undefined;
  readonly dataDir: string;
  readonly logger: Logger;
}

/**
 * The token of the setting, or that of `<dataDir>/admin-token`, which is made up and written where it is missing:
 * readable by its owner only, complete or not there at all.
 * @throws {SettingFault} when the token of the setting is too short. @throws {Error} when that of the file is, or the file can be neither read nor written.
 */
export async function loadAdminToken({ configured, dataDir, logger }: AdminTokenOptions): Promise<string> {
  if (configured !== undefined) {
    if (configured.length >= minimumLength) return configured;
    throw new SettingFault(`admin.token needs at least ${minimumLength} characters`);
  }
  const path = join(dataDir, fileName);
  let kept = await readToken(path);
  if (kept === undefined) {
    const token = randomBytes(32).toString("base64url");
    if (await writeToken(dataDir, path, token)) {
      logger.info({ event: "admin.token-created", path });
      return token;
    }
    kept = (await readToken(path)) ?? "";
  }
  if (kept.length < minimumLength)
    throw new Error(`${path} is too short for a token; delete it to get a new one`);
  if (((await stat(path)).mode & 0o077) !== 0) {
    logger.warn({ event: "admin.token-exposed", path });
    await chmod(path, 0o600);
  }
  return kept;
}

async function readToken(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** @returns false where another process that shares the folder was faster. */
async function writeToken(directory: string, path: string, token: string): Promise<boolean> {
  await mkdir(directory, { recursive: true });
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(`${token}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  } finally {
    await unlink(draft);
  }
}

/** Whether an `Authorization` header shows the token; takes the same time for every wrong one. */
export function createTokenCheck(token: string): (header: string | undefined) => boolean {
  const expected = digest(token);
  return (header) => {
    const shown = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1] ?? "";
    return timingSafeEqual(digest(shown), expected);
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
