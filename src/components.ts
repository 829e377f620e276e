import type { ComponentClass } from "./config/component.ts";
import { EtcdDatabase } from "./databases/etcd.ts";
import { LocalDatabase } from "./databases/local.ts";
import { ZookeeperDatabase } from "./databases/zookeeper.ts";
import { ExampleDetector } from "./detectors/example.ts";
import { NOPAnomalyDetector } from "./detectors/nop.ts";
import { TaskLabelRegexGenerator } from "./labelers/regex.ts";
import { TaskLabelResourceGenerator } from "./labelers/resource.ts";
import { SSL } from "./net/ssl.ts";
import { CgroupNode } from "./nodes/cgroup.ts";
import { StaticNode } from "./nodes/static.ts";
import { DetectionRunner } from "./runners/detection.ts";
import { MeasurementRunner } from "./runners/measurement.ts";
import { FilterStorage } from "./storages/filter.ts";
import { HTTPStorage } from "./storages/http/http.ts";
import { KafkaStorage } from "./storages/kafka/kafka.ts";
import { LogStorage } from "./storages/log.ts";
import { OtlpStorage } from "./storages/otlp/otlp.ts";
import { PrometheusStorage } from "./storages/prometheus/prometheus.ts";
import { RemoteWriteStorage } from "./storages/remote-write/remote-write.ts";
import { WasmDetector } from "./wasm/detector.ts";

/** The classes that a configuration file can name without further ado. */
export const COMPONENTS: readonly ComponentClass[] = [
  MeasurementRunner,
  DetectionRunner,
  StaticNode,
  CgroupNode,
  NOPAnomalyDetector,
  ExampleDetector,
  WasmDetector,
  LogStorage,
  KafkaStorage,
  FilterStorage,
  HTTPStorage,
  OtlpStorage,
  RemoteWriteStorage,
  PrometheusStorage,
  TaskLabelRegexGenerator,
  TaskLabelResourceGenerator,
  SSL,
  LocalDatabase,
  EtcdDatabase,
  ZookeeperDatabase,
];
