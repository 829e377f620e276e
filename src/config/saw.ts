import { withArticle } from "./in-words.ts";
import type { Registry } from "./registry.ts";
import { type ContentNode, contentOf, type TreeNode } from "./tree.ts";

/** What stands at a node, for the first half of a message. Values from the environment may be secrets: not shown. */
export function saw(node: TreeNode, registry: Registry): string {
  const content = contentOf(node);
  if (content.tag === "!Env") return `saw the text of environment variable ${variableOf(content)}`;
  if (content.tag !== undefined) {
    const role = registry.get(content.tag.slice(1))?.role;
    return `saw ${content.tag}${role === undefined ? "" : ` (${withArticle(role)})`}`;
  }
  if (content.kind !== "scalar") return `saw a ${content.kind}`;
  if (content.value === null) return "saw nothing";
  if (typeof content.value === "string") return `saw text ${quoted(content.value)}`;
  return `saw ${typeof content.value} ${content.source}`;
}

function variableOf(content: ContentNode): string {
  if (content.kind === "scalar") return quoted(content.source);
  const entry = content.kind === "mapping" ? content.entries.find(({ key }) => key === "name") : undefined;
  return entry === undefined ? "" : variableOf(contentOf(entry.value));
}

/** In double quotes on one line, cut when long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
}
