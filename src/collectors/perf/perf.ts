import { defineComponent, type HostContext, type OptionsOf } from "../../config/component.ts";
import { readLayout } from "../../kernel/cgroup/layout.ts";
import { resolveEventNames } from "../../kernel/perf/event-names.ts";
import { explainRefusal } from "../../kernel/perf/explain.ts";
import { PerfGroupOpener } from "../../kernel/perf/group.ts";
import { PerfHierarchy } from "../../kernel/perf/hierarchy.ts";
import { EventPlan } from "../../kernel/perf/plan.ts";
import { CpuReturns } from "../../kernel/sysfs/cpu-returns.ts";
import { Unsupported } from "../../model/errors.ts";
import type { Platform } from "../../model/platform.ts";
import { Collector } from "../../model/roles.ts";
import type { Round, TaskUnderMeasure } from "../../model/round.ts";
import type { Probing, Support } from "../../model/support.ts";
import type { Task } from "../../model/task.ts";
import { TaskSelector } from "../task-selector.ts";
import { PerfFormulas } from "./derived.ts";
import { PERF_OPTIONS } from "./options.ts";
import { probePerf } from "./probe.ts";
import { PerfWatch } from "./watch.ts";

/** What exists once the machine is known. */
interface Started {
  readonly plan: EventPlan;
  readonly watch: PerfWatch;
}

/** Perf events of tasks: hardware counters and software events, by cgroup and CPU. */
export class PerfCollector extends Collector implements Probing {
  static readonly component = defineComponent("collector", {
    doc: "Counts perf events of every task: instructions, cycles, cache misses, page faults and others, and what is calculated from them.",
    options: PERF_OPTIONS,
  });

  readonly #options: OptionsOf<typeof PerfCollector>;
  readonly #context: HostContext;
  readonly #selector: TaskSelector;
  readonly #monotonicMs: () => number;
  readonly #returns: CpuReturns;
  readonly #said = new Set<string>();
  #started: Started | undefined;
  #platform: Platform | undefined;
  #cpus: readonly number[] = [];

  /** `monotonicMs`: rates are over this clock, since a round's own may be set. Default: time since start-up. */
  constructor(
    options: OptionsOf<typeof PerfCollector>,
    context: HostContext,
    { monotonicMs = () => performance.now() }: { readonly monotonicMs?: () => number } = {},
  ) {
    super();
    this.#options = options;
    this.#context = context;
    this.#selector = new TaskSelector(options.perf_tasks);
    this.#monotonicMs = monotonicMs;
    this.#returns = new CpuReturns(context.host);
  }

  measure(round: Round): void {
    if (this.#options.event_names.length === 0) return;
    const cpusChanged = this.#takePlatform(round.platform);
    if (this.#started === undefined) return;
    const { plan, watch } = this.#started;
    try {
      watch.measure({
        tasks: this.#selected(round),
        cpus: this.#cpus,
        cpusChanged,
        returned: this.#returns.look(this.#cpus),
        nowMs: this.#monotonicMs,
      });
      if (plan.events.length === 0) throw noneLeft();
    } catch (error) {
      // The runner does not call again.
      if (error instanceof Unsupported) {
        for (const entry of round.tasks) watch.release(entry);
        this.close();
      }
      throw error;
    }
  }

  /** How many tasks are without perf events, by what is missing. */
  missingFiles(): ReadonlyMap<string, number> {
    return this.#started?.watch.missing() ?? new Map();
  }

  probe(tasks: readonly Task[]): readonly Support[] {
    return probePerf(this.#context.host, {
      eventNames: this.#options.event_names,
      tasks: tasks.filter((task) => this.#selector.selects(task)),
    });
  }

  close(): void {
    this.#started?.watch.close();
  }

  /** True when CPUs came or went. While the machine cannot be described, that of before counts. */
  #takePlatform(platform: Platform | undefined): boolean {
    if (platform === undefined || platform === this.#platform) return false;
    if (this.#started === undefined) this.#started = this.#start(platform);
    // Where a PMU can be asked changes with the CPUs.
    else this.#started.plan.update(this.#resolve(platform));
    this.#platform = platform;
    const before = this.#cpus;
    this.#cpus = platform.onlineCpus;
    return before.join() !== this.#cpus.join();
  }

  #start(platform: Platform): Started {
    const { host, log } = this.#context;
    const hierarchy = new PerfHierarchy(host, readLayout(host));
    const events = this.#resolve(platform);
    if (events.length === 0) throw noneLeft();
    const plan = new EventPlan(events);
    const opener = new PerfGroupOpener(host.perf);
    const watch = new PerfWatch(
      {
        source: {
          ...{ host, opener, plan },
          onRefused: (refused) => this.#say(`${explainRefusal(refused)}; the other events are counted`),
        },
        hierarchy,
        aggregate: this.#options.perf_aggregate_cpus,
        ...(this.#options.enable_derived_metrics ? { formulas: new PerfFormulas(plan.metrics) } : {}),
        onStarved: (metric) =>
          this.#say(
            `Cannot count ${metric}: the task ran, but the event never got a counter; name fewer events, or free the counter that kernel.nmi_watchdog=1 takes`,
          ),
      },
      log,
    );
    return { plan, watch };
  }

  #resolve(platform: Platform) {
    const { host } = this.#context;
    const { events, unsupported } = resolveEventNames(this.#options.event_names, { host, platform });
    for (const { name, reason } of unsupported) {
      this.#say(`Cannot count event "${name}": ${reason}; the other events are counted`);
    }
    return events;
  }

  /** A task whose labels change is another object, without measurements so far. */
  #selected({ tasks }: Round): readonly TaskUnderMeasure[] {
    if (this.#options.perf_tasks === undefined) return tasks;
    return tasks.filter(({ task }) => this.#selector.selects(task));
  }

  #say(message: string): void {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#context.log.warning(message);
  }
}

function noneLeft(): Unsupported {
  return new Unsupported("Cannot count perf events: this host has none of event_names");
}
