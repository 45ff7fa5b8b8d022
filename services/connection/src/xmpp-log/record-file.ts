import { constants, write } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { SettingFault } from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";

/** Numbers of the records. */
export interface RecordCounters {
  written: number;
  /** Came while too many waited, or could not be written before the end. */
  dropped: number;
}

export interface RecordFileOptions {
  /** `undefined` is standard output. */
  readonly path: string | undefined;
  /** Permissions of a file that is made. */
  readonly mode: number;
  /** What may wait to be written. */
  readonly bufferBytes: number;
  readonly logger: Logger;
  /** In milliseconds. */
  readonly now: () => number;
}

/** Records that are written at once. */
interface Chunk {
  readonly bytes: Buffer;
  records: number;
  /** Bytes of it that are done with. */
  done: number;
}

const STDOUT = 1;
/** To standard output, which the log writes to as well: pipes do not mix writes of up to this size (PIPE_BUF). */
const STDOUT_CHUNK_BYTES = 4_096;
const FILE_CHUNK_BYTES = 65_536;
const COMPLAINT_MS = 10_000;
const FULL_PIPE_MS = 50;
/** A pipe whose reader is slow, or not there, gives an error rather than hold a thread. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
const LINE_FEED = 10;

const writeBytes = promisify(write);

/**
 * Appends records to a file. Nobody waits for the disk: records are gathered and written in the background, one write
 * at a time, and what does not fit into the buffer is dropped and counted. What could not be written stays, and is
 * tried again at the next sweep: a disk that was full for a while costs only what did not fit.
 *
 * A file that was renamed or deleted is made anew, at the next sweep with records or at once with `reopen`; until then
 * records go into the old one. No record is divided between files or merged with another one.
 */
export class RecordFile {
  readonly counters: RecordCounters = { written: 0, dropped: 0 };
  readonly #options: RecordFileOptions;
  readonly #chunkBytes: number;
  #file: FileHandle | undefined;
  /** Gathered, not a chunk yet. */
  #text = "";
  #textBytes = 0;
  #textRecords = 0;
  readonly #chunks: Chunk[] = [];
  /** Bytes of text and chunks. */
  #waiting = 0;
  #run: Promise<void> | undefined;
  /** The last write failed: the next one is that of a sweep. */
  #failed = false;
  #reopenAsked = false;
  #complainedAt = Number.NEGATIVE_INFINITY;
  #untold = 0;

  constructor(options: RecordFileOptions) {
    this.#options = options;
    this.#chunkBytes = options.path === undefined ? STDOUT_CHUNK_BYTES : FILE_CHUNK_BYTES;
  }

