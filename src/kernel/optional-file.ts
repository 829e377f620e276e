import { KernelError } from "../model/errors.ts";
import type { Host, KernelFile, OpenOptions } from "../model/host.ts";
import { latin1 } from "./latin1.ts";

/** What the first reading says when this kernel was built or started without the file (PSI: EOPNOTSUPP). */
const ABSENT: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "EOPNOTSUPP", "ENOTSUP"]);

/** True when the error says that the kernel has no such file, not that reading it failed. */
export function isAbsence(error: unknown): boolean {
  return error instanceof KernelError && ABSENT.has(error.code);
}

/**
 * A kernel file that this host may not have. It is opened by the first reading and kept; once it turned
 * out to be missing it is not tried again. A file that was there and fails later throws KernelError.
 */
export class OptionalFile {
  readonly path: string;
  readonly #host: Host;
  readonly #options: OpenOptions;
  #file: KernelFile | undefined;
  #missing = false;

  constructor(host: Host, path: string, options: OpenOptions = {}) {
    this.#host = host;
    this.path = path;
    this.#options = options;
  }

  get missing(): boolean {
    return this.#missing;
  }

  /** Length of what now stands in the host's buffer; nothing when the file is missing. */
  read(): number | undefined {
    if (this.#missing) return undefined;
    if (this.#file !== undefined) return this.#file.read();
    try {
      this.#file = this.#host.open(this.path, this.#options);
      return this.#file.read();
    } catch (error) {
      if (!isAbsence(error)) throw error;
      this.close();
      this.#missing = true;
      return undefined;
    }
  }

  /** Whole content, for short files that are compared rather than parsed. */
  text(): string | undefined {
    const length = this.read();
    return length === undefined ? undefined : latin1(this.#host.buffer, length);
  }

  /** Parses what was read; content that `parse` refuses is a KernelError of this file. */
  parse<T>(parse: (bytes: Uint8Array, length: number) => T): T | undefined {
    const length = this.read();
    if (length === undefined) return undefined;
    try {
      return parse(this.#host.buffer, length);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new KernelError("parse", this.path, "EBADMSG", { cause: error });
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
