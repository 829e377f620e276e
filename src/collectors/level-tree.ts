import type { Measurement } from "../model/metric.ts";

/** A measurement's shape: keys in order, each with a place in an array of numbers or with further levels. */
export type LevelTree = readonly Branch[];
type Branch =
  | { readonly key: string; readonly index: number }
  | { readonly key: string; readonly children: LevelTree };

export interface Leaf {
  /** Metric name and level keys. */
  readonly path: readonly string[];
  readonly index: number;
}

/** Groups leaves by their first key, keeping the order in which keys first appear. */
export function levelTree(leaves: readonly Leaf[]): LevelTree {
  const groups = Map.groupBy(leaves, ({ path }) => path[0] ?? "");
  return [...groups].map(([key, members]) => {
    const [first] = members;
    if (first !== undefined && first.path.length === 1) return { key, index: first.index };
    return { key, children: levelTree(members.map(({ path, index }) => ({ path: path.slice(1), index }))) };
  });
}

/**
 * Writes numbers into a record that lasts from round to round: nothing is made anew while the shape stays.
 * What is absent (NaN) is taken out. Returns how many keys of the tree the record has now.
 */
export function writeLevels(
  tree: LevelTree,
  values: Float64Array,
  into: Record<string, Measurement>,
): number {
  let present = 0;
  for (const branch of tree) {
    const { key } = branch;
    if (isPresent(branch, values, into)) present++;
    else if (into[key] !== undefined) delete into[key];
  }
  return present;
}

function isPresent(branch: Branch, values: Float64Array, into: Record<string, Measurement>): boolean {
  const { key } = branch;
  if ("index" in branch) {
    const value = values[branch.index] as number;
    if (Number.isNaN(value)) return false;
    into[key] = value;
    return true;
  }
  const known = into[key];
  const inner = typeof known === "object" ? (known as Record<string, Measurement>) : {};
  if (writeLevels(branch.children, values, inner) === 0) return false;
  into[key] = inner;
  return true;
}
