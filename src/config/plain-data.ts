import type { z } from "zod";
import { parseOption } from "./parse-option.ts";
import { pathInto, type TreeNode } from "./tree.ts";

/** The parsed value, or what is wrong with it: one text for each fault, with its path. */
export type ParsedData =
  | { readonly faults?: undefined; readonly value: unknown }
  | { readonly faults: readonly string[] };

/** Checks data that is not written in a file any more, in the words that a file is checked with. */
export function parsePlainData(schema: z.ZodType, data: unknown, path: string): ParsedData {
  const read = { data, failed: false, holes: [], environmentTexts: [], components: [] };
  const result = parseOption(schema, { read, node: treeOf(data), registry: new Map() });
  if (result.complaints === undefined) return { value: result.value };
  return {
    faults: result.complaints.map(({ steps, message }) => `${steps.reduce(pathInto, path)}: ${message}`),
  };
}

/** Data as if it had been written; where is not known. */
function treeOf(data: unknown): TreeNode {
  const place = { at: 0, key: 0 };
  if (Array.isArray(data)) return { ...place, kind: "list", items: data.map(treeOf) };
  if (typeof data === "object" && data !== null) {
    const entries = Object.entries(data).map(([key, value]) => ({ key, at: 0, value: treeOf(value) }));
    return { ...place, kind: "mapping", entries };
  }
  const value =
    typeof data === "string" || typeof data === "number" || typeof data === "boolean" ? data : null;
  return { ...place, kind: "scalar", value, source: String(value ?? "") };
}
