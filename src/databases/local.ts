import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { defineComponent } from "../config/component.ts";
import { path as pathOption } from "../config/schema.ts";
import { Database } from "../model/roles.ts";
import { DatabaseError } from "./errors.ts";
import { keyText, valueBytes } from "./key.ts";
import { completeOptions, type WrittenOptions } from "./options.ts";
import { Turns } from "./turns.ts";

/** Values may be secrets, as those of a remote database are. */
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
/** A name that no key can have: `~` is not among its characters. */
const TEMPORARY = /^~[0-9a-f]{24}$/;
/** A temporary file older than this was left by a process that was killed between writing and renaming. */
const STALE_MS = 600_000;

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants;

/** A directory with one file for each key. Nothing outside of it is read or written, whatever lies in it. */
export class LocalDatabase extends Database {
  static readonly component = defineComponent("database", {
    doc: "Keeps values in the files of a local directory, one for each key, for components that need a key-value store. A value is written to disk before `set` is done and is never seen in part.",
    options: {
      directory: pathOption().describe("Directory of the files; made at the first use, for its owner only."),
    },
  });

  readonly #directory: string;
  readonly #turns = new Turns();
  #ready: Promise<void> | undefined;

  constructor(options: WrittenOptions<typeof LocalDatabase>) {
    super();
    this.#directory = path.resolve(completeOptions(LocalDatabase, options).directory);
  }

  /** Throws {@link DatabaseError} with the errno as `code`; the old value is then still there. */
  override async set(key: Uint8Array | string, value: Uint8Array): Promise<void> {
    const name = keyText(key);
    const bytes = valueBytes(value);
    await this.#turns.take(name, () =>
      this.#attempt("set", name, async () => {
        await this.#prepare();
        await this.#replace(name, bytes);
      }),
    );
  }

  /** Throws {@link DatabaseError} with the errno as `code`, `ELOOP` for a symbolic link. */
  override async get(key: Uint8Array | string): Promise<Uint8Array | null> {
    const name = keyText(key);
    return this.#attempt("get", name, () => this.#read(name));
  }

  override async delete(key: Uint8Array | string): Promise<void> {
    const name = keyText(key);
    await this.#turns.take(name, () =>
      this.#attempt("delete", name, async () => {
        try {
          await fs.unlink(path.join(this.#directory, name));
        } catch (error) {
          if (codeOf(error) === "ENOENT") return;
          throw error;
        }
        await this.#syncDirectory();
      }),
    );
  }

  async close(): Promise<void> {
    await this.#turns.idle();
    this.#ready = undefined;
  }

  /** Makes the directory and clears what killed processes left; done once, and anew if the directory went away. */
  async #prepare(): Promise<void> {
    this.#ready ??= this.#makeDirectory();
    try {
      await this.#ready;
    } catch (error) {
      this.#ready = undefined;
      throw error;
    }
  }

  async #makeDirectory(): Promise<void> {
    const first = await fs.mkdir(this.#directory, { recursive: true, mode: DIRECTORY_MODE });
    if (first !== undefined) await syncNewDirectories(first, this.#directory);
    for (const name of await fs.readdir(this.#directory)) {
      if (TEMPORARY.test(name)) await removeStale(path.join(this.#directory, name));
    }
  }

  async #replace(name: string, bytes: Uint8Array): Promise<void> {
    try {
      await this.#writeBeside(name, bytes);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
      // Somebody removed the directory.
      this.#ready = undefined;
      await this.#prepare();
      await this.#writeBeside(name, bytes);
    }
  }

  /** `rename` replaces a symbolic link of the key's name, it does not follow it. */
  async #writeBeside(name: string, bytes: Uint8Array): Promise<void> {
    const temporary = path.join(this.#directory, `~${crypto.getRandomValues(new Uint8Array(12)).toHex()}`);
    const file = await fs.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
    try {
      try {
        await writeWhole(file, bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await fs.rename(temporary, path.join(this.#directory, name));
    } catch (error) {
      await fs.rm(temporary, { force: true });
      throw error;
    }
    await this.#syncDirectory();
  }

  async #read(name: string): Promise<Uint8Array | null> {
    let file: fs.FileHandle;
    try {
      // Without O_NONBLOCK the open of a named pipe waits for a writer.
      file = await fs.open(path.join(this.#directory, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return null;
      throw error;
    }
    try {
      if (!(await file.stat()).isFile()) throw Object.assign(new Error("it is no file"), { code: "EINVAL" });
      return Uint8Array.from(await file.readFile());
    } finally {
      await file.close();
    }
  }

  #syncDirectory(): Promise<void> {
    return syncDirectory(this.#directory);
  }

  async #attempt<Result>(action: string, name: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (cause) {
      const code = codeOf(cause);
      const reason = code ?? String(cause);
      throw new DatabaseError(`Cannot ${action} "${path.join(this.#directory, name)}": ${reason}`, {
        cause,
        ...(code === undefined ? {} : { code }),
      });
    }
  }
}

async function writeWhole(file: fs.FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await file.write(bytes, written, bytes.length - written)).bytesWritten;
  }
}

/** A new name in a directory lasts once the directory is on disk. */
async function syncDirectory(directory: string): Promise<void> {
  const opened = await fs.open(directory, O_RDONLY | O_DIRECTORY);
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
}

/** From the parent of the first directory that was made to that of the last. */
async function syncNewDirectories(first: string, last: string): Promise<void> {
  for (let made = last; made.length >= first.length; made = path.dirname(made)) {
    await syncDirectory(path.dirname(made));
  }
}

async function removeStale(file: string): Promise<void> {
  try {
    const stat = await fs.lstat(file);
    if (stat.isFile() && Date.now() - stat.mtimeMs > STALE_MS) await fs.unlink(file);
  } catch (error) {
    // Another process was quicker, or it is another user's.
    if (!["ENOENT", "EPERM", "EACCES"].includes(codeOf(error) ?? "")) throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" ? code : undefined;
}
