import type { PluginFailure } from "../model/errors.ts";
import { FrameReader } from "./frame-reader.ts";
import {
  ANSWER_HEAD,
  GONE,
  LINE_LEVELS,
  type LineLevel,
  LONGEST_EXPORTS,
  LONGEST_LINE,
  LONGEST_MESSAGE,
  LONGEST_READY,
  type Measure,
  OUTCOMES,
  REPLY,
  REPLY_HEAD,
  REQUEST_HEAD,
  type ReadyMessage,
} from "./frames.ts";
import { GUEST_ENVIRONMENT, guestCommand } from "./guest-command.ts";
import { residentBytes } from "./resident.ts";

export interface GuestProcessOptions {
  readonly addressSpaceBytes: number;
  readonly descriptors: number;
  readonly residentBytes: number;
  /** Default: this program as guest. The agent's process id and the two limits are added. */
  readonly command?: readonly string[];
  /** It ended while nobody waited for an answer. */
  readonly onUnasked: (reason: string) => void;
}

/** A request, and what its answer may be. */
export interface GuestRequest {
  readonly kind: number;
  readonly module: number;
  readonly body: readonly Uint8Array[];
  readonly timeoutMs: number;
  /** The limit that `timeoutMs` is the rest of, for the message. */
  readonly limitSecs: number;
  /** Of output and variables together. */
  readonly longestAnswer: number;
  readonly logLines: number;
  readonly onLine: (level: LineLevel, text: string) => void;
}

export interface GuestAnswer {
  readonly failure: PluginFailure | undefined;
  /** A fresh instance is needed before the next call. */
  readonly isInstanceGone: boolean;
  readonly linesLeftOut: number;
  readonly variables: Uint8Array;
  readonly payload: Uint8Array;
}

/** The process had to be ended, or ended by itself. */
export class GuestEnd extends Error {
  override readonly name = "GuestEnd";
  readonly failure: PluginFailure;

