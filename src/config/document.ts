import type { Alias, Node, Pair, Scalar, YAMLError, YAMLMap, YAMLSeq } from "yaml";
import { isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";
import { suggestion } from "./nearest.ts";
import { lineStartsOf, Problems } from "./problems.ts";
import {
  type ContentNode,
  contentOf,
  type Entry,
  type MappingNode,
  pathInto,
  type ScalarNode,
  type TreeNode,
} from "./tree.ts";

/** Deeper than any component takes; keeps the walk off the end of the stack. */
const MAX_DEPTH = 100;
/** Values that aliases may add: a few lines of aliases to aliases stand for billions. */
const MAX_ALIASED = 100_000;

/** A parsed file, and what is wrong with it so far. */
export interface YamlDocument {
  readonly root: ContentNode;
  /** Faults that did not hinder reading on, such as a key that stands twice. Never ignore them. */
  readonly problems: Problems;
}

/** Parses YAML 1.2 with merge keys. Throws a `ConfigError` with all syntax errors. */
export function parseYaml(text: string, file: string): YamlDocument {
  const problems = new Problems(file, lineStartsOf(text));
  const document = parseDocument(text, {
    schema: "core",
    resolveKnownTags: false,
    stringKeys: true,
    // Checked in the walk below: the library compares every key with every other.
    uniqueKeys: false,
    keepSourceTokens: true,
    prettyErrors: false,
  });
  for (const error of document.errors) problems.add(error.pos[0], "", syntaxMessage(error));
  if (problems.any) throw problems.error();
  const { contents } = document;
  const root = new Walk(problems).node(contents, { at: 0, path: "", depth: 0 });
  return { root: contentOf(root), problems };
}

function syntaxMessage({ code, message }: YAMLError): string {
  if (code === "MULTIPLE_DOCS") return "saw a second document, wanted one";
  if (code === "RESOURCE_EXHAUSTION") return "nested too deeply";
  if (code === "NON_STRING_KEY") return "saw a key that is no plain text, wanted text";
  return `Cannot parse YAML: ${message}`;
}

/** Where a node stands in the document that is being walked. */
interface Standing {
  /** Of its key, or of its own start in a list. */
  readonly at: number;
  readonly tagAt?: number;
  readonly path: string;
  readonly depth: number;
}

/** What an anchor stands for; the node is missing while the walk is still inside it. */
interface Slot {
  node?: ContentNode;
  /** Values in it, aliases expanded. */
  size: number;
}

/** One pass over the library's tree, in document order. */
class Walk {
  readonly #problems: Problems;
  readonly #anchors = new Map<string, Slot>();
  #size = 0;
  #aliased = 0;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  node(node: unknown, standing: Standing): TreeNode {
    if (isAlias(node)) return this.#alias(node, standing);
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor === undefined) return this.#content(node, standing);
    const slot: Slot = { size: 0 };
    this.#anchors.set(anchor, slot);
    const before = this.#size;
    slot.node = this.#content(node, standing);
    slot.size = this.#size - before;
    return slot.node;
  }

  #content(node: unknown, standing: Standing): ContentNode {
    this.#size += 1;
    if (standing.depth > MAX_DEPTH) {
      return this.#faulty(standing, `nested deeper than ${MAX_DEPTH} levels`);
    }
    if (isMap(node)) return this.#mapping(node, standing);
    if (isSeq(node)) return this.#list(node, standing);
    return isScalar(node) ? scalar(node, standing) : scalar(undefined, standing);
  }

  #mapping(node: YAMLMap, standing: Standing): MappingNode {
    const own = new Map<string, Entry>();
    const merged: Entry[] = [];
    let incomplete = false;
    for (const pair of node.items) {
      const entry = this.#entry(pair, standing);
      const { key, at, value } = entry;
      const path = pathInto(standing.path, key);
      const first = own.get(key);
      if (first !== undefined) {
        this.#problems.add(at, path, `key "${key}" stands twice, first at ${this.#problems.place(first.at)}`);
        continue;
      }
      own.set(key, entry);
      if (!isMergeKey(pair.key)) continue;
      const entries = this.#mergedEntries(value, path);
      if (entries === undefined) incomplete = true;
      merged.push(...(entries ?? []));
    }
    if (node.items.some(({ key }) => isMergeKey(key))) own.delete("<<");
    for (const entry of merged) if (!own.has(entry.key)) own.set(entry.key, entry);
    const mapping = { kind: "mapping", ...written(node, standing), entries: [...own.values()] } as const;
    return incomplete ? { ...mapping, incomplete } : mapping;
  }

  #entry({ key, value, srcToken }: Pair, { path: outer, depth }: Standing): Entry {
    const at = isScalar(key) ? startOf(key) : 0;
    const text = isScalar(key) ? String(key.value) : "";
    const standing = { at, path: pathInto(outer, text), depth: depth + 1 };
    // A key may be an anchor too.
    if (isScalar(key) && key.anchor !== undefined) this.node(key, standing);
    const tagAt = tagOffset(srcToken?.sep);
    return {
      key: text,
      at,
      value: this.node(value, tagAt === undefined ? standing : { ...standing, tagAt }),
    };
  }

  /** Entries behind a merge key; nothing when something there is wrong, which is reported. */
  #mergedEntries(node: TreeNode, path: string): readonly Entry[] | undefined {
    const source = contentOf(node);
    if (source.faulty) return undefined;
    if (source.kind === "mapping") return source.incomplete ? undefined : source.entries;
    if (source.kind === "list" && source.tag === undefined) {
      const parts = source.items.map((item, index) => this.#mergedEntries(item, pathInto(path, index)));
      return parts.some((part) => part === undefined) ? undefined : parts.flatMap((part) => part ?? []);
    }
    this.#problems.add(node.at, path, 'wanted a mapping, or a list of mappings, to merge with "<<"');
    return undefined;
  }

  #list(node: YAMLSeq, standing: Standing): ContentNode {
    const tokens = node.srcToken !== undefined && "items" in node.srcToken ? node.srcToken.items : [];
    const items = node.items.map((item, index) => {
      const start = tokens[index] !== undefined && "start" in tokens[index] ? tokens[index].start : undefined;
      const tagAt = tagOffset(start);
      const at = tagAt ?? (isNodeWithRange(item) ? startOf(item) : standing.at);
      const inside = { at, path: pathInto(standing.path, index), depth: standing.depth + 1 };
      return this.node(item, tagAt === undefined ? inside : { ...inside, tagAt });
    });
    return { kind: "list", ...written(node, standing), items };
  }

  #alias(node: Alias, standing: Standing): TreeNode {
    const at = startOf(node);
    const { source } = node;
    const slot = this.#anchors.get(source);
    const here = { ...standing, at };
    if (slot === undefined) {
      const near = suggestion(source, this.#anchors.keys());
      return this.#faulty(here, `alias "*${source}" has no anchor "&${source}" before it${near}`);
    }
    if (slot.node === undefined) {
      return this.#faulty(here, `alias "*${source}" stands inside what it stands for`);
    }
    const before = this.#aliased;
    this.#size += slot.size;
    this.#aliased += slot.size;
    if (this.#aliased > MAX_ALIASED) {
      const first = before <= MAX_ALIASED;
      return first ? this.#faulty(here, `aliases stand for more than ${MAX_ALIASED} values`) : faulty(here);
    }
    return { kind: "alias", at, key: standing.at, target: slot.node };
  }

  #faulty(standing: Standing, message: string): ScalarNode {
    this.#problems.add(standing.at, standing.path, message);
    return faulty(standing);
  }
}

