import { suggestion } from "./nearest.ts";
import type { Problems } from "./problems.ts";
import { contentOf, type MappingNode, pathInto, type TreeNode } from "./tree.ts";

/** Where the values of `!Env` come from. */
export interface Environment {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Stands in for an unset `HOSTNAME`, which a shell knows but a service does not. */
  readonly hostname: string;
}

/** A variable that is asked for, and the text that stands in when it is not set. */
interface Wish {
  readonly name: string;
  readonly fallback?: string;
}

/** Text of `!Env NAME` or `!Env {name: NAME, default: text}`; nothing when that was reported as a problem. */
export function environmentText(
  node: TreeNode,
  {
    path,
    problems,
    environment,
  }: { readonly path: string; readonly problems: Problems; readonly environment: Environment },
): string | undefined {
  const wish = wishOf(node, { path, problems });
  if (wish === undefined) return undefined;
  const { name, fallback } = wish;
  const { env, hostname } = environment;
  const text = (Object.hasOwn(env, name) ? env[name] : undefined) ?? fallback;
  if (text !== undefined) return text;
  if (name === "HOSTNAME") return hostname;
  problems.add(node.at, path, `environment variable "${name}" is not set and !Env has no default`);
  return undefined;
}

function wishOf(
  node: TreeNode,
  { path, problems }: { readonly path: string; readonly problems: Problems },
): Wish | undefined {
  const content = contentOf(node);
  if (content.kind === "scalar" && content.source !== "") return { name: content.source };
  if (content.kind === "mapping") return wishOfMapping(content, { path, problems });
  problems.add(
    node.at,
    path,
    "saw !Env without a name, wanted !Env NAME or !Env {name: NAME, default: text}",
  );
  return undefined;
}

function wishOfMapping(
  node: MappingNode,
  { path, problems }: { readonly path: string; readonly problems: Problems },
): Wish | undefined {
  const texts = new Map<string, string>();
  let faulty = false;
  for (const { key, at, value } of node.entries) {
    const content = contentOf(value);
    if (key !== "name" && key !== "default") {
      problems.add(
        at,
        pathInto(path, key),
        `unknown key "${key}" of !Env${suggestion(key, ["name", "default"])}`,
      );
      faulty = true;
    } else if (content.kind !== "scalar" || content.value === null || content.tag !== undefined) {
      problems.add(value.at, pathInto(path, key), `wanted plain text as "${key}" of !Env`);
      faulty = true;
    } else {
      texts.set(key, content.source);
    }
  }
  const name = texts.get("name");
  const fallback = texts.get("default");
  if (name !== undefined)
    return faulty ? undefined : { name, ...(fallback === undefined ? {} : { fallback }) };
  if (!faulty) problems.add(node.at, path, 'missing "name" of !Env');
  return undefined;
}
