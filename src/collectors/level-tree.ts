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