  constructor(failure: PluginFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

interface Pending {
  readonly id: number;
  readonly request: GuestRequest | undefined;
  readonly answered: PromiseWithResolvers<GuestAnswer>;
  lines: number;
  /** That were small. */
  pieces: number;
}

const SLICE = 256 * 1024;
const SMALL_PIECE = 1024;
/** Beside lines of the log. Bun takes 16 KiB for each. */
const MOST_SMALL_PIECES = 100;
const MEMORY_CHECK_MS = 50;
/** How long a process that has closed its output may take to end. */
const EXIT_MS = 100;
const UTF8 = new TextDecoder();
const NO_ANSWER: GuestAnswer = {
  failure: undefined,
  isInstanceGone: false,
  linesLeftOut: 0,
  variables: new Uint8Array(0),
  payload: new Uint8Array(0),
};

/** A child process that serves modules, of which nothing is believed. One request at a time. */
export class GuestProcess {
  readonly #options: GuestProcessOptions;
  readonly #child: Bun.Subprocess<"pipe", "pipe", "ignore">;
  readonly #reader = new FrameReader((kind) => this.#longest(kind));
  #pending: Pending | undefined;
  #ready: ReadyMessage | undefined;
  #ended: GuestEnd | undefined;
  #requests = 0;
  #isExpected = false;

  constructor(options: GuestProcessOptions) {
    this.#options = options;
    const command = options.command ?? guestCommand();
    const limits = [process.pid, options.addressSpaceBytes, options.descriptors].map(String);
    this.#child = spawned([...command, ...limits]);
    void this.#read();
  }

  get pid(): number {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** What hardening came to; throws {@link GuestEnd} when the process does not get that far in time. */
  async ready(limitSecs: number): Promise<ReadyMessage> {
    if (this.#ready === undefined) await this.#wait(undefined, { timeoutMs: limitSecs * 1000, limitSecs });
    return this.#ready ?? { measures: [] };
  }

  async request(request: GuestRequest): Promise<GuestAnswer> {
    const id = ++this.#requests % 2 ** 32;
    const answered = this.#wait({ id, request }, request);
    void this.#send(id, request);
    const answer = await answered;
    const tooLarge = this.#checkMemory();
    if (tooLarge !== undefined) throw tooLarge;
    return answer;
  }

  /** Ends it at once. A request under way fails as `died`. */
  async close(): Promise<void> {
    this.#isExpected = true;
    this.#end(new GuestEnd("died", "it was closed"));
    await this.#child.exited;
  }

  async #wait(
    asked: { readonly id: number; readonly request: GuestRequest } | undefined,
    { timeoutMs, limitSecs }: { readonly timeoutMs: number; readonly limitSecs: number },
  ): Promise<GuestAnswer> {
    if (this.#ended !== undefined) throw this.#ended;
    const answered = Promise.withResolvers<GuestAnswer>();
    this.#pending = { id: asked?.id ?? 0, request: asked?.request, answered, lines: 0, pieces: 0 };
    const deadline = setTimeout(() => {
      this.#end(new GuestEnd("timeout", `no answer within ${limitSecs} s, its process was killed`));
    }, timeoutMs);
    const check = setInterval(() => this.#checkMemory(), MEMORY_CHECK_MS);
    try {
      return await answered.promise;
    } finally {
      clearTimeout(deadline);
      clearInterval(check);
      this.#pending = undefined;
    }
  }

  async #send(id: number, { kind, module, body }: GuestRequest): Promise<void> {
    const head = new Uint8Array(REQUEST_HEAD);
    const view = new DataView(head.buffer);
    const length = body.reduce((sum, part) => sum + part.length, 0);
    view.setUint32(0, REQUEST_HEAD - 4 + length, true);
    view.setUint8(4, kind);
    view.setUint32(5, id, true);
    view.setUint32(9, module, true);
    await this.#write(head);
    for (const part of body) {
      for (let at = 0; at < part.length; at += SLICE) await this.#write(part.subarray(at, at + SLICE));
    }
  }

  /** Waits where the process does not read, so that no more than a slice is held for it. */
  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#ended !== undefined) return;
    try {
      this.#child.stdin.write(bytes);
      await this.#child.stdin.flush();
    } catch {
      // It has just ended, which the reader sees.
    }
  }

  async #read(): Promise<void> {
    const reader = this.#child.stdout.getReader();
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        if (this.#ended !== undefined) continue;
        this.#countPiece(value.length);
        for (const frame of this.#reader.frames(value)) this.#take(frame);
      }
    } catch (error) {
      if (this.#ended === undefined) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#end(new GuestEnd("output", `its process sent ${reason}, and was killed`));
      }
    }
    reader.cancel().catch(() => undefined);
    // The end of its output comes before its own.
    await Promise.race([this.#child.exited, Bun.sleep(EXIT_MS)]);
    const hasExited = this.#child.exitCode !== null || this.#child.signalCode !== null;
    const words = hasExited ? `ended by itself: ${this.#ending()}` : "closed its output, and was killed";
    this.#end(new GuestEnd("died", `its process ${words}`));
  }

  /** Each piece costs the agent something, however small it is; an honest process writes large ones. */
  #countPiece(length: number): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    pending.pieces += 1 - length / SMALL_PIECE;
    if (pending.pieces > MOST_SMALL_PIECES + (pending.request?.logLines ?? 0))
      throw new RangeError("its answer in tiny pieces");
  }

  #ending(): string {
    const { signalCode, exitCode } = this.#child;
    return signalCode === null ? `exit code ${exitCode}` : `signal ${signalCode}`;
  }

  /** How long a message of this kind may be now; 0 when it may not come. */
  #longest(kind: number): number {
    const pending = this.#pending;
    if (pending === undefined) return 0;
    if (kind === REPLY.ready) return this.#ready === undefined ? LONGEST_READY : 0;
    if (pending.request === undefined) return 0;
    const { logLines, longestAnswer } = pending.request;
    if (kind === REPLY.log) return pending.lines < logLines ? LONGEST_LINE + 2 : 0;
    if (kind !== REPLY.answer) return 0;
    return ANSWER_HEAD + Math.max(longestAnswer, LONGEST_MESSAGE, LONGEST_EXPORTS);
  }

  #take(frame: Uint8Array): void {
    const pending = this.#pending;
    if (pending === undefined) throw new RangeError("a message that was not asked for");
    const body = frame.subarray(REPLY_HEAD - 4);
    if (frame[0] === REPLY.ready) {
      this.#ready = readyOf(body);
      this.#answer(pending, NO_ANSWER);
    } else if (frame[0] === REPLY.log) {
      pending.lines++;
      const level = LINE_LEVELS[body[0] ?? 0] ?? "trace";
      pending.request?.onLine(level, UTF8.decode(body.subarray(1)));
    } else {
      this.#answer(pending, answerOf(body, pending.id));
    }
  }

