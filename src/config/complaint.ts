import type { z } from "zod";
import { inWords } from "./in-words.ts";
import { suggestion } from "./nearest.ts";
import { keysOf, kindsOf, type OptionSchema, schemaAt } from "./option-schema.ts";
import { type Registry, tagsOf } from "./registry.ts";
import { quoted, saw } from "./saw.ts";
import { contentOf, nodeAt, type TreeNode } from "./tree.ts";
import type { Steps } from "./value.ts";

/** Stands where a schema gives no message of its own. Pass it as the `error` of a parse. */
export const NO_MESSAGE = "\0";

/** What is wrong inside one option's value. */
export interface Complaint {
  readonly steps: Steps;
  readonly at: number;
  readonly message: string;
}

/** What {@link complaintsOf} needs beside the issues. */
export interface ComplaintOptions {
  readonly node: TreeNode;
  readonly schema: OptionSchema;
  readonly registry: Registry;
}

/** One complaint for each place that zod has issues with, worded for the user. */
export function complaintsOf(
  issues: readonly z.core.$ZodIssue[],
  options: ComplaintOptions,
): readonly Complaint[] {
  const complaints = new Map<string, Complaint>();
  for (const issue of issues.flatMap((each) => leavesOf(each))) {
    for (const complaint of complaintsOfLeaf(issue, options)) {
      const place = JSON.stringify(complaint.steps);
      if (!complaints.has(place)) complaints.set(place, complaint);
    }
  }
  return [...complaints.values()];
}

/** Of a union, the issues of the only branch that fits in kind; otherwise the union's own. */
export function leavesOf(issue: z.core.$ZodIssue, before: Steps = []): readonly z.core.$ZodIssue[] {
  const here = { ...issue, path: [...before, ...issue.path] };
  if (issue.code !== "invalid_union") return [here];
  const deeper = issue.errors.filter(
    (branch) => branch.length > 0 && branch.every(({ path }) => path.length > 0),
  );
  const fitting = issue.errors.filter(
    (branch) => !branch.some((each) => each.path.length === 0 && isOfOtherKind(each)),
  );
  const [only] = deeper.length === 1 ? deeper : fitting.length === 1 ? fitting : [];
  return only === undefined ? [here] : only.flatMap((each) => leavesOf(each, here.path));
}

function isOfOtherKind({ code }: z.core.$ZodIssue): boolean {
  return code === "invalid_type" || code === "invalid_value" || code === "custom" || code === "invalid_union";
}

function complaintsOfLeaf(issue: z.core.$ZodIssue, options: ComplaintOptions): readonly Complaint[] {
  const { node, schema, registry } = options;
  const steps = outOfComponents(issue.path, node);
  const seen = nodeAt(node, steps);
  const wanted = schemaAt(schema, steps) ?? {};
  if (seen === undefined) return [missing(steps, options)];
  if (steps.length === issue.path.length && contentOf(seen).tag === undefined) {
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => unknownKey([...steps, key], options));
    if (issue.code === "invalid_key") {
      const keys = inWords(keysOf(wanted) ?? keysOf(schemaAt(schema, steps.slice(0, -1)) ?? {}) ?? {});
      return [
        {
          steps,
          at: keyPosition(steps, node),
          message: `saw key ${quoted(String(steps.at(-1)))}, wanted ${keys}`,
        },
      ];
    }
  }
  // A schema's own message may repeat the value, and one from the environment may be a secret.
  const tooTelling = contentOf(seen).tag === "!Env" && wanted.words !== undefined;
  const mute = wanted.role !== undefined || issue.message === NO_MESSAGE || tooTelling;
  const ownMessage = mute ? undefined : issue.message;
  const words =
    textInstead(wanted, seen) ?? ownMessage ?? `${inWords(wanted)}${hint(wanted, { seen, registry })}`;
  return [{ steps, at: seen.at, message: `${saw(seen, registry)}, wanted ${words}` }];
}

/** Where plain data is wanted, a schema may look into a component: the complaint is about the component. */
function outOfComponents(path: Steps, node: TreeNode): Steps {
  for (let length = 0; length < path.length; length += 1) {
    const part = path.slice(0, length);
    const seen = nodeAt(node, part);
    if (seen !== undefined && contentOf(seen).tag !== undefined) return part;
  }
  return path;
}

function missing(steps: Steps, { node, schema }: ComplaintOptions): Complaint {
  const wanted = schemaAt(schema, steps);
  const message = `missing "${String(steps.at(-1))}"${wanted === undefined ? "" : `, wanted ${inWords(wanted)}`}`;
  return { steps, at: nodeAt(node, steps.slice(0, -1))?.key ?? node.key, message };
}

function unknownKey(steps: Steps, { node, schema }: ComplaintOptions): Complaint {
  const known = Object.keys(schemaAt(schema, steps.slice(0, -1))?.properties ?? {});
  const key = String(steps.at(-1));
  const list = known.length === 0 ? "there are none" : `known are ${known.join(", ")}`;
  const message = `unknown key "${key}"${suggestion(key, known) || ","} ${list}`;
  return { steps, at: keyPosition(steps, node), message };
}

function keyPosition(steps: Steps, node: TreeNode): number {
  const parent = nodeAt(node, steps.slice(0, -1));
  const content = parent && contentOf(parent);
  const entry =
    content?.kind === "mapping" ? content.entries.find(({ key }) => key === String(steps.at(-1))) : undefined;
  return entry?.at ?? node.key;
}

/** What to do about it, where that is clear. */
function hint(
  wanted: OptionSchema,
  { seen, registry }: { readonly seen: TreeNode; readonly registry: Registry },
): string {
  const content = contentOf(seen);
  if (content.tag !== undefined) return "";
  if (wanted.role !== undefined && wanted.words === undefined) {
    const tags = tagsOf(registry, wanted.role).map((tag) => `!${tag}`);
    return tags.length === 0 ? "" : `: ${tags.join(", ")}`;
  }
  if (content.kind !== "scalar" || content.value === null) return "";
  if (typeof content.value !== "string")
    return takesAnyText(wanted) ? `: write ${quoted(content.source)}` : "";
  if (wanted.enum !== undefined) return suggestion(content.value, wanted.enum.map(String));
  const numeric = kindsOf(wanted).some((kind) => kind === "number" || kind === "integer");
  return numeric && /^[-+]?[\d.]+$/.test(content.value) ? ": leave out the quotes" : "";
}

/** Words for a number or boolean where text is wanted: the length of the text is beside the point. */
function textInstead(wanted: OptionSchema, seen: TreeNode): string | undefined {
  const content = contentOf(seen);
  if (content.kind !== "scalar" || content.tag !== undefined || content.value === null) return undefined;
  if (typeof content.value === "string" || !takesAnyText(wanted)) return undefined;
  return `text: write ${quoted(content.source)}`;
}

function takesAnyText(wanted: OptionSchema): boolean {
  return kindsOf(wanted).includes("string") && wanted.enum === undefined && wanted.const === undefined;
}
