import * as fs from "node:fs";
import * as path from "node:path";
import { openWithoutBlocking } from "./pipe.ts";

const STDERR = 2;
const NEWLINE = new Uint8Array([10]);
/** How long a full pipe behind standard error may keep a round waiting. */
const PIPE_PATIENCE_MS = 1000;
const PIPE_PAUSE_MS = 5;
/** Temporary files older than this belong to an agent that crashed between writing and renaming. */
const STALE_MS = 60_000;

/** Where a storage's text goes. `open` fails early on what can be known early. */
export interface Output {
  /** For messages. */
  readonly name: string;
  /** A write that failed has left nothing behind, so that the same text may be written again later. */
  readonly canWriteAgain: boolean;
  open(): void;
  write(text: Uint8Array): void | Promise<void>;
  close(): void;
}

/** Batches one after the other, a blank line between them. */
export class StandardError implements Output {
  readonly name = "standard error";
  readonly canWriteAgain = false;
  #descriptor = STDERR;
  /** A batch was cut off by a full pipe: the next one starts on a line of its own. */
  #cut = false;

  open(): void {
    if (this.#descriptor === STDERR) this.#descriptor = openWithoutBlocking(STDERR);
  }

  async write(text: Uint8Array): Promise<void> {
    const cut = this.#cut;
    this.#cut = true;
    if (cut) await writePipe(this.#descriptor, NEWLINE);
    await writePipe(this.#descriptor, text);
    await writePipe(this.#descriptor, NEWLINE);
    this.#cut = false;
  }

  close(): void {
    if (this.#descriptor !== STDERR) fs.closeSync(this.#descriptor);
    this.#descriptor = STDERR;
  }
}

/** The end of a file. A file that was renamed or removed, as log rotation does, is made anew. */
export class AppendedFile implements Output {
  readonly name: string;
  readonly #path: string;
  #descriptor: number | undefined;
  /** A batch was cut off in something that cannot be shortened again: the next one starts on a line of its own. */
  #cut = false;

  constructor(filename: string) {
    this.#path = path.resolve(filename);
    this.name = `"${this.#path}"`;
  }

  get canWriteAgain(): boolean {
    return !this.#cut;
  }

  open(): void {
    const { O_WRONLY, O_CREAT, O_APPEND, O_NONBLOCK } = fs.constants;
    // Not blocking matters for a named pipe only: without a reader it fails instead of stopping the agent.
    this.#descriptor ??= fs.openSync(this.#path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK, 0o644);
  }

  write(text: Uint8Array): void {
    if (this.#descriptor !== undefined && this.#isElsewhere(this.#descriptor)) this.close();
    this.open();
    const descriptor = this.#descriptor as number;
    const { size } = fs.fstatSync(descriptor);
    const whole = Buffer.concat(this.#cut ? [NEWLINE, text, NEWLINE] : [text, NEWLINE]);
    let written = 0;
    try {
      while (written < whole.length) written += fs.writeSync(descriptor, whole, written);
      this.#cut = false;
    } catch (error) {
      if (written > 0) this.#cut = !isShortened(descriptor, { size, written });
      throw error;
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) fs.closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #isElsewhere(descriptor: number): boolean {
    const named = fs.statSync(this.#path, { throwIfNoEntry: false });
    const opened = fs.fstatSync(descriptor);
    return named?.ino !== opened.ino || named.dev !== opened.dev;
  }
}

/** Takes back what a full disk left of a batch, unless somebody else wrote behind it. Not possible in a pipe. */
function isShortened(
  descriptor: number,
  { size, written }: { readonly size: number; readonly written: number },
): boolean {
  try {
    if (fs.fstatSync(descriptor).size !== size + written) return false;
    fs.ftruncateSync(descriptor, size);
    return true;
  } catch {
    return false;
  }
}

/** Readable for all, whatever the umask: the exporter that reads it runs as another user. */
const MODE = 0o644;

/** A whole file, replaced in one step: written beside it under a name of its own, then renamed over it. */
export class ReplacedFile implements Output {
  readonly name: string;
  /** A batch that could not replace the file is out of date when the next one comes. */
  readonly canWriteAgain = false;
  readonly #path: string;
  /** Not ending in the target's suffix, so that no reader of `*.prom` takes it. */
  readonly #temporary: string;

  constructor(filename: string) {
    this.#path = path.resolve(filename);
    this.name = `"${this.#path}"`;
    this.#temporary = `${this.#path}.${crypto.getRandomValues(new Uint8Array(6)).toHex()}.tmp`;
  }

  open(): void {
    fs.accessSync(path.dirname(this.#path), fs.constants.W_OK | fs.constants.X_OK);
    if (fs.statSync(this.#path, { throwIfNoEntry: false })?.isDirectory()) {
      throw new TypeError(`Cannot replace ${this.name}: it is a directory, wanted a file`);
    }
    this.#removeStale();
  }

  write(text: Uint8Array): void {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
    const descriptor = fs.openSync(this.#temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, MODE);
    try {
      try {
        fs.fchmodSync(descriptor, MODE);
        writeWhole(descriptor, text);
      } finally {
        fs.closeSync(descriptor);
      }
      fs.renameSync(this.#temporary, this.#path);
    } catch (error) {
      fs.rmSync(this.#temporary, { force: true });
      throw error;
    }
  }

  close(): void {}

  #removeStale(): void {
    const directory = path.dirname(this.#path);
    const prefix = `${path.basename(this.#path)}.`;
    for (const name of fs.readdirSync(directory)) {
      if (!name.startsWith(prefix) || !/^[0-9a-f]{12}\.tmp$/.test(name.slice(prefix.length))) continue;
      const file = path.join(directory, name);
      const stat = fs.lstatSync(file, { throwIfNoEntry: false });
      if (stat?.isFile() && Date.now() - stat.mtimeMs > STALE_MS) removeIfAllowed(file);
    }
  }
}

/** Another user's file in a sticky directory such as /tmp stays. */
function removeIfAllowed(file: string): void {
  try {
    fs.rmSync(file, { force: true });
  } catch (error) {
    if (!["EPERM", "EACCES"].includes(String((error as { code?: unknown }).code))) throw error;
  }
}

function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += fs.writeSync(descriptor, bytes, written);
}

/** The reader of the pipe may be slow or gone. */
async function writePipe(descriptor: number, bytes: Uint8Array): Promise<void> {
  const deadline = performance.now() + PIPE_PATIENCE_MS;
  for (let written = 0; written < bytes.length; ) {
    try {
      written += fs.writeSync(descriptor, bytes, written);
    } catch (error) {
      if ((error as { code?: unknown }).code !== "EAGAIN" || performance.now() > deadline) throw error;
      await Bun.sleep(PIPE_PAUSE_MS);
    }
  }
}