  /** @throws {SettingFault} when the file cannot be opened; but a full disk may have room later. */
  async open(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOSPC" && code !== "EDQUOT") {
        const problem = `xmpp_log.file: ${this.#options.path} cannot be opened for writing (${code})`;
        throw new SettingFault(problem, { cause: error });
      }
      this.#complain(error);
    }
  }

  /** Takes a record with its line end. */
  add(record: string): void {
    const bytes = Buffer.byteLength(record);
    if (this.#waiting + bytes > this.#options.bufferBytes) {
      this.#drop(1);
      return;
    }
    if (this.#textBytes + bytes > this.#chunkBytes) this.#endChunk();
    this.#text += record;
    this.#textBytes += bytes;
    this.#textRecords++;
    this.#waiting += bytes;
    if (this.#chunks.length > 0 && !this.#failed) this.#start(false);
  }

  /** Writes what waits, and looks whether the file still has its name. Called about once a second. */
  sweep(): void {
    if (this.#untold > 0) this.#complain(undefined);
    if (this.#waiting > 0) this.#start(true);
  }

  /** Opens the file anew; what waits goes there. */
  reopen(): void {
    this.#reopenAsked = true;
    this.#start(false);
  }

  /** Writes what waits and closes the file; what is left after the time is dropped. */
  async close(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    await Promise.race([this.#finish(), late]);
    clearTimeout(timer);
    this.#endChunk();
    for (const { records } of this.#chunks) this.#drop(records);
    this.#chunks.length = 0;
    this.#waiting = 0;
    if (this.#untold > 0) this.#complain(undefined);
  }

  async #finish(): Promise<void> {
    await this.#run;
    this.#start(false);
    await this.#run;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #endChunk(): void {
    if (this.#textRecords === 0) return;
    this.#chunks.push({ bytes: Buffer.from(this.#text), records: this.#textRecords, done: 0 });
    this.#text = "";
    this.#textBytes = 0;
    this.#textRecords = 0;
  }

  /** One run at a time, which takes what is added meanwhile as well. */
  #start(look: boolean): void {
    this.#run ??= this.#writeAll(look).then(
      () => {
        this.#run = undefined;
        this.#failed = false;
      },
      (error: unknown) => {
        this.#run = undefined;
        this.#failed = true;
        this.#complain(error);
      },
    );
  }

  async #writeAll(look: boolean): Promise<void> {
    if (this.#reopenAsked || (look && (await this.#isElsewhere()))) await this.#reopen();
    this.#endChunk();
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      if (chunk.done < chunk.bytes.length) {
        await this.#writeOnce(chunk);
      } else {
        this.#chunks.shift();
        this.#waiting -= chunk.bytes.length;
        this.counters.written += chunk.records;
      }
      if (this.#reopenAsked) await this.#reopen();
    }
  }

  async #writeOnce(chunk: Chunk): Promise<void> {
    const { bytes, done } = chunk;
    if (this.#options.path !== undefined && this.#file === undefined) await this.#open();
    const fd = this.#file?.fd ?? STDOUT;
    try {
      const { bytesWritten } = await writeBytes(fd, bytes, done, bytes.length - done, null);
      chunk.done += bytesWritten;
    } catch (error) {
      // A pipe that is full.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      await pause(FULL_PIPE_MS, undefined, { ref: false });
    }
  }

  /** Whether another file, or none, has the name by now. */
  async #isElsewhere(): Promise<boolean> {
    const { path } = this.#options;
    if (path === undefined || this.#file === undefined) return false;
    const ours = await this.#file.stat();
    try {
      const named = await stat(path);
      return named.ino !== ours.ino || named.dev !== ours.dev;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
      throw error;
    }
  }

  /** Where the new file cannot be opened, the old one stays in use. */
  async #reopen(): Promise<void> {
    this.#reopenAsked = false;
    const { logger, path } = this.#options;
    if (path === undefined) return;
    const old = this.#file;
    try {
      await this.#open();
    } catch (error) {
      this.#complain(error);
      return;
    }
    await old?.close();
    logger.info({ event: "xmpp-log.reopened", file: path });
    this.#skipTorn();
  }

  async #open(): Promise<void> {
    const { mode, path } = this.#options;
    if (path === undefined) return;
    const file = await open(path, FLAGS, mode);
    try {
      if (await isTorn(file, path)) await file.write("\n");
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#file = file;
  }

  /** The beginning of a record is in the old file: the rest of it has no place in the new one. */
  #skipTorn(): void {
    const chunk = this.#chunks[0];
    if (chunk === undefined || chunk.done === 0 || chunk.bytes[chunk.done - 1] === LINE_FEED) return;
    chunk.done = chunk.bytes.indexOf(LINE_FEED, chunk.done) + 1;
    chunk.records--;
    this.#drop(1);
  }

  #drop(records: number): void {
    this.counters.dropped += records;
    this.#untold += records;
  }

  /** At most one line in 10 s, with what was dropped since the last one. */
  #complain(error: unknown): void {
    const now = this.#options.now();
    if (now - this.#complainedAt < COMPLAINT_MS) return;
    this.#complainedAt = now;
    this.#options.logger.warn({ event: "xmpp-log.not-written", dropped: this.#untold, error });
    this.#untold = 0;
  }
}

/** Whether the last record of a file has no end: the process that wrote it was killed, or the disk was full. */
async function isTorn(file: FileHandle, path: string): Promise<boolean> {
  const stats = await file.stat();
  if (!stats.isFile() || stats.size === 0) return false;
  const reading = await open(path, constants.O_RDONLY);
  try {
    const { buffer } = await reading.read(Buffer.alloc(1), 0, 1, stats.size - 1);
    return buffer[0] !== LINE_FEED;
  } finally {
    await reading.close();
  }
}