  /** From now on nothing more may come. */
  #answer(pending: Pending, answer: GuestAnswer): void {
    this.#pending = undefined;
    pending.answered.resolve(answer);
  }

  /** Ends the process when it is too large, for the reason that it answers. */
  #checkMemory(): GuestEnd | undefined {
    const most = this.#options.residentBytes;
    const resident = this.#ended === undefined ? residentBytes(this.pid) : 0;
    if (resident <= most) return undefined;
    const words = `its process took ${resident} bytes of memory, wanted at most ${most}, and was killed`;
    const tooLarge = new GuestEnd("memory", words);
    // Who asked is told.
    this.#isExpected = true;
    this.#end(tooLarge);
    return tooLarge;
  }

  #end(end: GuestEnd): void {
    if (this.#ended !== undefined) return;
    this.#ended = end;
    this.#child.kill("SIGKILL");
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined) pending.answered.reject(end);
    else if (!this.#isExpected) this.#options.onUnasked(end.message);
  }
}

/** Throws {@link GuestEnd}: no descriptors, no memory, no `/dev/null`. */
function spawned(command: string[]): Bun.Subprocess<"pipe", "pipe", "ignore"> {
  try {
    return Bun.spawn(command, {
      cwd: "/",
      env: GUEST_ENVIRONMENT,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GuestEnd("died", `its process cannot be started: ${reason}`);
  }
}

function readyOf(body: Uint8Array): ReadyMessage {
  try {
    const { measures } = JSON.parse(UTF8.decode(body)) as {
      readonly measures: readonly Readonly<Record<keyof Measure, unknown>>[];
    };
    return {
      measures: measures.map(({ name, lacking }) => ({
        name: String(name),
        ...(lacking === undefined ? {} : { lacking: String(lacking) }),
      })),
    };
  } catch (error) {
    throw new RangeError("a message of another form", { cause: error });
  }
}

function answerOf(body: Uint8Array, wantedId: number): GuestAnswer {
  if (body.length < ANSWER_HEAD - REPLY_HEAD) throw new RangeError("an answer that is cut off");
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const id = view.getUint32(0, true);
  if (id !== wantedId) throw new RangeError(`an answer to request ${id}, wanted one to ${wantedId}`);
  const outcome = OUTCOMES[view.getUint8(4) & ~GONE];
  const variablesEnd = ANSWER_HEAD - REPLY_HEAD + view.getUint32(9, true);
  if (outcome === undefined || variablesEnd > body.length) throw new RangeError("an answer of another form");
  return {
    failure: outcome === "done" ? undefined : outcome,
    isInstanceGone: (view.getUint8(4) & GONE) !== 0,
    linesLeftOut: view.getUint32(5, true),
    variables: body.subarray(ANSWER_HEAD - REPLY_HEAD, variablesEnd),
    payload: body.subarray(variablesEnd),
  };
}
