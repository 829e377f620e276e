import * as fs from "node:fs";
import { KernelError } from "../model/errors.ts";
import type { KernelFile } from "../model/host.ts";

const FIRST_BUFFER_BYTES = 64 * 1024;

/** The one buffer that all kernel files of a host are read into. */
export class ReadBuffer {
  bytes: Uint8Array = new Uint8Array(FIRST_BUFFER_BYTES);

  /** Reads a descriptor from its start; `pieces` asks again until the end, for files that do not come whole. */
  fill(descriptor: number, pieces: boolean): number {
    let length = fs.readSync(descriptor, this.bytes, 0, this.bytes.length, 0);
    if (!pieces && length < this.bytes.length) return length;
    for (;;) {
      if (length === this.bytes.length) this.#grow();
      const more = fs.readSync(descriptor, this.bytes, length, this.bytes.length - length, length);
      if (more === 0) return length;
      length += more;
    }
  }

  #grow(): void {
    const larger = new Uint8Array(this.bytes.length * 2);
    larger.set(this.bytes);
    this.bytes = larger;
  }
}

/** What a file needs of its host. */
export interface FileOrigin {
  readonly buffer: ReadBuffer;
  readonly pieces: boolean;
  /** Opens the file for reading and returns its descriptor. */
  readonly openDescriptor: (path: string) => number;
  readonly onClose: () => void;
  /** The path of an open descriptor, for messages: thousands of kept files do not keep theirs. */
  readonly pathOf: (descriptor: number) => string;
}

/** Keeps its descriptor: 4 times faster than opening each time, 4 kB of kernel memory each. */
export class KeptFile implements KernelFile {
  readonly #origin: FileOrigin;
  #descriptor: number | undefined;

  constructor(descriptor: number, origin: FileOrigin) {
    this.#descriptor = descriptor;
    this.#origin = origin;
  }

  read(): number {
    if (this.#descriptor === undefined) throw new KernelError("read", "a closed file", "EBADF");
    try {
      return this.#origin.buffer.fill(this.#descriptor, this.#origin.pieces);
    } catch (error) {
      throw kernelError("read", this.#origin.pathOf(this.#descriptor), error);
    }
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    fs.closeSync(this.#descriptor);
    this.#descriptor = undefined;
    this.#origin.onClose();
  }
}

/** Opens and closes at every read: when descriptors have run out. */
export class ReopenedFile implements KernelFile {
  readonly #path: string;
  readonly #origin: FileOrigin;

  constructor(path: string, origin: FileOrigin) {
    this.#path = path;
    this.#origin = origin;
  }

  read(): number {
    const descriptor = this.#origin.openDescriptor(this.#path);
    try {
      return this.#origin.buffer.fill(descriptor, this.#origin.pieces);
    } catch (error) {
      throw kernelError("read", this.#path, error);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  close(): void {}
}

/** Wraps an error of `node:fs`; its errno name decides everything later on. */
export function kernelError(action: string, path: string, cause: unknown): KernelError {
  const code = (cause as { code?: unknown }).code;
  return new KernelError(action, path, typeof code === "string" ? code : "EIO", { cause });
}
