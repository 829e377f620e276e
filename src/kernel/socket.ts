import { bindLibc, StableMemory } from "../../native/libc.ts";

/** Number of sendto(2), by architecture as the program calls it. */
const SENDTO: Readonly<Record<string, number>> = { x64: 44, arm64: 206 };
/** send(2): fails instead of waiting for room, and without a signal when nobody listens any more. */
const FLAGS = 0x40 /* MSG_DONTWAIT */ | 0x4000; /* MSG_NOSIGNAL */
const MOST_BYTES = 1 << 16;

/**
 * Sends to a connected socket without waiting and returns how many bytes it took; throws when it takes none.
 * The flag of the descriptor cannot be used for that, since other processes and standard error share it.
 * Nothing where foreign functions cannot be called.
 */
export function socketSender(descriptor: number): ((bytes: Uint8Array) => number) | undefined {
  const libc = bindLibc();
  const sendto = SENDTO[process.arch];
  if (libc === undefined || sendto === undefined) return undefined;
  const memory = new StableMemory(MOST_BYTES);
  return (bytes) => {
    const length = Math.min(bytes.length, MOST_BYTES);
    memory.bytes.set(bytes.subarray(0, length));
    const sent = libc.syscall(sendto, [descriptor, memory.address, length, FLAGS, 0, 0]);
    if (sent < 0) throw new Error(`Cannot send to descriptor ${descriptor}: errno ${libc.errno()}`);
    return sent;
  };
}
