import type { z } from "zod";
import type { Catalogue } from "../model/catalogue.ts";
import type { Deliveries } from "../model/delivery.ts";
import type { Host } from "../model/host.ts";
import type { Log, LogLevel } from "../model/log.ts";
import { ROLES, type Role } from "../model/roles.ts";
import type { SnapshotRecorder } from "../model/snapshot.ts";

/** What the program gives to every component, never the user. */
export interface Context {
  /** Logger named after the component's tag: `wca.LogStorage`. */
  readonly log: Log;
  /** Wall clock, milliseconds since the epoch. */
  readonly now: () => number;
  /** Value of the label `host`. */
  readonly hostname: string;
  readonly catalogue: Catalogue;
  /** Version of the agent. */
  readonly version: string;
  /** The way to storages, for components that hold some: never call their `store` yourself. */
  readonly deliveries: Deliveries;
}

/** Runners, nodes and collectors may reach the kernel; detectors, labelers and storages may not. */
export interface HostContext extends Context {
  readonly host: Host;
  /** Rounds after which a runner stops by itself (`--iterations`); absent: it runs until it is told to stop. */
  readonly iterations?: number;
  /** Is given the snapshot of every round (`--record`). */
  readonly recorder?: SnapshotRecorder;
  /** How often each logger has logged warnings and errors, for the agent's own metrics. */
  readonly logCounts: (level: LogLevel) => ReadonlyMap<string, number>;
}

/** Roles whose components are given a {@link HostContext}. */
export const HOST_ROLES: ReadonlySet<Role> = new Set<Role>(["runner", "node", "collector"]);

/** The declaration of a component: the only source of its options' types, defaults, checks and documentation. */
export interface Component<Options extends z.ZodRawShape = z.ZodRawShape> {
  readonly role: Role;
  /** One or two sentences for `wca describe`. */
  readonly doc: string;
  readonly options: Options;
}

/** Declares a component; the argument's type is kept for {@link OptionsOf}. */
export function defineComponent<const Options extends z.ZodRawShape>(
  role: Role,
  { doc, options }: { readonly doc: string; readonly options: Options },
): Component<Options> {
  return { role, doc, options };
}

/** Options as the constructor receives them: parsed, defaults filled in. */
export type OptionsOf<Class extends { readonly component: Component }> =
  Class["component"] extends Component<infer Options> ? z.output<z.ZodObject<Options>> : never;

/** A class that a tag can name: it declares itself, or extends a role's base class and takes no options. */
export interface ComponentClass {
  readonly name: string;
  readonly component?: Component;
  readonly role?: Role;
  new (options: never, context: never): object;
}

/** The role of a class, by name; nothing when it is no component. */
export function roleOf(candidate: unknown): Role | undefined {
  const { component, role: inherited } = candidate as { component?: { role?: unknown }; role?: unknown };
  const role = component?.role ?? inherited;
  return ROLES.find((known) => known === role);
}

/** The role of a component by its class. Plain data has none, whatever its keys say. */
export function roleOfInstance(value: unknown): Role | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { constructor: componentClass } = Object.getPrototypeOf(value) ?? {};
  return componentClass === undefined ? undefined : roleOf(componentClass);
}
