import { describe, expect, test } from "bun:test";
import { nameCgroup } from "../../src/nodes/cgroup-names.ts";

const ID = "0123456789abcdef".repeat(4);
const OTHER = "fedcba9876543210".repeat(4);
const POD = "kubepods-burstable-pod1234_5678.slice";
const SYSTEMD_POD = `/kubepods.slice/kubepods-burstable.slice/${POD}`;

interface Expected {
  readonly name: string;
  readonly unit?: string;
  readonly id?: string;
  readonly runtime?: string;
}

const CASES: readonly [string, Expected][] = [
  ["/plain/path", { name: "plain/path" }],
  ["/system.slice/nginx.service", { name: "nginx.service", unit: "nginx.service" }],
  ["/system.slice", { name: "system.slice", unit: "system.slice" }],
  [
    "/system.slice/nginx.service/worker",
    { name: "system.slice/nginx.service/worker", unit: "nginx.service" },
  ],
  ["/system.slice/dev-by\\x2did.mount", { name: "dev-by\\x2did.mount", unit: "dev-by\\x2did.mount" }],
  ["/system.slice/_cpu.service", { name: "cpu.service", unit: "cpu.service" }],
  ["/user.slice/user-0.slice/session-1.scope", { name: "session-1.scope", unit: "session-1.scope" }],
  [
    `${SYSTEMD_POD}/cri-containerd-${ID}.scope`,
    {
      name: "cri-containerd-0123456789ab",
      unit: `cri-containerd-${ID}.scope`,
      id: ID,
      runtime: "cri-containerd",
    },
  ],
  [
    `${SYSTEMD_POD}/crio-${ID}.scope`,
    { name: "crio-0123456789ab", unit: `crio-${ID}.scope`, id: ID, runtime: "crio" },
  ],
  [
    `${SYSTEMD_POD}/crio-${ID}.scope/container`,
    { name: "crio-0123456789ab", unit: `crio-${ID}.scope`, id: ID, runtime: "crio" },
  ],
  [
    `${SYSTEMD_POD}/crio-conmon-${ID}.scope`,
    { name: `crio-conmon-${ID}.scope`, unit: `crio-conmon-${ID}.scope` },
  ],
  [
    `/system.slice/docker-${ID}.scope`,
    { name: "docker-0123456789ab", unit: `docker-${ID}.scope`, id: ID, runtime: "docker" },
  ],
  [
    `/machine.slice/libpod-${ID}.scope/container`,
    { name: "libpod-0123456789ab", unit: `libpod-${ID}.scope`, id: ID, runtime: "libpod" },
  ],
  [
    `/machine.slice/libpod-conmon-${ID}.scope`,
    { name: `libpod-conmon-${ID}.scope`, unit: `libpod-conmon-${ID}.scope` },
  ],
  [`/libpod_parent/libpod-${ID}`, { name: "libpod-0123456789ab", id: ID, runtime: "libpod" }],
  [`/docker/${ID}`, { name: "docker-0123456789ab", id: ID, runtime: "docker" }],
  [
    `/docker/${ID}/system.slice/kubelet.service`,
    { name: "kubelet.service", unit: "kubelet.service", id: ID, runtime: "docker" },
  ],
  [`/docker/${ID}/worker`, { name: `docker/${ID}/worker`, id: ID, runtime: "docker" }],
  [`/kubepods/burstable/pod1234-5678/${ID}`, { name: "container-0123456789ab", id: ID }],
  [`/kubepods/pod1234-5678/crio-${ID}`, { name: "crio-0123456789ab", id: ID, runtime: "crio" }],
  [
    `/system.slice/containerd.service/kubelet.slice:cri-containerd:${ID}`,
    { name: "cri-containerd-0123456789ab", unit: "containerd.service", id: ID, runtime: "cri-containerd" },
  ],
  [
    `/docker/${OTHER}/kubelet.slice/kubelet-kubepods.slice/cri-containerd-${ID}.scope`,
    {
      name: "cri-containerd-0123456789ab",
      unit: `cri-containerd-${ID}.scope`,
      id: ID,
      runtime: "cri-containerd",
    },
  ],
  [`/docker/${ID.slice(1)}`, { name: `docker/${ID.slice(1)}` }],
];

describe("nameCgroup()", () => {
  test.each(CASES)("of %p is %j", (path, { name, unit, id, runtime }) => {
    expect(nameCgroup(path)).toEqual({
      name,
      labels: {
        cgroup_path: path,
        ...(unit && { systemd_unit: unit }),
        ...(id && { container_id: id }),
        ...(runtime && { runtime }),
      },
    });
  });
});
