import type { Labels } from "../model/task.ts";

const UNIT = /\.(?:service|scope|slice|socket|mount|swap)$/;

/** 64 hexadecimal digits, as all container engines name containers. */
const ID = "(?<id>[0-9a-f]{64})";

interface ContainerForm {
  readonly component: RegExp;
  /** The component above. Default: anything. */
  readonly parent?: RegExp;
  /** Where the component does not carry it. */
  readonly runtime?: string;
}

/**
 * How a container's cgroup is named; the first row that fits counts. `crio-conmon-<id>.scope` holds the
 * monitor of a container and fits none.
 */
const CONTAINER_FORMS: readonly ContainerForm[] = [
  // systemd driver; libpod and CRI-O keep the prefix under the cgroupfs driver too.
  { component: new RegExp(`^(?<runtime>docker|cri-containerd|crio|libpod|nerdctl)-${ID}(?:\\.scope)?$`) },
  // runc under the cgroupfs driver when it is given a systemd name: `kubelet.slice:cri-containerd:<id>`.
  { component: new RegExp(`^[^:]*:(?<runtime>docker|cri-containerd|crio|libpod|nerdctl):${ID}$`) },
  { component: new RegExp(`^${ID}$`), parent: /^docker$/, runtime: "docker" },
  // cgroupfs driver of the kubelet, ECS: the engine cannot be told from the path.
  { component: new RegExp(`^${ID}$`) },
];

/** Below a container's cgroup, the cgroup in which CRI-O and Podman put its processes. */
const INNER_CGROUP = "container";

/** Digits of a container id in a name, as `docker ps` shows it. */
const SHORT_ID_LENGTH = 12;

export interface CgroupName {
  readonly name: string;
  readonly labels: Labels;
}

interface Container {
  readonly id: string;
  readonly runtime: string | undefined;
  /** Of the component that names it. */
  readonly index: number;
}

/**
 * Name and labels of a cgroup, from its path alone. The innermost container counts, so a cgroup of a node
 * that is itself a container (kind, minikube) is that of the inner one. A cgroup below a unit or container
 * keeps their labels but has its path as name. Unit names are those of systemctl, with `\x2d`.
 */
export function nameCgroup(path: string): CgroupName {
  const components = path.split("/").slice(1);
  const unit = components.findLast((component) => UNIT.test(component));
  const container = findContainer(components);
  return {
    name: nameOf(path, components, container),
    labels: {
      cgroup_path: path,
      ...(unit === undefined ? {} : { systemd_unit: unitName(unit) }),
      ...(container === undefined ? {} : { container_id: container.id }),
      ...(container?.runtime === undefined ? {} : { runtime: container.runtime }),
    },
  };
}

function nameOf(path: string, components: readonly string[], container: Container | undefined): string {
  if (container !== undefined) {
    const below = components.slice(container.index + 1).join("/");
    const short = container.id.slice(0, SHORT_ID_LENGTH);
    if (below === "" || below === INNER_CGROUP) return `${container.runtime ?? "container"}-${short}`;
  }
  const last = components.at(-1) ?? "";
  return UNIT.test(last) ? unitName(last) : path.slice(1);
}

function findContainer(components: readonly string[]): Container | undefined {
  for (let index = components.length - 1; index >= 0; index--) {
    const component = components[index] ?? "";
    const parent = components[index - 1] ?? "";
    for (const form of CONTAINER_FORMS) {
      const groups = form.component.exec(component)?.groups;
      if (groups?.["id"] === undefined || form.parent?.test(parent) === false) continue;
      return { id: groups["id"], runtime: groups["runtime"] ?? form.runtime, index };
    }
  }
  return undefined;
}

/** systemd puts `_` before a unit's name that could be a control file: `_cpu.service`, cg_escape(). */
function unitName(component: string): string {
  return component.startsWith("_") ? component.slice(1) : component;
}
