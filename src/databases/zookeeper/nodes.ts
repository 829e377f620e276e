/* Reading and writing a node over one connection. Each function throws what `Connection.request` throws. */
import type { Connection } from "./connection.ts";
import { createBody, deleteBody, getDataBody, Refused, setDataBody, syncBody } from "./protocol.ts";

/** A node by its path, a connection to ask for it, and until when (`performance.now()`). */
export interface NodeTarget {
  readonly connection: Connection;
  readonly path: string;
  readonly deadlineMs: number;
}

/**
 * Nothing when there is no such node. The server catches up with the leader first. The leader itself answers at
 * once, though, and it may have told its followers of a commit before it has applied that one: then a reader at the
 * leader is behind for that moment.
 */
export async function readNode({
  connection,
  path,
  deadlineMs,
}: NodeTarget): Promise<Uint8Array | undefined> {
  // What comes after a sync is answered after it.
  const synced = connection.request("sync", syncBody(path), deadlineMs);
  const read = connection.request("getData", getDataBody(path), deadlineMs);
  const [, answer] = await Promise.all([synced, unless("NONODE", read)]);
  return answer?.buffer();
}

/** Sets the value of a node, which is made with its parents if it is missing. Others may do the same meanwhile. */
export async function writeNode(target: NodeTarget, value: Uint8Array): Promise<void> {
  const { connection, path, deadlineMs } = target;
  for (;;) {
    const set = connection.request("setData", setDataBody(path, value), deadlineMs);
    if ((await unless("NONODE", set)) !== undefined) return;
    if (await createNode(target, value)) return;
  }
}

/** Nothing happens when there is no such node. */
export async function deleteNode({ connection, path, deadlineMs }: NodeTarget): Promise<void> {
  await unless("NONODE", connection.request("delete", deleteBody(path), deadlineMs));
}

/** Whether it was us who made the node. Its parents are made from below, as those above may not be ours to touch. */
async function createNode(target: NodeTarget, value: Uint8Array): Promise<boolean> {
  const { connection, path, deadlineMs } = target;
  try {
    await connection.request("create", createBody(path, value), deadlineMs);
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.code === "NODEEXISTS") return false;
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (error.code !== "NONODE" || parent === "") throw error;
    await createNode({ connection, path: parent, deadlineMs }, new Uint8Array());
    return createNode(target, value);
  }
}

async function unless<Answer>(code: string, answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Refused && error.code === code) return undefined;
    throw error;
  }
}
