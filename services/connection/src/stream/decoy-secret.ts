import { createHash, randomBytes } from "node:crypto";
import { link, mkdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * The secret behind the salts that accounts which do not exist are shown; the same after a restart, for a salt that
 * changes gives such an account away.
 */
export async function decoySecret(setting: string | undefined, directory: string): Promise<Uint8Array> {
  if (setting !== undefined) return createHash("sha512").update(setting).digest();
  const file = join(directory, "decoy-secret");
  await mkdir(directory, { recursive: true });
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  await writeFile(draft, randomBytes(64), { mode: 0o600, flag: "wx" });
  try {
    // Whole or not at all, also for another node that shares the folder and starts in the same moment.
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await unlink(draft);
  }
  const secret = await readFile(file);
  if (secret.length < 32)
    throw new Error(`${file} is too short to be a secret; remove it to have it made anew`);
  return secret;
}
