import { Unsupported } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { readLife } from "./process-life.ts";

const PREFIX = "wca";
/** Of the part that tells the task; the whole stays below 100 characters, the kernel takes 255. */
const LONGEST_SLUG = 40;
const PATTERN = /^wca-(\d+)-([0-9a-z]+)-([0-9a-z]+)-(.+)\.([0-9a-z]+)$/;
/** The agent that made a group: a pid alone comes again, with its start time it does not. */
export interface GroupOwner {
  readonly pid: number;
  /** Clock ticks since boot. */
  readonly start: number;
  /** Inode of its PID namespace. */
  readonly namespace: number;
}

/** Who this process is. Throws {@link Unsupported} where /proc does not show it. */
export function readOwner(host: Host): GroupOwner {
  const life = readLife(host, "self");
  if (life === undefined)
    throw new Unsupported("/proc/self/stat is missing: /proc is that of another PID namespace");
  return { pid: life.pid, start: life.start, namespace: namespaceOf(host) };
}

/**
 * Name of a task's monitoring group: `wca-PID-START-NAMESPACE-TASK.CHECK`. Legal, of bounded length, and the
 * same for the same task and owner; `turn` gives another one when it is taken. The check keeps a name that
 * somebody else gave from looking like one of ours.
 */
export function groupName({ pid, start, namespace }: GroupOwner, taskId: string, turn = 0): string {
  const who = `${PREFIX}-${pid}-${start.toString(36)}-${namespace.toString(36)}`;
  const name = `${who}-${slugOf(taskId)}${turn === 0 ? "" : `~${turn}`}`;
  return `${name}.${checksum(name)}`;
}

/** Who made the group; nothing when no agent of this kind did. */
export function ownerOf(name: string): GroupOwner | undefined {
  const [, pid, start = "", namespace = "", , check] = PATTERN.exec(name) ?? [];
  if (check === undefined || checksum(name.slice(0, name.lastIndexOf("."))) !== check) return undefined;
  return {
    pid: Number(pid),
    start: Number.parseInt(start, 36),
    namespace: Number.parseInt(namespace, 36),
  };
}

export function isSameOwner(a: GroupOwner, b: GroupOwner): boolean {
  return a.pid === b.pid && a.start === b.start && a.namespace === b.namespace;
}

/** Whether the owner may live still. One of another PID namespace cannot be looked up: it is taken to live. */
export function mayLive(host: Host, owner: GroupOwner): boolean {
  if (owner.namespace !== namespaceOf(host)) return true;
  const life = readLife(host, owner.pid);
  return life !== undefined && life.start === owner.start && !life.hasEnded;
}

/** What is short and legal stays as it is; anything else gets a hash, so that two tasks never share a name. */
function slugOf(taskId: string): string {
  const legal = taskId.replace(/^\/+/, "").replaceAll(/[^A-Za-z0-9_-]+/g, "-");
  if (legal === taskId && legal.length <= LONGEST_SLUG && legal !== "") return legal;
  // The end tells more than the beginning: containers have their id there.
  return `${legal.slice(-LONGEST_SLUG)}-${checksum(taskId)}`;
}

/** FNV-1a over UTF-16 units, 32 bits. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(36);
}

function namespaceOf(host: Host): number {
  return host.identity("/proc/self/ns/pid") ?? 0;
}
