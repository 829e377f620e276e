import { EXTISM_KERNEL } from "./extism-kernel.ts";
import { GuestFault } from "./fault.ts";

const PAGE = 65_536;
const KERNEL = new WebAssembly.Module(Buffer.from(EXTISM_KERNEL, "base64"));

type Exported = (...words: (bigint | number)[]) => bigint;

/** Extism's blocks of one instance of a module, from the side of the host. */
export class Blocks {
  readonly #memory: WebAssembly.Memory;
  readonly #functions: Readonly<Record<string, Exported>>;

  constructor(mostBytes: number) {
    const maximum = Math.ceil(mostBytes / PAGE);
    this.#memory = new WebAssembly.Memory({ initial: 1, maximum });
    const exhausted = () => {
      throw new GuestFault("memory", `more than ${maximum * PAGE} bytes of Extism memory`);
    };
    const { exports } = new WebAssembly.Instance(KERNEL, { host: { memory: this.#memory, exhausted } });
    this.#functions = exports as Readonly<Record<string, Exported>>;
  }

  /** For the imports of a module; it has all of `KERNEL_FUNCTIONS` and some that only the host calls. */
  function(name: string): Exported {
    const found = this.#functions[name];
    if (found === undefined) throw new TypeError(`Cannot find the function "${name}" in the Extism kernel`);
    return found;
  }

  /** Forgets all blocks and gives the memory of a new input, to be filled. */
  beginCall(inputLength: number): Uint8Array {
    this.function("reset")();
    const at = this.function("alloc")(BigInt(inputLength));
    this.function("input_set")(at, BigInt(inputLength));
    return this.#view(at, inputLength);
  }

  get output(): Uint8Array {
    return this.#view(this.function("output_offset")(), Number(this.function("output_length")()));
  }

  get error(): Uint8Array | undefined {
    const at = this.function("error_get")();
    return at === 0n ? undefined : this.read(at);
  }

  /** The bytes of a block, which change with it; none where there is no such block. */
  read(at: bigint): Uint8Array {
    return this.#view(at, Number(this.function("length")(at)));
  }

  /** Address of a new block. */
  store(bytes: Uint8Array): bigint {
    const at = this.function("alloc")(BigInt(bytes.length));
    this.#view(at, bytes.length).set(bytes);
    return at;
  }

  /** Of which a module can have made anything: never beyond the memory. */
  #view(at: bigint, length: number): Uint8Array {
    const { buffer } = this.#memory;
    const start = Math.min(Number(at), buffer.byteLength);
    return new Uint8Array(buffer, start, Math.min(length, buffer.byteLength - start));
  }
}
