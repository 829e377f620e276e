import {
  ANSWER_HEAD,
  GONE,
  LONGEST_EXPORTS,
  LONGEST_MESSAGE,
  type LoadHead,
  OUTCOMES,
  REPLY,
  REPLY_HEAD,
  REQUEST,
  REQUEST_HEAD,
} from "../frames.ts";
import { faultOf, GuestFault } from "./fault.ts";
import { GuestModule } from "./guest-module.ts";
import { AgentGone, readFully, skipFully, writeFrame } from "./pipe.ts";

const UTF8 = new TextDecoder();
const ENCODER = new TextEncoder();
const NOTHING = new Uint8Array(0);

interface Request {
  readonly kind: number;
  readonly id: number;
  readonly module: number;
  readonly bodyLength: number;
}

/** Answers the agent's requests, one after the other, until it closes the pipe. */
export function serve(): never {
  const modules = new Map<number, GuestModule>();
  const head = new Uint8Array(REQUEST_HEAD);
  const view = new DataView(head.buffer);
  for (;;) {
    readFully(head);
    const request = {
      bodyLength: view.getUint32(0, true) - (REQUEST_HEAD - 4),
      kind: view.getUint8(4),
      id: view.getUint32(5, true),
      module: view.getUint32(9, true),
    };
    answer(request, modules);
  }
}

function answer(request: Request, modules: Map<number, GuestModule>): void {
  let outcome = 0;
  let payload: Uint8Array = NOTHING;
  try {
    payload = resultOf(request, modules);
  } catch (error) {
    if (error instanceof AgentGone) throw error;
    const fault = faultOf(error);
    const module = modules.get(request.module);
    const text = fault.outcome === "error" ? "" : (module?.errorText() ?? "");
    outcome = OUTCOMES.indexOf(fault.outcome) + (fault.keepsInstance ? 0 : GONE);
    payload = ENCODER.encode(text === "" ? fault.message : `${fault.message}: ${text}`);
    payload = payload.subarray(0, LONGEST_MESSAGE);
    if (!fault.keepsInstance) module?.forget();
  }
  const module = modules.get(request.module);
  const changes = module?.takeChanges() ?? NOTHING;
  const head = new Uint8Array(ANSWER_HEAD - REPLY_HEAD);
  const view = new DataView(head.buffer);
  view.setUint32(0, request.id, true);
  view.setUint8(4, outcome);
  view.setUint32(5, module?.lines.end() ?? 0, true);
  view.setUint32(9, changes.length, true);
  writeFrame(REPLY.answer, [head, changes, payload]);
}

function resultOf(request: Request, modules: Map<number, GuestModule>): Uint8Array {
  if (request.kind === REQUEST.load) return load(request, modules);
  const module = modules.get(request.module);
  if (module === undefined) {
    skipFully(request.bodyLength);
    throw new GuestFault("load", `the process has no module ${request.module}`);
  }
  if (request.kind === REQUEST.renew) {
    module.renew();
    return NOTHING;
  }
  return call(module, request);
}

function call(module: GuestModule, { bodyLength }: Request): Uint8Array {
  const nameLength = new Uint8Array(1);
  readFully(nameLength);
  const name = new Uint8Array(nameLength[0] ?? 0);
  readFully(name);
  const inputLength = bodyLength - 1 - name.length;
  let input: Uint8Array;
  try {
    input = module.input(inputLength);
  } catch (error) {
    skipFully(inputLength);
    throw error;
  }
  readFully(input);
  return module.run(UTF8.decode(name));
}

/** Answers the names of the exported functions. The module is not run. */
function load({ bodyLength, module }: Request, modules: Map<number, GuestModule>): Uint8Array {
  const body = new Uint8Array(bodyLength);
  readFully(body);
  const view = new DataView(body.buffer);
  let at = 0;
  const part = () => {
    const length = view.getUint32(at, true);
    const bytes = body.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    return bytes;
  };
  const head = JSON.parse(UTF8.decode(part())) as LoadHead;
  const loaded = new GuestModule({ head, variables: part(), init: part(), bytes: body.subarray(at) });
  modules.set(module, loaded);
  return ENCODER.encode(JSON.stringify(fitting(loaded.exports)));
}

function fitting(names: readonly string[]): readonly string[] {
  let length = 2;
  return names.filter((name) => {
    length += ENCODER.encode(JSON.stringify(name)).length + 1;
    return length < LONGEST_EXPORTS;
  });
}
