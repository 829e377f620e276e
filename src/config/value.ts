import { type Environment, environmentText } from "./env.ts";
import type { Problems } from "./problems.ts";
import { contentOf, pathInto, type ScalarNode, type TreeNode } from "./tree.ts";

/** Path inside one option's value. */
export type Steps = readonly PropertyKey[];

/** What became of a component in a value. */
export interface BuiltComponent {
  /** The component, or a stand-in of the same role; absent when not even the role is known. */
  readonly instance?: object;
  /** It has problems, which are reported: its owner cannot be built either. */
  readonly failed: boolean;
}

/** An option's value as plain data, with the components in it built. */
export interface OptionValue {
  readonly data: unknown;
  /** Something in it cannot be used, and that was reported. */
  readonly failed: boolean;
  /** Where in it nothing sensible stands, so that no schema needs to complain about it again. */
  readonly holes: readonly Steps[];
  /** Where text comes from the environment. */
  readonly environmentTexts: readonly { readonly steps: Steps; readonly text: string }[];
  /** Where components stand. */
  readonly components: readonly { readonly steps: Steps; readonly instance: object }[];
}

/** What {@link readValue} needs beside the node. */
export interface ReadOptions {
  /** Of the value, in the document. */
  readonly path: string;
  readonly problems: Problems;
  readonly environment: Environment;
  /** Builds the component of a tagged node, once per node. */
  readonly build: (node: TreeNode, path: string) => BuiltComponent;
}

/** Turns a node into plain data. Children come before what holds them, in the order they are written. */
export function readValue(node: TreeNode, options: ReadOptions): OptionValue {
  const reader = new Reader(options);
  const data = reader.read(node, { path: options.path, steps: [] });
  return { ...reader.found, data };
}

interface Place {
  readonly path: string;
  readonly steps: Steps;
}

class Reader {
  readonly #options: ReadOptions;
  readonly #holes: Steps[] = [];
  readonly #environmentTexts: { readonly steps: Steps; readonly text: string }[] = [];
  readonly #components: { readonly steps: Steps; readonly instance: object }[] = [];
  #failed = false;

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  get found(): Omit<OptionValue, "data"> {
    return {
      failed: this.#failed,
      holes: this.#holes,
      environmentTexts: this.#environmentTexts,
      components: this.#components,
    };
  }

  read(node: TreeNode, place: Place): unknown {
    const content = contentOf(node);
    if (content.faulty || node.faulty) return this.#hole(place);
    if (content.tag === "!Env") return this.#environmentText(node, place);
    if (content.tag !== undefined) return this.#component(node, place);
    if (content.kind === "list")
      return content.items.map((item, index) => this.read(item, into(place, index)));
    if (content.kind === "scalar") return this.#scalar(content, { node, place });
    return Object.fromEntries(
      content.entries.map(({ key, value }) => [key, this.read(value, into(place, key))]),
    );
  }

  #component(node: TreeNode, place: Place): unknown {
    const { instance, failed } = this.#options.build(node, place.path);
    if (failed) this.#failed = true;
    if (instance === undefined) return this.#hole(place);
    this.#components.push({ steps: place.steps, instance });
    return instance;
  }

  #environmentText(node: TreeNode, place: Place): unknown {
    const { problems, environment } = this.#options;
    const text = environmentText(node, { path: place.path, problems, environment });
    if (text === undefined) return this.#hole(place);
    this.#environmentTexts.push({ steps: place.steps, text });
    return text;
  }

  #scalar(
    { value, source }: ScalarNode,
    { node, place }: { readonly node: TreeNode; readonly place: Place },
  ): unknown {
    if (typeof value !== "number" || !isInteger(source) || Number.isSafeInteger(value)) return value;
    const wanted = `an integer from ${Number.MIN_SAFE_INTEGER} to ${Number.MAX_SAFE_INTEGER}, or quotes if it is text`;
    this.#options.problems.add(node.at, place.path, `saw number ${source}, wanted ${wanted}`);
    return this.#hole(place);
  }

  #hole({ steps }: Place): undefined {
    this.#failed = true;
    this.#holes.push(steps);
    return undefined;
  }
}

function isInteger(source: string): boolean {
  return /^(?:[-+]?\d+|0o[0-7]+|0x[\da-fA-F]+)$/.test(source);
}

function into({ path, steps }: Place, step: PropertyKey): Place {
  return { path: pathInto(path, step), steps: [...steps, step] };
}
