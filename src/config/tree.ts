/*
 * A YAML document as data: what was written and where, aliases still visible, merge keys carried out.
 * Offsets count characters of the file's text.
 */

/** Fields of every node. */
interface Written {
  /** Where the value is reported: its tag, its text, or the key when the value starts on a later line. */
  readonly at: number;
  /** Where something missing inside is reported: the key, or `at` where there is none. */
  readonly key: number;
  /** `!Name` for tags of this program's own; absent for plain data. */
  readonly tag?: string;
  /** Already reported: nothing more is said about it. */
  readonly faulty?: true;
}

export interface ScalarNode extends Written {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** As written, without quotes. */
  readonly source: string;
}

export interface ListNode extends Written {
  readonly kind: "list";
  readonly items: readonly TreeNode[];
}

export interface MappingNode extends Written {
  readonly kind: "mapping";
  /** Own entries first, then those of merge keys. Keys are unique. */
  readonly entries: readonly Entry[];
  /** A merge failed and was reported: nobody can say what is missing. */
  readonly incomplete?: true;
}

export interface AliasNode extends Written {
  readonly kind: "alias";
  readonly target: ContentNode;
}

export type ContentNode = ScalarNode | ListNode | MappingNode;
export type TreeNode = ContentNode | AliasNode;

/** One key of a mapping, with its position where it is written even if it was merged in. */
export interface Entry {
  readonly key: string;
  readonly at: number;
  readonly value: TreeNode;
}

/** The node itself, or what the alias stands for. */
export function contentOf(node: TreeNode): ContentNode {
  return node.kind === "alias" ? node.target : node;
}

/** The node at a path of keys and indexes; nothing when the path leads out of the tree. */
export function nodeAt(node: TreeNode, path: readonly PropertyKey[]): TreeNode | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return node;
  const inside = contentOf(node);
  let next: TreeNode | undefined;
  if (inside.kind === "mapping") next = inside.entries.find(({ key }) => key === String(step))?.value;
  if (inside.kind === "list") next = inside.items[Number(step)];
  return next && nodeAt(next, rest);
}

/** `runner.node` and `tasks` give `runner.node.tasks`; a number gives `[0]`. */
export function pathInto(path: string, step: PropertyKey): string {
  if (typeof step === "number") return `${path}[${step}]`;
  const key = String(step);
  if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}
