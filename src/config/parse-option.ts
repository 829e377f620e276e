import { z } from "zod";
import { type Complaint, type ComplaintOptions, complaintsOf, NO_MESSAGE } from "./complaint.ts";
import { optionMeta, optionSchema } from "./option-schema.ts";
import { reasonOf } from "./reason.ts";
import { saw } from "./saw.ts";
import { contentOf, nodeAt, type TreeNode } from "./tree.ts";
import type { OptionValue, Steps } from "./value.ts";

/** An option's value as its constructor receives it, or what is wrong with it. */
export type ParsedOption =
  | { readonly complaints?: undefined; readonly value: unknown }
  | { readonly complaints: readonly Complaint[] };

/** Checks one option. Text from the environment becomes a number or a boolean where one is wanted. */
export function parseOption(
  schema: z.ZodType,
  { read, ...options }: Omit<ComplaintOptions, "schema"> & { readonly read: OptionValue },
): ParsedOption {
  let { data } = read;
  let result = check(schema, data);
  if (result.error !== undefined && read.environmentTexts.length > 0) {
    for (const { steps, text } of read.environmentTexts) {
      const converted = convertedText(text, { steps, issues: result.error.issues });
      if (converted !== undefined) data = replaced(data, { steps, value: converted });
    }
    result = check(schema, data);
  }
  if ("thrown" in result) {
    // A message may repeat the value, and one from the environment may be a secret.
    const reason = read.environmentTexts.length > 0 ? "" : `: ${failureOf(result.thrown)}`;
    const message = `${saw(options.node, options.registry)}, and its check failed${reason}`;
    return { complaints: [{ steps: [], at: options.node.at, message }] };
  }
  if (!result.success) {
    const complaints = complaintsOf(result.error.issues, { ...options, schema: optionSchema(schema) });
    return {
      complaints: complaints.filter(({ steps }) => !read.holes.some((hole) => isOnOneLine(hole, steps))),
    };
  }
  const swallowed = swallowedComponents(result.data, { read, ...options });
  return swallowed.length > 0 ? { complaints: swallowed } : { value: result.data };
}

/** An explicit null where null means nothing but the option can be left out. */
export function isAbsent(node: TreeNode, schema: z.ZodType): boolean {
  const content = contentOf(node);
  if (content.kind !== "scalar" || content.value !== null || content.tag !== undefined || content.faulty)
    return false;
  if (check(schema, null).success) return false;
  const { defaultTag, inlineTag } = optionMeta(schema);
  return defaultTag !== undefined || inlineTag !== undefined || check(schema, undefined).success;
}

/** What a function of the schema threw instead of an answer. */
interface Thrown {
  readonly success: false;
  readonly error?: undefined;
  readonly thrown: unknown;
}

/** Schemas of the user's components have functions of their own, which may throw or be asynchronous. */
function check(schema: z.ZodType, data: unknown): z.ZodSafeParseResult<unknown> | Thrown {
  try {
    return schema.safeParse(data, { error: () => NO_MESSAGE });
  } catch (thrown) {
    return { success: false, thrown };
  }
}

function failureOf(thrown: unknown): string {
  return thrown instanceof z.core.$ZodAsyncError ? "it is asynchronous" : reasonOf(thrown);
}

/** The number or boolean that a text says, if that is what an issue at its place asks for. */
function convertedText(
  text: string,
  { steps, issues }: { readonly steps: Steps; readonly issues: readonly z.core.$ZodIssue[] },
): number | boolean | undefined {
  for (const issue of issues.flatMap((each) => branchesOf(each))) {
    if (!samePath(issue.path, steps)) continue;
    if (issue.code === "invalid_type" && (issue.expected === "number" || issue.expected === "int")) {
      const number = numberOf(text);
      if (number !== undefined) return number;
    } else if (issue.code === "invalid_type" && issue.expected === "boolean") {
      if (text === "true" || text === "false") return text === "true";
    } else if (issue.code === "invalid_value") {
      const value = issue.values.find((each) => String(each) === text);
      if (typeof value === "number" || typeof value === "boolean") return value;
    }
  }
  return undefined;
}

function branchesOf(issue: z.core.$ZodIssue, before: Steps = []): readonly z.core.$ZodIssue[] {
  const here = { ...issue, path: [...before, ...issue.path] };
  if (issue.code !== "invalid_union") return [here];
  return issue.errors.flat().flatMap((each) => branchesOf(each, here.path));
}

function numberOf(text: string): number | undefined {
  if (!/^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? undefined : number;
}

function replaced(
  data: unknown,
  { steps, value }: { readonly steps: Steps; readonly value: unknown },
): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if (Array.isArray(data)) {
    return data.map((item, index) => (index === step ? replaced(item, { steps: rest, value }) : item));
  }
  const fields = Object.entries(data as object);
  return Object.fromEntries(
    fields.map(([key, field]) => [key, key === step ? replaced(field, { steps: rest, value }) : field]),
  );
}

/** Components that a schema took for a mapping of options, all of which may be left out. */
function swallowedComponents(
  value: unknown,
  { read, node, registry }: Omit<ComplaintOptions, "schema"> & { readonly read: OptionValue },
): readonly Complaint[] {
  const complaints: Complaint[] = [];
  for (const { steps, instance } of read.components) {
    const found = valueAt(value, steps);
    const seen = nodeAt(node, steps);
    if (seen === undefined || found === instance || !isPlainObject(found)) continue;
    complaints.push({
      steps,
      at: seen.at,
      message: `${saw(seen, registry)}, wanted a mapping without a tag`,
    });
  }
  return complaints;
}

function valueAt(value: unknown, steps: Steps): unknown {
  const [step, ...rest] = steps;
  if (step === undefined || typeof value !== "object" || value === null) return value;
  return Object.hasOwn(value, step) ? valueAt(Reflect.get(value, step), rest) : undefined;
}

function isPlainObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function samePath(one: Steps, other: Steps): boolean {
  return one.length === other.length && isOnOneLine(one, other);
}

/** Whether one path leads to or through the other. */
function isOnOneLine(one: Steps, other: Steps): boolean {
  const length = Math.min(one.length, other.length);
  return one.slice(0, length).every((step, index) => step === other[index]);
}
