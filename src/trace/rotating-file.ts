import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import * as path from "node:path";

/** What is recorded says what runs on a host, and how busy it is. */
const MODE = 0o600;
const NEWLINE = 10;
const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants;

export interface RotatingFileOptions {
  /** Of one file. */
  readonly maxBytes: number;
  /** How many older files stay: `FILE.1` is the youngest of them. */
  readonly keep: number;
  /** First line of each file, and of what an agent appends to one. */
  readonly header: () => string;
}

/** Lines at the end of a file, which is renamed when it is full. One call at a time. */
export class RotatingFile {
  readonly path: string;
  readonly #options: RotatingFileOptions;
  #file: fs.FileHandle | undefined;
  #size = 0;

  constructor(file: string, options: RotatingFileOptions) {
    this.path = path.resolve(file);
    this.#options = options;
  }

  /** Adds whole lines, or nothing: what could be written of lines that failed is taken back. */
  async append(lines: Uint8Array): Promise<void> {
    if (this.#file !== undefined && (await this.#isElsewhere(this.#file))) await this.close();
    await this.#open();
    if (this.#size + lines.length > this.#options.maxBytes) {
      await this.#rotate();
      await this.#open();
    }
    await this.#write(lines);
  }

  /** Throws when the file could not be written now. */
  async tryOut(): Promise<void> {
    await this.#openChecked();
    await this.close();
  }

  /** Begins with a header: where an earlier agent left the file, too. What is full or cut off is put aside first. */
  async #open(): Promise<void> {
    if (this.#file !== undefined) return;
    let file = await this.#openChecked();
    const header = Buffer.from(`${this.#options.header()}\n`);
    const isFull = this.#size > 0 && this.#size + header.length > this.#options.maxBytes;
    if (isFull || !(await endsWithNewline(file, this.#size))) {
      await this.#rotate();
      file = await this.#openChecked();
    }
    try {
      await this.#write(header);
    } catch (error) {
      // Open is what has its header.
      await this.close();
      throw error;
    }
  }

  /** Refuses what is no regular file of this user's alone: links may lead anywhere. */
  async #openChecked(): Promise<fs.FileHandle> {
    const file = await fs.open(this.path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, MODE);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw new TypeError("it is no regular file");
      if (stat.uid !== process.geteuid?.()) throw new TypeError("it is another user's file");
      if (stat.nlink !== 1) throw new TypeError("it has several names (hard links)");
      if ((stat.mode & 0o777) !== MODE) await file.chmod(MODE);
      this.#size = stat.size;
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#file = file;
    return file;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    let written = 0;
    try {
      while (written < bytes.length) written += (await file.write(bytes, written)).bytesWritten;
      this.#size += written;
    } catch (error) {
      if (written > 0) await this.#takeBack(file);
      throw error;
    }
  }

  async #takeBack(file: fs.FileHandle): Promise<void> {
    try {
      await file.truncate(this.#size);
    } catch {
      // The next open finds that the file does not end with a newline.
      await this.close();
    }
  }

  /** `FILE.2` becomes `FILE.3`, …, `FILE` becomes `FILE.1`; the oldest is overwritten. */
  async #rotate(): Promise<void> {
    await this.close();
    const { keep } = this.#options;
    if (keep === 0) return fs.rm(this.path, { force: true });
    for (let number = keep; number > 0; number--) {
      const younger = number === 1 ? this.path : `${this.path}.${number - 1}`;
      await renameIfThere(younger, `${this.path}.${number}`);
    }
  }

  /** The name leads to another file now, or to none. */
  async #isElsewhere(file: fs.FileHandle): Promise<boolean> {
    const named = await fs.lstat(this.path).catch(() => undefined);
    const opened = await file.stat();
    return named?.ino !== opened.ino || named.dev !== opened.dev;
  }
}

async function endsWithNewline(file: fs.FileHandle, size: number): Promise<boolean> {
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  await file.read(last, 0, 1, size - 1);
  return last[0] === NEWLINE;
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await fs.rename(from, to);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "ENOENT") throw error;
  }
}