function faulty({ at }: Standing): ScalarNode {
  return { kind: "scalar", at, key: at, faulty: true, value: null, source: "" };
}

function scalar(node: Scalar | undefined, standing: Standing): ScalarNode {
  const value = node?.value;
  const plain =
    typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
  return { kind: "scalar", ...written(node, standing), value: plain, source: node?.source ?? "" };
}

/** The library's range of a tagged or block value begins at its first child, a line too low: hence the key. */
function written(node: Scalar | YAMLMap | YAMLSeq | undefined, { at: key, tagAt }: Standing) {
  const tag = node && ownTag(node);
  const ownStart =
    node !== undefined && (isScalar(node) ? node.source !== "" || node.type !== "PLAIN" : node.flow === true);
  const at = tagAt ?? (ownStart ? startOf(node) : key);
  return { at, key, ...(tag === undefined ? {} : { tag }) };
}

const CORE_TAG = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/;

/** The tag when it is one that YAML itself does not know. */
function ownTag({ tag }: Node): string | undefined {
  if (tag === undefined || tag === "!" || CORE_TAG.test(tag)) return undefined;
  if (tag.startsWith("tag:yaml.org,2002:")) return `!!${tag.slice("tag:yaml.org,2002:".length)}`;
  return tag.startsWith("!") ? tag : `!<${tag}>`;
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.value === "<<" && key.type === "PLAIN";
}

function tagOffset(
  tokens: readonly { readonly type: string; readonly offset: number }[] | undefined,
): number | undefined {
  return tokens?.find(({ type }) => type === "tag")?.offset;
}

function isNodeWithRange(node: unknown): node is Node {
  return isAlias(node) || isScalar(node) || isMap(node) || isSeq(node);
}

function startOf({ range }: Node): number {
  return range?.[0] ?? 0;
}
