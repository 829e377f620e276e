import type { Host } from "../../src/model/host.ts";

/** The host with some of its methods replaced, for what a literal tree cannot do: answer with an errno, for instance. */
export function hostWith(host: Host, replaced: Partial<Host>): Host {
  return new Proxy(host, {
    get(target, name) {
      if (Object.hasOwn(replaced, name)) return Reflect.get(replaced, name);
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
